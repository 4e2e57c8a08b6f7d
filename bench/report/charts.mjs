// Results as pictures: SVG, drawn by Observable Plot on a document of domino's. Lines carry their names at their
// ends, since Plot's legends are HTML.

import domino from '@mixmark-io/domino';
import * as Plot from '@observablehq/plot';
import { sizeText } from './tables.mjs';

/** @typedef {import('../claims.mjs').Done} Done */
/** @typedef {{ name: string, color: string, dash?: string, points: { x: number, y: number }[] }} Line */

const LABEL_GAP = 15;

/** Who is drawn, colours that the colour-blind can tell apart; ours are solid. @type {Record<string, [name: string, color: string, dash?: string]>} */
const looks = {
  into: ['sframe-wasm encryptInto', '#56b4e9'],
  ours: ['sframe-wasm encrypt', '#0072b2'],
  auto: ['sframe-wasm encryptAsync', '#009e73'],
  subtle: ['WebCrypto, awaited', '#d55e00', '5 3'],
  'subtle-32': ['WebCrypto, 32 in flight', '#e69f00', '5 3'],
  node: ['node:crypto, synchronous', '#cc79a7', '5 3'],
  noble: ['@noble/ciphers', '#666666', '5 3'],
};

/** The pictures that can be drawn from this, by file name. @param {Done[]} done @returns {Record<string, string>} */
export function charts(done) {
  return {
    ...throughput(done, 'Node', 'gcm-node.svg'),
    ...throughput(done, 'Chromium worker', 'gcm-chromium-worker.svg'),
    ...rooms(done),
  };
}

/** @param {Done[]} done @param {string} there @param {string} file */
function throughput(done, there, file) {
  const found = done.find(
    ({ where, piece, plan }) => where === there && piece === 'frames' && plan.suite === 4,
  );
  if (found === undefined) return {};
  /** @type {import('../pieces/frames.mjs').Frames} */
  const result = found.result;
  const lines = Object.entries(looks).flatMap(([id, [name, color, dash]]) => {
    const points = result.flatMap(({ size, seal }) => {
      const p50 = seal.find((row) => row.id === id)?.p50;
      return p50 === undefined ? [] : [{ x: size, y: size / p50 }];
    });
    return points.length === 0 ? [] : [{ name, color, points, ...(dash === undefined ? {} : { dash }) }];
  });
  return {
    [file]: draw(lines, {
      title: `AES-128-GCM, encrypting whole SFrame frames, ${there}`,
      x: 'plaintext',
      y: 'MB/s',
      ticks: result.map(({ size }) => size),
      format: sizeText,
    }),
  };
}

/** @param {Done[]} done */
function rooms(done) {
  const all = done.filter(({ piece }) => piece === 'room');
  const sizes = [...new Set(all.map(({ plan }) => plan.participants))];
  if (sizes.length < 2) return {};
  /** @type {[side: string, where: string, name: string, color: string, dash?: string][]} */
  const kinds = [
    ['subtle', 'Node', 'WebCrypto, Node', '#e69f00', '5 3'],
    ['subtle', 'Chromium worker', 'WebCrypto, Chromium', '#d55e00', '5 3'],
    ['ours', 'Node', 'sframe-wasm, Node', '#56b4e9'],
    ['ours', 'Chromium worker', 'sframe-wasm, Chromium', '#0072b2'],
  ];
  const lines = kinds.flatMap(([side, where, name, color, dash]) => {
    const points = all
      .filter((step) => step.where === where && step.plan.side === side)
      .map(({ plan, result }) => ({ x: plan.participants, y: 100 * result.cpu }));
    return points.length === 0 ? [] : [{ name, color, points, ...(dash === undefined ? {} : { dash }) }];
  });
  return {
    'room.svg': draw(lines, {
      title: 'A room: audio at 50 fps and video at 30 fps from each of N participants, one thread',
      x: 'participants',
      y: '% of one core',
      ticks: sizes,
      format: String,
    }),
  };
}

