// Which codecs there are to choose from, and how one is chosen.

const known = ['VP8', 'VP9', 'H264', 'AV1'] as const;

export type Codec = (typeof known)[number];

function nameOf({ mimeType }: RTCRtpCodec): string {
  return mimeType.toUpperCase().replace('VIDEO/', '');
}

/** Those that this browser both sends and receives. */
export function availableCodecs(): Codec[] {
  const [sent, received] = [globalThis.RTCRtpSender, globalThis.RTCRtpReceiver].map((end) =>
    (end?.getCapabilities('video')?.codecs ?? []).map(nameOf),
  );
  return known.filter((codec) => sent?.includes(codec) && received?.includes(codec));
}

/** Makes a transceiver offer one codec only, and its retransmission. */
export function preferCodec(transceiver: RTCRtpTransceiver, codec: Codec): void {
  const all = RTCRtpReceiver.getCapabilities('video')?.codecs ?? [];
  transceiver.setCodecPreferences(
    all.filter((entry) => {
      const name = nameOf(entry);
      if (name === 'RTX') return true;
      if (name !== codec) return false;
      const format = entry.sdpFmtpLine ?? '';
      if (codec === 'H264')
        return format.includes('packetization-mode=1') && /profile-level-id=42e0/i.test(format);
      return codec !== 'VP9' || !/profile-id=[1-9]/.test(format);
    }),
  );
}
