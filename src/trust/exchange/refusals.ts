// What was told of things that mean nothing, so that it is told once per change of state, whatever a server invents.

import type { ExchangeRefusal } from './event.ts';

/** Of how many names, other than those of members: names can be invented. */
const MAX_STRANGERS = 1024;

/** Reasons by name; those without a name have the empty one. */
export class Refusals {
  readonly #members: Map<string, Set<ExchangeRefusal>> = new Map();
  readonly #strangers: Map<string, Set<ExchangeRefusal>> = new Map();

  /** Whether this is to be told; then it counts as told. Strangers cannot keep a warning about a member back. */
  isNews(reason: ExchangeRefusal, participant: string, isMember: boolean): boolean {
    const names = isMember ? this.#members : this.#strangers;
    const told = names.get(participant) ?? new Set();
    if (told.has(reason) || (!isMember && !names.has(participant) && names.size >= MAX_STRANGERS))
      return false;
    names.set(participant, told.add(reason));
    return true;
  }

  /** A letter of his was accepted: what is refused next is news. */
  settle(participant: string): void {
    this.#members.delete(participant);
    this.#strangers.delete(participant);
  }
}
