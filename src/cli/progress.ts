// How far it is, on a terminal, or where it is asked for: one line on stderr, written over.

/** Where progress is shown. */
export interface ProgressStream {
  write(text: string): unknown;
}

/** Tells how much of a file was read, a percent at a time. */
export class Progress {
  readonly #stream: ProgressStream | undefined;
  readonly #total: number;
  #said = -1;

  /** @param stream undefined: nothing is shown */
  constructor(stream: ProgressStream | undefined, total: number) {
    this.#stream = stream;
    this.#total = total;
  }

  show(done: number, frames: number): void {
    const percent = this.#total === 0 ? 100 : Math.min(100, Math.floor((100 * done) / this.#total));
    if (percent === this.#said) return;
    this.#said = percent;
    this.#stream?.write(`\r${String(percent).padStart(3)} %, ${frames} frames`);
  }

  /** Nothing more comes: what follows begins on a line of its own. */
  end(): void {
    if (this.#said >= 0) this.#stream?.write('\n');
    this.#said = -1;
  }
}
