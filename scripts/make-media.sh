#!/bin/sh
# Makes the media files under vectors/media/: four seconds each of what a call sends, from synthetic
# pictures and tones, with the settings of a real-time encoder (no look-ahead, no B-frames, constant rate).
# Needs Debian's `ffmpeg` (with it come libvpx, libx264, libaom and libopus) and `sha256sum`.
# One thread, bit-exact muxing, no encoder banners: the same versions make the same bytes.
# Usage: scripts/make-media.sh [folder]
set -eu

out=${1:-$(dirname "$0")/../vectors/media}
mkdir -p "$out"
cd "$out"

make() {
  ffmpeg -hide_banner -loglevel error -nostdin -y "$@"
}
exact='-map_metadata -1 -fflags +bitexact -flags +bitexact -threads 1'
rate='-b:v 500k -maxrate 500k -bufsize 500k'
pattern='testsrc2=size=640x360:rate=25:duration=4,format=yuv420p'
zoom='mandelbrot=size=640x360:rate=25:start_scale=1:end_scale=0.05:end_pts=100,trim=duration=4,format=yuv420p'

# A voice-like sweep that pauses for half of every second, so that frames differ in size as in speech.
voice='aevalsrc=0.3*sin(2*PI*(180+60*sin(5*t))*t)*(1+sin(2*PI*7*t))*lt(mod(t\,1)\,0.5):s=48000:d=4'
# shellcheck disable=SC2086  # the settings are lists of words
make -f lavfi -i "$voice" -c:a libopus -application voip -frame_duration 20 -b:a 32k \
  -vbr on $exact -f ogg opus.ogg

# shellcheck disable=SC2086
make -f lavfi -i "$pattern" -c:v libvpx -deadline realtime -cpu-used 8 -lag-in-frames 0 -auto-alt-ref 0 \
  -error-resilient 1 -g 50 -minrate 500k $rate $exact -f ivf vp8.ivf
# shellcheck disable=SC2086
make -f lavfi -i "$zoom" -c:v libvpx-vp9 -deadline realtime -cpu-used 8 -lag-in-frames 0 -auto-alt-ref 0 \
  -error-resilient 1 -row-mt 0 -max-intra-rate 600 -g 50 -minrate 500k $rate $exact -f ivf vp9.ivf
# shellcheck disable=SC2086
make -f lavfi -i "$zoom" -c:v libaom-av1 -usage realtime -cpu-used 8 -lag-in-frames 0 -row-mt 0 \
  -aom-params max-intra-rate=600 -g 50 $rate $exact -f ivf av1.ivf
# Two slices a picture and no access unit delimiters: splitting it takes a look into the slice header.
# The filter drops the SEI message in which libx264 writes its version and options.
# shellcheck disable=SC2086
make -f lavfi -i "$pattern" -c:v libx264 -profile:v baseline -preset veryfast -tune zerolatency \
  -x264-params slices=2:keyint=50:min-keyint=50:scenecut=0:repeat-headers=1:aud=0 \
  -bsf:v filter_units=remove_types=6 $rate $exact -f h264 h264.h264

sha256sum opus.ogg vp8.ivf vp9.ivf av1.ivf h264.h264
