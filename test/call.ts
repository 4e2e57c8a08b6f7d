// A call for the tests of key rotation: a sender, receivers, a channel that takes its time, and a clock that moves when it
// is told to.

import { expect } from 'vitest';
import {
  type CipherSuite,
  decodeHeader,
  KeyRetirement,
  KeyRotation,
  type KeyRotationOptions,
  SFrameDecryptor,
  SFrameEncryptor,
  SFrameError,
} from '../src/index.ts';
import { noise } from './lengths.ts';

export const cipherSuite: CipherSuite = 'AES_128_GCM_SHA256_128';
export const frame: Uint8Array<ArrayBuffer> = noise(100, 1);
export const keyOf = (kid: number | bigint): Uint8Array<ArrayBuffer> => noise(32, 1000 + Number(kid));

/** What a call throws; undefined if nothing. */
export function thrown(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  return undefined;
}

/** The code it is refused with; other errors are passed on. */
export function codeOf(call: () => unknown): string | undefined {
  const error = thrown(call);
  if (error !== undefined && !(error instanceof SFrameError)) throw error;
  return error?.code;
}

export const kidOf = (ciphertext: Uint8Array): number => Number(decodeHeader(ciphertext).kid);

/** Pseudo-random numbers from 0 up to 1, the same in every run. */
export function dice(seed: number): () => number {
  const bytes = noise(4096, seed);
  let at = 0;
  return () => (bytes[at++ % bytes.length]! * 256 + bytes[at++ % bytes.length]!) / 65536;
}

// The stage: one time for all, and what is on its way.

/** The time, in milliseconds. */
export const clock = { time: 0 };
let mail: { readonly at: number; readonly open: () => void }[] = [];

/** Before each test. */
export function reset(): void {
  clock.time = 1e6;
  loseMail();
}

export function loseMail(): void {
  mail = [];
}

export const now = (): number => clock.time;

/** Delivers after `delay` milliseconds. */
export function post(delay: number, open: () => void): void {
  mail.push({ at: clock.time + delay, open });
}

/** Lets time pass, and delivers what is due on the way. */
export function wait(ms: number): void {
  const end = clock.time + ms;
  for (;;) {
    const next = mail.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
    if (next === undefined) break;
    mail.splice(mail.indexOf(next), 1);
    clock.time = Math.max(clock.time, next.at);
    next.open();
  }
  clock.time = end;
}

/** A participant who receives: one sender's decryptor, and all that he has ever been given. */
export class Receiver {
  readonly name: string;
  readonly decryptor: SFrameDecryptor = new SFrameDecryptor({ cipherSuite });
  readonly retirement: KeyRetirement = new KeyRetirement(this.decryptor, { now });
  /** What an attacker keeps. */
  readonly loot: SFrameDecryptor = new SFrameDecryptor({ cipherSuite, replayWindow: 0 });
  /** Numbers of the frames opened. */
  readonly opened: number[] = [];
  /** Codes of the frames refused. */
  readonly refused: string[] = [];

  constructor(name: string) {
    this.name = name;
  }

  take(kid: bigint, baseKey: Uint8Array): void {
    this.retirement.addDecryptionKey(baseKey, kid);
    this.loot.addDecryptionKey(baseKey, kid);
  }

  watch(ciphertext: Uint8Array): void {
    const code = codeOf(() => {
      const plaintext = this.retirement.decrypt(ciphertext);
      this.opened.push(new DataView(plaintext.buffer).getUint32(0));
    });
    if (code !== undefined) this.refused.push(code);
  }

  /** Whether any key he was ever given opens it. */
  canOpen(ciphertext: Uint8Array): boolean {
    return codeOf(() => this.loot.decrypt(ciphertext)) === undefined;
  }
}

/** A sender who answers each `key-needed` with a key, and its recipients, who confirm it. */
export class Sender {
  readonly encryptor: SFrameEncryptor = new SFrameEncryptor({ cipherSuite });
  readonly rotation: KeyRotation;
  readonly receivers: Map<string, Receiver> = new Map();
  /** Why keys were asked for. */
  readonly reasons: (string | undefined)[] = [];
  /** KIDs switched to. */
  readonly switches: bigint[] = [];
  /** Milliseconds that keys and confirmations take. */
  keyDelay: number = 40;
  confirmDelay: number = 40;
  frameDelay: () => number = () => 0;
  /** Confirmations from these never arrive. */
  readonly silent: Set<string> = new Set();
  answers: boolean = true;
  /** Frames sent, in order. */
  readonly sent: Uint8Array[] = [];
  #kid: bigint;

  constructor(options: Partial<KeyRotationOptions> = {}, firstKid = 1n) {
    this.#kid = firstKid;
    this.rotation = new KeyRotation(this.encryptor, { cipherSuite, now, ...options });
    this.rotation.addEventListener('key-needed', ({ reason }) => {
      this.reasons.push(reason);
      if (this.answers) this.rotate();
    });
    this.rotation.addEventListener('switched', ({ kid }) => this.switches.push(kid!));
  }

  /** Stages the next key, and sends it to whom it concerns. */
  rotate(): bigint {
    const kid = this.#kid++;
    for (const name of this.rotation.stage(keyOf(kid), kid)) this.give(name, kid);
    return kid;
  }

  give(name: string, kid: bigint): void {
    post(this.keyDelay, () => {
      this.receivers.get(name)!.take(kid, keyOf(kid));
      if (!this.silent.has(name)) post(this.confirmDelay, () => this.rotation.confirm(name, kid));
    });
  }

  join(name: string): Receiver {
    const receiver = new Receiver(name);
    this.receivers.set(name, receiver);
    this.rotation.join(name);
    return receiver;
  }

  /** Encrypts a frame, which carries its number, and sends it to all that have ever been in the call. */
  send(): number {
    const plaintext = new Uint8Array(60);
    new DataView(plaintext.buffer).setUint32(0, this.sent.length);
    const ciphertext = this.rotation.encrypt(plaintext);
    this.sent.push(ciphertext);
    for (const receiver of this.receivers.values()) {
      const delay = this.frameDelay();
      if (delay === 0) receiver.watch(ciphertext);
      else if (delay < Number.POSITIVE_INFINITY) post(delay, () => receiver.watch(ciphertext));
    }
    return kidOf(ciphertext);
  }

  /** 50 frames a second, for so long. Returns the KIDs they left under. */
  stream(ms: number): number[] {
    return Array.from({ length: ms / 20 }, () => {
      const kid = this.send();
      wait(20);
      return kid;
    });
  }
}

/** A call under way: Alice sends, the others have her first key. */
export function callOf(names: string[], options: Partial<KeyRotationOptions> = {}): Sender {
  const alice = new Sender(options);
  for (const name of names) alice.join(name);
  alice.rotate();
  wait(1000);
  expect(alice.rotation.kid).toBe(1n);
  return alice;
}

export const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, i) => from + i);
