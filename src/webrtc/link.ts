// One worker, seen from the page: requests and their answers, whether it has started, and whether it still lives.

import { SFrameError, type SFrameErrorCode } from '../errors.ts';
import { awaitLock } from './liveness.ts';
import {
  type Answer,
  isOurs,
  type Notice,
  type Notification,
  type Operation,
  type Operations,
  PROTOCOL,
  type Request,
  type SessionConfig,
  type Transfer,
  type WireError,
} from './protocol.ts';

/** In ms: how long a worker may take to load, compile and answer. */
const START_MS = 4500;
/** So many heartbeats without any answer, and it is dead, or hangs. */
const MISSED_BEATS = 8;

/** What a link tells. */
export interface LinkListener {
  notice(notice: Notice): void;
  /** It will not answer any more. @param wasReady whether it ever did */
  dead(error: SFrameError, wasReady: boolean): void;
}

interface Pending {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** A worker and a client's session in it. */
export class WorkerLink {
  readonly worker: Worker;
  readonly #client: string;
  /** Of the worker's file, for errors. */
  readonly #name: string;
  readonly #listener: LinkListener;
  readonly #pending: Map<number, Pending> = new Map();
  #nextId = 1;
  #isReady = false;
  #death: SFrameError | undefined;
  #startTimer: ReturnType<typeof setTimeout> | undefined;
  #beatTimer: ReturnType<typeof setInterval> | undefined;
  #watch: { stop(): void } | undefined;
  /** Beats since the worker last said anything. */
  #silentBeats = 0;

  constructor(worker: Worker, name: string, client: string, listener: LinkListener) {
    this.worker = worker;
    this.#name = name;
    this.#client = client;
    this.#listener = listener;
    worker.addEventListener('message', this.#hear);
    worker.addEventListener('error', this.#fail);
  }

  /** Begins the session. It is answered when the worker has loaded: until then, requests wait in its queue. */
  start(config: SessionConfig, beatMs: number): void {
    this.#startTimer = setTimeout(() => this.#die('did not start'), START_MS);
    this.#beatTimer = setInterval(() => this.#beat(), beatMs);
    this.request('setup', config).then(
      ({ isLocked }) => {
        if (isLocked) this.#watch = awaitLock(config.lock, () => this.#die('has died'));
      },
      (error: Error) => this.#die(`refused to start: ${error.message}`),
    );
  }

  /** Asks the worker to do something. */
  request<O extends Operation>(
    op: O,
    args: Operations[O]['args'],
    transfer: Transfer[] = [],
  ): Promise<Operations[O]['result']> {
    return new Promise((resolve, reject) => {
      if (this.#death !== undefined) throw this.#death;
      const request: Request<O> = { sframe: PROTOCOL, client: this.#client, id: this.#nextId++, op, args };
      this.worker.postMessage(request, transfer);
      this.#pending.set(request.id, { resolve: resolve as Pending['resolve'], reject });
    });
  }

  /** Nothing is heard of it any more. What is not answered is rejected. */
  close(reason: SFrameError): void {
    if (this.#death !== undefined) return;
    this.#death = reason;
    clearTimeout(this.#startTimer);
    clearInterval(this.#beatTimer);
    this.#watch?.stop();
    this.#dismiss();
    this.worker.removeEventListener('message', this.#hear);
    this.worker.removeEventListener('error', this.#fail);
    for (const { reject } of this.#pending.values()) reject(reason);
    this.#pending.clear();
  }

  /** It may be alive all the same, and wake up: then it is to send and open nothing, and to wipe its keys. */
  #dismiss(): void {
    const request: Request<'destroy'> = {
      sframe: PROTOCOL,
      client: this.#client,
      id: this.#nextId++,
      op: 'destroy',
      args: undefined,
    };
    this.worker.postMessage(request);
  }

  readonly #hear = ({ data }: MessageEvent): void => {
    if (!isOurs(data) || data.client !== this.#client) return;
    this.#silentBeats = 0;
    this.#isReady = true;
    clearTimeout(this.#startTimer);
    if ('notice' in data) {
      this.#listener.notice((data as Notification).notice);
      return;
    }
    const { id, result, error } = data as Answer;
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (error === undefined) pending?.resolve(result);
    else pending?.reject(errorOf(error));
  };

  /** Once it runs, an error is an exception of somebody's code in it: whether it lives is for the heartbeat to tell. */
  readonly #fail = (event: ErrorEvent): void => {
    if (!this.#isReady) this.#die(`could not be loaded${event.message ? `: ${event.message}` : ''}`);
  };

  #beat(): void {
    if (!this.#isReady) return;
    if (this.#silentBeats >= MISSED_BEATS) {
      this.#die('does not answer');
      return;
    }
    this.#silentBeats++;
    this.request('ping', undefined).catch(() => {});
  }

  #die(how: string): void {
    if (this.#death !== undefined) return;
    const error = new SFrameError('worker-failed', undefined, `the worker ${this.#name} ${how}`);
    const wasReady = this.#isReady;
    this.close(error);
    this.#listener.dead(error, wasReady);
  }
}

/** An error as it was thrown in the worker. */
function errorOf({ name, message, code, kid }: WireError): Error {
  if (code !== undefined) return new SFrameError(code as SFrameErrorCode, kid, message);
  const error =
    name === 'TypeError'
      ? new TypeError(message)
      : name === 'RangeError'
        ? new RangeError(message)
        : new Error(message);
  if (error.name !== name) error.name = name;
  return error;
}
