// @ts-check
// What tests can have this page do, by name. State stays between: a test drives several pages at once.

import './eavesdropper.js';
import { offer } from '../../e2e/page/offer.js';
import * as echo from './echo.js';
import * as exchange from './exchange.js';
import * as recordings from './recordings.js';
import * as refusals from './refusals.js';
import * as room from './room.js';
import * as videoCall from './video-call.js';

/** @type {Record<string, (options: any) => unknown>} */
const steps = { ...echo, ...room, ...exchange, ...recordings, ...refusals, ...videoCall };

offer((name) => steps[name]);
