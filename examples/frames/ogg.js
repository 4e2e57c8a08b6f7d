// @ts-check
// Opus in Ogg (RFC 3533, RFC 7845): a file is pages, a page is segments of at most 255 bytes, and a segment
// shorter than 255 bytes ends a packet. A packet may go on in the next page. The first two packets are
// headers (OpusHead, OpusTags); each one after them is a media frame.

const PAGE_HEADER = 27;

/**
 * @param {Uint8Array} file
 * @returns {{ media: string, frames: Uint8Array[] }}
 */
export function readOgg(file) {
  const [head, tags, ...frames] = packets(file);
  if (!head || text(head, 8) !== 'OpusHead') throw new Error('the Ogg stream is not Opus');
  if (!tags || text(tags, 8) !== 'OpusTags') throw new Error('the Opus stream has no OpusTags header');
  return { media: 'audio/opus', frames };
}

/**
 * @param {Uint8Array} file
 * @returns {Uint8Array[]}
 */
function packets(file) {
  /** @type {Uint8Array[]} */
  const whole = [];
  /** @type {Uint8Array[]} */
  let pieces = []; // of the packet that goes on in the next page

  for (const page of pages(file)) {
    if (page.continued !== pieces.length > 0)
      throw new Error(`${page.name} does not follow from the one before`);
    let start = 0;
    let end = 0;
    for (const lacing of page.lacings) {
      end += lacing;
      if (lacing === 255) continue;
      const last = page.body.subarray(start, end);
      whole.push(pieces.length > 0 ? Buffer.concat([...pieces, last]) : last);
      pieces = [];
      start = end;
    }
    if (start < end) pieces.push(page.body.subarray(start, end));
  }
  if (pieces.length > 0) throw new Error('the Ogg stream ends in the middle of a packet');
  return whole;
}

/** @param {Uint8Array} file */
function* pages(file) {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  let serial = -1;
  let sequence = -1;

  for (let at = 0; at < file.length; ) {
    const name = `the Ogg page at byte ${at}`;
    if (text(file.subarray(at), 4) !== 'OggS') throw new Error(`${name} does not start with OggS`);
    if (at + PAGE_HEADER > file.length) throw new Error(`${name} is cut short`);
    if (view.getUint8(at + 4) !== 0) throw new Error(`${name} has an unknown version`);

    const body = at + PAGE_HEADER + view.getUint8(at + 26);
    const lacings = file.subarray(at + PAGE_HEADER, body);
    const end = body + lacings.reduce((sum, lacing) => sum + lacing, 0);
    if (end > file.length) throw new Error(`${name} is cut short`);
    if (checksum(file.subarray(at, end)) !== view.getUint32(at + 22, true)) {
      throw new Error(`${name} has a wrong checksum`);
    }

    if (at === 0) serial = view.getUint32(14, true);
    if (view.getUint32(at + 14, true) !== serial) throw new Error(`${name} belongs to a second stream`);
    const number = view.getUint32(at + 18, true);
    if (at > 0 && number !== sequence + 1)
      throw new Error(`${name} has page number ${number}, not ${sequence + 1}`);
    sequence = number;

    yield { name, continued: (view.getUint8(at + 5) & 1) === 1, lacings, body: file.subarray(body, end) };
    at = end;
  }
}

/**
 * Ogg's CRC-32: polynomial 04c11db7, high bit first, over the page with zeros in the checksum's own place.
 *
 * @param {Uint8Array} page
 */
function checksum(page) {
  let crc = 0;
  page.forEach((byte, i) => {
    crc ^= i >= 22 && i < 26 ? 0 : byte << 24;
    for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc < 0 ? 0x04c11db7 : 0);
  });
  return crc >>> 0;
}

/**
 * @param {Uint8Array} bytes
 * @param {number} length
 */
function text(bytes, length) {
  return String.fromCharCode(...bytes.subarray(0, length));
}
