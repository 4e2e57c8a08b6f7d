// The recipe of docs/compliance.md: a recorder that is openly a member hears what members hear, for as long as it is one,
// and nobody else hears more, less or later because of it.

import { beforeEach, describe, expect, test, vi } from 'vitest';
import { decodeHeader, MlsDecryptor, MlsEncryptor, SFrameDecryptor, SFrameEncryptor } from '../src/index.ts';
import { VerificationBook } from '../src/trust/verification.ts';
import { cipherSuite, clock, codeOf, frame, keyOf, now, numbers, reset, Sender, wait } from './call.ts';
import { noise } from './lengths.ts';

beforeEach(reset);

const recorder = 'recorder@example.org';

/** A participant who sends, and whom his keys went to, by KID. */
class Participant extends Sender {
  readonly recipients: Map<number, string[]> = new Map();

  constructor(firstKid: bigint) {
    super({}, firstKid);
    const stage = this.rotation.stage.bind(this.rotation);
    vi.spyOn(this.rotation, 'stage').mockImplementation((baseKey, kid, activate) => {
      const recipients = stage(baseKey, kid, activate);
      this.recipients.set(Number(kid), recipients);
      return recipients;
    });
  }
}

/** Three who talk. Everybody sends, under KIDs of his own, and everybody has a decryptor for everybody else. */
class Call {
  readonly names: readonly string[] = ['alice', 'bob', 'carol'];
  readonly senders: Map<string, Participant> = new Map(
    this.names.map((name, i) => [name, new Participant(BigInt(1000 * (i + 1)))]),
  );

  constructor() {
    for (const [own, sender] of this.senders) {
      for (const name of this.names) if (name !== own) sender.join(name);
      sender.rotate();
    }
    wait(1000);
  }

  join(name: string): void {
    for (const sender of this.senders.values()) sender.join(name);
  }

  leave(name: string): void {
    for (const sender of this.senders.values()) sender.rotation.leave(name);
  }

  talk(ms: number): void {
    for (let i = 0; i < ms / 20; i++) {
      for (const sender of this.senders.values()) sender.send();
      wait(20);
    }
  }

  /** What somebody has opened of each sender, by the frames' numbers. */
  openedBy(name: string): number[][] {
    return [...this.senders.values()].map(({ receivers }) => receivers.get(name)?.opened ?? []);
  }
}

describe('with sender keys', () => {
  test('it opens frames from when it joined until it was removed, and no others', () => {
    const call = new Call();
    call.talk(1000);
    call.join(recorder);
    call.talk(1000);
    call.leave(recorder);
    call.talk(3000);
    for (const sender of call.senders.values()) {
      const loot = sender.receivers.get(recorder)!;
      // keys and their confirmations take 80 ms, four frames
      expect(loot.opened).toEqual(numbers(54, 104));
      for (const [i, ciphertext] of sender.sent.entries())
        expect(loot.canOpen(ciphertext), `frame ${i}`).toBe(i >= 54 && i < 104);
    }
  });

  test('even if nobody confirms anything, it opens nothing from one second after it was removed', () => {
    const call = new Call();
    call.join(recorder);
    call.talk(1000);
    for (const sender of call.senders.values()) for (const name of call.names) sender.silent.add(name);
    call.leave(recorder);
    call.talk(3000);
    for (const { sent, receivers } of call.senders.values())
      for (const ciphertext of sent.slice(100))
        expect(receivers.get(recorder)!.canOpen(ciphertext)).toBe(false);
  });

  test('it is on the list that each sender shows, exactly while it has a key', () => {
    const call = new Call();
    call.talk(500);
    call.join(recorder);
    call.talk(500);
    call.leave(recorder);
    call.talk(500);
    for (const [own, { recipients, receivers, sent }] of call.senders) {
      const others = call.names.filter((name) => name !== own);
      expect([...recipients.values()]).toEqual([others, [...others, recorder], others]);
      // whose keys open a frame, and who is listed for its key, are the same
      for (const ciphertext of sent) {
        const kid = Number(decodeHeader(ciphertext).kid);
        const able = [...receivers].filter(([, receiver]) => receiver.canOpen(ciphertext));
        expect(able.map(([name]) => name)).toEqual(recipients.get(kid));
      }
    }
  });

  test('the others hear the same as without it', () => {
    const story = (recorded: boolean) => {
      reset();
      const call = new Call();
      call.talk(1000);
      if (recorded) call.join(recorder);
      call.talk(1000);
      if (recorded) call.leave(recorder);
      call.talk(1000);
      return call;
    };
    const [without, recorded] = [story(false), story(true)];
    for (const name of without.names) {
      expect(recorded.openedBy(name)).toEqual(without.openedBy(name));
      for (const sender of recorded.senders.values())
        expect(sender.receivers.get(name)?.refused ?? []).toEqual([]);
    }
    expect(without.openedBy('bob')).toEqual([numbers(0, 150), [], numbers(0, 150)]);
    expect(without.openedBy(recorder)).toEqual([[], [], []]);
  });

  test('it speaks under a KID of its own, and as nobody else', () => {
    const kid = 9000n;
    const voice = new SFrameEncryptor({ cipherSuite });
    voice.setEncryptionKey(keyOf(kid), kid);
    const [ofRecorder, ofAlice] = [1, 2].map(() => new SFrameDecryptor({ cipherSuite })) as [
      SFrameDecryptor,
      SFrameDecryptor,
    ];
    ofRecorder.addDecryptionKey(keyOf(kid), kid);
    ofAlice.addDecryptionKey(keyOf(1000), 1000);
    const notice = voice.encrypt(frame);
    expect(ofRecorder.decrypt(notice)).toEqual(frame);
    expect(codeOf(() => ofAlice.decrypt(notice))).toBe('key-id');
  });
});

