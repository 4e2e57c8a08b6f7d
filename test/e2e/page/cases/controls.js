// @ts-check
// The measurements themselves, tested with a stand-in that encrypts nothing: they must see plaintext where there is
// some, and nothing where there is none.

import { Scene } from '../scene.js';
import { StandIn } from '../stand-in.js';
import { Tap } from '../tap.js';
import { must, sleep } from '../wait.js';

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
