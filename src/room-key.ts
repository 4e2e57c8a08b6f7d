// A room's key, and from it a base key for every sender and session.
//
//   base_key = HKDF-SHA256(room_key, salt = session, info = LABEL ‖ u16be(length of id) ‖ id, 32 bytes)
//
// `session` is 16 random bytes that the sender draws and announces, `id` its participant's, as UTF-8: a base key is
// never sent under twice, whatever is reloaded or opened again, and belongs to the one participant it was made for.

import { hkdf } from './core/subtle.ts';
import { SFrameError } from './errors.ts';
import { prefixed } from './names.ts';
import { stretch } from './passphrase.ts';
import { assertBytes, assertObject, asText, type Bytes, concat, copyTo } from './types.ts';

const LABEL = 'sframe-wasm participant key';
const SESSION_LEN = 16;

/** What {@link RoomKey.fromPassphrase} needs to know. `participant` apart, all members must give the same. */
export interface RoomKeyOptions {
  /**
   * What the members have told one another, but not the server: at least 8 characters, at most 1024 bytes of UTF-8.
   * It is normalized (NFC), so that it does not matter how a keyboard composes é. Nothing else is: capitals, spaces
   * and hyphens count.
   */
  readonly passphrase: string;
  /** Names the application, say by its domain, so that no other derives the same keys; 1 to 512 bytes of UTF-8. */
  readonly app: string;
  /** Names the room, or better the call: see {@link RoomKey}. 1 to 512 bytes of UTF-8, compared byte by byte. */
  readonly room: string;
  /**
   * Names this member, as the others will hear of it; 1 to 512 bytes of UTF-8, compared byte by byte. Devices and tabs
   * that are to hear each other need different names.
   */
  readonly participant: string;
  /** How often the passphrase is hashed, 600 000 (default) to 100 000 000; another count is another key. */
  readonly iterations?: number | undefined;
}

/** A key to send under, and what the others need in order to derive it. */
export interface SendingKey {
  /** base_key, 32 bytes, under any KID. Zero it once it is set. */
  readonly baseKey: Bytes;
  /** 16 random bytes, not secret: announce them, with the participant's name and the KID. */
  readonly session: Bytes;
}

/**
 * The key of a room whose members share a passphrase; a base key for each sender and session is derived from it.
 *
 * A member calls {@link sendingKey} whenever it starts to send (page load, tab, worker, call) and announces the session
 * by signalling; the others give name and session to {@link receivingKey}. Nothing needs to be stored. What a passphrase
 * cannot do:
 *
 * - **A relay can guess a weak passphrase offline.** It need only have recorded traffic, and is as fast as its hardware:
 *   thousands of guesses a second on one graphics card. Use {@link generatePassphrase}. Who finds the passphrase, however
 *   late, reads all that was recorded.
 * - **Members can impersonate each other**, because they share the key. To shut a member out, all others need another
 *   passphrase.
 * - **The relay can replay a whole earlier session**, announcement and frames: nothing in it is fresh but what the sender
 *   drew. Name the call instead of the room (`'standup 2026-03-02'`), keep one decryptor per participant for the whole
 *   call, whose replay window refuses what it has opened, and take sessions only from live announcements, one at a
 *   time from each participant.
 *
 * @example
 * ```js
 * import { generatePassphrase, RoomKey, SFrameDecryptor, SFrameEncryptor } from 'sframe-wasm';
 *
 * const cipherSuite = 'AES_128_GCM_SHA256_128';
 * const room = { passphrase: generatePassphrase(), app: 'example.org', room: 'standup 2026-03-02' };
 *
 * const alice = await RoomKey.fromPassphrase({ ...room, participant: 'alice' });
 * const { baseKey, session } = await alice.sendingKey();
 * const encryptor = new SFrameEncryptor({ cipherSuite });
 * encryptor.setEncryptionKey(baseKey, 0);
 *
 * const bob = await RoomKey.fromPassphrase({ ...room, participant: 'bob' });
 * const decryptor = new SFrameDecryptor({ cipherSuite });
 * decryptor.addDecryptionKey(await bob.receivingKey('alice', session), 0); // both were announced
 * console.log(decryptor.decrypt(encryptor.encrypt(new Uint8Array([1, 2, 3])))); // Uint8Array(3) [ 1, 2, 3 ]
 * ```
 */
