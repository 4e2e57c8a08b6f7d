// The worker's front: requests to the sessions of their clients, transforms to their tracks. All of it works on whatever
// is like a worker's global scope.

import { SFrameError } from '../errors.ts';
import { holdLock } from './liveness.ts';
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
  type TransformOptions,
  type WireError,
  wipeSecrets,
} from './protocol.ts';
import { Session } from './session.ts';
import type { Transformer } from './track.ts';

/** What of a worker's global scope is used. */
export interface WorkerScope {
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(
    type: 'rtctransform',
    listener: (event: { readonly transformer: Transformer & { readonly options?: unknown } }) => void,
  ): void;
  postMessage(message: unknown, transfer: Transfer[]): void;
}

/** A client's session, or what came for it before it was set up: messages and transforms need not keep their order. */
interface Place {
  session: Session | undefined;
  readonly early: [track: number, transformer: Transformer][];
}

/** Serves clients in a worker. */
export class WorkerHost {
  readonly #scope: WorkerScope;
  readonly #places: Map<string, Place> = new Map();

  constructor(scope: WorkerScope) {
    this.#scope = scope;
    scope.addEventListener('message', ({ data }) => {
      if (isOurs(data)) this.#answer(data as Request);
    });
    scope.addEventListener('rtctransform', ({ transformer }) => {
      if (isOurs(transformer.options)) this.#attach(transformer.options as TransformOptions, transformer);
    });
  }

  #placeOf(client: string): Place {
    const place = this.#places.get(client) ?? { session: undefined, early: [] };
    this.#places.set(client, place);
    return place;
  }

  #attach({ client, track }: TransformOptions, transformer: Transformer): void {
    const { session, early } = this.#placeOf(client);
    if (session === undefined) early.push([track, transformer]);
    else session.attach(track, transformer);
  }

  async #answer(request: Request): Promise<void> {
    const { client, id, op, args } = request;
    const head = { sframe: PROTOCOL, client, id } as const;
    let result: unknown;
    try {
      result = await this.#act(client, op, args);
      this.#scope.postMessage({ ...head, result } satisfies Answer, buffersOf(result));
    } catch (error) {
      this.#scope.postMessage({ ...head, error: wireErrorOf(error) } satisfies Answer, []);
    } finally {
      // What has left is not here any more; what could not leave must not stay.
      wipeSecrets(result as object | undefined);
    }
  }

  async #act(client: string, op: Operation, args: Operations[Operation]['args']): Promise<unknown> {
    const place = this.#placeOf(client);
    if (op === 'setup') return this.#setUp(client, place, args as SessionConfig);
    if (place.session === undefined) {
      wipeSecrets(args as object | undefined);
      throw new SFrameError('destroyed');
    }
    // A client that is gone keeps its place: its transforms may still bring frames, which must be dropped.
    return place.session.handle(op, args as never);
  }

  async #setUp(client: string, place: Place, config: SessionConfig): Promise<{ isLocked: boolean }> {
    const tell = (notice: Notice) =>
      this.#scope.postMessage({ sframe: PROTOCOL, client, notice } satisfies Notification, []);
    const session = new Session(config, tell);
    place.session = session;
    for (const [track, transformer] of place.early.splice(0)) session.attach(track, transformer);
    return { isLocked: await holdLock(config.lock) };
  }
}

/** What of a result goes to the page for good: bytes, and the key that is exported. */
function buffersOf(result: unknown): ArrayBuffer[] {
  const bytes = ArrayBuffer.isView(result) ? result : (result as { baseKey?: unknown } | undefined)?.baseKey;
  return ArrayBuffer.isView(bytes) ? [bytes.buffer as ArrayBuffer] : [];
}

function wireErrorOf(error: unknown): WireError {
  const { name, message } = error instanceof Error ? error : new Error(`${error}`);
  return error instanceof SFrameError
    ? { name, message, code: error.code, kid: error.kid }
    : { name, message, code: undefined, kid: undefined };
}
