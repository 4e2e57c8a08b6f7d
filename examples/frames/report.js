// @ts-check
// From what the room measured to what a terminal 80 wide shows: figures, tables, and a summary in words.

const WIDTH = 80;

/** @typedef {ReturnType<typeof import('./room.js').playRoom>} RoomOutcome */
/** @typedef {ReturnType<typeof figures>} Run */
/**
 * @template T
 * @typedef {object} Column
 * @property {string} [group] a title over neighbouring columns of the same group
 * @property {string} title
 * @property {(row: T) => string | number} cell
 * @property {boolean} [left] aligned left; the first such column is clipped where the table gets too wide
 */

/**
 * One file under one cipher suite, as `--json` prints it. Times are in µs; MB/s counts the media frames'
 * bytes.
 *
 * @param {{ cipherSuite: string, file: string, media: string, frames: Uint8Array[] }} source
 * @param {RoomOutcome} outcome
 */
export function figures({ cipherSuite, file, media, frames }, outcome) {
  const { relay, receivers, encryptTimes, decryptTimes, problems } = outcome;
  const bytes = sum(frames.map((frame) => frame.length));
  const overhead = relay.bytes - bytes;
  return {
    cipherSuite,
    file,
    media,
    frames: frames.length,
    bytes,
    overhead: { bytes: overhead, percent: bytes > 0 ? round((100 * overhead) / bytes) : 0 },
    encrypt: timing(encryptTimes, bytes),
    decrypt: timing(decryptTimes, bytes),
    relay: {
      forwarded: relay.forwarded.length,
      kids: [...relay.kids].map(String),
      lastCtr: String(relay.lastCtr),
    },
    receivers: receivers.map(({ name, story, opened, refused }) => ({ name, story, opened, refused })),
    ok: problems.length === 0,
    problems,
  };
}

/**
 * One line per file.
 *
 * @param {Run[]} runs
 */
export function fileTable(runs) {
  return table(
    [
      { title: 'file', left: true, cell: (run) => run.file },
      { title: 'frames', cell: (run) => run.frames },
      { title: 'bytes', cell: (run) => run.bytes },
      { group: 'overhead', title: 'bytes', cell: (run) => run.overhead.bytes },
      { group: 'overhead', title: '%', cell: (run) => run.overhead.percent.toFixed(1) },
      { group: 'encrypt µs', title: 'p50', cell: (run) => short(run.encrypt.p50) },
      { group: 'encrypt µs', title: 'p99', cell: (run) => short(run.encrypt.p99) },
      { group: 'decrypt µs', title: 'p50', cell: (run) => short(run.decrypt.p50) },
      { group: 'decrypt µs', title: 'p99', cell: (run) => short(run.decrypt.p99) },
      {
        title: 'MB/s',
        cell: (run) => short((run.encrypt.megabytesPerSecond + run.decrypt.megabytesPerSecond) / 2),
      },
      { title: 'verdict', left: true, cell: (run) => (run.ok ? 'ok' : 'FAILED') },
    ],
    runs,
  );
}

/**
 * What the room saw, over all runs: one line per receiver, then the relay, then what was wrong.
 *
 * @param {Run[]} runs
 */
export function summary(runs) {
  const names = [...new Set(runs.flatMap((run) => run.receivers.map(({ name }) => name)))];
  const rows = names.map((name) => {
    const all = runs.flatMap((run) => run.receivers.filter((receiver) => receiver.name === name));
    /** @param {string} code */
    const refused = (code) => sum(all.map((receiver) => receiver.refused[code] ?? 0));
    return { name, story: all[0]?.story ?? '', opened: sum(all.map(({ opened }) => opened)), refused };
  });
  const codes = [
    ...new Set(runs.flatMap((run) => run.receivers.flatMap(({ refused }) => Object.keys(refused)))),
  ];

  const forwarded = sum(runs.map((run) => run.relay.forwarded));
  const problems = runs.flatMap((run) => run.problems.map((problem) => `${run.file}: ${problem}`));
  return [
    'What the room saw',
    ...table(
      [
        { title: 'receiver', left: true, cell: (row) => row.name },
        { title: 'with', left: true, cell: (row) => row.story },
        { title: 'opened', cell: (row) => row.opened },
        ...codes.sort().map((code) => ({
          group: 'refused',
          title: code,
          /** @param {(typeof rows)[number]} row */
          cell: (row) => row.refused(code),
        })),
      ],
      rows,
    ),
    '',
    ...(problems.length === 0
      ? [
          `The relay forwarded ${forwarded} frames and could read key ids and counters only.`,
          'Every frame came through byte for byte, and nothing else opened.',
        ]
      : [`FAILED: ${problems.length} outcomes were not as they must be, such as:`, ...problems.slice(0, 8)]),
  ].map((line) => clip(line, WIDTH));
}

/**
 * @template T
 * @param {Column<T>[]} columns
 * @param {T[]} rows
 * @returns {string[]}
 */
function table(columns, rows) {
  const cells = columns.map(({ title, cell }) => [title, ...rows.map((row) => String(cell(row)))]);
  const widths = cells.map((column) => Math.max(...column.map((text) => text.length)));
  const roomy = sum(widths) + 2 * (widths.length - 1) <= WIDTH;
  const gap = roomy ? '  ' : ' ';
  const excess = sum(widths) + gap.length * (widths.length - 1) - WIDTH;
  if (excess > 0) widths[0] = Math.max(4, (widths[0] ?? 0) - excess);

  const lines = ['title', ...rows].map((_, line) =>
    columns
      .map(({ left }, i) => align(cells[i]?.[line] ?? '', widths[i] ?? 0, left))
      .join(gap)
      .trimEnd(),
  );
  return [groupLine(columns, widths, gap), ...lines];
}

/**
 * The line above the titles: each group's name in the middle of its columns.
 *
 * @param {{ group?: string }[]} columns
 * @param {number[]} widths
 * @param {string} gap
 */
function groupLine(columns, widths, gap) {
  let line = '';
  for (const name of new Set(columns.map(({ group }) => group))) {
    if (name === undefined) continue;
    const first = columns.findIndex(({ group }) => group === name);
    const last = columns.map(({ group }) => group).lastIndexOf(name);
    const begin = sum(widths.slice(0, first)) + gap.length * first;
    const span = sum(widths.slice(first, last + 1)) + gap.length * (last - first);
    line = (line && `${line} `).padEnd(begin + ((span - name.length) >> 1)) + name;
  }
  return line;
}

/**
 * @param {string} text
 * @param {number} width
 * @param {boolean} [left]
 */
function align(text, width, left) {
  return left ? clip(text, width).padEnd(width) : text.padStart(width);
}

/**
 * @param {string} text
 * @param {number} width
 */
export function clip(text, width) {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text;
}

/**
 * @param {number[]} times
 * @param {number} bytes
 */
function timing(times, bytes) {
  const sorted = [...times].sort((a, b) => a - b);
  const total = sum(times);
  return {
    p50: percentile(sorted, 50),
    p99: percentile(sorted, 99),
    megabytesPerSecond: total > 0 ? round(bytes / total) : 0,
  };
}

/**
 * The nearest rank: a time that was measured, not one between two.
 *
 * @param {number[]} sorted
 * @param {number} percent
 */
function percentile(sorted, percent) {
  return round(sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)] ?? 0);
}

/** @param {number[]} numbers */
function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 100) / 100;
}

/** @param {number} value */
function short(value) {
  return value < 100 ? value.toFixed(1) : value.toFixed(0);
}
