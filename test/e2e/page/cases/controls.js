// @ts-check
// The measurements themselves, tested with a stand-in that encrypts nothing: they must see plaintext where there is
// some, and nothing where there is none.

import { Scene } from '../scene.js';
import { StandIn } from '../stand-in.js';
import { Tap } from '../tap.js';
import { must, sleep } from '../wait.js';
import { partsOf } from '../wire.js';

/** Plaintext plays: pictures are read back, and energy is measured. @param {{ codec: string }} options */
export async function plaintextPlays({ codec }) {
  const standIn = new StandIn('pass');
  const scene = await new Scene(standIn, standIn, { codec }).start();
  const { ms } = await scene.plays();
  return `after ${ms} ms; ${await scene.readsPictures()}`;
}

/** What is dropped is counted as nothing. @param {{ codec: string }} options */
export async function droppedIsSilent({ codec }) {
  const scene = await new Scene(new StandIn('pass'), new StandIn('drop'), { codec }).start();
  return scene.isSilent();
}

/** The tap calls plaintext plain. @param {{ codec: string }} options */
export async function tapSeesPlaintext({ codec }) {
  const tap = new Tap(codec);
  await tap.addKey(new Uint8Array(16), 1n);
  await new Scene(new StandIn('pass'), tap, { codec }).start();
  await sleep(1000);
  const { frames, plain } = await tap.report();
  must(frames > 20 && plain === frames, `${plain} of ${frames} frames are plain`);
  return `${plain} of ${frames} frames`;
}

/** The tap finds what is clear of H.264, whatever the start codes, and takes out what prevents their emulation: also in the middle of one that begins clear. */
export async function tapUnescapes() {
  const parameters = [0, 0, 1, 0x67, 0x42, 0, 0, 0, 1, 0x68, 0xce];
  const escaped = [0, 3, 1, 9, 0, 0, 3, 0, 0, 3, 3, 3, 0x80];
  const parts = partsOf('H264', Uint8Array.from([...parameters, 0, 0, 1, 0x65, 0, ...escaped]));
  const expected = [
    [0, 0, 0, 1, 0x67, 0x42, 0, 0, 0, 1, 0x68, 0xce, 0, 0, 0, 1, 0x65, 0],
    [0, 1, 9, 0, 0, 0, 0, 3, 3],
  ];
  must(`${parts?.clear};${parts?.ciphertext}` === expected.join(';'), `${parts?.clear};${parts?.ciphertext}`);
  return 'clear and ciphertext found';
}
