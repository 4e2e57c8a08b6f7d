// The file that is written: under another name beside its own until it is complete, so that nobody takes half of it for
// all, and what was there stays when nothing comes.

import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, linkSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { type Failure, fileFailure } from '../failure.ts';

/** What writers write to. */
export interface Sink {
  write(bytes: Uint8Array): void;
  /** Writes over what was written. */
  patch(bytes: Uint8Array, at: number): void;
}

/** In bytes: what is kept until it is written. */
const BUFFER_LEN = 2 ** 18;

/** One file. */
export class OutputFile implements Sink {
  readonly #path: string;
  readonly #mayReplace: boolean;
  readonly #partPath: string;
  readonly #handle: number;
  readonly #buffer: Uint8Array = new Uint8Array(BUFFER_LEN);
  #buffered = 0;
  #written = 0;
  #isOpen = true;

  /** @throws Failure if it cannot be made; or is there, and must not be replaced */
  constructor(path: string, mayReplace: boolean) {
    this.#path = path;
    this.#mayReplace = mayReplace;
    this.#partPath = `${path}.${randomBytes(6).toString('hex')}.part`;
    if (!mayReplace && existsSync(path)) throw this.#exists();
    // Recordings of calls are nobody else's business.
    this.#handle = this.#try(() => openSync(this.#partPath, 'wx', 0o600));
  }

  write(bytes: Uint8Array): void {
    if (bytes.length > BUFFER_LEN - this.#buffered) this.#flush();
    if (bytes.length > BUFFER_LEN) {
      this.#writeAll(bytes, this.#written);
      this.#written += bytes.length;
    } else {
      this.#buffer.set(bytes, this.#buffered);
      this.#buffered += bytes.length;
    }
  }

  patch(bytes: Uint8Array, at: number): void {
    this.#flush();
    this.#writeAll(bytes, at);
  }

  /** It is complete, and gets its name. */
  commit(): void {
    this.#flush();
    this.#close();
    this.#try(() => {
      if (!this.#mayReplace && this.#link()) return;
      if (!this.#mayReplace && existsSync(this.#path)) throw this.#exists();
      renameSync(this.#partPath, this.#path);
    });
  }

  /** Nothing of it stays, unless it was complete. */
  abandon(): void {
    this.#close();
    rmSync(this.#partPath, { force: true });
  }

  /** Takes the name only if nobody has it by now. False: here files cannot have two names, even for a moment. */
  #link(): boolean {
    try {
      linkSync(this.#partPath, this.#path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw error;
      return false;
    }
    rmSync(this.#partPath, { force: true });
    return true;
  }

  #close(): void {
    if (this.#isOpen) closeSync(this.#handle);
    this.#isOpen = false;
  }

  #flush(): void {
    this.#writeAll(this.#buffer.subarray(0, this.#buffered), this.#written);
    this.#written += this.#buffered;
    this.#buffered = 0;
  }

  #writeAll(bytes: Uint8Array, at: number): void {
    this.#try(() => {
      for (let done = 0; done < bytes.length; )
        done += writeSync(this.#handle, bytes, done, bytes.length - done, at + done);
    });
  }

  #exists(): Failure {
    return fileFailure('write', this.#path, { code: 'EEXIST' });
  }

  #try<T>(act: () => T): T {
    try {
      return act();
    } catch (error) {
      throw fileFailure('write', this.#path, error);
    }
  }
}
