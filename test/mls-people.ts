// People in a call whose group runs MLS: each with an identity, an exchange, an encryptor and a decryptor for all others.

import { vi } from 'vitest';
import { type CipherSuite, MlsDecryptor, MlsEncryptor, SFrameError } from '../src/index.ts';
import { enterEpoch, exportBaseKey } from '../src/mls/exporter.ts';
import {
  MlsExchange,
  type MlsExchangeEvent,
  type MlsExchangeEventType,
  type MlsExchangeOptions,
} from '../src/trust/mls-exchange.ts';
import { holds, identityKeys, type Keys, roster } from './people.ts';
import { quiet } from './quiet.ts';
import type { Server } from './server.ts';

const cipherSuite: CipherSuite = 'AES_128_GCM_SHA256_128';
const eventTypes: MlsExchangeEventType[] = ['epoch', 'join', 'leave', 'removed', 'refused', 'failed'];

const STEP_MS = 100;

/** Passes time, which is faked, and lets WebCrypto work, which is not. */
export async function pass(seconds: number): Promise<void> {
  for (let ms = 0; ms < 1000 * seconds; ms += STEP_MS) {
    vi.advanceTimersByTime(STEP_MS);
    await quiet();
  }
}

/** Passes time until something holds. */
export async function until(what: () => boolean, seconds = 240): Promise<void> {
  for (let ms = 0; ms < 1000 * seconds; ms += STEP_MS) {
    if (what()) return;
    await pass(STEP_MS / 1000);
  }
  throw new Error(`not within ${seconds} s: ${what}`);
}

/** One of them. */
export class Member {
  readonly name: string;
  readonly exchange: MlsExchange;
  readonly events: MlsExchangeEvent[] = [];
  /** The base keys of all epochs that this member was in. */
  readonly baseKeys: Uint8Array[] = [];
  readonly encryptor: MlsEncryptor = new MlsEncryptor({ cipherSuite, epochBits: 8 });
  readonly decryptor: MlsDecryptor = new MlsDecryptor({ cipherSuite, epochBits: 8 });

  constructor(
    name: string,
    keys: Keys,
    server: Server,
    options: Pick<MlsExchangeOptions, 'admit'> & Partial<MlsExchangeOptions>,
  ) {
    this.name = name;
    this.exchange = new MlsExchange({
      channel: server.connect(name),
      room: 'standup',
      identity: { participant: name, ...keys },
      ...options,
    });
    this.exchange.addEventListener('epoch', (event) => {
      void this.#enter(event).catch((error) => this.failures.push(error));
    });
    for (const type of eventTypes) this.exchange.addEventListener(type, (event) => this.events.push(event));
  }

  readonly failures: unknown[] = [];

  async #enter({ entrance }: MlsExchangeEvent): Promise<void> {
    if (entrance === undefined) throw new Error('no entrance');
    const { encryptor, decryptor } = this;
    const baseKey = exportBaseKey(entrance.exporter, cipherSuite);
    await enterEpoch({
      ...entrance,
      cipherSuite,
      encryptors: [encryptor],
      decryptors: [decryptor],
      ready: Promise.resolve(),
    });
    this.baseKeys.push(await baseKey);
  }

  say(text: string): Uint8Array {
    return this.encryptor.encrypt(new TextEncoder().encode(text));
  }

  /** What a frame says to us; the code of what is wrong with it. */
  hear(frame: Uint8Array): string {
    try {
      return new TextDecoder().decode(this.decryptor.decrypt(frame));
    } catch (error) {
      if (error instanceof SFrameError) return error.code;
      throw error;
    }
  }

  /** Who is in the group, as we see it. */
  get group(): string {
    return this.exchange.participants
      .map(({ participant }) => participant)
      .sort()
      .join(' ');
  }

  /** What was said of `type`, as `participant`, or `participant reason`. */
  told(type: MlsExchangeEventType): string[] {
    return this.events
      .filter((event) => event.type === type)
      .map(({ participant, reason }) =>
        reason === undefined ? `${participant}` : `${participant} ${reason}`,
      );
  }

  get leaf(): number {
    return this.exchange.participants.find(({ participant }) => participant === this.name)?.senderIndex ?? -1;
  }

  hangUp(): void {
    this.exchange.destroy();
    this.encryptor.destroy();
    this.decryptor.destroy();
  }
}

/** Everybody in one epoch, with one authenticator, and nobody else in the group. */
export function isOne(members: readonly Member[]): boolean {
  const names = members
    .map(({ name }) => name)
    .sort()
    .join(' ');
  const states = members.map(({ exchange }) => `${exchange.epoch} ${exchange.epochAuthenticator}`);
  return new Set(states).size === 1 && members.every(({ group }) => group === names);
}

/** Everybody says something, and everybody else understands it. */
export function isTalking(members: readonly Member[]): boolean {
  if (members.some(({ encryptor }) => encryptor.epoch === undefined)) return false;
  return members.every((speaker) => {
    const frame = speaker.say('hello');
    return members.every((hearer) => hearer === speaker || hearer.hear(frame) === 'hello');
  });
}

export async function untilOne(members: readonly Member[], seconds?: number): Promise<void> {
  try {
    await until(() => isOne(members) && isTalking(members), seconds);
  } catch (error) {
    const states = members.map(
      ({ name, group, exchange, leaf, events, failures }) =>
        `${name}: epoch ${exchange.epoch} of ${exchange.epochAuthenticator?.slice(0, 2)}, leaf ${leaf}, with ${group}; ` +
        `${events.map(({ type, participant, reason, error: e }) => `${type} ${participant ?? ''} ${reason ?? ''} ${e ?? ''}`).join(', ')} ${failures}`,
    );
    throw new Error(`${error}\n${states.join('\n')}`);
  }
}

/** A call, and who may be in it. */
export class Call {
  readonly server: Server;
  readonly members: Member[] = [];
  readonly list: Map<string, Uint8Array> = new Map();
  readonly keys: Map<string, Keys> = new Map();
  readonly options: Partial<MlsExchangeOptions>;

  constructor(server: Server, options: Partial<MlsExchangeOptions> = {}) {
    this.server = server;
    this.options = options;
  }

  /** Somebody who may come in. */
  invite(name: string): Keys {
    const keys = this.keys.get(name) ?? identityKeys();
    this.keys.set(name, keys);
    this.list.set(name, keys.publicKey);
    return keys;
  }

  /** Somebody comes. */
  add(name: string, options: Partial<MlsExchangeOptions> = {}): Member {
    const admit = roster(this.list);
    const member = new Member(name, this.invite(name), this.server, { admit, ...this.options, ...options });
    this.members.push(member);
    void member.exchange.start();
    return member;
  }

  /** They come one after the other, until all are in. */
  async gather(...names: string[]): Promise<Member[]> {
    for (const name of names) this.invite(name);
    const present: Member[] = [];
    for (const name of names) {
      present.push(this.add(name));
      await untilOne(present);
    }
    return present;
  }

  hangUp(): void {
    for (const member of this.members) member.hangUp();
  }

  /** What nobody outside may have seen. */
  get leaks(): string[] {
    const identities = [...this.keys.values()].map(({ privateKey }) => privateKey);
    const secrets = [...identities, ...this.members.flatMap(({ baseKeys }) => baseKeys)];
    return this.server.seen.flatMap(({ from, bytes }) =>
      secrets.some((secret) => holds(bytes, secret)) ? [from] : [],
    );
  }
}
