// A monitor that only reads headers: measured, not run. The core must not be in it.

import { decodeHeader } from 'sframe-wasm';

globalThis.decodeHeader = decodeHeader;
