// Signatures in calls with an exchange: identity keys are those that the exchange has authenticated, and sessions announce
// themselves. A server may bring any blocks that it has seen, and some that it has made.

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SFrameEncryptor } from '../src/index.ts';
import { parseBlock } from '../src/trust/signature/block.ts';
import { FrameSigner } from '../src/trust/signature.ts';
import type { Bytes } from '../src/types.ts';
import { Call, type Caller, type CallerOptions, type Kind } from './webrtc-exchange-call.ts';
import { cipherSuite, closeBrowser, FakeFrame, openBrowser, sleep, until } from './webrtc-fakes.ts';

const calls: Call[] = [];

beforeEach(openBrowser);
afterEach(() => {
  for (const call of calls.splice(0)) call.hangUp();
  closeBrowser();
});

/** Alice, who signs, and Bob, who verifies. Her blocks are kept, and go to him while they are carried. */
class SignedCall {
  readonly call: Call;
  readonly blocks: Bytes[] = [];
  readonly keys: { kid: bigint; baseKey: Bytes }[] = [];
  isCarried = true;
  alice!: Caller;
  bob!: Caller;

  constructor(kind: Kind) {
    this.call = new Call(kind);
    calls.push(this.call);
  }

  async start(verifying: { require?: boolean } = {}): Promise<this> {
    const { privateKey } = this.call.invite('alice');
    const signing = { identity: { participant: 'alice', privateKey }, everyFrames: 2 };
    this.alice = this.call.make('alice', { connection: { signing } });
    const options: CallerOptions = { connection: { verifying: { timeoutMs: 100, ...verifying } } };
    this.bob = this.call.make('bob', options);
    this.carry(this.alice);
    this.bob.exchange.addEventListener('key', (event) => {
      const { kid, baseKey } = event as Event & { kid: bigint; baseKey: Bytes };
      this.keys.push({ kid, baseKey: baseKey.slice() });
    });
    for (const { exchange } of [this.alice, this.bob]) await exchange.start();
    return this;
  }

  carry({ person }: Caller): void {
    person.client.addEventListener('signature-block', ({ block }) => {
      this.blocks.push(block as Bytes);
      if (this.isCarried) this.bob.connection.addSignatureBlock(block as Bytes);
    });
  }

  /** What Bob is told of Alice's signatures, in order. */
  get verdicts(): string[] {
    const told = this.bob.person.events.filter(({ type, receiver }) => type === 'status' && !receiver);
    return told.map(({ reason }) => reason);
  }

  /** Alice speaks until Bob was told something. */
  async until(verdict: string): Promise<void> {
    await until(async () => {
      await this.alice.reaches(this.bob);
      return this.verdicts.at(-1) === verdict;
    });
  }

  /** How many blocks the verifier in Bob's worker was made for, by session. */
  get sessions(): string[] {
    const { requests } = this.bob.person.workers[0]!;
    return requests
      .filter(({ op }) => op === 'verifyFrames')
      .map(({ args }) => `${(args as { session: Bytes }).session}`);
  }
}

const sessionOf = (block: Bytes): string => `${block.slice(4, 4 + (block[3] as number))}`;

describe.each<Kind>(['sender keys', 'MLS'])('with %s', (kind) => {
  test('frames are verified by the identity key that was admitted', async () => {
    const scene = await new SignedCall(kind).start();
    await scene.until('verified');
    expect(scene.verdicts).not.toContain('forged');
    expect(scene.bob.failures).toEqual([]);
  });

  test('a worker that takes the place of another signs in another session, which announces itself', async () => {
    const scene = await new SignedCall(kind).start();
    await scene.until('verified');
    const before = scene.blocks.length;
    await scene.alice.crash();
    await until(async () => {
      await scene.alice.reaches(scene.bob);
      return scene.blocks.length > before + 2;
    });
    expect(sessionOf(scene.blocks.at(-1)!)).not.toBe(sessionOf(scene.blocks[0]!));
    await scene.until('verified');
    expect(scene.sessions.at(-1)).toBe(sessionOf(scene.blocks.at(-1)!));
    await scene.bob.crash();
    await scene.until('verified');
  });

  test('who does not sign is dropped where that is asked for', async () => {
    const scene = await new SignedCall(kind).start({ require: true });
    scene.isCarried = false;
    await untilTalkingOnce(scene);
    await until(async () => !(await scene.alice.reaches(scene.bob)));
    scene.isCarried = true;
    await until(() => scene.alice.reaches(scene.bob));
  });
});

