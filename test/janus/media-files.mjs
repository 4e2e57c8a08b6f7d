// @ts-check
// What is in the files that the offline tool writes, read as plainly as can be: its frames, as bytes.

/** Frames of an IVF file. @param {Buffer} file */
export function framesOfIvf(file) {
  const frames = [];
  for (let at = file.readUInt16LE(6); at < file.length; ) {
    const size = file.readUInt32LE(at);
    frames.push(file.subarray(at + 12, at + 12 + size));
    at += 12 + size;
  }
  return frames;
}

/** Packets of an Ogg file with one stream, behind the two that describe it. @param {Buffer} file */
export function packetsOfOgg(file) {
  const packets = [];
  let packet = Buffer.alloc(0);
  for (let at = 0; at < file.length; ) {
    const lacing = file.subarray(at + 27, at + 27 + (file[at + 26] ?? 0));
    at += 27 + lacing.length;
    for (const len of lacing) {
      packet = Buffer.concat([packet, file.subarray(at, at + len)]);
      at += len;
      if (len === 255) continue;
      packets.push(packet);
      packet = Buffer.alloc(0);
    }
  }
  return packets.slice(2);
}

/** NAL units of an Annex B stream, whatever start codes they have. @param {Buffer} stream */
export function nalsOf(stream) {
  const nals = [];
  let start = -1;
  for (let i = 0; i + 2 < stream.length; i++) {
    if (stream[i] !== 0 || stream[i + 1] !== 0 || stream[i + 2] !== 1) continue;
    if (start >= 0) nals.push(withoutZeros(stream.subarray(start, i)));
    start = i + 3;
    i += 2;
  }
  if (start >= 0) nals.push(withoutZeros(stream.subarray(start)));
  return nals;
}

/** The zero in front of the next start code, if it has four bytes, is no part of a NAL unit. @param {Buffer} nal */
function withoutZeros(nal) {
  let end = nal.length;
  while (end > 0 && nal[end - 1] === 0) end--;
  return nal.subarray(0, end);
}

/** A temporal unit of AV1 without its delimiters, which packetizers leave out. @param {Buffer} unit */
export function withoutDelimiters(unit) {
  let at = 0;
  while (unit[at] === 0x12 && unit[at + 1] === 0) at += 2;
  return unit.subarray(at);
}
