// People in a call whose keys an exchange carries: each with a client, whose worker is a fake one, an exchange, and the
// connection between the two. Frames go by hand, from everybody's one sender to everybody else's receivers.

import { type Admit, type ExchangeOptions, SenderKeyExchange } from '../src/trust/exchange.ts';
import { MlsExchange } from '../src/trust/mls-exchange.ts';
import {
  connectExchange,
  type ExchangeConnection,
  type ExchangeConnectionOptions,
} from '../src/trust/webrtc-exchange.ts';
import type { SFrameClientOptions } from '../src/webrtc.ts';
import { identityKeys, type Keys, roster } from './people.ts';
import { Server } from './server.ts';
import {
  arrived,
  asReceiver,
  asSender,
  audio,
  bytesOf,
  cipherSuite,
  FakeEndpoint,
  type FakeFrame,
  Person,
  until,
} from './webrtc-fakes.ts';

export type Kind = 'sender keys' | 'MLS';

export interface CallerOptions {
  readonly connection?: Partial<ExchangeConnectionOptions>;
  readonly client?: Partial<SFrameClientOptions>;
  readonly exchange?: Partial<ExchangeOptions>;
  /** Default true: the connection is made before the exchange is started. */
  readonly isConnected?: boolean;
}

/** One of them. */
export class Caller {
  readonly name: string;
  readonly person: Person;
  readonly exchange: SenderKeyExchange | MlsExchange;
  readonly failures: unknown[] = [];
  readonly sender: FakeEndpoint = new FakeEndpoint();
  readonly receivers: Map<string, FakeEndpoint> = new Map();
  connection!: ExchangeConnection;
  readonly #options: Partial<ExchangeConnectionOptions>;

  constructor(name: string, keys: Keys, admit: Admit, call: Call, options: CallerOptions) {
    this.name = name;
    this.#options = options.connection ?? {};
    this.person = new Person({ heartbeatSeconds: 0.02, epochBits: 8, ...options.client });
    this.person.client.encrypt(asSender(this.sender));
    const identity = { participant: name, ...keys };
    const told = { channel: call.server.connect(name), room: 'standup', identity, admit };
    this.exchange =
      call.kind === 'MLS'
        ? new MlsExchange({ ...told, foundAfterMs: 300, patienceMs: 500, ...options.exchange })
        : new SenderKeyExchange({ ...told, cipherSuite, ...options.exchange });
    if (options.isConnected ?? true) this.connect();
  }

  connect(): void {
    this.connection = connectExchange(this.person.client, this.exchange, { cipherSuite, ...this.#options });
    this.connection.addEventListener('failed', ({ participant, error }) =>
      this.failures.push(`${participant}: ${error}`),
    );
  }

  /** The receiver of somebody's frames. */
  receiverOf(name: string): FakeEndpoint {
    const known = this.receivers.get(name);
    if (known !== undefined) return known;
    const receiver = new FakeEndpoint();
    this.receivers.set(name, receiver);
    this.person.client.decrypt(asReceiver(receiver), name);
    return receiver;
  }

  /** A frame as it leaves; none if there is no key. */
  async say(...bytes: number[]): Promise<FakeFrame | undefined> {
    const [frame] = await this.person.through(this.sender, audio(...bytes));
    return frame;
  }

  /** What a frame of somebody's is here; undefined if it does not open. */
  async hear(from: string, frame: FakeFrame): Promise<number[] | undefined> {
    const [opened] = await this.person.through(this.receiverOf(from), arrived(frame));
    return opened && bytesOf(opened);
  }

  /** Whether somebody hears what is said here now. */
  async reaches(other: Caller): Promise<boolean> {
    const frame = await this.say(7);
    return frame !== undefined && (await other.hear(this.name, frame))?.join() === '7';
  }

  /** The KID that frames leave under. */
  async kid(): Promise<bigint | undefined> {
    return (await this.person.client.stats()).sendingKey?.kid;
  }

  /** The KIDs whose keys the client has. */
  async kidsOf(name: string): Promise<bigint[]> {
    const { receivingKeys } = await this.person.client.stats();
    return receivingKeys.get(name)?.map(({ kid }) => kid) ?? [];
  }

  /** Kills the worker, and waits for the next one. */
  async crash(): Promise<void> {
    const { workers, client } = this.person;
    const before = workers.length;
    workers.at(-1)?.terminate();
    await until(() => workers.length > before);
    await client.stats();
  }

  hangUp(): void {
    this.connection?.destroy();
    this.exchange.destroy();
  }
}

/** A call, and who may be in it. */
export class Call {
  readonly kind: Kind;
  readonly server: Server = new Server();
  readonly list: Map<string, Uint8Array> = new Map();
  readonly keys: Map<string, Keys> = new Map();
  readonly callers: Caller[] = [];

  constructor(kind: Kind) {
    this.kind = kind;
  }

  invite(name: string): Keys {
    const keys = this.keys.get(name) ?? identityKeys();
    this.keys.set(name, keys);
    this.list.set(name, keys.publicKey);
    return keys;
  }

  /** Somebody, whose exchange is not started. */
  make(name: string, options: CallerOptions = {}): Caller {
    const caller = new Caller(name, this.invite(name), roster(this.list), this, options);
    this.callers.push(caller);
    return caller;
  }

  async add(name: string, options: CallerOptions = {}): Promise<Caller> {
    const caller = this.make(name, options);
    await caller.exchange.start();
    return caller;
  }

  /** They come one after the other, and all hear all. */
  async gather(...names: string[]): Promise<Caller[]> {
    const present: Caller[] = [];
    for (const name of names) {
      present.push(await this.add(name));
      await untilTalking(present);
    }
    return present;
  }

  hangUp(): void {
    for (const caller of this.callers) caller.hangUp();
  }
}

/** Everybody says something, and everybody else hears it. */
export async function isTalking(callers: readonly Caller[]): Promise<boolean> {
  for (const speaker of callers)
    for (const hearer of callers) if (hearer !== speaker && !(await speaker.reaches(hearer))) return false;
  return true;
}

export async function untilTalking(callers: readonly Caller[]): Promise<void> {
  try {
    await until(() => isTalking(callers));
  } catch (error) {
    const states = callers.map(
      ({ name, failures, person }) => `${name}: ${failures.join('; ')} ${person.statuses.join('; ')}`,
    );
    throw new Error(`${error}\n${states.join('\n')}`);
  }
}
