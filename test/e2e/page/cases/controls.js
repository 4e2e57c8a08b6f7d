// @ts-check
// The measurements themselves, tested with a stand-in that encrypts nothing: they must see plaintext where there is
// some, and nothing where there is none.

import { SFrameEncryptor } from '../../../../dist/index.js';
import { cipherSuite, randomKey } from '../client.js';
import { Scene } from '../scene.js';
import { StandIn } from '../stand-in.js';
import { Tap } from '../tap.js';
import { must, sleep } from '../wait.js';
import { Ledger, partsOf } from '../wire.js';

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

/** The tap opens what came before it was told the key, and nothing else; padding is nothing at all. Two may ask it at once. */
export async function tapIsToldLater() {
  const ledger = new Ledger();
  const keys = [1n, 2n].map((kid) => /** @type {[Uint8Array, bigint]} */ ([randomKey(), kid]));
  for (const [baseKey, kid] of keys) {
    const encryptor = new SFrameEncryptor({ cipherSuite });
    encryptor.setEncryptionKey(baseKey, kid);
    ledger.look('opus', encryptor.encrypt(new Uint8Array(20)));
  }
  ledger.look('opus', new Uint8Array(20));
  ledger.look('opus', new Uint8Array(0));
  const seen = [0, 1, 2].map((known) => {
    if (known > 0) ledger.setKeys(cipherSuite, keys.slice(0, known));
    const { frames, plain, tags } = ledger.report();
    return [frames, plain, tags.length];
  });
  must(`${seen.join('; ')}` === '3,3,0; 3,2,1; 3,1,2', `frames, plain, sealed: ${seen.join('; ')}`);
  const tap = new Tap('VP8');
  const answers = await Promise.all([tap.report(), tap.addKey(randomKey(), 1n), tap.report({ reset: true })]);
  tap.close();
  return `plain: 3 of 3, then 2, then 1; ${answers.length} answers`;
}
