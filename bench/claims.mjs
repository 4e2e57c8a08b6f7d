// What must come out: ratios of medians of one run, and a few bounds. A claim whose parts were not measured is left
// out; one that is missed is reported as it is.

/**
 * @typedef {import('./timing.mjs').Row} Row
 * @typedef {{ where: string, piece: string, plan: any, result: any }} Done
 * @typedef {object} Claim
 * @property {string} claim
 * @property {string} where
 * @property {number} [size] plaintext, bytes; of several, the worst
 * @property {number} measured
 * @property {number} target at least; `most`: at most
 * @property {boolean} [most]
 * @property {boolean} met
 */

/** How many times as fast: by size, [who of ours, at least], against whom. AES-128-GCM in Node unless said. */
const ratios = [
  {
    claim: '@noble/ciphers gcm',
    where: 'Node',
    against: 'noble',
    sizes: {
      160: ['ours', 24],
      1200: ['ours', 14],
      4096: ['ours', 9],
      16384: ['ours', 8],
      65536: ['ours', 7],
    },
  },
  {
    claim: 'WebCrypto ×32',
    where: 'Node',
    against: 'subtle-32',
    sizes: {
      160: ['ours', 15],
      1200: ['ours', 6],
      4096: ['ours', 1.7],
      16384: ['auto-32', 0.95],
      65536: ['auto-32', 0.95],
    },
  },
  {
    claim: 'node:crypto',
    where: 'Node',
    against: 'node',
    sizes: { 160: ['ours', 4.5], 1200: ['ours', 1.9], 4096: ['ours', 0.78], 16384: ['ours', 0.36] },
  },
  {
    claim: 'WebCrypto, awaited',
    where: 'Chromium worker',
    against: 'subtle',
    sizes: {
      160: ['ours', 4.5],
      1200: ['ours', 1.7],
      4096: ['auto', 0.95],
      16384: ['auto', 0.95],
      65536: ['auto', 0.95],
    },
  },
  {
    claim: '  for encryptInto',
    where: 'Chromium worker',
    against: 'subtle',
    sizes: { 160: ['into', 8], 1200: ['into', 2.3] },
  },
  {
    claim: '  for CTR and HMAC',
    where: 'Chromium worker',
    suite: 1,
    against: 'subtle',
    sizes: {
      160: ['ours', 4.5],
      1200: ['ours', 1.9],
      4096: ['ours', 1],
      16384: ['auto', 0.95],
      65536: ['auto', 0.95],
    },
  },
  {
    claim: "LiveKit's pipeline",
    where: 'Node',
    piece: 'pipelines',
    against: 'livekit',
    sizes: {
      160: ['ours', 9],
      1200: ['ours', 5.5],
      4096: ['ours', 2.6],
      16384: ['ours', 1.3],
      65536: ['ours', 1],
    },
  },
  {
    claim: "LiveKit's pipeline",
    where: 'Chromium worker',
    piece: 'pipelines',
    against: 'livekit',
    sizes: {
      160: ['ours', 1.8],
      1200: ['ours', 1.5],
      4096: ['ours', 1.25],
      16384: ['ours', 1],
      65536: ['ours', 1],
    },
  },
];

/** @param {Done[]} done @returns {Claim[]} */
export function claims(done) {
  return [...ratios.flatMap((row) => timesAsFast(done, row)), ...done.flatMap(engines), ...rooms(done)];
}

/** @param {Done[]} done @param {(typeof ratios)[number]} row @returns {Claim[]} */
function timesAsFast(done, { claim, where, piece = 'frames', suite = 4, against, sizes }) {
  const step = done.find(
    (candidate) =>
      candidate.piece === piece &&
      candidate.where === where &&
      (piece === 'frames' ? candidate.plan.suite === suite : candidate.plan.route === 'seal'),
  );
  return Object.entries(sizes).flatMap(([key, [id, target]]) => {
    const size = Number(key);
    const rows =
      step?.result.find((/** @type {{ size: number }} */ entry) => entry.size === size)?.seal ?? [];
    return judge({ claim, where, size, measured: of(rows, against) / of(rows, id), target: Number(target) });
  });
}

/** Within one engine and between the two: auto keeps to the better one, and opening costs what sealing costs. @param {Done} step @returns {Claim[]} */
function engines({ where, piece, plan, result }) {
  if (piece !== 'frames' || where === 'Chromium page') return [];
  /** @type {import('./pieces/frames.mjs').Frames} */
  const frames = result;
  const suite = `suite ${plan.suite}`;
  const auto = /** @type {const} */ (['seal', 'open']).flatMap((direction) => {
    const worst = lowest(frames, (entry) => {
      const rows = entry[direction];
      return Math.min(of(rows, 'wasm'), of(rows, 'webcrypto')) / of(rows, 'auto');
    });
    return judge({ claim: `auto / better engine, ${direction}, ${suite}`, where, ...worst, target: 0.95 });
  });
  const open = (plan.suite === 4 ? ['ours', 'into'] : []).flatMap((id) => {
    const worst = lowest(frames, ({ seal, open: opened }) => of(seal, id) / of(opened, id));
    const how = id === 'into' ? '…Into' : 'fresh output';
    return judge({ claim: `decrypt / encrypt, ${how}, ${suite}`, where, ...worst, target: 0.9 });
  });
  return [...auto, ...open];
}

/** @param {Done[]} done @returns {Claim[]} */
function rooms(done) {
  return ['Node', 'Chromium worker'].flatMap((where) => {
    /** @param {number} participants */
    const roomOf = (participants) =>
      done.find(
        (step) =>
          step.piece === 'room' &&
          step.where === where &&
          step.plan.side === 'ours' &&
          step.plan.participants === participants,
      )?.result;
    const [at100, at1000] = [roomOf(100), roomOf(1000)];
    return [
      ...judge({
        claim: 'room of 100: share of a core',
        where,
        measured: at100?.cpu,
        target: 0.1,
        most: true,
      }),
      ...judge({
        claim: 'room of 1000 / room of 100: CPU',
        where,
        measured: at1000?.cpu / at100?.cpu,
        target: 10,
        most: true,
      }),
      ...judge({
        claim: 'room of 1000 / room of 100: memory',
        where,
        measured: at1000?.wasm / at100?.wasm,
        target: 10,
        most: true,
      }),
    ];
  });
}

/** None if it was not measured. @param {Partial<Claim> & { claim: string, where: string, target: number }} claim @returns {Claim[]} */
function judge({ measured, ...claim }) {
  if (measured === undefined || !Number.isFinite(measured)) return [];
  const met = claim.most ? measured <= claim.target : measured >= claim.target;
  return [{ ...claim, measured, met }];
}

/** The size at which a ratio is lowest. @template {{ size: number }} T @param {T[]} entries @param {(entry: T) => number} value */
function lowest(entries, value) {
  const all = entries.map((entry) => ({ size: entry.size, measured: value(entry) }));
  return all.reduce((low, next) => (next.measured < low.measured ? next : low));
}

/** Its median. @param {Row[]} rows @param {string} id */
function of(rows, id) {
  return rows.find((row) => row.id === id)?.p50 ?? Number.NaN;
}
