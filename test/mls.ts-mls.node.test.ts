// Groups of a real MLS library, ts-mls: who is a member hears all others, who is not hears nothing.

import {
  type CiphersuiteImpl,
  type ClientState,
  createCommit,
  createGroup,
  decodeMlsMessage,
  defaultCapabilities,
  defaultLifetime,
  emptyPskIndex,
  encodeMlsMessage,
  generateKeyPackage,
  getCiphersuiteFromName,
  getCiphersuiteImpl,
  joinGroup,
  mlsExporter,
  type Proposal,
  processPrivateMessage,
  type Welcome,
} from 'ts-mls';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type CipherSuite, cipherSuites, MlsDecryptor, MlsEncryptor } from '../src/index.ts';
import { enterEpoch, exportBaseKey, type MlsExporter } from '../src/mls/exporter.ts';

const cipherSuite = 'AES_128_GCM_SHA256_128';
const epochBits = 4;

let impl: CiphersuiteImpl;
beforeAll(async () => {
  impl = await getCiphersuiteImpl(getCiphersuiteFromName('MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519'));
});

/** What decryptors take for the time, in ms. */
let time = 0;
beforeEach(() => {
  time = 0;
});

const utf8 = (text: string) => new TextEncoder().encode(text);

/** One client: ts-mls's state, and ours. */
class Client {
  readonly name: string;
  readonly encryptor: MlsEncryptor = new MlsEncryptor({ cipherSuite, epochBits });
  readonly decryptor: MlsDecryptor = new MlsDecryptor({ cipherSuite, epochBits, now: () => time });
  #keys: Awaited<ReturnType<typeof generateKeyPackage>> | undefined;
  #state: ClientState | undefined;

  constructor(name: string) {
    this.name = name;
  }

  get state(): ClientState {
    if (this.#state === undefined) throw new Error(`${this.name} is in no group`);
    return this.#state;
  }

  get epoch(): bigint {
    return this.state.groupContext.epoch;
  }

  get leaf(): number {
    return this.state.privatePath.leafIndex;
  }

  /** The tree is an array of leaves and parents by turns. */
  get groupSize(): number {
    return (this.state.ratchetTree.length + 1) / 2;
  }

  get exporter(): MlsExporter {
    const { exporterSecret } = this.state.keySchedule;
    return (label, context, length) => mlsExporter(exporterSecret, label, context, length, impl);
  }

  async create(): Promise<void> {
    const { publicPackage, privatePackage } = await this.keyPackage();
    await this.enter(await createGroup(utf8('a group'), publicPackage, privatePackage, [], impl));
  }

  async keyPackage() {
    const credential = { credentialType: 'basic', identity: utf8(this.name) } as const;
    this.#keys ??= await generateKeyPackage(credential, defaultCapabilities(), defaultLifetime, [], impl);
    return this.#keys;
  }

  /** Commits; the state it leads to, and what goes over the wire. */
  async commit(proposals: Proposal[]) {
    const options = { extraProposals: proposals, ratchetTreeExtension: true };
    const { newState, commit, welcome } = await createCommit(
      { state: this.state, cipherSuite: impl },
      options,
    );
    return { newState, commit: encodeMlsMessage(commit), welcome };
  }

  async process(commit: Uint8Array): Promise<ClientState> {
    const message = decodeMlsMessage(commit, 0)?.[0];
    if (message?.wireformat !== 'mls_private_message') throw new Error('not a private message');
    const { privateMessage } = message;
    const { newState } = await processPrivateMessage(this.state, privateMessage, emptyPskIndex, impl);
    return newState;
  }

  /** The state that a welcome leads to. */
  async read(welcome: Welcome): Promise<ClientState> {
    const { publicPackage, privatePackage } = await this.keyPackage();
    return joinGroup(welcome, publicPackage, privatePackage, emptyPskIndex, impl);
  }

  /** What an application does with each new state. */
  async enter(
    state: ClientState,
    options: { graceSeconds?: number | undefined; ready?: Promise<unknown> } = {},
  ) {
    this.#state = state;
    await enterEpoch({
      exporter: this.exporter,
      cipherSuite,
      epoch: this.epoch,
      groupSize: this.groupSize,
      senderIndex: this.leaf,
      decryptors: [this.decryptor],
      encryptors: [this.encryptor],
      graceSeconds: options.graceSeconds,
      ready: options.ready ?? Promise.resolve(),
    });
  }

  says(text: string): Uint8Array {
    return this.encryptor.encrypt(utf8(text));
  }

  hears(ciphertext: Uint8Array): string {
    const opened = this.decryptor.tryDecrypt(ciphertext);
    return typeof opened === 'string' ? `(${opened})` : new TextDecoder().decode(opened);
  }
}

const addition = async (client: Client): Promise<Proposal> => ({
  proposalType: 'add',
  add: { keyPackage: (await client.keyPackage()).publicPackage },
});
const removal = (leaf: number): Proposal => ({ proposalType: 'remove', remove: { removed: leaf } });

/** A group: commits reach everybody at once. */
class Group {
  readonly members: Client[] = [];
  /** The last clients who left. */
  readonly leavers: Client[] = [];

