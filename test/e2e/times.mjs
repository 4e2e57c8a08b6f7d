// @ts-check
// How long media took to come back, by what had been done to the call and by browser. No bound is here: each wait has its
// own, of ten times its target.

/** What it should take, in ms. */
const TARGET_MS = 1000;

/** @type {Map<string, Map<string, number[]>>} */
const rows = new Map();
/** @type {Set<string>} */
const columns = new Set();

/** @param {string} name of a case: the browser's, and what is done @param {number[]} times in ms */
export function addTimes(name, times) {
  if (times.length === 0) return;
  const [, column = '', row = ''] = name.match(/^(.*?: (?:streams: )?)(.*)$/) ?? [];
  columns.add(column);
  const cells = rows.get(row) ?? new Map();
  cells.set(column, times);
  rows.set(row, cells);
}

/** @param {number[] | undefined} times */
function cell(times) {
  if (times === undefined) return '';
  const worst = Math.max(...times);
  return `${worst}${worst > TARGET_MS ? ' !' : ''}${times.length > 1 ? ` of ${times.length}` : ''}`;
}

/** A line for each case, with the longest time of so many; marked, if that is over the target. */
export function timesTable() {
  if (rows.size === 0) return '';
  const names = [...columns].sort();
  const width = Math.max(...[...rows.keys()].map(({ length }) => length));
  const lines = [...rows].map(([row, cells]) =>
    [row.padEnd(width), ...names.map((name) => cell(cells.get(name)).padStart(18))].join(''),
  );
  const head = ['Media came back'.padEnd(width), ...names.map((name) => name.slice(0, -2).padStart(18))].join(
    '',
  );
  return [head, ...lines, `in ms, the longest of each case; ! is over the target of ${TARGET_MS} ms`].join(
    '\n',
  );
}
