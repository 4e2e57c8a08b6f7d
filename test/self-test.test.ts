// What the core must prove before it serves: a core that is wrong in one thing only is refused.

import { expect, test } from 'vitest';
import { passesSelfTest } from '../src/core/self-test.ts';
import type { Bytes } from '../src/types.ts';
import { oracleDecrypt, oracleEncrypt } from './oracle.ts';

/** A core by the oracle, for the self-test's own use: one key, one frame. */
class OracleCore {
  #suite = 0;
  #kid = 0n;
  #baseKey = new Uint8Array(0);
  #frame: Bytes = new Uint8Array(0);
  #metadata: Uint8Array = new Uint8Array(0);
  closed = 0;

  addKey(suite: number, kid: bigint, baseKey: Uint8Array): { slot: number } {
    [this.#suite, this.#kid, this.#baseKey] = [suite, kid, new Uint8Array(baseKey)];
    return { slot: 0 };
  }

  seal(
    _slot: number,
    _tagLen: number,
    _high: number,
    ctrLow: number,
    plaintext: Uint8Array,
    metadata: Uint8Array,
  ): Bytes {
    const [suite, kid, baseKey, ctr] = [this.#suite, this.#kid, this.#baseKey, BigInt(ctrLow)];
    return oracleEncrypt({ suite, kid, ctr, baseKey, metadata, plaintext }).ciphertext;
  }

  readFrame(ciphertext: Uint8Array, metadata: Uint8Array): void {
    [this.#frame, this.#metadata] = [new Uint8Array(ciphertext), metadata];
  }

  open(_slot: number, _tagLen: number): Bytes | undefined {
    try {
      const [suite, baseKey, metadata] = [this.#suite, this.#baseKey, this.#metadata];
      return oracleDecrypt({ suite, baseKey, metadata, ciphertext: this.#frame }).plaintext;
    } catch {
      return undefined;
    }
  }

  removeKey(): void {
    this.closed++;
  }
}

/** The same, opening what it should refuse: the last good plaintext, whatever comes. */
class OpensForgeries extends OracleCore {
  #good: Bytes | undefined;

  override open(slot: number, tagLen: number): Bytes | undefined {
    this.#good = super.open(slot, tagLen) ?? this.#good;
    return this.#good;
  }
}

class SealsWrong extends OracleCore {
  override seal(...frame: Parameters<OracleCore['seal']>): Bytes {
    return super.seal(...frame).map((byte, i) => (i === 12 ? byte ^ 1 : byte));
  }
}

class OpensWrong extends OracleCore {
  override open(slot: number, tagLen: number): Bytes | undefined {
    return super.open(slot, tagLen)?.map((byte, i) => (i === 0 ? byte ^ 1 : byte));
  }
}

class OpensNothing extends OracleCore {
  override open(): undefined {
    return undefined;
  }
}

test('a right core passes, and is left without a key', () => {
  const core = new OracleCore();
  expect(passesSelfTest(core)).toBe(true);
  expect(core.closed).toBe(2);
});

test.each([OpensForgeries, SealsWrong, OpensWrong, OpensNothing])('%o is refused', (Core) => {
  expect(passesSelfTest(new Core())).toBe(false);
});
