// @ts-check
// Which cases run in which browser.

/**
 * @typedef {object} Planned
 * @property {string} name
 * @property {(cdn: string) => Record<string, string>} headers of everything that the case loads from its own origin
 * @property {(tab: import('./browsers.mjs').Tab, cdn: string) => Promise<unknown>} run with another origin
 * @property {boolean} [isHidden] whether the tab is hidden in it
 */

const withWasm = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'";
const withoutWasm = "default-src 'self'; script-src 'self'";
const withTrustedTypes = `${withWasm}; require-trusted-types-for 'script'`;
const withCdn = "default-src 'self'; script-src 'self' CDN 'wasm-unsafe-eval'; worker-src 'self' CDN blob:";

/**
 * When transforms are attached, and who offers. Chromium by itself sends in plaintext if the sender's come after `added`
 * or `received`.
 */
const senderRows = [
  ['offerer', 'added'],
  ['offerer', 'offered'],
  ['offerer', 'connected'],
  ['answerer', 'received'],
  ['answerer', 'answered'],
  ['answerer', 'connected'],
];
const receiverRows = [
  ['answerer', 'received'],
  ['answerer', 'answered'],
  ['answerer', 'connected'],
  ['offerer', 'added'],
  ['offerer', 'offered'],
  ['offerer', 'connected'],
];

/** Firefox has no H264 without a download. */
const firefoxCodecs = ['VP8', 'VP9', 'AV1'];
const chromiumCodecs = [...firefoxCodecs, 'H264'];

/** How long a page is hidden, in ms. */
const HIDDEN_MS = 4000;

/** @typedef {import('./browsers.mjs').Tab} Tab */

function randomKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))];
}

/**
 * A page that is loaded again, with a key that the application kept: what all loads sent, compared.
 * @param {Tab} tab
 * @param {object} options
 */
async function reload(tab, options) {
  const key = randomKey();
  /** @type {Map<string, string>} */
  const tags = new Map();
  const kids = new Set();
  for (let load = 0; load < 3; load++) {
    if (load > 0) await tab.reload();
    const sent = await tab.run('sendsUnder', { key, ...options });
    for (const [name, tag] of sent.tags) {
      if ((tags.get(name) ?? tag) !== tag) throw new Error(`KID:CTR ${name} in two loads`);
      tags.set(name, tag);
    }
    for (const kid of sent.kids) kids.add(kid);
  }
  return `${kids.size} KIDs, ${tags.size} frames, no CTR twice`;
}

/**
 * A page that names its KID itself, and the same again after a crash and a reload.
 * @param {Tab} tab
 * @param {object} options
 */
async function useAgain(tab, options) {
  const key = randomKey();
  const crashed = await tab.run('usesAgain', { key, isFirst: true, ...options });
  await tab.reload();
  const reloaded = await tab.run('usesAgain', { key, isFirst: false, ...options });
  return `after a crash: ${crashed}; after a reload: ${reloaded}`;
}

/**
 * A page that is hidden twice, and shown again; the second time it gets a new key meanwhile.
 * @param {Tab} tab
 * @param {object} options
 */
async function hide(tab, options) {
  await tab.run('hiddenStart', options);
  const times = [];
  const counts = [];
  for (const isRotating of [false, true]) {
    await tab.hide();
    await new Promise((resolve) => setTimeout(resolve, HIDDEN_MS));
    counts.push(await tab.run('hiddenNow', { isRotating }));
    await tab.show();
    const { ms } = await tab.run('hiddenNoMore', {});
    times.push(ms);
  }
  return `after ${times.join(', ')} ms; ${counts.join(', ')} frames while hidden, 0 plain, no CTR twice`;
}

/**
 * Cases that depend on how frames reach the worker.
 * @param {(title: string, run: string, options?: object) => void} add
 * @param {boolean} isChromium
 */
