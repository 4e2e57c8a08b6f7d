// Records what one person sees and hears: what was decrypted for him, a file for each of the others. It is in the clear
// from then on, and his to keep safe.

/** A finished recording. */
export interface Recorded {
  readonly of: string;
  readonly url: string;
  readonly fileName: string;
  readonly size: number;
}

export class Recording {
  readonly #recorders: { readonly of: string; readonly recorder: MediaRecorder; readonly parts: Blob[] }[];

  /** @param streams whose pictures and sound, by name */
  constructor(streams: ReadonlyMap<string, MediaStream>) {
    this.#recorders = Array.from(streams, ([of, stream]) => {
      const recorder = new MediaRecorder(stream);
      const parts: Blob[] = [];
      recorder.ondataavailable = ({ data }) => parts.push(data);
      recorder.start(1000);
      return { of, recorder, parts };
    });
  }

  /** Ends it. The URLs are good until they are revoked. */
  async stop(): Promise<Recorded[]> {
    return Promise.all(
      this.#recorders.map(async ({ of, recorder, parts }) => {
        if (recorder.state !== 'inactive') {
          const stopped = new Promise((resolve) =>
            recorder.addEventListener('stop', resolve, { once: true }),
          );
          recorder.stop();
          await stopped;
        }
        const type = recorder.mimeType;
        const file = new Blob(parts, { type });
        const ending = type.includes('mp4') ? 'mp4' : 'webm';
        return {
          of,
          url: URL.createObjectURL(file),
          fileName: `${of.toLowerCase()}.${ending}`,
          size: file.size,
        };
      }),
    );
  }
}
