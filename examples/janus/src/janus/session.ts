// A session with Janus, by its own janus.js: with promises, and with what is to be done when the connection is lost.

import Janus from 'janus-gateway';
import adapter from 'webrtc-adapter';
import { Plugin } from './plugin.ts';

/** How long it may take to connect. */
const CONNECT_MS = 10_000;
/** How long a session is claimed again after its connection was lost, before there is a new one; and how often. */
const CLAIM_MS = 15_000;
const CLAIM_EVERY_MS = 1000;

let ready: Promise<void> | undefined;

function isReady(): Promise<void> {
  ready ??= new Promise((resolve) => {
    const dependencies = Janus.useDefaultDependencies({ adapter });
    Janus.init({ debug: false, dependencies, callback: () => resolve() });
  });
  return ready;
}

/** Janus's signalling, which the pages' own server passes on. */
export function signallingUrl(): string {
  return new URL('janus', location.href).href.replace(/^http/, 'ws');
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

export class Session {
  readonly #janus: Janus;
  /** The connection is lost. */
  onlost: () => void = () => {};
  #isOver = false;

  /** Rejects if Janus does not answer. */
  static async connect(): Promise<Session> {
    await isReady();
    return new Promise((resolve, reject) => {
      let session: Session | undefined;
      let isTooLate = false;
      // of a connection that is closed before it was used, janus.js says nothing
      const timer = setTimeout(() => {
        isTooLate = true;
        reject(new Error('Janus does not answer'));
      }, CONNECT_MS);
      const janus = new Janus({
        server: signallingUrl(),
        iceServers: [], // Janus and this browser are on one computer
        success: () => {
          clearTimeout(timer);
          session = new Session(janus);
          if (isTooLate) session.close();
          else resolve(session);
        },
        error: (error: unknown) => {
          if (session === undefined) reject(new Error(`${error}`));
          else if (!session.#isOver) session.onlost();
        },
      });
    });
  }

  private constructor(janus: Janus) {
    this.#janus = janus;
  }

  /** A handle of a plugin, such as `videoroom`. */
  attach(plugin: string): Promise<Plugin> {
    return Plugin.attach(this.#janus, plugin);
  }

  /** Claims the session by another connection: whether Janus still had it. Media has gone on meanwhile. */
  async claim(): Promise<boolean> {
    for (const end = performance.now() + CLAIM_MS; performance.now() < end && !this.#isOver; ) {
      const answer = await new Promise<'claimed' | 'gone' | 'unreachable'>((resolve) => {
        this.#janus.reconnect({
          success: () => resolve('claimed'),
          error: (error) => resolve(/No such session/.test(error) ? 'gone' : 'unreachable'),
        });
        setTimeout(() => resolve('unreachable'), CLAIM_EVERY_MS * 3);
      });
      if (answer !== 'unreachable') return answer === 'claimed';
      await sleep(CLAIM_EVERY_MS);
    }
    return false;
  }

  /** Leaves everything. */
  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#janus.destroy({ cleanupHandles: true, notifyDestroyed: false });
  }
}

/** A new session, however long that takes; undefined if nobody wants it any more. */
export async function connectAgain(isWanted: () => boolean): Promise<Session | undefined> {
  while (isWanted()) {
    try {
      return await Session.connect();
    } catch {
      await sleep(CLAIM_EVERY_MS);
    }
  }
  return undefined;
}
