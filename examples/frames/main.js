#!/usr/bin/env node
// @ts-check
// Encrypts the media frames of real files, plays a small room with them and shows a table.
// Exit code: 0 all as it must be, 1 something was off, 2 the program was called wrongly or a file is broken.

import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cipherSuites } from 'sframe-wasm';
import { readMedia } from './media.js';
import { clip, figures, fileTable, summary } from './report.js';
import { playRoom, warmUp } from './room.js';

/** @import { CipherSuite } from 'sframe-wasm' */

const HELP = `Usage: node examples/frames/main.js [options]

Splits media files into frames and sends them through a small room: one sender,
a relay, and receivers with the right key, the wrong key, a late key and a bad
link. Exit code: 0 all well, 1 something was off, 2 wrong option or broken file.

  --suite NAME   cipher suite (default AES_128_GCM_SHA256_128), or all
  --file PATH    Ogg Opus, IVF or H.264 Annex B; may be repeated
                 (default: the five files of vectors/media)
  --json         the result as JSON on stdout
  --help         this text

Times are per frame; MB/s is the mean of encrypting and decrypting.
Suites:
${Object.keys(cipherSuites)
  .map((name) => `  ${name}`)
  .join('\n')}
`;

const MAX_FRAME = 2 ** 24; // what the library takes by default

/** A mistake of the caller's, told in one line. */
class UsageError extends Error {}

function main() {
  const { suite, file, json, help } = options();
  if (help) {
    process.stdout.write(HELP);
    return true;
  }
  const suites = cipherSuitesOf(suite);
  const sources = (file ?? defaultFiles()).map(load);

  const runs = suites.flatMap((cipherSuite) => {
    const ofSuite = sources.map(({ path, media, frames }) => {
      const name = basename(path);
      progress(`${cipherSuite}  ${name}: ${frames.length} frames`);
      warmUp(cipherSuite, frames, 30);
      return figures({ cipherSuite, file: name, media, frames }, playRoom(cipherSuite, media, frames));
    });
    progress('');
    if (!json) print(cipherSuite, ...fileTable(ofSuite), '');
    return ofSuite;
  });

  const ok = runs.every((run) => run.ok);
  if (json) print(JSON.stringify({ ok, runs }, null, 2));
  else print(...summary(runs));
  return ok;
}

function options() {
  try {
    return parseArgs({
      options: {
        suite: { type: 'string', default: 'AES_128_GCM_SHA256_128' },
        file: { type: 'string', multiple: true },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    const [sentence] = messageOf(error).split(/\.?(?:\s*\n|\. |$)/);
    throw new UsageError(`${sentence} (see --help)`);
  }
}

/**
 * @param {string} name
 * @returns {CipherSuite[]}
 */
function cipherSuitesOf(name) {
  const names = /** @type {CipherSuite[]} */ (Object.keys(cipherSuites));
  const chosen = name === 'all' ? names : names.filter((known) => known === name);
  if (chosen.length === 0) throw new UsageError(`there is no cipher suite '${name}' (see --help)`);
  return chosen;
}

function defaultFiles() {
  return ['opus.ogg', 'vp8.ivf', 'vp9.ivf', 'av1.ivf', 'h264.h264'].map((name) =>
    fileURLToPath(new URL(`../../vectors/media/${name}`, import.meta.url)),
  );
}

/** @param {string} path */
function load(path) {
  try {
    if (!statSync(path).isFile()) throw new Error('this is not a file');
    const { media, frames } = readMedia(readFileSync(path));
    const longest = frames.reduce((most, frame) => Math.max(most, frame.length), 0);
    if (longest > MAX_FRAME) throw new Error(`a frame of ${longest} bytes is more than the library takes`);
    return { path, media, frames };
  } catch (error) {
    // The system's messages repeat the path: "ENOENT: no such file or directory, stat '…'".
    throw new UsageError(`${path}: ${messageOf(error).replace(/^E[A-Z]+: (.*?), \w+( '.*)?$/s, '$1')}`);
  }
}

/**
 * One line on stderr for what is being done: rewritten in a terminal, appended elsewhere.
 *
 * @param {string} text
 */
function progress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2K${clip(text, 79)}`);
  else if (text !== '') process.stderr.write(`${text}\n`);
}

/** @param {string[]} lines */
function print(...lines) {
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** @param {unknown} error */
function messageOf(error) {
  return error instanceof Error ? error.message : String(error);
}

try {
  process.exitCode = main() ? 0 : 1;
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`frames: ${error.message}\n`);
  process.exitCode = 2;
}
