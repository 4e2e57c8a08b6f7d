// The line to Janus: opened when it is wanted, and opened again when it is lost. What was going on is begun anew where
// Janus has forgotten it; encrypted like the first time, since handles are never without.

import type { Shell } from '../ui/shell.ts';
import { connectAgain, Session } from './session.ts';

export class Line {
  readonly #shell: Shell;
  readonly #begin: (session: Session) => Promise<void>;
  #session: Session | undefined;
  #isWanted = false;

  /** @param begin begins what the page does, or begins it anew in another session */
  constructor(shell: Shell, begin: (session: Session) => Promise<void>) {
    this.#shell = shell;
    this.#begin = begin;
  }

  get session(): Session | undefined {
    return this.#session;
  }

  async open(): Promise<void> {
    this.#isWanted = true;
    try {
      await this.#use(await Session.connect());
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close(): void {
    this.#isWanted = false;
    this.#session?.close();
    this.#session = undefined;
    if (this.#shell.isSupported) this.#shell.warn(undefined);
  }

  async #use(session: Session): Promise<void> {
    this.#session = session;
    session.onlost = () => void this.#recover(session);
    await this.#begin(session);
  }

  async #recover(session: Session): Promise<void> {
    const { log } = this.#shell;
    this.#shell.warn(
      'The connection to Janus is lost.',
      'Trying again. Nothing goes without encryption meanwhile.',
    );
    log.say('The connection to Janus is lost. Trying again.');
    if (await session.claim()) {
      this.#shell.warn(undefined);
      log.say('Janus is there again, and nothing was lost.');
      return;
    }
    session.close();
    while (this.#isWanted && this.#session === session) {
      const next = await connectAgain(() => this.#isWanted);
      if (next === undefined) return;
      try {
        await this.#use(next);
        this.#shell.warn(undefined);
        log.say('Janus is there again: joined anew.');
        return;
      } catch (error) {
        next.close();
        this.#session = session;
        log.say(`Joining anew did not work: ${error instanceof Error ? error.message : error}`);
        await new Promise((resolve) => setTimeout(resolve, 2000));
      }
    }
  }
}