  async start(...names: string[]): Promise<Client[]> {
    const [founder = '', ...others] = names;
    const first = new Client(founder);
    await first.create();
    this.members.push(first);
    for (const name of others) await this.add(first, name);
    return this.members;
  }

  /** One commit with any number of removals and additions; with neither it is an update. */
  async change(by: Client, leavers: Client[], names: string[]): Promise<Client[]> {
    const joiners = names.map((name) => new Client(name));
    const proposals = [
      ...leavers.map(({ leaf }) => removal(leaf)),
      ...(await Promise.all(joiners.map(addition))),
    ];
    const { newState, commit, welcome } = await by.commit(proposals);
    const states = await Promise.all(joiners.map((joiner) => joiner.read(welcome as Welcome)));
    for (const leaver of leavers) this.members.splice(this.members.indexOf(leaver), 1);
    this.leavers.unshift(...leavers);
    this.leavers.splice(3);
    const graceSeconds = leavers.length > 0 ? 3 : undefined;
    const enter = async (member: Client) =>
      member.enter(member === by ? newState : await member.process(commit), { graceSeconds });
    await Promise.all(this.members.map(enter));
    for (const [i, joiner] of joiners.entries()) await joiner.enter(states[i] as ClientState);
    this.members.push(...joiners);
    return joiners;
  }

  async add(by: Client, name: string): Promise<Client> {
    return (await this.change(by, [], [name]))[0] as Client;
  }

  async remove(by: Client, leaver: Client): Promise<void> {
    await this.change(by, [leaver], []);
  }

  async update(by: Client): Promise<void> {
    await this.change(by, [], []);
  }

