// What the two ways to agree on keys have in common.

import type { CipherSuite } from 'sframe-wasm';
import type { SFrameClient } from 'sframe-wasm/webrtc';
import type { Letter, Letters } from '../call/relay.ts';
import { untilDestroyed } from '../until-destroyed.ts';
import type { Rollout } from './rollout.ts';

/** Where a person stands when keys are agreed on. */
export interface KeyContext {
  readonly name: string;
  readonly room: string;
  readonly cipherSuite: CipherSuite;
  readonly client: SFrameClient;
  readonly relay: Letters;
  readonly rollout: Rollout;
  /** Whom keys go to has changed. */
  readonly changed: () => void;
}

/** One person's keys. */
export interface KeyScheme {
  /** Whom our keys go to. */
  readonly recipients: readonly string[];
  start(): Promise<void>;
  /** Sends under a new key, which those get who are there. */
  rotate(): Promise<void>;
  receive(from: string, letter: Letter): void;
  /** Shuts somebody out, or lets him in again. */
  admit(name: string, isAdmitted: boolean): void;
  destroy(): void;
}

/** Several joins at a time make one new key. */
const SOON_MS = 150;

/** Calls a function a little later, once for all who have asked meanwhile. */
export class Soon {
  readonly #act: () => Promise<unknown>;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(act: () => Promise<unknown>) {
    this.#act = act;
  }

  ask(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      untilDestroyed(this.#act());
    }, SOON_MS);
  }

  close(): void {
    clearTimeout(this.#timer);
  }
}
