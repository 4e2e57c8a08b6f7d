// @ts-check
// From a browser through the SFU to a member in Node, who has the same frames in the end; and from that one to browsers.

/** How long frames may take to come, in ms. */
const WAIT_MS = 20_000;

/** How many frames have to be the same. */
const WANTED = { video: 20, audio: 80 };

const kinds = /** @type {const} */ (['video', 'audio']);

/** AV1 loses its temporal delimiters (12 00) on the way, with or without encryption. @param {string} codec @param {string} hex */
function asSent(codec, hex) {
  return codec === 'AV1' ? hex.replace(/^1200/, '') : hex;
}

/**
 * How many of the opened frames stand in what the encoders made, from the first and without a gap. Silence is made of frames
 * that are all the same, so there may be several places to begin.
 * @param {string[]} opened @param {string[]} made
 */
function compare(opened, made) {
  const counts = made.map((_, from) => {
    const count = opened.findIndex((frame, i) => frame !== made[from + i]);
    return count < 0 ? opened.length : count;
  });
  return Math.max(0, ...counts);
}

/** @param {import('./plan.mjs').World} world @param {'VP8' | 'VP9' | 'AV1'} codec @param {{ isWrong?: boolean }} [options] */
export async function record({ open, start }, codec, { isWrong = false } = {}) {
  const { NodeMember } = await import('./member.mjs');
  const tab = await open();
  const { url } = await start();
  const { publisher, cipherSuite } = await tab.run('memberAwaited', { sfu: url, codec });
  const member = new NodeMember(codec, cipherSuite);
  try {
    await member.subscribe(url, publisher);
    const { baseKey, kid } = await tab.run('memberHasKey', {});
    const key = Buffer.from(baseKey, 'hex');
    if (isWrong) key.reverse();
    member.addKey(key, BigInt(kid));
    const has = () => kinds.every((kind) => member.frames[kind].length >= WANTED[kind]);
    const failed = () => Object.values(member.dropped).reduce((sum, count) => sum + count, 0);
    const isOver = () => (isWrong ? failed() > 100 : has());
    for (const end = performance.now() + WAIT_MS; !isOver(); ) {
      if (performance.now() > end)
        throw new Error(
          `frames: not within ${WAIT_MS} ms: ${kinds.map((kind) => `${member.frames[kind].length} ${kind}`)}, dropped ${JSON.stringify(member.dropped)}`,
        );
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const dropped = JSON.stringify(member.dropped);
    if (isWrong) {
      if (kinds.some((kind) => member.frames[kind].length > 0)) throw new Error('frames opened');
      return `0 frames opened, dropped ${dropped}`;
    }
    /** @type {[string, string][]} */
    const made = await tab.run('plaintextOfAlice', {});
    const counts = kinds.map((kind) => {
      const opened = member.frames[kind].map((frame) => asSent(codec, Buffer.from(frame).toString('hex')));
      const frames = made.filter(([of]) => of === kind).map(([, hex]) => asSent(codec, hex));
      const same = compare(opened.slice(0, WANTED[kind]), frames);
      if (same < WANTED[kind]) throw new Error(`${same} of ${WANTED[kind]} ${kind} frames are the same`);
      return `${same} ${kind} frames the same`;
    });
    return `${counts.join(', ')}; dropped ${dropped}`;
  } finally {
    await member.close();
  }
}

/**
 * What Alice sends is opened in Node, and sent on by the member under a key of its own, to Carol who has no other.
 * @param {import('./plan.mjs').World} world
 */
export async function sayAgain({ open, start }) {
  const [{ NodeMember }, { NodeSpeaker }] = await Promise.all([
    import('./member.mjs'),
    import('./speaker.mjs'),
  ]);
  const tab = await open();
  const { url } = await start();
  const { publisher, cipherSuite } = await tab.run('memberAwaited', { sfu: url, codec: 'VP8' });
  const member = new NodeMember('VP8', cipherSuite);
  const speaker = new NodeSpeaker(cipherSuite);
  try {
    member.onframe = (kind, frame, timestamp) => speaker.send(kind, frame, timestamp);
    speaker.onkeyframeneeded = () => member.askForKeyFrame();
    await member.subscribe(url, publisher);
    const { baseKey, kid } = await tab.run('memberHasKey', {});
    member.addKey(Buffer.from(baseKey, 'hex'), BigInt(kid));
    const spoken = await speaker.publish(url);
    const heard = await tab.run('hearsMember', { sfu: url, ...spoken });
    return `${heard}; ${speaker.sent} frames sent, dropped ${JSON.stringify(member.dropped)}`;
  } finally {
    await speaker.close();
    await member.close();
  }
}