  /** Each says something, and all others hear it; returns one of the frames. */
  talk(): Uint8Array[] {
    return this.members.map((speaker) => {
      const text = `${speaker.name} in ${speaker.epoch}`;
      const ciphertext = speaker.says(text);
      for (const listener of this.members)
        expect(listener.hears(ciphertext)).toBe(listener === speaker ? '(key-id)' : text);
      return ciphertext;
    });
  }
}

describe('a group', () => {
  test('of three: everybody opens everybody else’s frames, and not his own', async () => {
    const group = new Group();
    const [alice, bob, carol] = (await group.start('alice', 'bob', 'carol')) as [Client, Client, Client];
    expect([alice, bob, carol].map(({ leaf }) => leaf)).toEqual([0, 1, 2]);
    expect(new Set([alice, bob, carol].map(({ epoch }) => epoch))).toEqual(new Set([2n]));
    group.talk();
    const kid = bob.encryptor.kid as bigint;
    expect(alice.decryptor.senderOf(kid)).toEqual({ epoch: 2n, senderIndex: 1, contextId: 0n });
  });

  test('who joins cannot open what was said before', async () => {
    const group = new Group();
    const [alice, bob] = (await group.start('alice', 'bob')) as [Client, Client];
    const before = alice.says('before');
    const carol = await group.add(alice, 'carol');
    expect(carol.hears(before)).toBe('(key-id)');
    // not even with the KID of an epoch that she has: the key is another
    const { epoch, groupSize, leaf } = alice;
    const baseKey = await exportBaseKey(carol.exporter, cipherSuite);
    carol.decryptor.addEpoch({ epoch: epoch - 1n, baseKey, groupSize, senderIndex: carol.leaf });
    expect(leaf).toBe(0);
    expect(carol.hears(before)).toBe('(authentication)');
    expect(bob.hears(before)).toBe('before');
    group.talk();
  });

  test('who was removed cannot open what is said after, nor be heard', async () => {
    const group = new Group();
    const [alice, bob, carol] = (await group.start('alice', 'bob', 'carol')) as [Client, Client, Client];
    group.talk();
    await group.remove(alice, carol);
    expect(carol.hears(alice.says('after'))).toBe('(key-id)');
    expect(bob.hears(carol.says('a last word')), 'within the grace').toBe('a last word');
    time += 3000;
    expect(bob.hears(carol.says('still here'))).toBe('(key-id)');
    expect(alice.hears(carol.says('still here'))).toBe('(key-id)');
    group.talk();

    // dave gets her leaf: that is not her coming back
    const dave = await group.add(bob, 'dave');
    expect(dave.leaf).toBe(carol.leaf);
    expect(dave.hears(carol.says('still here'))).toBe('(key-id)');
    group.talk();
  });

  test('an update changes the keys and nothing else', async () => {
    const group = new Group();
    const [alice, bob] = (await group.start('alice', 'bob', 'carol')) as [Client, Client];
    const before = await exportBaseKey(alice.exporter, cipherSuite);
    const late = alice.says('late');
    await group.update(bob);
    expect(await exportBaseKey(alice.exporter, cipherSuite)).not.toEqual(before);
    group.talk();
    expect(bob.hears(late)).toBe('late');
    time += 12_000;
    expect(bob.hears(alice.says('new'))).toBe('new');
    expect(bob.decryptor.hasEpoch(alice.epoch - 1n)).toBe(false);
  });

  test('whose lower leaves have gone still counts them: the size is the tree’s', async () => {
    const group = new Group();
    await group.start(...Array.from({ length: 6 }, (_, i) => `member ${i}`));
    const [, , , last, , highest] = group.members as Client[];
    for (const member of group.members.slice(0, 3)) await group.remove(last as Client, member);
    expect(group.members.length).toBe(3);
    expect([highest?.leaf, highest?.groupSize]).toEqual([5, 8]);
    group.talk();
  });

  test('grows and shrinks over powers of two', async () => {
    const group = new Group();
    const members = await group.start('founder');
    const sizes = new Set<number>();
    while (members.length < 9) {
      await group.add(members[members.length >> 1] as Client, `member ${members.length}`);
      sizes.add((members[0] as Client).groupSize);
      group.talk();
    }
    while (members.length > 2) {
      await group.remove(members[0] as Client, members.at(-1) as Client);
      sizes.add((members[0] as Client).groupSize);
      group.talk();
    }
    expect(sizes.size).toBeGreaterThan(3);
  });
});

test.each(Object.keys(cipherSuites) as CipherSuite[])(
  '%s: members have the same base key of Nk bytes',
  async (suite) => {
    const group = new Group();
    const members = await group.start('alice', 'bob', 'carol');
    const keys = await Promise.all(members.map(({ exporter }) => exportBaseKey(exporter, suite)));
    expect(keys[0]?.length).toBe(cipherSuites[suite].Nk);
    expect(keys[1]).toEqual(keys[0]);
    expect(keys[2]).toEqual(keys[0]);
    const { exporterSecret } = (members[0] as Client).state.keySchedule;
    const label = 'SFrame 1.0 Base Key';
    expect(keys[0]).toEqual(
      await mlsExporter(exporterSecret, label, new Uint8Array(0), cipherSuites[suite].Nk, impl),
    );
  },
);

test('two commits cross: the server takes one, and all are in its epoch', async () => {
  const group = new Group();
  const [alice, bob, carol] = (await group.start('alice', 'bob', 'carol')) as [Client, Client, Client];
  const [of_bob, of_carol] = [await bob.commit([]), await carol.commit([])];
  // bob does not wait for the server
  await bob.decryptor.addEpoch({
    epoch: bob.epoch + 1n,
    baseKey: await mlsExporter(
      of_bob.newState.keySchedule.exporterSecret,
      'SFrame 1.0 Base Key',
      new Uint8Array(0),
      16,
      impl,
    ),
    groupSize: bob.groupSize,
    senderIndex: bob.leaf,
  });
  await alice.enter(await alice.process(of_carol.commit));
  await carol.enter(of_carol.newState);
  const early = alice.says('early');
  expect(bob.hears(early)).toBe('(authentication)');
  await bob.enter(await bob.process(of_carol.commit));
  expect(bob.hears(early)).toBe('early');
  group.talk();
});

test('sending waits until the others have the epoch', async () => {
  const group = new Group();
  const [alice, bob] = (await group.start('alice', 'bob')) as [Client, Client];
  const { newState, commit } = await alice.commit([]);
  let tell: () => void = () => {};
  const ready = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const entering = alice.enter(newState, { ready });
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(alice.encryptor.epoch).toBe(1n);
  expect(alice.decryptor.hasEpoch(2n)).toBe(true);
  expect(bob.hears(alice.says('he has not got it yet'))).toBe('he has not got it yet');
  await bob.enter(await bob.process(commit));
  expect(alice.hears(bob.says('now he has'))).toBe('now he has');
  tell();
  await entering;
  expect(alice.encryptor.epoch).toBe(2n);
  group.talk();
});

test('a thousand random changes: frames flow between members, and to nobody else', async () => {
  let seed = 9605;
  const dice = (sides: number): number => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * sides);
  };
  const group = new Group();
  const { members, leavers } = group;
  const pick = (from: Client[]): Client => from[dice(from.length)] as Client;
  const counts = { add: 0, remove: 0, update: 0 };
  await group.start('member 0', 'member 1', 'member 2');
  let frames: Uint8Array[] = [];
  let changes = 0;
  while (changes < 1000) {
    const by = pick(members);
    const others = members.filter((member) => member !== by);
    // an update once in a while; else up to two leave and up to two join, by one commit
    const most = dice(5) === 0 ? 1 : 3;
    const leaving = new Set(Array.from({ length: dice(most) }, () => pick(others)));
    if (members.length < 3) leaving.clear();
    const room = 5 - members.length + leaving.size;
    const names = Array.from({ length: Math.min(room, dice(most)) }, (_, i) => `${changes}.${i}`);
    const before = frames;
    let joiners: Client[];
    try {
      joiners = await group.change(by, [...leaving], names);
    } catch (error) {
      // ts-mls 1.6.4 cannot read some trees of its own, where a leaf is unmerged on a part of its path. Then nobody
      // applies that commit, and updates mend the tree.
      if (!(error as Error).message.includes('unmerged_leaves')) throw error;
      leaving.clear();
      joiners = await group.change(pick(others), [], []);
    }
    counts.add += joiners.length;
    counts.remove += leaving.size;
    counts.update += joiners.length + leaving.size === 0 ? 1 : 0;
    changes = counts.add + counts.remove + counts.update;
    time += 1000 + dice(4000);

    frames = group.talk();
    for (const ciphertext of frames)
      for (const leaver of leavers)
        expect(leaver.hears(ciphertext)).toMatch(/^\((key-id|authentication|replay)\)$/);
    for (const ciphertext of before)
      for (const joiner of joiners) expect(joiner.hears(ciphertext)).toBe('(key-id)');
    // who left is not heard once the grace is over, though his KIDs come round again
    time += 3000;
    for (const leaver of leavers)
      for (const member of members) expect(member.hears(leaver.says('let me in'))).toMatch(/^\(/);
  }
  for (const count of Object.values(counts)) expect(count).toBeGreaterThan(100);
}, 180_000);
