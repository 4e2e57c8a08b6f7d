// When the application was asked about whom, so that a recorded hello does not ask it again and again.

import { asText } from '../../types.ts';
import type { ReceivedLetter } from './letter.ts';

const MIN_MS = 1000;
const MAX_REMEMBERED = 4096;

/** The last hello of each identity that was not admitted. */
export class Introductions {
  readonly #last: Map<string, { readonly session: string; readonly number: bigint; readonly at: number }> =
    new Map();

  /** Whether it may be asked because of this letter. Only what was signed is {@link note}d, so nobody else is held up. */
  isNew(letter: ReceivedLetter, time: number): boolean {
    const last = this.#last.get(nameOf(letter));
    if (last === undefined) return true;
    return (
      time - last.at >= MIN_MS && (last.session !== asText(letter.session) || letter.number > last.number)
    );
  }

  note(letter: ReceivedLetter, time: number): void {
    const name = nameOf(letter);
    this.#last.delete(name);
    this.#last.set(name, { session: asText(letter.session), number: letter.number, at: time });
    for (const oldest of this.#last.keys()) {
      if (this.#last.size <= MAX_REMEMBERED) break;
      this.#last.delete(oldest);
    }
  }
}

function nameOf({ sender, identityKey }: ReceivedLetter): string {
  return `${asText(identityKey)} ${sender}`;
}
