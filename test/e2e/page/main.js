// @ts-check
// The cases by name. Each runs in a page of its own.

import * as codecs from './cases/codecs.js';
import * as controls from './cases/controls.js';
import * as failOpen from './cases/fail-open.js';
import * as hidden from './cases/hidden.js';
import * as hung from './cases/hung.js';
import * as keys from './cases/keys.js';
import * as layers from './cases/layers.js';
import * as policy from './cases/policy.js';
import * as tracks from './cases/tracks.js';
import * as trust from './cases/trust.js';
import * as workers from './cases/workers.js';
import { offer } from './offer.js';

/** @returns {Promise<Record<string, (options: any) => Promise<unknown>>>} */
const soak = () => import('./cases/soak.js');

/** @type {Record<string, (options: any) => Promise<unknown>>} */
const cases = { ...controls, ...codecs, ...keys, ...tracks, ...failOpen, ...workers, ...policy, ...trust };
Object.assign(cases, layers, hung, hidden);

// soak makes its people when it is loaded
offer(async (name) => (name.startsWith('soak') ? (await soak())[name] : cases[name]));
