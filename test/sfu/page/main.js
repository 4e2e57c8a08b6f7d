// @ts-check
// The cases by name. Each runs in a page of its own, with an SFU of its own.

import { offer } from '../../e2e/page/offer.js';
import * as codecs from './cases/codecs.js';
import * as failures from './cases/failures.js';
import * as layers from './cases/layers.js';
import * as member from './cases/member.js';
import * as network from './cases/network.js';

/** @type {Record<string, (options: any) => Promise<unknown>>} */
const cases = { ...codecs, ...failures, ...layers, ...member, ...network };

offer((name) => cases[name]);