describe('with MLS', () => {
  const epochBits = 4;
  const leaves = ['alice', 'bob', 'carol', recorder];

  /** A client, which knows the epochs that it was a member in. */
  class Client {
    readonly leaf: number;
    readonly encryptor: MlsEncryptor = new MlsEncryptor({ cipherSuite, epochBits });
    readonly decryptor: MlsDecryptor = new MlsDecryptor({ cipherSuite, epochBits, now });

    constructor(name: string) {
      this.leaf = leaves.indexOf(name);
    }

    enter(epoch: number, graceSeconds?: number, baseKey = keyOf(epoch)): void {
      const position = { epoch, baseKey, groupSize: leaves.length, senderIndex: this.leaf };
      this.decryptor.addEpoch({ ...position, graceSeconds });
      this.encryptor.setEpoch(position);
    }

    hears(ciphertext: Uint8Array): boolean {
      return codeOf(() => this.decryptor.decrypt(ciphertext)) === undefined;
    }
  }

  test('it is a leaf: it hears its epochs, frames name it, and after its removal it hears nothing', () => {
    const [alice, bob, carol, it] = leaves.map((name) => new Client(name)) as [
      Client,
      Client,
      Client,
      Client,
    ];
    const people = [alice, bob, carol];
    for (const client of people) client.enter(1);
    const before = alice.encryptor.encrypt(frame);
    expect([bob, carol, it].map((client) => client.hears(before))).toEqual([true, true, false]);

    for (const client of [...people, it]) client.enter(2);
    const during = alice.encryptor.encrypt(frame);
    expect([bob, carol, it].map((client) => client.hears(during))).toEqual([true, true, true]);
    expect(it.hears(before), 'nor later').toBe(false);
    const notice = it.encryptor.encrypt(frame);
    expect(alice.decryptor.senderOf(decodeHeader(notice).kid)?.senderIndex).toBe(leaves.indexOf(recorder));
    expect(people.map((client) => client.hears(notice))).toEqual([true, true, true]);

    for (const client of people) client.enter(3, 3);
    const after = alice.encryptor.encrypt(frame);
    expect([bob, carol, it].map((client) => client.hears(after))).toEqual([true, true, false]);
    for (const kept of [1, 2]) {
      const thief = new Client(recorder);
      thief.enter(3, undefined, keyOf(kept));
      expect(thief.hears(after), 'nor with a key that it has kept').toBe(false);
    }
    clock.time += 3000;
    expect(
      people.map((client) => client.hears(it.encryptor.encrypt(frame))),
      'nor is it heard',
    ).toEqual([false, false, false]);
    expect(bob.hears(alice.encryptor.encrypt(frame))).toBe(true);
  });
});

test('it is known by its identity key, not by its name', () => {
  const book = new VerificationBook();
  const published = noise(32, 1);
  book.markVerified(recorder, published);
  expect(book.isVerified(recorder, published)).toBe(true);
  expect(book.observe(recorder, noise(32, 2)), 'somebody who calls himself so').toBe('lapsed');
});
