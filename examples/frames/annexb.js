// @ts-check
// H.264 Annex B: NAL units behind start codes (00 00 01, often with one more 00 in front). All NAL units of
// one picture are an access unit, which is the frame a call sends: its start codes included, as in WebRTC.

const START_CODE = Uint8Array.of(0, 0, 1);

const SLICES = [1, 2, 5]; // a slice, data partition A, a slice of an IDR picture
const OPENERS = [6, 7, 8, 9, 14, 15, 16, 17, 18]; // after slices, these start the next picture (§7.4.1.2.3)

/**
 * @param {Uint8Array} file
 * @returns {{ media: string, frames: Uint8Array[] }}
 */
export function readAnnexB(file) {
  const starts = startCodes(file);
  if (starts.length === 0) throw new Error('the H.264 stream has no start code');
  if (file.subarray(0, starts[0]).some((byte) => byte !== 0)) {
    throw new Error('the H.264 stream does not begin with a start code');
  }

  const frames = [];
  let begin = 0;
  let hasSlice = false;
  starts.forEach((start, i) => {
    const { type, firstSlice } = inspect(file.subarray(start + 3, starts[i + 1]), start);
    if (hasSlice && (firstSlice || OPENERS.includes(type))) {
      const cut = file[start - 1] === 0 ? start - 1 : start;
      frames.push(file.subarray(begin, cut));
      begin = cut;
      hasSlice = false;
    }
    if (SLICES.includes(type)) hasSlice = true;
  });
  if (!hasSlice) throw new Error('the H.264 stream ends before a picture');
  frames.push(file.subarray(begin));
  return { media: 'video/H264', frames };
}

/**
 * The NAL unit's type, and whether it is a picture's first slice. A slice header begins with
 * first_mb_in_slice as an Exp-Golomb number, in which zero is a single 1 bit.
 *
 * @param {Uint8Array} nal
 * @param {number} start
 */
function inspect(nal, start) {
  const [header = 0, slice = 0] = nal;
  const type = header & 0x1f;
  if (header >= 0x80 || type === 0 || type > 23) {
    throw new Error(`byte ${start} starts no H.264 NAL unit`);
  }
  if (SLICES.includes(type) && nal.length < 2)
    throw new Error(`the H.264 slice at byte ${start} is cut short`);
  return { type, firstSlice: SLICES.includes(type) && slice >= 0x80 };
}

/** @param {Uint8Array} file */
function startCodes(file) {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const found = [];
  for (let at = bytes.indexOf(START_CODE); at >= 0; at = bytes.indexOf(START_CODE, at + 3)) found.push(at);
  return found;
}