/** Until Bob hears Alice at all. */
async function untilTalkingOnce({ alice, bob }: SignedCall): Promise<void> {
  await until(() => alice.reaches(bob));
}

/** Somebody else's signer: with a key of his own, or Alice's identity key. */
async function makeBlock(
  privateKey: Uint8Array,
  session: Uint8Array,
  { kid, baseKey }: { kid: bigint; baseKey: Uint8Array },
): Promise<Bytes> {
  const encryptor = new SFrameEncryptor({ cipherSuite });
  encryptor.setEncryptionKey(baseKey, kid);
  const signer = new FrameSigner({ encryptor, session, participant: 'alice', privateKey });
  const blocks: Bytes[] = [];
  signer.addEventListener('block', ({ block }) => blocks.push(block as Bytes));
  signer.sign(encryptor.encrypt(new Uint8Array(9)));
  await signer.flush();
  return blocks[0] as Bytes;
}

describe('a server', () => {
  const session = () => crypto.getRandomValues(new Uint8Array(16));

  /** A scene in which Alice is verified, and what Bob's worker was told until then. */
  async function verifiedCall(): Promise<{ scene: SignedCall; sessions: number }> {
    const scene = await new SignedCall('sender keys').start();
    await scene.until('verified');
    return { scene, sessions: scene.sessions.length };
  }

  /** Gives Bob a block, and time to look at it: more than he rests after a bad one. */
  async function give({ bob }: SignedCall, block: Uint8Array): Promise<void> {
    bob.connection.addSignatureBlock(block);
    await sleep(400);
    await bob.person.client.stats();
  }

  test('cannot change the session by a block that it has made', async () => {
    const { scene, sessions } = await verifiedCall();
    const { privateKey } = scene.call.invite('mallory');
    await give(scene, await makeBlock(privateKey, session(), scene.keys.at(-1)!));
    expect(scene.sessions).toHaveLength(sessions);
    await give(scene, scene.blocks.at(-1)!.fill(7, 4, 20)); // a good one, of another session
    expect(scene.sessions).toHaveLength(sessions);
  });

  test('nor by one of an earlier call, whose keys are not in use', async () => {
    const { scene, sessions } = await verifiedCall();
    const { privateKey } = scene.call.keys.get('alice')!;
    const { kid } = scene.keys.at(-1)!;
    await give(scene, await makeBlock(privateKey, session(), { kid, baseKey: session() }));
    expect(scene.sessions).toHaveLength(sessions);
    await give(scene, await makeBlock(privateKey, session(), scene.keys.at(-1)!));
    expect(scene.sessions, 'this one is hers').toHaveLength(sessions + 1);
  });

  test('nor back to one that was given up', async () => {
    const { scene } = await verifiedCall();
    const { privateKey } = scene.call.keys.get('alice')!;
    const old = scene.blocks.at(-1)!;
    await give(scene, await makeBlock(privateKey, session(), scene.keys.at(-1)!));
    const sessions = scene.sessions.length;
    await give(scene, old);
    expect(scene.sessions).toHaveLength(sessions);
  });

  test('can bring anything, to which nothing comes', async () => {
    const { scene, sessions } = await verifiedCall();
    const good = scene.blocks.at(-1)!;
    const odd = [new Uint8Array(0), new Uint8Array(4), new Uint8Array(100_000), good.subarray(0, 90)];
    for (const block of odd) await give(scene, block);
    const foreign = good.slice();
    foreign.set(new TextEncoder().encode('carol'), 22);
    await give(scene, foreign);
    expect(scene.sessions).toHaveLength(sessions);
    expect(() => scene.bob.connection.addSignatureBlock('block' as never)).toThrow(TypeError);
    expect(parseBlock(good)).toBeDefined();
    await scene.until('verified');
  });
});

