// Results as tables for a terminal of 100 columns.

import { suiteNames } from '../sframe.mjs';

/** @typedef {import('../claims.mjs').Done} Done */
/** @typedef {import('../claims.mjs').Claim} Claim */
/** @typedef {import('../timing.mjs').Row} Row */

const NAME = 34;

/** @param {Done} step @param {Done | undefined} last the one printed before */
export function tableOf({ where, piece, plan, result }, last) {
  const again = last?.piece === piece && last.where === where; // a table's next line
  switch (piece) {
    case 'frames': {
      const suite = suiteNames[plan.suite];
      return [
        bySize(`${where}, encrypt, ${suite}`, result, 'seal'),
        bySize(`${where}, decrypt, ${suite}`, result, 'open'),
      ].join('\n');
    }
    case 'pipelines': {
      const route = plan.route === 'seal' ? 'encrypt' : 'encrypt and decrypt';
      return bySize(`${where}, a whole pipeline: ${route}, AES-128-GCM`, result, plan.route);
    }
    case 'core':
      return bySize(`${where}, the core alone, in place`, result, 'seal');
    case 'keys':
      return keys(where, result);
    case 'ratchet':
      return ratchet(where, result);
    case 'mls':
      return mls(where, result);
    case 'signatures':
      return signatures(where, result, plan);
    case 'room':
      return room(where, result, again);
    case 'exchange':
      return exchange(where, result, again);
    case 'memory':
      return memory(result, again);
    default:
      return churn(result);
  }
}

/** @param {string} title @param {{ size: number, [way: string]: any }[]} result @param {string} way */
function bySize(title, result, way) {
  /** @type {Row[]} */
  const first = result[0]?.[way] ?? [];
  const lines = first.map(({ name }, i) =>
    line(name, ...result.map((entry) => digits(1000 / entry[way][i].p50))),
  );
  return [
    `\n${title}`,
    line('thousand frames/s', ...result.map(({ size }) => sizeText(size))),
    ...lines,
  ].join('\n');
}

/** @param {string} where @param {{ what: string, rows: Row[] }[]} result */
function keys(where, result) {
  return result
    .flatMap(({ what, rows }) => [
      `\n${where}, ${what}`,
      line('', 'thousand/s', 'µs', 'p99, µs'),
      ...rows.map(({ name, p50, p99 }) => line(name, digits(1000 / p50), digits(p50), digits(p99))),
    ])
    .join('\n');
}

/** @param {string} where @param {{ what: string, rows: Row[] }[]} result */
function ratchet(where, result) {
  const rows = result.flatMap((group) => group.rows);
  const p50 = (/** @type {string} */ id) => rows.find((row) => row.id === id)?.p50 ?? Number.NaN;
  const cost = (/** @type {string} */ id) => digits(p50(id) / p50('genuine'));
  return [
    keys(where, result),
    `  In genuine frames, a forged one costs ${cost('ahead')} a step ahead, ${cost('now')} at the current step, ${cost('beyond')} beyond.`,
  ].join('\n');
}

/** @param {string} where @param {{ what: string, rows: Row[] }[]} result */
function mls(where, result) {
  const rows = result.flatMap((group) => group.rows);
  const p50 = (/** @type {string} */ id) => rows.find((row) => row.id === id)?.p50 ?? Number.NaN;
  const cost = (/** @type {string} */ id) => digits(p50(id) / p50('genuine'));
  return [
    keys(where, result),
    `  In genuine frames, a forged one costs ${cost('stranger')} under a new KID, ${cost('known')} under one in use.`,
  ].join('\n');
}

/**
 * One who sends and one who listens; of a room, what listening to all of them takes.
 * @param {string} where @param {import('../pieces/signatures.mjs').Signing[]} result
 * @param {{ participants: number, every: number[] }} plan
 */
function signatures(where, result, { participants, every }) {
  const isRoom = participants > 1;
  const title = `\n${where}, signing ("sign") and verifying ("ver."), µs a frame, ${participants} sending`;
  const heads = (isRoom ? ['ver.', 'core'] : ['sign', 'ver.']).flatMap((what) =>
    every.map((count) => `${what} ${count}`),
  );
  const lines = [...new Set(result.map(({ name, kind }) => `${name}, ${kind}`))].map((row) => {
    const cells = result.filter(({ name, kind }) => `${name}, ${kind}` === row);
    const signing = cells.map(({ sign }) => digits(sign));
    const verifying = cells.map(({ verify }) => digits(verify));
    const shares = cells.map(({ share }) => `${digits(100 * share)} %`);
    return line(row, ...(isRoom ? [...verifying, ...shares] : [...signing, ...verifying]));
  });
  return [title, line('frames in a block', ...heads), ...lines].join('\n');
}

