// Signatures in a call with an exchange. Each signer has a session of random bytes, another one in each worker, and his
// blocks announce it: they name it, and the identity key has signed them.
//
// A server could bring a block of an earlier call, or one that it has made, so as to have frames forgotten that wait for
// a verdict. So a session is believed when a block of it has a good signature and is about a key that is in use now, and
// when it was not given up before: it changes as often as the participant changes it.

import { assertBytes, asText, type Bytes, copyOf, isSame, lengthOf, viewOf } from '../../types.ts';
import { later } from '../exchange/timer.ts';
import { type Block, headOf, MAX_BLOCK_LEN, parseBlock } from '../signature/block.ts';
import { readVerifyingKey, type SignatureAlgorithm } from '../signing-keys.ts';
import type { Desk, Keying } from './desk.ts';

/** In bytes. */
const SESSION_LEN = 16;
/** After a block that was not good, so many ms pass before another session of that participant's is looked at. */
const REST_MS = 250;
/** How many sessions of a participant's are known as given up. */
const MAX_PAST = 64;

/** Somebody whose frames are verified. */
interface Signer {
  readonly participant: string;
  readonly identityKey: Bytes;
  readonly algorithm: SignatureAlgorithm;
  session: Bytes;
  readonly past: Set<string>;
  /** A block of an unknown session is being looked at, or was not good a moment ago. */
  isBusy: boolean;
}

/** Who signs, and whose signatures are verified. */
export class Signatures {
  readonly #desk: Desk;
  readonly #hasKey: Keying['hasKey'];
  readonly #signers: Map<string, Signer> = new Map();
  #isSigning = false;

  constructor(desk: Desk, hasKey: Keying['hasKey']) {
    this.#desk = desk;
    this.#hasKey = hasKey;
  }

  /** The client's worker is another. */
  restart(): void {
    this.#isSigning = false;
  }

  /** The worker has a key to send under. */
  sending(): void {
    const { client, settings, watch } = this.#desk;
    if (settings.signing === undefined || this.#isSigning) return;
    this.#isSigning = true;
    watch(client.signFrames({ ...settings.signing, session: randomSession() }));
  }

  /** Somebody is there. Until he has announced a session, he has signed nothing. */
  join(participant: string, identityKey: Bytes): void {
    if (this.#desk.settings.verifying === undefined) return;
    const known = this.#signers.get(participant);
    if (known !== undefined && isSame(known.identityKey, identityKey)) return;
    const algorithm = identityKey.length === 32 ? 'Ed25519' : 'ECDSA-P256';
    const signer = {
      participant,
      identityKey: copyOf(identityKey),
      algorithm,
      session: randomSession(),
    } as const;
    const added: Signer = { ...signer, past: new Set(), isBusy: false };
    this.#signers.set(participant, added);
    this.#verify(added);
  }

  leave(participant: string): void {
    this.#signers.delete(participant);
  }

  /** A block has come, or whatever came in its place. */
  add(block: Uint8Array): void {
    assertBytes(block, 'block');
    if (lengthOf(block) > MAX_BLOCK_LEN) return;
    const own = copyOf(block);
    const parsed = parseBlock(own);
    if (parsed === undefined) return;
    const { session, participant } = readHead(parsed.head);
    const signer = this.#signers.get(participant);
    if (signer === undefined) return; // nobody who is here
    if (isSame(session, signer.session)) this.#give(signer, own);
    else if (!signer.past.has(asText(session)) && !signer.isBusy)
      void this.#consider(signer, parsed, session, own);
  }

  destroy(): void {
    this.#signers.clear();
    const { privateKey } = this.#desk.settings.signing ?? {};
    if (ArrayBuffer.isView(privateKey)) privateKey.fill(0);
  }

  /** A block of a session that is not known. */
  async #consider(signer: Signer, parsed: Block, session: Bytes, block: Bytes): Promise<void> {
    signer.isBusy = true;
    try {
      const isGood = await this.#isAnnouncement(signer, parsed, session);
      if (this.#signers.get(signer.participant) !== signer) return;
      if (!isGood) {
        later(REST_MS, () => {
          signer.isBusy = false;
        });
        return;
      }
      signer.isBusy = false;
      signer.past.add(asText(signer.session));
      for (const oldest of signer.past) if (signer.past.size > MAX_PAST) signer.past.delete(oldest);
      signer.session = session;
      this.#verify(signer);
      this.#give(signer, block);
    } catch (error) {
      signer.isBusy = false;
      this.#desk.watch(Promise.reject(error), signer.participant);
    }
  }

  async #isAnnouncement(signer: Signer, block: Block, session: Bytes): Promise<boolean> {
    const { participant, identityKey, algorithm } = signer;
    const { kid, fingerprint, head, message, signature } = block;
    const key = readVerifyingKey(identityKey, algorithm);
    const expected = headOf(key.algorithm, session, participant, this.#desk.settings.suite.id);
    if (!isSame(head, expected)) return false;
    if (!(await this.#hasKey(participant, kid, fingerprint))) return false;
    return key.verify(signature, message);
  }

  /** The client verifies his frames from now on by this session: what waits for another one is forgotten. */
  #verify({ participant, identityKey, algorithm, session }: Signer): void {
    const { client, settings, watch } = this.#desk;
    const { timeoutMs, require } = settings.verifying ?? {};
    const options = { session, publicKey: identityKey, algorithm, timeoutMs, require };
    watch(client.verifyFrames(participant, options), participant);
  }

  #give({ participant }: Signer, block: Bytes): void {
    this.#desk.watch(this.#desk.client.addSignatureBlock(participant, block), participant);
  }
}

function randomSession(): Bytes {
  return crypto.getRandomValues(new Uint8Array(SESSION_LEN));
}

/** What the head of a block says: `headOf` undone. A name that is no UTF-8 comes out as nobody's. */
function readHead(head: Bytes): { readonly session: Bytes; readonly participant: string } {
  const end = 4 + (((head[2] as number) << 8) | (head[3] as number));
  const participant = new TextDecoder('utf-8', { ignoreBOM: true }).decode(
    viewOf(head, end + 2, head.length - 2),
  );
  return { session: head.slice(4, end), participant };
}
