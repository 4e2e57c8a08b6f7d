// The arguments of `sframe-wasm mjr`. Keys are none of them: anybody on the machine can see arguments.

import { parseArgs } from 'node:util';
import { Failure, printable } from './failure.ts';

/** What was asked for. */
export type MjrOptions =
  | { readonly action: 'help' }
  | {
      readonly action: 'info';
      readonly input: string;
      readonly isJson: boolean;
      readonly showsProgress: boolean;
    }
  | OpenOptions;

export interface OpenOptions {
  readonly action: 'open';
  readonly input: string;
  readonly output: string;
  /** Undefined: the environment. */
  readonly keysPath: string | undefined;
  readonly participant: string | undefined;
  readonly source: string | undefined;
  readonly isRaw: boolean;
  readonly isJson: boolean;
  readonly mayReplace: boolean;
  readonly showsProgress: boolean;
}

const known = {
  output: { type: 'string', short: 'o' },
  keys: { type: 'string' },
  participant: { type: 'string' },
  source: { type: 'string' },
  'packetization-raw': { type: 'boolean' },
  info: { type: 'boolean' },
  json: { type: 'boolean' },
  force: { type: 'boolean' },
  progress: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** What only opening takes. */
const OF_OPENING = ['output', 'keys', 'participant', 'source', 'packetization-raw', 'force'] as const;

/** @throws Failure in one line */
export function readMjrOptions(args: readonly string[]): MjrOptions {
  const { values, positionals } = parse(args);
  if (values.help) return { action: 'help' };
  const [input, ...others] = positionals;
  if (input === undefined) throw new Failure('which recording? See `sframe-wasm mjr --help`');
  if (others.length > 0) throw new Failure('one recording at a time: each is one track');
  const { json: isJson = false, progress: showsProgress = false, output } = values;
  if (values.info) {
    const extra = OF_OPENING.find((name) => values[name] !== undefined);
    if (extra !== undefined) throw new Failure(`--info and --${extra} do not go together`);
    return { action: 'info', input, isJson, showsProgress };
  }
  if (output === undefined || output === '') throw new Failure('-o is missing: which file to write?');
  if (values.source === '') throw new Failure('--source must not be empty');
  return {
    action: 'open',
    input,
    output,
    keysPath: values.keys,
    participant: values.participant,
    source: values.source,
    isRaw: values['packetization-raw'] ?? false,
    isJson,
    mayReplace: values.force ?? false,
    showsProgress,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: known, allowPositionals: true, strict: true });
  } catch (error) {
    const [message = ''] = (error as Error).message.split(/\.\s|\n/);
    throw new Failure(printable(message));
  }
}
