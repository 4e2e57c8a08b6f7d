// HKDF (RFC 5869) with the empty salt that SFrame uses (RFC 9605 §4.4.2).
// Timing: as HMAC; lengths, labels and the family are visible, keys are not.

import { digestLen, hmac, hmacKey } from './hmac';
import { INFO, wipe } from './memory';

/**
 * HKDF-Extract(salt = "", IKM): the PRK of `len` bytes at `ikm` to `prk` (64 bytes free).
 * Pads behind the IKM: TAIL_ROOM bytes must be free there.
 */
export function extract(wide: bool, ikm: usize, len: usize, prk: usize, states: usize): void {
  hmacKey(wide, ikm, 0, states);
  hmac(wide, states, ikm, len, prk);
}

/**
 * HKDF-Expand(PRK, info, L): `okmLen` bytes to `okm`, where room is needed up to a multiple of 64.
 * `states` is the PRK as an HMAC key; `infoLen` bytes of info stand at INFO, at most 80.
 */
export function expand(wide: bool, states: usize, infoLen: usize, okm: usize, okmLen: usize): void {
  const digest = digestLen(wide);
  let message = INFO; // T(0) is empty
  let counter: u8 = 1;
  for (let done: usize = 0; done < okmLen; done += digest) {
    store<u8>(INFO + infoLen, counter++);
    hmac(wide, states, message, INFO + infoLen + 1 - message, okm + done);
    message = INFO - digest;
    memory.copy(message, okm + done, digest);
  }
  wipe(INFO - 64, 64);
}
