#!/usr/bin/env node
// The program of this package, `npx sframe-wasm`: for what is done with frames when the call is over. Node only.

import { main } from './cli/main.ts';

/** Settles when all is done. It never rejects: what happened is the exit code. */
export const done: Promise<void> = main(process);
