// @ts-check
// janus.js with promises: a session, handles, and what their plugins say.

import Janus from 'janus-gateway';
import adapter from 'webrtc-adapter';

/** @typedef {Record<string, any>} Message */

/** How long Janus may take to answer. Its own target is some ms. */
const ANSWER_MS = 20_000;

const isReady = new Promise((resolve) => {
  Janus.init({
    debug: false,
    dependencies: Janus.useDefaultDependencies({ adapter }),
    callback: () => resolve(undefined),
  });
});

/** @param {string} server its WebSocket */
export async function connect(server) {
  await isReady;
  return new Promise((/** @type {(session: Janus) => void} */ resolve, reject) => {
    const session = new Janus({
      server,
      success: () => resolve(session),
      error: (error) => reject(new Error(`${error}`)),
    });
  });
}

export class Plugin {
  /** What was said and not waited for yet. @type {{ message: Message, jsep: any }[]} */
  #said = [];
  /** @type {(() => void) | undefined} */
  #wake;
  /** @type {(message: Message, jsep: any) => void} called with all that is said */
  onmessage = () => {};
  /** @type {any} */
  handle;

  /**
   * @param {Janus} session
   * @param {string} name such as `videoroom`
   * @returns {Promise<Plugin>}
   */
  static attach(session, name) {
    const plugin = new Plugin();
    return new Promise((resolve, reject) => {
      session.attach({
        plugin: `janus.plugin.${name}`,
        success: (handle) => {
          plugin.handle = handle;
          resolve(plugin);
        },
        error: (error) => reject(new Error(`${error}`)),
        onmessage: (message, jsep) => {
          plugin.onmessage(message, jsep);
          plugin.#said.push({ message, jsep });
          plugin.#wake?.();
        },
      });
    });
  }

  /** @returns {RTCPeerConnection} */
  get connection() {
    return this.handle.webrtcStuff.pc;
  }

  /** A request that is answered at once. @param {Message} message @returns {Promise<Message>} */
  ask(message) {
    return new Promise((resolve, reject) => {
      this.handle.send({
        message,
        success: (/** @type {Message} */ data) => {
          if (data?.['error']) reject(new Error(`${data['error_code']}: ${data['error']}`));
          else resolve(data);
        },
        error: (/** @type {unknown} */ error) => reject(new Error(`${error}`)),
      });
    });
  }

  /**
   * A request that is answered by an event.
   * @param {Message} message
   * @param {(message: Message, jsep: any) => unknown} isAnswer
   * @param {any} [jsep]
   */
  async request(message, isAnswer, jsep) {
    this.#said.length = 0;
    await new Promise((resolve, reject) =>
      this.handle.send({
        message,
        jsep,
        success: resolve,
        error: (/** @type {unknown} */ error) => reject(new Error(`${error}`)),
      }),
    );
    return this.heard(isAnswer);
  }

  /** The first event of a kind. Errors are thrown. @param {(message: Message, jsep: any) => unknown} isIt */
  async heard(isIt) {
    const end = performance.now() + ANSWER_MS;
    for (;;) {
      for (const said of this.#said.splice(0)) {
        if (said.message['error']) throw new Error(`${said.message['error_code']}: ${said.message['error']}`);
        if (isIt(said.message, said.jsep)) return said;
      }
      if (performance.now() > end) throw new Error('Janus does not answer');
      await new Promise((resolve) => {
        this.#wake = () => resolve(undefined);
        setTimeout(resolve, 100);
      });
    }
  }

  /** @param {object} params @returns {Promise<any>} the offer */
  offer(params) {
    return new Promise((resolve, reject) =>
      this.handle.createOffer({ ...params, success: resolve, error: reject }),
    );
  }

  /** @param {object} params @returns {Promise<any>} the answer */
  answer(params) {
    return new Promise((resolve, reject) =>
      this.handle.createAnswer({ ...params, success: resolve, error: reject }),
    );
  }

  /** @param {any} jsep */
  accept(jsep) {
    return new Promise((resolve, reject) =>
      this.handle.handleRemoteJsep({ jsep, success: resolve, error: reject }),
    );
  }

  detach() {
    this.handle.detach();
  }
}
