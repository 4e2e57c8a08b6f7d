// `sframe-wasm mjr`: opens a recording of Janus.

import { readFileSync, statSync } from 'node:fs';
import { Failure, fileFailure } from './failure.ts';
import { MJR_HELP } from './help.ts';
import { describeInfo, readInfo } from './info.ts';
import { type ReadKeys, readKeys, wipeKeys } from './keys-file.ts';
import { type OpenOptions, readMjrOptions } from './mjr-options.ts';
import { openRecording } from './open-recording.ts';
import { Progress } from './progress.ts';
import { describe } from './summary.ts';

/** What of the process a command uses. */
export interface Surroundings {
  readonly env: Record<string, string | undefined>;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean };
  /** Whether somebody wants it to end now. */
  isStopped(): boolean;
}

const VARIABLE = 'SFRAME_KEYS';
/** In bytes. Signed blocks of a day are a good part of it. */
const MAX_KEYS_LEN = 2 ** 29 - 2 ** 24;

/** Runs the command. Returns its exit code. @throws Failure */
export async function mjr(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const { stdout, stderr, isStopped } = surroundings;
  const options = readMjrOptions(args);
  if (options.action === 'help') {
    stdout.write(MJR_HELP);
    return 0;
  }
  const isShown = options.showsProgress || stderr.isTTY === true;
  const progressOf = (length: number) => new Progress(isShown ? stderr : undefined, length);
  const print = (result: object, text: string) =>
    stdout.write(options.isJson ? `${JSON.stringify(result, null, 2)}\n` : text);
  if (options.action === 'info') {
    const info = await readInfo(options.input, progressOf, isStopped);
    print(info, describeInfo(info));
    return 0;
  }
  const keys = keysOf(options, surroundings);
  try {
    const { input, output, source, isRaw, mayReplace } = options;
    const job = { input, output, source, isRaw, mayReplace, keys, progressOf, isStopped };
    const summary = await openRecording(job);
    print(summary, describe(summary));
    return summary.output === null ? 1 : 0;
  } finally {
    wipeKeys(keys);
  }
}

/** @throws Failure if there are no keys, or they are not as they should be */
function keysOf({ keysPath, participant }: OpenOptions, { env }: Surroundings): ReadKeys {
  const given = env[VARIABLE];
  delete env[VARIABLE];
  if (keysPath !== undefined) return readKeys(readText(keysPath), participant);
  if (given === undefined || given === '')
    throw new Failure(`no keys: give a file by --keys, or their JSON in the environment as ${VARIABLE}`);
  return readKeys(given, participant);
}

function readText(path: string): string {
  try {
    const source = path === '-' ? 0 : path;
    if (source !== 0 && statSync(source).size > MAX_KEYS_LEN) throw new Failure('keys: the file is too long');
    const bytes = readFileSync(source);
    const text = new TextDecoder().decode(bytes);
    bytes.fill(0);
    return text;
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw fileFailure('read', path === '-' ? 'the standard input' : path, error);
  }
}
