// The worker of SFrameClient: dist/worker.js is this and all it needs, in one file.

import { WorkerHost, type WorkerScope } from './host.ts';

/** Serves all clients that post messages to this worker. There is nothing to be done with it. */
export const host: object = new WorkerHost(globalThis as unknown as WorkerScope);
