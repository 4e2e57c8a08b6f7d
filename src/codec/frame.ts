// A frame through a layout and a context, there and back. What correct programs meet is a code, not an exception: a
// stream goes on behind a bad frame.

import { SFrameError, type SFrameErrorCode } from '../errors.ts';
import type { Bytes, Decryptor, Encryptor } from '../types.ts';
import type { Layout } from './layout.ts';
import { metadataOf } from './source.ts';

/** How the frames of a track are laid out. */
export interface FrameForm {
  readonly layout: Layout;
  /** Of the track, by {@link sourceOf}. */
  readonly source?: Bytes | undefined;
}

/** A decryptor, and what of it makes no exceptions if it has that. */
export interface FrameOpener extends Decryptor {
  tryDecrypt?(ciphertext: Uint8Array, metadata?: Uint8Array): Bytes | SFrameErrorCode;
  tryDecryptAsync?(ciphertext: Uint8Array, metadata?: Uint8Array): Promise<Bytes | SFrameErrorCode>;
}

/** What is sent for a frame, or why nothing is. */
export function encryptFrame(
  encryptor: Encryptor,
  { layout, source }: FrameForm,
  frame: Uint8Array,
): Bytes | SFrameErrorCode {
  const { clear, text } = layout.split(frame);
  try {
    return layout.join(clear, encryptor.encrypt(text, metadataOf(clear, source)));
  } catch (error) {
    return codeOf(error);
  }
}

/** The same; the counter is taken before the call returns. */
export async function encryptFrameAsync(
  encryptor: Encryptor,
  { layout, source }: FrameForm,
  frame: Uint8Array,
): Promise<Bytes | SFrameErrorCode> {
  const { clear, text } = layout.split(frame);
  try {
    return layout.join(clear, await encryptor.encryptAsync(text, metadataOf(clear, source)));
  } catch (error) {
    return codeOf(error);
  }
}

/** The frame for the decoder out of what was received, or why there is none. All of it was authenticated. */
export function decryptFrame(
  decryptor: FrameOpener,
  { layout, source }: FrameForm,
  sent: Uint8Array,
): Bytes | SFrameErrorCode {
  const parsed = layout.parse(sent);
  if (parsed === undefined) return 'syntax';
  const { clear, ciphertext } = parsed;
  const metadata = metadataOf(clear, source);
  try {
    const text = decryptor.tryDecrypt?.(ciphertext, metadata) ?? decryptor.decrypt(ciphertext, metadata);
    return typeof text === 'string' ? text : layout.restore(clear, text);
  } catch (error) {
    return receivedCodeOf(error);
  }
}

/** The same; what was received is read before the call returns. */
export async function decryptFrameAsync(
  decryptor: FrameOpener,
  { layout, source }: FrameForm,
  sent: Uint8Array,
): Promise<Bytes | SFrameErrorCode> {
  const parsed = layout.parse(sent);
  if (parsed === undefined) return 'syntax';
  const { clear, ciphertext } = parsed;
  const metadata = metadataOf(clear, source);
  try {
    const opening =
      decryptor.tryDecryptAsync?.(ciphertext, metadata) ?? decryptor.decryptAsync(ciphertext, metadata);
    const text = await opening;
    return typeof text === 'string' ? text : layout.restore(clear, text);
  } catch (error) {
    return receivedCodeOf(error);
  }
}

function codeOf(error: unknown): SFrameErrorCode {
  if (error instanceof SFrameError) return error.code;
  throw error;
}

/** A frame longer than the context takes is anybody's doing, not the caller's. */
function receivedCodeOf(error: unknown): SFrameErrorCode {
  return error instanceof RangeError ? 'syntax' : codeOf(error);
}
