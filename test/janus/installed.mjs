// @ts-check
// Whether a program is here. With CI set its absence is a failure; else it is said, and what needs it is left out.

import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Ends this process if a program is missing. @param {...string} programs */
export function mustHave(...programs) {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const missing = programs.filter((program) => !folders.some((folder) => existsSync(join(folder, program))));
  if (missing.length === 0) return;
  console.log(`not found: ${missing.join(', ')}: left out`);
  process.exit(process.env['CI'] ? 1 : 0);
}
