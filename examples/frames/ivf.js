// @ts-check
// IVF, the plain container of the VP8, VP9 and AV1 tools: a header with the codec's name, then each frame
// behind its length and time. In AV1 one IVF frame is one temporal unit, which is what a call sends at once.

const FILE_HEADER = 32;
const FRAME_HEADER = 12;

const MEDIA = new Map([
  ['VP80', 'video/VP8'],
  ['VP90', 'video/VP9'],
  ['AV01', 'video/AV1'],
]);

/**
 * @param {Uint8Array} file
 * @returns {{ media: string, frames: Uint8Array[] }}
 */
export function readIvf(file) {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.length < FILE_HEADER) throw new Error('the IVF header is cut short');
  if (String.fromCharCode(...file.subarray(0, 4)) !== 'DKIF')
    throw new Error('the IVF header has no DKIF mark');
  if (view.getUint16(4, true) !== 0) throw new Error('the IVF header has an unknown version');
  if (view.getUint16(6, true) !== FILE_HEADER) throw new Error('the IVF header has an unknown length');
  const media = MEDIA.get(String.fromCharCode(...file.subarray(8, 12)));
  if (!media) throw new Error('the IVF header names a codec that is not VP8, VP9 or AV1');

  // The header's frame count is left aside: tools that write to a pipe cannot know it.
  const frames = [];
  for (let at = FILE_HEADER; at < file.length; ) {
    const start = at + FRAME_HEADER;
    const end = start <= file.length ? start + view.getUint32(at, true) : start;
    if (end > file.length) throw new Error(`the IVF frame at byte ${at} is cut short`);
    frames.push(file.subarray(start, end));
    at = end;
  }
  return { media, frames };
}
