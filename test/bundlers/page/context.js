// What encryption adds to a page: measured, not run.

import { SFrameDecryptor, SFrameEncryptor } from 'sframe-wasm';

globalThis.sframe = { SFrameDecryptor, SFrameEncryptor };
