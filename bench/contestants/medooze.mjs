// medooze's `sframe`: an early draft's format over AES-CTR and HMAC with tags of 10 bytes, as in suite 1. Called as
// its own worker calls it; its files are imported by path.

import { MedoozeContext } from '../packages.mjs';
import { baseKey, join, kid } from '../sframe.mjs';

/** @returns {Promise<import('./index.mjs').Contestant[]>} */
export async function medooze() {
  const context = new MedoozeContext(kid, {});
  const key = join(baseKey, baseKey); // it takes 32 bytes
  await context.setSenderEncryptionKey(key);
  context.addReceiver(kid);
  await context.setReceiverEncryptionKey(kid, key);
  return [
    {
      id: 'medooze',
      name: 'medooze sframe, awaited',
      ownFormat: true,
      lanes: 1,
      seal: (plaintext) => context.encrypt('video', 1, plaintext, 0),
      open: (frame) => context.decrypt('video', 1, frame, 0),
    },
  ];
}
