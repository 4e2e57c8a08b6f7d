// @ts-check
// A file's encoded media frames, whatever the container: told apart by content, since names are often wrong.

import { readAnnexB } from './annexb.js';
import { readIvf } from './ivf.js';
import { readOgg } from './ogg.js';

/**
 * @param {Uint8Array} file
 * @returns {{ media: string, frames: Uint8Array[] }} `media` is the type as in SDP, such as `video/VP8`
 * @throws {Error} with one sentence about what is wrong with the file
 */
export function readMedia(file) {
  if (file.length === 0) throw new Error('the file is empty');
  const { media, frames } = reader(String.fromCharCode(...file.subarray(0, 4)))(file);
  if (frames.length === 0) throw new Error('the file holds no media frame');
  return { media, frames };
}

/** @param {string} magic */
function reader(magic) {
  if (magic === 'OggS') return readOgg;
  if (magic === 'DKIF') return readIvf;
  if (magic.startsWith('\0\0\x01') || magic === '\0\0\0\x01') return readAnnexB;
  throw new Error('the file is neither Ogg, nor IVF, nor H.264 Annex B');
}
