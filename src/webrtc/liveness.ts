// Whether a worker still lives, by a lock that it holds as long as it does: browsers give it to the page the moment the
// worker has crashed or was terminated, and never because it is busy.

/** What of the Web Locks API is used; it needs a secure context. */
interface Locks {
  request(name: string, options: { signal?: AbortSignal }, granted: () => unknown): Promise<unknown>;
}

function locks(): Locks | undefined {
  return (globalThis as { navigator?: { locks?: Locks } }).navigator?.locks;
}

/** In the worker: holds a lock for good. Resolves with whether it is held. */
export function holdLock(name: string): Promise<boolean> {
  const api = locks();
  if (api === undefined) return Promise.resolve(false);
  return new Promise((resolve) => {
    const forever = new Promise(() => {});
    const granted = () => {
      resolve(true);
      return forever;
    };
    api.request(name, {}, granted).catch(() => resolve(false));
  });
}

/** On the page: calls `died` when the holder of a lock is gone, unless it is stopped before. */
export function awaitLock(name: string, died: () => void): { stop(): void } {
  const controller = new AbortController();
  locks()
    ?.request(name, { signal: controller.signal }, died)
    .catch(() => {});
  return { stop: () => controller.abort() };
}