function addCalls(add, isChromium) {
  const codecs = isChromium ? chromiumCodecs : firefoxCodecs;
  for (const codec of codecs) {
    add(`${codec}, right key`, 'rightKey', { codec });
    add(`${codec}, wrong key`, 'wrongKey', { codec });
    add(`${codec}, late key`, 'lateKey', { codec });
  }
  add('late sending key', 'lateSendingKey');
  add('rotation', 'rotation');
  add('rotation, late', 'lateRotation');
  add('ratchet', 'ratchet');
  add('participant removed', 'participantRemoved');
  add('rebinding', 'rebinding');
  add('mute', 'mute');
  add('replaceTrack', 'replaceTrack');
  add('renegotiation', 'renegotiation');
  add('codec change', 'codecChange');
  add('screen share', 'screenShare');
  if (isChromium) {
    add('SVC, VP9', 'svc', { codec: 'VP9' });
    add('SVC, AV1', 'svc', { codec: 'AV1' });
  }
  add('simulcast, VP8', 'simulcast', { codec: 'VP8' });
  add('layer switching', 'layerSwitching');
  for (const codec of codecs) add(`tracks on the wire, ${codec}`, 'tracksOnTheWire', { codec });
  for (const [role, moment] of senderRows) add(`${role} sends, ${moment}`, 'attachAt', { role, moment });
  for (const [role, moment] of receiverRows)
    add(`plaintext to ${role}, ${moment}`, 'plaintextInjected', { role, moment });
  add('peer switches off', 'switchedOff');
  add('worker crash', 'crash');
  add('worker crash, on the wire', 'crashOnTheWire');
  add('worker crash, for good', 'crashForGood');
  add('attached twice', 'attachedTwice');
  add('hung worker', 'hungWorker');
}

/** @param {string} browser @returns {Planned[]} */
export function plan(browser) {
  const isChromium = browser === 'Chromium';
  /** @type {Planned[]} */
  const cases = [];
  /** @param {string} title @param {Planned['run']} run @param {string} [policy] */
  const addRun = (title, run, policy = withWasm) =>
    cases.push({
      name: `${browser}: ${title}`,
      headers: (cdn) => ({ 'content-security-policy': policy.replaceAll('CDN', cdn) }),
      run,
    });
  /** @param {string} title @param {string} run @param {object} [options] @param {string} [policy] */
  const add = (title, run, options = {}, policy = withWasm) =>
    addRun(title, (tab, cdn) => tab.run(run, { cdn, ...options }), policy);
  /** @param {string} title @param {object} [options] */
  const addHidden = (title, options = {}) => {
    addRun(title, (tab) => hide(tab, options));
    Object.assign(cases.at(-1) ?? {}, { isHidden: true });
  };

  add('control: plaintext plays', 'plaintextPlays', { codec: 'VP9' });
  add('control: dropped is silent', 'droppedIsSilent', { codec: 'VP9' });
  for (const codec of isChromium ? chromiumCodecs : firefoxCodecs)
    add(`control: plaintext is seen, ${codec}`, 'tapSeesPlaintext', { codec });
  add('control: prevention is undone', 'tapUnescapes');
  add('control: keys are told later', 'tapIsToldLater');

  addCalls(add, isChromium);
  // not what a client can help: the connection was made without its configuration, or its transform taken away
  for (const [role, moment] of senderRows.filter(([, moment]) => moment !== 'connected'))
    add(`${role} sends, ${moment}, unconfigured`, 'attachUnconfigured', { role, moment });
  add('transform taken away', 'transformTakenAway');
  add('taken over', 'takenOver');
  add('messages', 'messages');
  add('exchange of sender keys', 'exchange', { kind: 'sender keys' });
  add('exchange of MLS', 'exchange', { kind: 'MLS' });
  add('signatures', 'signatures');
  add('missing worker', 'missingWorker');
  for (const mode of ['once', 'twice', 'strict'])
    addRun(`reload, mounted ${mode}`, (tab) => reload(tab, { mode }));
  addRun('reload, the same KID', (tab) => useAgain(tab, {}));
  addHidden('hidden and shown');
  add('hung worker, for good', 'hungForGood');
  add('SVC layers, VP9', 'svcLayers');
  if (!isChromium)
    for (const codec of ['VP8', 'AV1']) add(`SVC asked for, ${codec}`, 'svcIgnored', { codec });

  add('CSP with WASM', 'underPolicy', { engine: 'wasm' });
  add('CSP without WASM', 'underPolicy', { engine: 'webcrypto' }, withoutWasm);
  add('CSP, Trusted Types', 'underPolicy', { engine: 'wasm', worker: 'trusted' }, withTrustedTypes);
  add('CSP, worker from a CDN', 'underPolicy', { engine: 'wasm', worker: 'cdn' }, withCdn);
  add('no WASM', 'underPolicy', { engine: 'webcrypto', worker: 'no WASM' });
  add('no SIMD', 'underPolicy', { engine: 'webcrypto', worker: 'no SIMD' });

  if (isChromium) {
    const client = { transform: 'streams' };
    addCalls((title, run, options) => add(`streams: ${title}`, run, { client, ...options }), isChromium);
    addHidden('streams: hidden and shown', { client });
  }
  return cases;
}
