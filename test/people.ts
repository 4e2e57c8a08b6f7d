// People in a call: each with an identity, an exchange, a rotation in front of his encryptor, and a decryptor for each of
// the others; wired as docs/exchange.md says. Media goes through the same server.

import { ed25519 } from '@noble/curves/ed25519.js';
import { vi } from 'vitest';
import { KeyRotation, SFrameDecryptor, SFrameEncryptor, SFrameError } from '../src/index.ts';
import {
  type Admit,
  type ExchangeEvent,
  type ExchangeEventType,
  type ExchangeOptions,
  SenderKeyExchange,
} from '../src/trust/exchange.ts';
import { isSame } from '../src/types.ts';
import { quiet } from './quiet.ts';
import type { Server } from './server.ts';

export const cipherSuite = 'AES_128_GCM_SHA256_128';
const eventTypes: ExchangeEventType[] = ['join', 'leave', 'key', 'confirmed', 'refused', 'failed'];

export interface Keys {
  readonly privateKey: Uint8Array;
  readonly publicKey: Uint8Array;
}

export function identityKeys(): Keys {
  const privateKey = ed25519.utils.randomSecretKey();
  return { privateKey, publicKey: ed25519.getPublicKey(privateKey) };
}

/** Admits those who are on a list, under the name and with the key that stand there. */
export function roster(list: ReadonlyMap<string, Uint8Array>): Admit {
  return ({ participant, identityKey }) => {
    const key = list.get(participant);
    return key !== undefined && isSame(key, identityKey);
  };
}

export function fakeTime(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
}

/** Passes time, which is faked, and lets WebCrypto work, which is not. */
export async function pass(seconds: number): Promise<void> {
  for (let ms = 0; ms < 1000 * seconds; ms += 250) {
    vi.advanceTimersByTime(250);
    await quiet();
  }
}

/** Passes time until something holds. */
export async function until(what: () => boolean, seconds = 240): Promise<void> {
  for (let ms = 0; ms < 1000 * seconds; ms += 250) {
    if (what()) return;
    vi.advanceTimersByTime(250);
    await quiet();
  }
  throw new Error(`not within ${seconds} s: ${what}`);
}

/** One of them. */
export class Person {
  readonly name: string;
  readonly exchange: SenderKeyExchange;
  readonly rotation: KeyRotation;
  readonly events: ExchangeEvent[] = [];
  /** All base keys made here. */
  readonly baseKeys: Uint8Array[] = [];
  readonly #encryptor: SFrameEncryptor;
  readonly #decryptors: Map<string, SFrameDecryptor> = new Map();
  static #kids = 0;

  constructor(
    name: string,
    keys: Keys,
    server: Server,
    options: Pick<ExchangeOptions, 'admit'> & Partial<ExchangeOptions>,
  ) {
    this.name = name;
    this.#encryptor = new SFrameEncryptor({ cipherSuite });
    const rotation = new KeyRotation(this.#encryptor, { cipherSuite });
    const exchange = new SenderKeyExchange({
      channel: server.connect(name),
      room: 'standup',
      cipherSuite,
      identity: { participant: name, ...keys },
      ...options,
    });
    rotation.addEventListener('key-needed', () => {
      const baseKey = crypto.getRandomValues(new Uint8Array(16));
      this.baseKeys.push(baseKey.slice());
      const kid = ++Person.#kids;
      exchange.publish(baseKey, kid, rotation.stage(baseKey, kid));
    });
    exchange.addEventListener('join', ({ participant }) => {
      rotation.join(participant);
      this.#decryptors.set(participant, new SFrameDecryptor({ cipherSuite }));
    });
    exchange.addEventListener('leave', ({ participant }) => {
      rotation.leave(participant);
      this.#decryptors.get(participant)?.destroy();
      this.#decryptors.delete(participant);
    });
    exchange.addEventListener('key', ({ participant, baseKey, kid }) =>
      this.#decryptors.get(participant)?.addDecryptionKey(baseKey, kid),
    );
    exchange.addEventListener('confirmed', ({ participant, kid }) => rotation.confirm(participant, kid));
    for (const type of eventTypes) exchange.addEventListener(type, (event) => this.events.push(event));
    this.rotation = rotation;
    this.exchange = exchange;
  }

  /** A frame; undefined if there is no key to send under at the moment. */
  say(text: string): Uint8Array | undefined {
    try {
      return this.rotation.encrypt(new TextEncoder().encode(text));
    } catch (error) {
      if (error instanceof SFrameError && error.code === 'no-key') return undefined;
      throw error;
    }
  }

  /** What somebody's frame says to us; the code of what is wrong with it. */
  hear(from: string, frame: Uint8Array): string {
    const decryptor = this.#decryptors.get(from);
    if (decryptor === undefined) return 'nobody';
    try {
      return new TextDecoder().decode(decryptor.decrypt(frame));
    } catch (error) {
      if (error instanceof SFrameError) return error.code;
      throw error;
    }
  }

  /** Whom he sends keys to. */
  get others(): string[] {
    return this.exchange.participants.map(({ participant }) => participant).sort();
  }

  /** What was said of `type`, as `participant`, or `participant reason`. */
  told(type: ExchangeEventType): string[] {
    return this.events
      .filter((event) => event.type === type)
      .map(({ participant, reason }) =>
        reason === undefined ? `${participant}` : `${participant} ${reason}`,
      );
  }

  hangUp(): void {
    this.exchange.destroy();
    this.rotation.destroy();
    this.#encryptor.destroy();
    for (const decryptor of this.#decryptors.values()) decryptor.destroy();
  }
}

/** Everybody says something, and everybody else understands it. */
export function isTalking(people: readonly Person[]): boolean {
  return people.every((speaker) => {
    const frame = speaker.say('hello');
    if (frame === undefined) return false;
    return people.every((hearer) => hearer === speaker || hearer.hear(speaker.name, frame) === 'hello');
  });
}

/** Whether bytes hold a secret, as it is, or written in hex or base64. */
export function holds(bytes: Uint8Array, secret: Uint8Array): boolean {
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  const raw = Array.from(secret, (byte) => String.fromCharCode(byte)).join('');
  const hex = Array.from(secret, (byte) => byte.toString(16).padStart(2, '0')).join('');
  // base64 at any offset: the groups that the secret fills alone
  const inBase64 = [0, 1, 2].map((skip) =>
    btoa(raw.slice(skip, skip + 3 * Math.floor((raw.length - skip) / 3))),
  );
  const forms = [raw, hex, hex.toUpperCase(), ...inBase64];
  return [...forms, ...forms.map((form) => form.replaceAll('+', '-').replaceAll('/', '_'))].some((form) =>
    text.includes(form),
  );
}
