// @ts-check
// Recordings: who has the keys can play them, nobody else; and what Janus has written holds nothing of what was sent.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { failureOf, must, newKey } from './must.mjs';

/** @typedef {import('../world.mjs').World} World */

/** How long a recording is, in ms. */
const MS = 6000;

/** The files of a recording. @param {World} world @param {number | string} name */
export function filesOf({ recordings }, name) {
  const files = readdirSync(recordings).filter((file) => file.includes(`-${name}-`));
  const of = (/** @type {string} */ kind) => {
    const [file, ...others] = files.filter((one) => one.match(/-(audio|video)(-\d+)?\.mjr$/)?.[1] === kind);
    must(file !== undefined && others.length === 0, `recordings of ${name}: ${files}`);
    return join(recordings, `${file}`);
  };
  return { audio: of('audio'), video: of('video') };
}

/**
 * How many of some pieces of each frame are in a file, as they are. The first bytes are clear in some codecs.
 * @param {string} file
 * @param {string[]} frames base64
 */
export function piecesIn(file, frames) {
  const bytes = readFileSync(file);
  const pieces = frames
    .map((frame) => Buffer.from(frame, 'base64'))
    .flatMap((frame) => [40, 200, 600].map((at) => frame.subarray(at, at + 12)))
    .filter((piece) => piece.length === 12 && new Set(piece).size > 6);
  return { found: pieces.filter((piece) => bytes.includes(piece)).length, of: pieces.length };
}

/** @param {World} world @param {string} codec @param {{ key: number[], kid: string }[]} keys */
export async function recorded(world, codec, keys) {
  const tab = await world.open('Chromium');
  const plaintext = keys.length === 0;
  const { id, plain } = await tab.run('record', { url: world.url, codec, ms: MS, keys, plaintext });
  return { id, plain, files: filesOf(world, id) };
}

/** @param {string} codec @returns {import('../plan.mjs').Planned} */
const recording = (codec) => ({
  name: `Record & Play, ${codec}: right key, wrong key, no key`,
  async run(world) {
    const keys = [{ key: newKey(), kid: '0x1f' }];
    const { id, plain, files } = await recorded(world, codec, keys);
    const video = piecesIn(files.video, plain.video);
    const audio = piecesIn(files.audio, plain.audio);
    must(video.of > 30 && video.found === 0, `${video.found} of ${video.of} pieces of video`);
    must(audio.found === 0, `${audio.found} of ${audio.of} pieces of audio`);
    const header = readFileSync(files.video).subarray(10, 400).toString('latin1');
    must(/"e":\s*true/.test(header), `the header does not say that it is encrypted: ${header}`);
    const bob = await world.open('Firefox');
    const right = await (codec === 'H264' ? await world.open('Chromium') : bob).run('replay', {
      url: world.url,
      id,
      keys,
    });
    must(right.offered === true && right.answered === true, `e2ee ${right.offered}, ${right.answered}`);
    const again = await world.open('Chromium');
    const stranger = { url: world.url, id, keys: [{ ...keys[0], key: newKey() }], as: 'stranger' };
    const wrong = await again.run('replay', stranger);
    const none = await again.run('replay', { url: world.url, id, as: 'plaintext' });
    return `${right.seen.ms} ms, differing by ${right.seen.worst}; wrong key: ${wrong.seen}; as it is: ${none.seen}; 0 of ${video.of} pieces`;
  },
});

/** @type {import('../plan.mjs').Planned[]} */
export const recordings = [
  {
    // the checks that find nothing in what is encrypted do find it in what is not
    name: 'control: a recording in plaintext shows what was sent',
    async run(world) {
      const { id, plain, files } = await recorded(world, 'VP8', []);
      const { found, of } = piecesIn(files.video, plain.video);
      must(found > of / 2, `${found} of ${of} pieces`);
      const tab = await world.open('Chromium');
      const seen = await failureOf(tab.run('replay', { url: world.url, id, as: 'plaintext' }));
      must(/a picture that differs by/.test(seen), seen);
      return `${found} of ${of} pieces, and ${seen.split('\n')[0]}`;
    },
  },
  ...['VP8', 'VP9', 'AV1', 'H264'].map(recording),
];
