// The two ends of a stream of frames, and what lies between: one frame at a time, in order, and no more of them than the
// reader asks for. Unlike a TransformStream's, its end can be noticed whichever way it comes, also while a frame waits
// for its reader: keys are to go at once.

/** How many frames wait for the reader. */
const READY_FRAMES = 1;

/** What is written comes out transformed, or not at all. */
export class Pipe {
  readonly readable: ReadableStream;
  readonly writable: WritableStream;
  readonly #transform: (chunk: unknown) => Promise<unknown>;
  readonly #whenOver: () => void;
  #output: ReadableStreamDefaultController | undefined;
  #input: WritableStreamDefaultController | undefined;
  /** Whether the reader has room. */
  #isWanted = false;
  /** Lets the frame that waits for that go on. */
  #wake: (() => void) | undefined;
  #isOver = false;

  /**
   * @param transform gives what comes out for a chunk; undefined: nothing. It must not reject.
   * @param whenOver called once, when no chunk will be transformed any more
   */
  constructor(transform: (chunk: unknown) => Promise<unknown>, whenOver: () => void) {
    this.#transform = transform;
    this.#whenOver = whenOver;
    this.readable = new ReadableStream(
      {
        start: (controller) => {
          this.#output = controller;
        },
        pull: () => {
          this.#isWanted = true;
          this.#wake?.();
        },
        cancel: (reason) => {
          this.#input?.error(reason);
          this.#end();
        },
      },
      { highWaterMark: READY_FRAMES },
    );
    this.writable = new WritableStream({
      start: (controller) => {
        this.#input = controller;
        // Not only abort(), which has to wait for the frame under way.
        controller.signal?.addEventListener('abort', () => this.#abort(controller.signal.reason));
      },
      write: (chunk) => this.#write(chunk),
      close: () => {
        if (!this.#isOver) this.#output?.close();
        this.#end();
      },
      abort: (reason) => this.#abort(reason),
    });
  }

  /** Whether it was closed, aborted or cancelled. */
  get isOver(): boolean {
    return this.#isOver;
  }

  async #write(chunk: unknown): Promise<void> {
    while (!this.#isWanted && !this.#isOver)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    if (this.#isOver) return;
    const outcome = await this.#transform(chunk);
    if (outcome === undefined || this.#isOver) return;
    this.#isWanted = false; // before enqueue, which may ask for more
    this.#output?.enqueue(outcome);
  }

  #abort(reason: unknown): void {
    if (!this.#isOver) this.#output?.error(reason);
    this.#end();
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#wake?.();
    this.#whenOver();
  }
}