export class RoomKey {
  readonly #participant: string;
  #key: CryptoKey | undefined;
  /** The sessions drawn here: whoever announces one of them has it from us. */
  readonly #sessions: Set<string> = new Set();

  private constructor(key: CryptoKey, participant: string) {
    this.#key = key;
    this.#participant = participant;
  }

  /**
   * Derives the room's key. That takes tenths of a second, on purpose: do it once a call.
   *
   * The key is held by WebCrypto and cannot be exported. The passphrase itself is not kept; but a string cannot be
   * wiped from JavaScript's memory.
   *
   * @returns rejects where others throw
   * @throws TypeError or RangeError naming the option; TypeError for a string with half a surrogate pair
   * @throws {@link SFrameError} `engine-unavailable` without WebCrypto: pages need a secure context
   */
  static async fromPassphrase(options: RoomKeyOptions): Promise<RoomKey> {
    assertObject(options, 'options');
    const { passphrase, app, room, participant, iterations } = options;
    prefixed(participant, 'participant');
    return new RoomKey(await stretch(passphrase, app, room, iterations), participant);
  }

  /**
   * Starts a session: a base key that nobody has sent under before, and the session to announce. Every call starts
   * another.
   *
   * @returns rejects where others throw
   * @throws {@link SFrameError} `destroyed`, `engine-unavailable`
   */
  async sendingKey(): Promise<SendingKey> {
    this.#aliveKey();
    const session = crypto.getRandomValues(new Uint8Array(SESSION_LEN));
    this.#sessions.add(asText(session));
    return { baseKey: await this.#derive(this.#participant, session), session };
  }

  /**
   * The base key of another participant's session. If it was announced falsely, no frame will open: what the relay says
   * need not be believed.
   *
   * @param participant who announced the session; never this member itself
   * @param session the 16 bytes announced; never a session of this object
   * @returns base_key, 32 bytes; zero it once it is added. Rejects where others throw. Names and sessions come from
   * the network: take a TypeError or RangeError for a reason to ignore the announcement.
   * @throws TypeError or RangeError naming the argument
   * @throws {@link SFrameError} `destroyed`, `engine-unavailable`
   */
  async receivingKey(participant: string, session: Uint8Array): Promise<Bytes> {
    prefixed(participant, 'participant');
    if (participant === this.#participant)
      throw new RangeError('participant must be another one: frames of our own must not be opened');
    if (assertBytes(session, 'session') !== SESSION_LEN)
      throw new RangeError(`session must be ${SESSION_LEN} bytes long`);
    const own = new Uint8Array(SESSION_LEN);
    copyTo(own, session);
    if (this.#sessions.has(asText(own)))
      throw new RangeError("session must be another participant's: this one was drawn here");
    return this.#derive(participant, own);
  }

  /** Lets go of the key. Further calls reject with `destroyed`, except this one. Base keys handed out stay valid. */
  destroy(): void {
    this.#key = undefined;
    this.#sessions.clear();
  }

  async #derive(participant: string, session: Bytes): Promise<Bytes> {
    const info = concat(new TextEncoder().encode(LABEL), prefixed(participant, 'participant'));
    const baseKey = await hkdf('SHA-256', this.#aliveKey(), session, info, 32);
    try {
      this.#aliveKey();
    } catch (error) {
      baseKey.fill(0);
      throw error;
    }
    return baseKey;
  }

  #aliveKey(): CryptoKey {
    if (this.#key === undefined) throw new SFrameError('destroyed');
    return this.#key;
  }
}
