// What calls add to a page, the worker apart: measured, not run.

import { SFrameClient } from 'sframe-wasm/webrtc';

globalThis.SFrameClient = SFrameClient;
