// An app whose bundler does not: the worker is a file beside the page, made by a second entry, or copied.

import { run } from './call.js';

run({ worker: () => new Worker('/worker.js', { type: 'module' }) });
