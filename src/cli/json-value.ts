// Reading JSON strictly: what is wrong is told by its place in the file, and never by what stands there, which is keys.

import { type Bytes, maxU64 } from '../types.ts';
import { Failure, printable } from './failure.ts';

/** A value and where it stands: `participants[0].keys[1].kid`. */
export class JsonValue {
  readonly path: string;
  readonly #value: unknown;

  constructor(value: unknown, path: string) {
    this.#value = value;
    this.path = path;
  }

  /** @throws Failure saying what it must be */
  refuse(what: string): never {
    throw new Failure(`keys: ${this.path === '' ? 'the file' : printable(this.path)} ${what}`);
  }

  /** The members of an object. Only these names may be there. */
  members<N extends string>(...names: readonly N[]): { readonly [M in N]?: JsonValue } {
    const known = new Map<string, JsonValue>();
    for (const [name, member] of this.entries()) {
      if (!names.some((other) => other === name))
        member.refuse(`is not known here: there are ${names.join(', ')}`);
      known.set(name, member);
    }
    return Object.fromEntries(known) as { readonly [M in N]?: JsonValue };
  }

  /** The members of an object that has any names. */
  entries(): [string, JsonValue][] {
    const value = this.#value;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) this.refuse('must be an object');
    return Object.entries(value).map(([name, member]) => {
      const step = /^[A-Za-z]\w*$/.test(name)
        ? `${this.path === '' ? '' : '.'}${name}`
        : `[${JSON.stringify(name)}]`;
      return [name, new JsonValue(member, this.path + step)];
    });
  }

  items(): JsonValue[] {
    if (!Array.isArray(this.#value)) this.refuse('must be an array');
    return this.#value.map((item: unknown, i) => new JsonValue(item, `${this.path}[${i}]`));
  }

  text(): string {
    const value = this.#value;
    if (typeof value !== 'string' || value === '') this.refuse('must be a string that is not empty');
    return value;
  }

  /** 0 to 2^64-1: decimal or 0x as a string, or a safe integer. */
  u64(): bigint {
    const value = this.#value;
    const isText = typeof value === 'string' && /^(?:\d{1,20}|0[xX][\da-fA-F]{1,16})$/.test(value);
    if (!isText && !(Number.isSafeInteger(value) && (value as number) >= 0))
      this.refuse('must be a number from 0 to 2^64-1: decimal or 0x as a string, or a safe integer');
    const number = BigInt(value as string | number);
    return number <= maxU64 ? number : this.refuse('must be at most 2^64-1');
  }

  integer(min: number, max: number): number {
    const value = this.#value;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max)
      this.refuse(`must be an integer from ${min} to ${max}`);
    return value;
  }

  /** Base64, of either alphabet, with padding or without. */
  bytes(): Bytes {
    const value = this.#value;
    const isBase64 =
      typeof value === 'string' && /^(?:[\w+/-]{4})*(?:[\w+/-]{2}(?:==)?|[\w+/-]{3}=?)?$/.test(value);
    if (!isBase64 || value === '') this.refuse('must be base64');
    const pooled = Buffer.from(value, 'base64');
    const bytes = new Uint8Array(pooled);
    pooled.fill(0);
    return bytes;
  }
}
