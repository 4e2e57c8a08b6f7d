// What `--help` says.

export const MAIN_HELP = `Usage: sframe-wasm COMMAND …

  mjr        opens a recording of Janus: writes the media that was encrypted in it

  --version  says which version this is
  --help     says this; of a command, \`sframe-wasm COMMAND --help\`
`;

export const MJR_HELP = `Usage: sframe-wasm mjr IN.mjr -o OUT [options]     opens the recording of one track
       sframe-wasm mjr --info IN.mjr [--json]      says what is in it; needs no keys

Opus becomes Ogg, VP8, VP9 and AV1 become IVF, H.264 becomes Annex B. Frames that do not open are left out and counted;
nothing is ever written as it came.

  -o, --output OUT       the file to write
  --keys FILE            the keys, as JSON; - is the standard input. Without it, they are the environment's SFRAME_KEYS
  --participant NAME     whose track it is, if the keys are of several participants
  --source LABEL         the track's label, if its sender has given it one
  --packetization-raw    the track was sent with a=packetization:… raw
  --force                replaces OUT if it is there
  --json                 prints the summary as JSON
  --progress             shows how far it is; on a terminal it does anyway
  --help                 says this

Exit codes: 0 frames were opened; 1 none was, and nothing is written; 2 wrong arguments, keys or files.
`;
