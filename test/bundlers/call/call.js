// A call on one page: Alice sends Bob a message and a video. The outcome, or the error, is left in the title.

import { SFrameClient } from 'sframe-wasm/webrtc';

const cipherSuite = 'AES_128_GCM_SHA256_128';
const text = 'end to end';

/** Frames that Bob must have decoded: not a key frame alone. */
const enough = 5;

/** A picture that never stands still, or the encoder would rest. */
function film() {
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('2d');
  let count = 0;
  setInterval(() => {
    context.fillStyle = `hsl(${10 * count++} 80% 50%)`;
    context.fillRect(0, 0, canvas.width, canvas.height);
  }, 30);
  return canvas.captureStream().getVideoTracks()[0];
}

/** Alice's transform is there before her offer, Bob's before his answer. */
async function connect(alice, bob) {
  const left = new RTCPeerConnection(alice.configure());
  const right = new RTCPeerConnection(bob.configure());
  left.onicecandidate = ({ candidate }) => right.addIceCandidate(candidate);
  right.onicecandidate = ({ candidate }) => left.addIceCandidate(candidate);
  right.ontrack = ({ receiver }) => bob.decrypt(receiver, 'alice');
  alice.encrypt(left.addTransceiver(film(), { direction: 'sendonly' }));
  await left.setLocalDescription();
  await right.setRemoteDescription(left.localDescription);
  await right.setLocalDescription();
  await left.setRemoteDescription(right.localDescription);
  return right;
}

/** Resolves when there is enough to see; if that never comes, the test has a time limit. */
async function decoded(connection) {
  for (;;) {
    const entries = [...(await connection.getStats()).values()];
    const frames = entries.find(({ type }) => type === 'inbound-rtp')?.framesDecoded ?? 0;
    if (frames >= enough) return frames;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function call(options) {
  const alice = new SFrameClient({ cipherSuite, ...options });
  const bob = new SFrameClient({ cipherSuite, ...options });
  const baseKey = crypto.getRandomValues(new Uint8Array(16));
  const kid = await alice.setEncryptionKey(baseKey);
  await bob.addDecryptionKey('alice', baseKey, kid);

  const message = await alice.encryptMessage(new TextEncoder().encode(text));
  const opened = new TextDecoder().decode(await bob.decryptMessage('alice', message));
  const isPlayed = (await decoded(await connect(alice, bob))) >= enough;

  const sides = await Promise.all([alice.stats(), bob.stats()]);
  const tracks = sides.flatMap(({ senders, receivers }) => [...senders, ...receivers]);
  return {
    engines: sides.map(({ engine }) => engine),
    opened: opened === text,
    isPlayed,
    isEncrypted: tracks.map(({ frames, plaintextFrames }) => frames >= enough && plaintextFrames === 0),
  };
}

/** @param {object} [options] of the clients */
export async function run(options) {
  const start = performance.now();
  const outcome = await call(options).catch(({ code, message }) => ({
    code,
    message,
    ms: performance.now() - start,
  }));
  document.title = JSON.stringify(outcome);
}