/** @param {string} where @param {any} result @param {boolean} again */
function room(where, { name, participants, cpu, p50, p99, wasm, heap }, again) {
  const heads = ['N', 'of core', 'p50, µs', 'p99, µs', 'WASM', 'JS heap'];
  const cells = [
    String(participants),
    `${digits(100 * cpu)} %`,
    ...[p50, p99].map(digits),
    ...[wasm, heap].map(bytes),
  ];
  return [...(again ? [] : [`\n${where}, a room of N`, line('', ...heads)]), line(name, ...cells)].join('\n');
}

/**
 * @param {string} where @param {import('../pieces/exchange.mjs').ExchangeCost} result @param {boolean} again
 */
function exchange(where, { scheme, participants, join, leave }, again) {
  const head = [
    `\n${where}, key exchange; CPU of one who sends, and of those who receive it`,
    line('', 'N', 'letters', 'carried', 'bytes', 'CPU, ms'),
  ];
  const row = (/** @type {string} */ what, /** @type {import('../pieces/exchange.mjs').Cost} */ cost) =>
    line(
      `${scheme}, ${what}`,
      ...[participants, cost.letters, cost.deliveries].map(String),
      bytes(cost.bytes),
      digits(cost.ms),
    );
  return [...(again ? [] : head), row('join', join), row('leave', leave)].join('\n');
}

/** @param {any} result @param {boolean} again */
function memory({ count, decryptors, engine, wasm, heap, rss }, again) {
  const head = ['\nNode, memory for a key', line('', 'WASM', 'JS heap', 'RSS')];
  const what = decryptors === 'one' ? `${count} keys, one decryptor` : `${count} decryptors`;
  return [...(again ? [] : head), line(`${what}, ${engine}`, ...[wasm, heap, rss].map(bytes))].join('\n');
}

/** @param {{ wasm: number, heap: number, rss: number }[]} seen */
function churn(seen) {
  const marks = [...new Set([1, 2, 10, seen.length])].filter((times) => times <= seen.length);
  const lines = marks.map((times) => {
    const { wasm, heap, rss } = /** @type {{ wasm: number, heap: number, rss: number }} */ (seen[times - 1]);
    return line(`after ${times}`, ...[wasm, heap, rss].map((n) => `${(n / 1e6).toFixed(2)} MB`));
  });
  return ['\nNode, 1000 keys added and removed', line('', 'WASM', 'JS heap', 'RSS'), ...lines].join('\n');
}

/** What must be shown: a table of ratios by size, then the rest. @param {Claim[]} claims */
export function claimsTable(claims) {
  const ratios = claims.filter(({ claim }) => !/ \/ |: /.test(claim));
  const sizes = [...new Set(ratios.map(({ size }) => size ?? 0))].sort((a, b) => a - b);
  const lines = ['\nEncrypting, how many times as fast as…', wide('', ...sizes.map(sizeText))];
  for (const key of new Set(ratios.map(nameOf))) {
    const cells = sizes.map((size) => ratios.find((claim) => nameOf(claim) === key && claim.size === size));
    lines.push(wide(key, ...cells.map((claim) => (claim === undefined ? '' : verdict(claim)))));
  }
  lines.push('');
  for (const claim of claims.filter((one) => !ratios.includes(one))) {
    const at = claim.size === undefined ? '' : `at ${sizeText(claim.size)}`;
    lines.push(`  ${nameOf(claim).padEnd(58)}${verdict(claim).padEnd(16)}${at}`.trimEnd());
  }
  const missed = claims.filter(({ met }) => !met).length;
  lines.push(`\n${claims.length - missed} of ${claims.length} as they must be; ! marks the others`);
  return lines.join('\n');
}

/** @param {Claim} claim */
function nameOf({ claim, where }) {
  return `${claim}, ${where.replace('Chromium ', '')}`;
}

/** @param {Claim} claim */
function verdict({ measured, target, most, met }) {
  const value =
    measured < 0.1 ? measured.toFixed(3) : measured < 10 ? measured.toFixed(2) : measured.toFixed(1);
  return `${value} ${most ? '≤' : '≥'} ${target}${met ? '  ' : ' !'}`;
}

/** @param {string} name @param {...string} cells */
function line(name, ...cells) {
  return `  ${name.padEnd(NAME - 2)}${cells.map((cell) => cell.padStart(9)).join('')}`.trimEnd();
}

/** @param {string} name @param {...string} cells */
function wide(name, ...cells) {
  return `  ${name.padEnd(27)}${cells.map((cell) => cell.padStart(14)).join('')}`.trimEnd();
}

/** @param {number} size */
export function sizeText(size) {
  return size >= 2 ** 20 ? `${size / 2 ** 20} MB` : size >= 4096 ? `${size / 1024} KB` : `${size} B`;
}

/** Three digits, or all before the point. @param {number} value */
function digits(value) {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

/** @param {number | undefined} value */
function bytes(value) {
  if (value === undefined) return '';
  return Math.abs(value) >= 1e5 ? `${(value / 1e6).toFixed(2)} MB` : `${(value / 1e3).toFixed(1)} KB`;
}
