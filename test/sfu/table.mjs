// @ts-check
// Calls over a network that loses packets, each beside one without encryption that ran at the same time.

/** By how much an encrypted call may take longer to come back, in the median, in ms; ten times that is the bound. */
const TARGET_MS = 1000;

/**
 * @typedef {{ first: number, fps: number, freezes: number, nacks: number, recovered: number }} Figures
 * @typedef {{ sealed: Figures, plain: Figures, lost: number, drops: string, plaintextFrames: number }} Run
 */

/** @type {string[]} */
const lines = [];

/** @param {number[]} values */
function median(values) {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

/** @param {Figures[]} all */
function medians(all) {
  const of = (/** @type {keyof Figures} */ name) => median(all.map((figures) => figures[name]));
  return {
    first: of('first'),
    fps: of('fps'),
    freezes: of('freezes'),
    nacks: of('nacks'),
    recovered: of('recovered'),
  };
}

/** @param {string} browser @param {number} loss @param {Run[]} runs */
export function addLoss(browser, loss, runs) {
  if (runs.some(({ plaintextFrames }) => plaintextFrames > 0)) throw new Error('plaintext was taken');
  const sealed = runs.map((run) => run.sealed);
  const plain = runs.map((run) => run.plain);
  const both = { encrypted: sealed, plain };
  for (const [name, all] of Object.entries(both)) {
    const { first, fps, freezes, nacks, recovered } = medians(all);
    const times = all.map((figures) => figures.recovered).join(', ');
    const cells = [
      `${browser}, ${100 * loss} %`.padEnd(16),
      name.padEnd(10),
      first,
      fps,
      freezes,
      nacks,
      recovered,
    ];
    lines.push(`${cells.map((cell) => `${cell}`.padStart(9)).join(' ')}   ${times}`);
  }
  const worse = medians(sealed).recovered - medians(plain).recovered;
  if (worse > 10 * TARGET_MS) throw new Error(`media comes back ${worse} ms later than without encryption`);
  const lost = median(runs.map((run) => run.lost)).toFixed(1);
  const drops = runs.map((run) => run.drops.replace('dropped ', '')).join('; ');
  return `after an outage ${worse} ms later than without encryption${worse > TARGET_MS ? ' !' : ''}; ${lost} % lost, the outage included; frames dropped: ${drops}`;
}

export function lossTable() {
  if (lines.length === 0) return '';
  const names = ['', '', 'first ms', 'fps', 'freezes', 'NACKs', 'back ms'];
  const head = [(names[0] ?? '').padEnd(16), ...names.slice(1).map((name) => name.padStart(9))].join(' ');
  return [
    'Calls over a network that loses packets; medians of the runs',
    head,
    ...lines,
    'first: until media plays; fps, freezes, NACKs: of 4 s; back: after 1 s without any packet, all of them at the right',
  ].join('\n');
}
