// The program: one command, its exit code, and what it says when something is wrong.

import { readFileSync } from 'node:fs';
import { Failure, printable } from './failure.ts';
import { MAIN_HELP } from './help.ts';
import { mjr, type Surroundings } from './mjr.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Runs what the process was called with. */
export async function main(process: NodeJS.Process): Promise<void> {
  let isStopped = false;
  const stop = () => {
    isStopped = true;
  };
  for (const signal of SIGNALS) process.once(signal, stop);
  // Whoever read the output may have had enough of it.
  process.stdout.on('error', stop);
  const { env, stdout, stderr } = process;
  try {
    process.exitCode = await run(process.argv.slice(2), { env, stdout, stderr, isStopped: () => isStopped });
  } catch (error) {
    const isKnown = error instanceof Failure;
    stderr.write(`sframe-wasm: ${isKnown ? error.message : bugReport(error)}\n`);
    process.exitCode = isKnown ? error.exitCode : 3;
  } finally {
    for (const signal of SIGNALS) process.off(signal, stop);
  }
}

/** Where it happened, and no message: that may quote what a function was given. */
function bugReport(error: unknown): string {
  if (!(error instanceof Error)) return 'a bug; please report it';
  const calls = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return ['a bug; please report it', error.name, ...calls].map(printable).join('\n');
}

async function run(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const { stdout } = surroundings;
  const [command, ...rest] = args;
  if (command === 'mjr') return mjr(rest, surroundings);
  if (command === undefined || command === '--help' || command === '-h') {
    stdout.write(MAIN_HELP);
    return command === undefined ? 2 : 0;
  }
  if (command === '--version') {
    stdout.write(`${version()}\n`);
    return 0;
  }
  throw new Failure(`there is no command "${printable(command)}"; see \`sframe-wasm --help\``);
}

function version(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { readonly version: string }).version;
}
