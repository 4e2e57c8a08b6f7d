// What is measured where, and how long.

/** @typedef {{ host: 'node' | 'page' | 'worker', piece: string, plan: any }} Step */

const allSizes = [100, 160, 1200, 4096, 16384, 65536, 2 ** 20];

/** @returns {Step[]} */
export function fullPlan() {
  const effort = { rounds: 19, time: 15 };
  const less = { rounds: 5, time: 15 };
  /** @type {Step[]} */
  const steps = [];
  for (const host of /** @type {const} */ (['node', 'worker'])) {
    steps.push({ host, piece: 'core', plan: { sizes: allSizes, effort } });
    for (const suite of [4, 1])
      steps.push({ host, piece: 'frames', plan: { suite, sizes: allSizes, effort } });
    for (const suite of [2, 3, 5, 6, 7, 8])
      steps.push({ host, piece: 'frames', plan: { suite, sizes: allSizes, effort: less } });
    for (const route of ['seal', 'both'])
      steps.push({ host, piece: 'pipelines', plan: { route, sizes: allSizes, effort } });
    steps.push({ host, piece: 'keys', plan: { effort } });
    steps.push({ host, piece: 'ratchet', plan: { effort } });
    steps.push({ host, piece: 'mls', plan: { effort } });
    for (const participants of [1, 100])
      steps.push({
        host,
        piece: 'signatures',
        plan: { participants, every: [1, 10, 50], rounds: participants === 1 ? 40 : 3 },
      });
    for (const side of ['ours', 'into', 'subtle'])
      for (const participants of [10, 100, 500, 1000])
        steps.push({ host, piece: 'room', plan: { side, participants, seconds: secondsOf(participants) } });
  }
  steps.push({ host: 'page', piece: 'frames', plan: { suite: 4, sizes: allSizes, effort: less } });
  for (const engine of ['wasm', 'auto'])
    for (const decryptors of ['one', 'many'])
      for (const count of [1000, 4000])
        steps.push({ host: 'node', piece: 'memory', plan: { engine, decryptors, count } });
  steps.push({ host: 'node', piece: 'churn', plan: { cycles: 50 } });
  for (const scheme of ['sender keys', 'MLS'])
    for (const participants of [10, 50, 200])
      steps.push({ host: 'node', piece: 'exchange', plan: { scheme, participants } });
  return steps;
}

/** @returns {Step[]} */
export function quickPlan() {
  const sizes = [160, 1200, 16384];
  const effort = { rounds: 5, time: 15 };
  /** @type {Step[]} */
  const steps = [];
  for (const host of /** @type {const} */ (['node', 'worker'])) {
    steps.push({ host, piece: 'core', plan: { sizes, effort } });
    for (const suite of [4, 1]) steps.push({ host, piece: 'frames', plan: { suite, sizes, effort } });
    steps.push({ host, piece: 'pipelines', plan: { route: 'seal', sizes, effort } });
    steps.push({ host, piece: 'keys', plan: { effort } });
    steps.push({ host, piece: 'ratchet', plan: { effort } });
    steps.push({ host, piece: 'mls', plan: { effort } });
    steps.push({ host, piece: 'signatures', plan: { participants: 1, every: [10, 50], rounds: 20 } });
    steps.push({ host, piece: 'room', plan: { side: 'ours', participants: 100, seconds: 4 } });
  }
  steps.push({ host: 'node', piece: 'memory', plan: { engine: 'auto', decryptors: 'many', count: 1000 } });
  steps.push({ host: 'node', piece: 'churn', plan: { cycles: 10 } });
  steps.push({ host: 'node', piece: 'exchange', plan: { scheme: 'sender keys', participants: 10 } });
  steps.push({ host: 'node', piece: 'exchange', plan: { scheme: 'MLS', participants: 10 } });
  return steps;
}

/** Seconds of media, an even number: fewer where each has many frames. @param {number} participants */
function secondsOf(participants) {
  return 2 * Math.min(20, Math.max(3, Math.round(1000 / participants)));
}
