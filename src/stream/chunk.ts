// What applications write into a stream of frames, and what comes out for it: encoded frames of WebRTC, or bytes.

import type { Bytes } from '../types.ts';

/** An `RTCEncodedVideoFrame`, an `RTCEncodedAudioFrame`, or anything else that has its bytes in `data`. */
export interface EncodedFrame {
  data: ArrayBuffer;
}

/** What may be written into a stream of frames: one frame. */
export type FrameChunk = EncodedFrame | ArrayBuffer | ArrayBufferView;

// What a buffer or view is, is asked of the prototypes: the caller's object may say anything.
const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as object;
const { at } = Uint8Array.prototype;
const kindOf = getterOf(typedArray, Symbol.toStringTag);
const lengthOfBuffer = getterOf(ArrayBuffer.prototype, 'byteLength');

function getterOf(prototype: object, name: PropertyKey): (this: unknown) => unknown {
  return Object.getOwnPropertyDescriptor(prototype, name)?.get as (this: unknown) => unknown;
}

/** Whether it is an ArrayBuffer, of whatever realm; not a shared one. */
function isBuffer(value: unknown): value is ArrayBuffer {
  // The tag first: it costs no exception, and every frame comes by here.
  if (Object.prototype.toString.call(value) !== '[object ArrayBuffer]') return false;
  lengthOfBuffer.call(value); // throws if that was a lie
  return true;
}

/**
 * The bytes of a chunk, not copied.
 * @throws TypeError if it is no frame, or its buffer is shared or gone
 */
export function bytesOf(chunk: unknown): Bytes {
  try {
    if (ArrayBuffer.isView(chunk)) return bytesOfView(chunk);
    return new Uint8Array(bufferIn(isBuffer(chunk) ? chunk : (chunk as EncodedFrame).data));
  } catch (cause) {
    const error = new TypeError('a chunk must be an encoded frame, an ArrayBuffer or a view of one');
    error.cause = cause;
    throw error;
  }
}

function bytesOfView(view: ArrayBufferView): Bytes {
  if (kindOf.call(view) !== undefined) at.call(view, 0); // throws if its buffer is gone; of a DataView, byteLength does
  const { buffer, byteOffset, byteLength } = view;
  return new Uint8Array(bufferIn(buffer), byteOffset, byteLength);
}

function bufferIn(value: unknown): ArrayBuffer {
  if (!isBuffer(value)) throw new TypeError('there is no ArrayBuffer');
  return value;
}

/**
 * What comes out for a chunk that has become other bytes: of an encoded frame the same object, of an ArrayBuffer another
 * one, of a view a Uint8Array.
 * @param bytes of another length than the chunk's
 * @throws TypeError if it is a frame that does not take them
 */
export function withBytes(chunk: unknown, bytes: Bytes): unknown {
  if (ArrayBuffer.isView(chunk)) return bytes;
  if (isBuffer(chunk)) return bytes.buffer;
  try {
    return replaceData(chunk as EncodedFrame, bytes);
  } catch (cause) {
    const error = new TypeError("the frame's data cannot be replaced");
    error.cause = cause;
    throw error;
  }
}

function replaceData(frame: EncodedFrame, { buffer }: Bytes): EncodedFrame {
  frame.data = buffer;
  // One that has kept its bytes would leave as it came.
  if (frame.data.byteLength !== buffer.byteLength) throw new TypeError('it has stayed as it was');
  return frame;
}
