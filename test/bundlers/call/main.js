// An app whose bundler finds the worker by itself: nothing is configured.

import { run } from './call.js';

run();
