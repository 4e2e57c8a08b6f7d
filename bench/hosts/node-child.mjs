// The process in which a piece runs.

import { runPiece } from '../pieces/index.mjs';

process.once('message', async (message) => {
  const { piece, plan } = /** @type {{ piece: string, plan: unknown }} */ (message);
  let answer;
  try {
    answer = { result: await runPiece(piece, plan) };
  } catch (error) {
    answer = { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
  process.send?.(answer, () => process.exit());
});
