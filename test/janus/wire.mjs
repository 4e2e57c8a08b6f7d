// @ts-check
// What is between pages and the WebSockets of Janus, so that it can be cut.

import { connect, createServer } from 'node:net';

export class Wire {
  /** @type {Set<import('node:net').Socket>} */
  #sockets = new Set();
  #isCut = false;
  /** @type {import('node:net').Server} */
  #server;

  /** @param {number} port of Janus */
  constructor(port) {
    this.#server = createServer((left) => {
      if (this.#isCut) {
        left.destroy();
        return;
      }
      const right = connect(port, '127.0.0.1');
      this.#pipe(left, right);
      this.#pipe(right, left);
    });
  }

  /** @param {import('node:net').Socket} from @param {import('node:net').Socket} to */
  #pipe(from, to) {
    this.#sockets.add(from);
    from.pipe(to);
    from.on('error', () => to.destroy());
    from.on('close', () => {
      this.#sockets.delete(from);
      to.destroy();
    });
  }

  /** @returns {Promise<string>} the WebSocket's address */
  async listen() {
    await new Promise((resolve) => this.#server.listen(0, '127.0.0.1', () => resolve(undefined)));
    const { port } = /** @type {import('node:net').AddressInfo} */ (this.#server.address());
    return `ws://127.0.0.1:${port}`;
  }

  /** Ends all connections; new ones are refused. */
  cut() {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  restore() {
    this.#isCut = false;
  }

  close() {
    this.cut();
    this.#server.close();
  }
}
