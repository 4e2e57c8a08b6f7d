// Signatures through calls: another member who has the key can send as Alice, and is found out.

import { afterEach, beforeEach, expect, test } from 'vitest';
import { SFrameEncryptor } from '../src/index.ts';
import type { SFrameClientEvent } from '../src/webrtc.ts';
import {
  arrived,
  asReceiver,
  asSender,
  audio,
  bytesOf,
  cipherSuite,
  closeBrowser,
  FakeEndpoint,
  FakeFrame,
  failure,
  openBrowser,
  Person,
  randomKey,
  until,
} from './webrtc-fakes.ts';

beforeEach(openBrowser);
afterEach(closeBrowser);

async function signedCall(require = false) {
  const [alice, bob] = [new Person(), new Person()];
  const [sender, receiver] = [new FakeEndpoint(), new FakeEndpoint()];
  alice.client.encrypt(asSender(sender), { source: 'microphone' });
  bob.client.decrypt(asReceiver(receiver), 'alice', { source: 'microphone' });
  const baseKey = randomKey();
  const session = randomKey();
  const identity = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, [
    'sign',
    'verify',
  ]);
  expect(
    await failure(alice.client.signFrames({ participant: 'al', session, privateKey: identity.privateKey })),
  ).toBe('no-key');
  const kid = await alice.client.setEncryptionKey(baseKey);
  await bob.client.addDecryptionKey('alice', baseKey, kid);
  await alice.client.signFrames({
    participant: 'al',
    session,
    privateKey: identity.privateKey,
    everyFrames: 2,
  });
  const verifying = { session, publicKey: identity.publicKey, signer: 'al', timeoutMs: 600, require };
  await bob.client.verifyFrames('alice', verifying);
  const blocks: Uint8Array[] = [];
  alice.client.addEventListener(
    'signature-block',
    ({ block }: SFrameClientEvent) => block && blocks.push(block),
  );
  return { alice, bob, sender, receiver, baseKey, kid, blocks };
}

test('frames are verified, which is told once', async () => {
  const { alice, bob, sender, receiver, kid, blocks } = await signedCall();
  for (let round = 0; round < 3; round++) {
    const sent = await alice.through(sender, audio(1), audio(2));
    expect((await bob.through(receiver, ...sent.map((frame) => arrived(frame)))).map(bytesOf)).toEqual([
      [1],
      [2],
    ]);
    await until(() => blocks.length > round);
    await bob.client.addSignatureBlock('alice', blocks[round]!);
  }
  await until(() => bob.statuses.length > 0);
  expect(bob.statuses).toEqual([`alice verified ${kid}`]);
  expect(await failure(bob.client.addSignatureBlock('carol', blocks[0]!))).toBe('key-id');
  await bob.client.addSignatureBlock('alice', new Uint8Array(9));
  await until(() => bob.statuses.includes('alice block-refused undefined'));
});

test('what another member has made is told, and dropped where that is asked for', async () => {
  const { alice, bob, sender, receiver, baseKey, kid, blocks } = await signedCall(true);
  const mallory = new SFrameEncryptor({ cipherSuite });
  mallory.setEncryptionKey(baseKey, kid, { ctr: 1 });
  const { metadataOf, sourceOf } = await import('../src/codec/source.ts');
  const metadata = metadataOf(new Uint8Array(0), sourceOf('microphone'));
  const [first] = await alice.through(sender, audio(1), audio(2));
  const forged = new FakeFrame(mallory.encrypt(new Uint8Array([66]), metadata));
  expect(await bob.through(receiver, arrived(first!), forged)).toHaveLength(2);
  await until(() => blocks.length > 0);
  await bob.client.addSignatureBlock('alice', blocks[0]!);
  await until(() => bob.statuses.length > 1);
  expect([...bob.statuses].sort()).toEqual([`alice forged ${kid}`, `alice verified ${kid}`]);
  const [next] = await alice.through(sender, audio(3));
  expect(await bob.through(receiver, arrived(next!))).toEqual([]);
  await bob.client.removeParticipant('alice');
});

test('options are refused by name', async () => {
  const { alice, bob } = await signedCall();
  const session = randomKey();
  await expect(
    alice.client.signFrames({ participant: 'a', session, privateKey: randomKey() }),
  ).rejects.toThrow(/privateKey/);
  await expect(bob.client.verifyFrames('a', { session, publicKey: new Uint8Array(3) })).rejects.toThrow(
    /publicKey/,
  );
  await expect(bob.client.verifyFrames('a', { session: 1 as never, publicKey: randomKey() })).rejects.toThrow(
    TypeError,
  );
});

test('who has to sign has to sign for the next worker, too, and after he was removed', async () => {
  const { alice, bob, sender, receiver, baseKey, kid } = await signedCall(true);
  const show = async (): Promise<number> => {
    const sent = await alice.through(sender, audio(1), audio(2));
    return (await bob.through(receiver, ...sent.map((frame) => arrived(frame)))).length;
  };
  expect(await show()).toBe(2);
  await until(async () => (await show()) === 0);

  await bob.client.removeParticipant('alice');
  await bob.client.addDecryptionKey('alice', baseKey, kid);
  expect(await show()).toBe(0);

  bob.workers[0]?.terminate();
  await until(() => bob.workers.length === 2);
  await bob.client.addDecryptionKey('alice', baseKey, kid);
  expect(await show(), 'for as long as a block may still come').toBe(2);
  await until(async () => (await show()) === 0);
});
