// The dedicated worker in which a piece runs. `postMessage` is taken first: LiveKit's program gets another one.

import { runPiece } from '../pieces/index.mjs';

const reply = self.postMessage.bind(self);

self.addEventListener(
  'message',
  async ({ data: { piece, plan } }) => {
    try {
      reply({ result: await runPiece(piece, plan) });
    } catch (error) {
      reply({ error: error instanceof Error ? error.stack : String(error) });
    }
  },
  { once: true },
);
