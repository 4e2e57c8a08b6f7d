// A handle of a plugin of Janus: requests and their answers.

import type Janus from 'janus-gateway';
import type { JanusHandle, JanusJsep, JanusMessage } from 'sframe-wasm/janus';

/** How long Janus may take to answer. */
const ANSWER_MS = 20_000;

/** What Janus says no to, with its number. */
export class JanusError extends Error {
  readonly code: number;

  constructor({ error_code, error }: JanusMessage) {
    super(`Janus: ${error}`);
    this.code = error_code;
  }
}

export interface Answer {
  readonly message: JanusMessage;
  readonly jsep: JanusJsep | undefined;
}

/** A track to be sent, as janus.js wants it. */
export interface SentTrack {
  readonly type: 'audio' | 'video';
  readonly capture: MediaStreamTrack;
  readonly recv: boolean;
  readonly simulcast?: boolean;
}

type Handle = JanusHandle & { detach(params?: object): void };

interface Waiting {
  readonly isAnswer: (message: JanusMessage) => boolean;
  readonly settle: (answer: Answer | Error) => void;
}

export class Plugin {
  readonly handle: Handle;
  readonly #waiting = new Set<Waiting>();
  #isDetached = false;
  /** Called with all that Janus says by itself. */
  onmessage: (message: JanusMessage, jsep: JanusJsep | undefined) => void = () => {};
  /** The connection for media is gone. */
  ongone: () => void = () => {};

  static attach(janus: Janus, name: string): Promise<Plugin> {
    return new Promise((resolve, reject) => {
      let plugin: Plugin | undefined;
      janus.attach({
        plugin: `janus.plugin.${name}`,
        success: (handle) => {
          plugin = new Plugin(handle as unknown as Handle);
          resolve(plugin);
        },
        error: (error) => reject(new Error(`${error}`)),
        onmessage: (message, jsep) => {
          if (plugin !== undefined) plugin.#hear(message, jsep as JanusJsep | undefined);
        },
        oncleanup: () => plugin?.ongone(),
      });
    });
  }

  private constructor(handle: Handle) {
    this.handle = handle;
  }

  get connection(): RTCPeerConnection | null | undefined {
    return this.handle.webrtcStuff.pc;
  }

  /** A request that is answered at once. */
  ask(message: JanusMessage & { request: string }): Promise<JanusMessage> {
    return new Promise((resolve, reject) => {
      const success = (data: unknown) => {
        const answer = (data ?? {}) as JanusMessage;
        if (answer['error'] === undefined) resolve(answer);
        else reject(new JanusError(answer));
      };
      this.handle.send({ message, success, error: (error) => reject(new Error(error)) });
      setTimeout(() => reject(new Error('Janus does not answer')), ANSWER_MS);
    });
  }

  /** A request that is answered by an event. */
  request(
    message: JanusMessage & { request: string },
    isAnswer: (message: JanusMessage) => boolean,
    jsep?: JanusJsep,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const settle = (answer: Answer | Error) => {
        clearTimeout(timer);
        this.#waiting.delete(waiting);
        if (answer instanceof Error) reject(answer);
        else resolve(answer);
      };
      const timer = setTimeout(() => settle(new Error('Janus does not answer')), ANSWER_MS);
      const waiting = { isAnswer, settle };
      this.#waiting.add(waiting);
      const error = (text: string) => settle(new Error(text));
      this.handle.send({ message, error, ...(jsep === undefined ? {} : { jsep }) });
    });
  }

  offer(tracks: readonly SentTrack[]): Promise<JanusJsep> {
    return new Promise((success, error) => {
      // clones: janus.js stops what it was given in the end
      const clones = tracks.map((track) => ({ ...track, capture: track.capture.clone() }));
      this.handle.createOffer({ tracks: clones, success, error });
    });
  }

  /** To an offer of media that only comes. */
  answer(jsep: JanusJsep): Promise<JanusJsep> {
    return new Promise((success, error) => {
      this.handle.createAnswer({ jsep, success, error });
    });
  }

  accept(jsep: JanusJsep): Promise<void> {
    return new Promise((resolve, error) => {
      this.handle.handleRemoteJsep({ jsep, success: () => resolve(), error });
    });
  }

  detach(): void {
    if (this.#isDetached) return;
    this.#isDetached = true;
    for (const { settle } of [...this.#waiting]) settle(new Error('the handle was given up'));
    this.handle.detach();
  }

  #hear(message: JanusMessage, jsep: JanusJsep | undefined): void {
    const isError = message['error'] !== undefined;
    for (const { isAnswer, settle } of [...this.#waiting]) {
      if (isError) settle(new JanusError(message));
      else if (isAnswer(message)) settle({ message, jsep });
    }
    this.onmessage(message, jsep);
  }
}
