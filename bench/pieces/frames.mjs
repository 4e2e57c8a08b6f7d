// One suite, all sizes, sealing and opening: every contestant must give the same bytes before anyone is timed.

import { contestants } from '../contestants/index.mjs';
import { pause, race } from '../timing.mjs';

/** @typedef {import('../contestants/index.mjs').Contestant} Contestant */
/** @typedef {import('../timing.mjs').Row} Row */
/** @typedef {{ size: number, seal: Row[], open: Row[] }[]} Frames */

/**
 * @param {{ suite: number, sizes: number[], effort: import('../timing.mjs').Effort }} plan
 * @returns {Promise<Frames>}
 */
export async function frames({ suite, sizes, effort }) {
  const measured = [];
  for (const size of sizes) {
    const plaintext = Uint8Array.from({ length: size }, (_, i) => i * 7);
    const all = await contestants(suite, size);
    await crossCheck(all, plaintext);
    await pause(30); // an engine that gets ready in the background is ready now
    const sealed = await crossCheck(all, plaintext);
    const seals = all.map(({ seal, ...rest }) => ({ ...rest, once: () => seal(plaintext) }));
    const opens = all.map(({ open, ...rest }, i) => {
      const frame = /** @type {Uint8Array<ArrayBuffer>} */ (sealed[i]);
      return { ...rest, once: () => open(frame) };
    });
    const rows = await race([...seals, ...opens], effort);
    measured.push({ size, seal: rows.slice(0, all.length), open: rows.slice(all.length) });
    for (const { close } of all) close?.();
  }
  return measured;
}

/**
 * The same frames from all, and everybody opens them.
 * @param {Contestant[]} all
 * @param {Uint8Array<ArrayBuffer>} plaintext
 * @returns the last frame of each
 */
async function crossCheck(all, plaintext) {
  /** @type {Uint8Array<ArrayBuffer>[]} */
  let frames = [];
  const upTo = plaintext.length > 65536 ? 2 : 10; // from 8 on CTR has a byte of its own
  for (let n = 0; n < upTo; n++) {
    frames = [];
    for (const contestant of all) {
      const frame = await bytesOf(contestant, contestant.seal(plaintext));
      if (!contestant.ownFormat && !equal(frame, frames[0] ?? frame))
        throw new Error(
          `${contestant.name}: another frame than ${all[0]?.name} at ${plaintext.length} bytes`,
        );
      if (!equal(await bytesOf(contestant, contestant.open(frame)), plaintext))
        throw new Error(`${contestant.name}: does not open its frame of ${plaintext.length} bytes`);
      frames.push(frame);
    }
  }
  return frames;
}

/** A copy of what `seal` or `open` gave. @param {Contestant} contestant @param {unknown} result */
async function bytesOf({ target }, result) {
  const given = await result;
  if (target !== undefined) return target.slice(0, /** @type {number} */ (given));
  return new Uint8Array(/** @type {Uint8Array} */ (given));
}

/** @param {Uint8Array} a @param {Uint8Array} b */
function equal(a, b) {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
