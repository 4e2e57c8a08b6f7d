// Keeps a client's worker running. One that dies is replaced; the keys are gone with it, and so are their counters.

import { SFrameError } from '../errors.ts';
import { WorkerLink } from './link.ts';
import type { Notice, Operation, Operations, SessionConfig, Transfer } from './protocol.ts';
import { makeNamed, nameOfWorker } from './support.ts';

/** What the client learns. */
export interface SupervisorListener {
  notice(notice: Notice): void;
  /** A new worker is there, and has no keys: tracks are to be attached to it. */
  replaced(): void;
  /** There is no worker any more. */
  failed(error: SFrameError): void;
}

/** How workers are made, and what they are told first. */
export interface WorkerPlan {
  /** A worker of the application's cannot be replaced. */
  readonly worker: Worker | (() => Worker);
  readonly beatMs: number;
  /** @param restarts how many workers there were before */
  config(restarts: number): SessionConfig;
}

/** So many workers may die within so many ms; then it is no accident. */
const MAX_DEATHS = 5;
const DEATHS_MS = 10_000;

/** A client's worker. */
export class WorkerSupervisor {
  readonly #plan: WorkerPlan;
  readonly #client: string;
  readonly #listener: SupervisorListener;
  #link: WorkerLink | undefined;
  #restarts = 0;
  #failure: SFrameError | undefined;
  /** When workers have died, lately. */
  #deaths: number[] = [];

  constructor(plan: WorkerPlan, client: string, listener: SupervisorListener) {
    this.#plan = plan;
    this.#client = client;
    this.#listener = listener;
    this.#start();
  }

  get restarts(): number {
    return this.#restarts;
  }

  /**
   * The worker that transforms are made with. One that has died will do while there is no other: nothing leaves then.
   * @throws SFrameError `worker-failed` if there is none
   */
  get worker(): Worker {
    if (this.#link === undefined) throw this.#failure;
    return this.#link.worker;
  }

  request<O extends Operation>(
    op: O,
    args: Operations[O]['args'],
    transfer?: Transfer[],
  ): Promise<Operations[O]['result']> {
    if (this.#failure !== undefined || this.#link === undefined) return Promise.reject(this.#failure);
    return this.#link.request(op, args, transfer);
  }

  /** As {@link request}, where nobody waits for the answer. */
  tell<O extends Operation>(op: O, args: Operations[O]['args'], transfer?: Transfer[]): void {
    this.request(op, args, transfer).catch(() => {});
  }

  /** Ends the session, and the worker if it was ours. */
  close(): void {
    this.tell('destroy', undefined);
    this.#failure = new SFrameError('destroyed');
    this.#link?.close(this.#failure);
    if (typeof this.#plan.worker === 'function') this.#link?.worker.terminate();
  }

  #start(): void {
    const { worker: given, beatMs } = this.#plan;
    try {
      const worker = typeof given === 'function' ? makeNamed(given) : given;
      const link = new WorkerLink(worker, nameOfWorker(worker), this.#client, {
        notice: (notice) => this.#listener.notice(notice),
        dead: (error, wasReady) => this.#replace(error, wasReady),
      });
      this.#link = link;
      link.start(this.#plan.config(this.#restarts), beatMs);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : 'no reason given';
      const error = new SFrameError('worker-failed', undefined, `the worker could not be made: ${why}`);
      error.cause = cause;
      this.#fail(error);
    }
  }

  #replace(error: SFrameError, wasReady: boolean): void {
    const { worker } = this.#plan;
    const now = performance.now();
    this.#deaths = [...this.#deaths.filter((time) => now - time < DEATHS_MS), now];
    if (typeof worker !== 'function' || !wasReady || this.#deaths.length > MAX_DEATHS) {
      // What is ours does not run on when nobody listens.
      if (typeof worker === 'function') this.#link?.worker.terminate();
      this.#fail(error); // again it would be the same
      return;
    }
    this.#link?.worker.terminate();
    this.#restarts++;
    this.#start();
    if (this.#failure === undefined) this.#listener.replaced();
  }

  #fail(error: SFrameError): void {
    this.#failure = error;
    // The client is still being constructed, perhaps.
    queueMicrotask(() => this.#listener.failed(error));
  }
}