test('a member who has the key, and sends as Alice, is found out', async () => {
  const scene = await new SignedCall('sender keys').start({ require: true });
  await scene.until('verified');
  scene.isCarried = false;
  const { kid, baseKey } = scene.keys.at(-1)!;
  const ctr = BigInt((await scene.alice.person.client.stats()).sendingKey?.ctr ?? 0n);
  const mallory = new SFrameEncryptor({ cipherSuite });
  mallory.setEncryptionKey(baseKey, kid, { ctr });
  const forged = new FakeFrame(mallory.encrypt(new Uint8Array([66])));
  expect(await scene.bob.hear('alice', forged)).toEqual([66]);
  const before = scene.blocks.length;
  await until(async () => (await scene.alice.say(1)) && scene.blocks.length > before);
  for (const block of scene.blocks.slice(before)) scene.bob.connection.addSignatureBlock(block);
  await until(() => scene.verdicts.includes('forged'));
  expect(await scene.alice.reaches(scene.bob)).toBe(false);
});

test('a name is verified by the key that it has now', async () => {
  const scene = await new SignedCall('sender keys').start();
  await scene.until('verified');
  scene.alice.hangUp();
  await until(() => scene.bob.exchange.participants.length === 0);
  const given = vi.spyOn(scene.bob.person.client, 'addSignatureBlock');
  scene.bob.connection.addSignatureBlock(scene.blocks.at(-1)!);
  expect(given, 'of nobody who is here').not.toHaveBeenCalled();
  scene.call.keys.delete('alice');
  const { privateKey } = scene.call.invite('alice');
  const signing = { identity: { participant: 'alice', privateKey }, everyFrames: 2 };
  const verdicts = scene.verdicts.length;
  scene.alice = scene.call.make('alice', { connection: { signing } });
  scene.carry(scene.alice);
  await scene.alice.exchange.start();
  await until(async () => {
    await scene.alice.reaches(scene.bob);
    return scene.verdicts.slice(verdicts).includes('verified');
  });
});

test('private keys are copied, and wiped at the end', async () => {
  const call = new Call('sender keys');
  calls.push(call);
  const { privateKey } = call.invite('alice');
  const given = privateKey.slice();
  const signing = { identity: { participant: 'alice', privateKey: given }, everyFrames: 1 };
  const alice = call.make('alice', { connection: { signing } });
  given.fill(0);
  const blocks: Bytes[] = [];
  alice.person.client.addEventListener('signature-block', ({ block }) => blocks.push(block as Bytes));
  await alice.exchange.start();
  await until(async () => (await alice.say(1)) && blocks.length > 0);
  const used: unknown[] = [];
  const { client } = alice.person;
  const sign = client.signFrames.bind(client);
  client.signFrames = (options) => {
    used.push(options.privateKey);
    return sign(options);
  };
  await alice.crash();
  await until(() => used.length > 0);
  expect(used[0]).toEqual(privateKey);
  alice.connection.destroy();
  expect(used[0]).toEqual(new Uint8Array(32));
});

test('options are refused by name', () => {
  const call = new Call('sender keys');
  calls.push(call);
  const { privateKey } = call.invite('alice');
  const make = (connection: object) => () => call.make('alice', { connection });
  const identity = { participant: 'alice', privateKey };
  expect(make({ cipherSuite: 'AES' })).toThrow(/cipherSuite/);
  expect(make({ signing: 1 })).toThrow(/signing/);
  expect(make({ signing: { identity: { ...identity, participant: '' } } })).toThrow(/participant/);
  expect(make({ signing: { identity: { ...identity, privateKey: privateKey.slice(1) } } })).toThrow(
    /privateKey/,
  );
  expect(make({ signing: { identity: { ...identity, algorithm: 'RSA' } } })).toThrow(/algorithm/);
  expect(make({ verifying: true })).toThrow(/verifying/);
  expect(make({ verifying: { require: 1 } })).toThrow(/require/);
  expect(make({})).not.toThrow();
});