/**
 * @param {Line[]} lines both axes logarithmic
 * @param {{ title: string, x: string, y: string, ticks: number[], format: (x: number) => string }} text
 */
function draw(lines, { title, x, y, ticks, format }) {
  const document = domino.createDocument('');
  const layout = {
    width: 830,
    height: 420,
    marginTop: 62,
    marginLeft: 55,
    marginBottom: 48,
    marginRight: 205,
  };
  const values = lines.flatMap(({ points }) => points.map((point) => point.y));
  const domain = [Math.min(...values) * 0.8, Math.max(...values) * 1.2];
  const corner = { frameAnchor: /** @type {const} */ ('top-left'), dx: -layout.marginLeft + 12 };
  const plot = Plot.plot({
    document,
    ...layout,
    x: { type: 'log' },
    y: { type: 'log', domain },
    marks: [
      // `text`, because the scale's own format leaves some out
      Plot.axisX(apart(ticks), { text: format, label: x, labelAnchor: 'center', labelArrow: 'none' }),
      Plot.axisY(steps(domain), { text: String, label: null }),
      Plot.gridY(steps(domain)),
      ...lines.flatMap(({ color, dash, points }) => [
        Plot.lineY(points, { x: 'x', y: 'y', stroke: color, strokeWidth: 2.2, strokeDasharray: dash }),
        Plot.dot(points, { x: 'x', y: 'y', fill: color, r: 2.6 }),
      ]),
      ...labels(lines, domain, layout),
      Plot.text([title], { ...corner, dy: -layout.marginTop + 12, fontSize: 14, fontWeight: 'bold' }),
      Plot.text([y], { ...corner, dy: -22 }),
    ],
  });
  plot.setAttribute('style', 'background: white; color: #222; font-size: 12px'); // domino cannot take it above
  plot.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  plot.querySelector('style')?.remove(); // for pages with the picture inside them
  const name = document.createElementNS('http://www.w3.org/2000/svg', 'title');
  name.textContent = title;
  plot.insertBefore(name, plot.firstChild);
  return `${plot.outerHTML}\n`;
}

/** Those whose names do not touch. @param {number[]} ticks */
function apart(ticks) {
  return ticks.filter((tick, i) => i === 0 || tick > 1.8 * /** @type {number} */ (ticks[i - 1]));
}

/** 1, 2, 5, 10 … within a domain. @param {number[]} domain */
function steps([low = 1, high = 1]) {
  const all = [-2, -1, 0, 1, 2, 3, 4, 5].flatMap((power) => [1, 2, 5].map((n) => Number(`${n}e${power}`)));
  return all.filter((value) => value >= low && value <= high);
}

/**
 * Names beside the last points, pushed apart where they would touch.
 * @param {Line[]} lines @param {number[]} domain @param {{ height: number, marginTop: number, marginBottom: number }} layout
 */
function labels(lines, [low = 1, high = 1], { height, marginTop, marginBottom }) {
  const scale = (height - marginTop - marginBottom) / Math.log(high / low);
  const placed = lines
    .map(({ name, color, points }) => {
      const last = /** @type {{ x: number, y: number }} */ (points.at(-1));
      return { name, color, last, at: Math.log(high / last.y) * scale };
    })
    .sort((a, b) => a.at - b.at);
  let free = Number.NEGATIVE_INFINITY;
  const tops = placed.map(({ at }) => (free = Math.max(at, free + LABEL_GAP)));
  // what was pushed below the frame pushes back
  let floor = height - marginTop - marginBottom;
  for (let i = tops.length - 1; i >= 0; i--) {
    tops[i] = Math.min(/** @type {number} */ (tops[i]), floor);
    floor = /** @type {number} */ (tops[i]) - LABEL_GAP;
  }
  return placed.map(({ name, color, last, at }, i) =>
    Plot.text([last], {
      x: 'x',
      y: 'y',
      text: () => name,
      fill: color,
      fontWeight: 600,
      textAnchor: 'start',
      dx: 10,
      dy: /** @type {number} */ (tops[i]) - at,
    }),
  );
}
