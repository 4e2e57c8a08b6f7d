// The organisation's recorder: a member like any other, that everybody sees and can look up.

import { identityFingerprint } from 'sframe-wasm/verification';
import type { Layer } from '../call/layers.ts';
import type { Member } from '../call/member.ts';
import { ORGANISATION, RECORDER } from '../people.ts';
import { element, replaceKeyed, setText } from './dom.ts';
import { icon } from './icons.ts';
import { ViewBox } from './view-box.ts';
import { type ShownLock, wordings } from './words.ts';

export class RecorderTile {
  readonly element: HTMLElement;
  readonly #lock = element('p', { class: 'lock' });
  readonly #fingerprint = element('code', {}, '…');
  readonly #boxes: readonly (readonly [string, ViewBox])[];

  constructor(others: readonly string[], identityKey: Uint8Array) {
    this.#boxes = others.map((other) => [other, new ViewBox(other)]);
    const badge = element('p', { class: 'badge role' }, icon('record'));
    badge.append(`Recorder for ${ORGANISATION}`);
    const about =
      `${ORGANISATION} has published who this is, so nobody else can pass for it. ` +
      'It can open what is sent while it is here: nothing from before, nothing from after.';
    this.element = element(
      'article',
      { class: 'tile recorder', 'data-name': RECORDER, 'aria-label': 'The recorder' },
      element('header', {}, element('h3', {}, RECORDER), this.#lock),
      badge,
      element('p', { class: 'sentence' }, about),
      element('div', { class: 'views' }, ...this.#boxes.map(([, box]) => box.element)),
      element(
        'details',
        {},
        element('summary', {}, 'Details'),
        element('p', {}, 'Fingerprint: ', this.#fingerprint),
      ),
    );
    void identityFingerprint(identityKey).then((digits) => setText(this.#fingerprint, digits));
  }

  update(member: Member, layer: Layer): void {
    const { lock } = member;
    // what it verifies is its own affair: the others verify it
    const shown: ShownLock = lock === 'unverified' ? 'encrypted' : lock;
    this.element.dataset['lock'] = shown;
    replaceKeyed(this.#lock, shown, () => [icon(wordings[shown].icon), wordings[shown].word]);
    for (const [other, box] of this.#boxes) {
      const of = member.lockOf(other) === 'unverified' ? 'encrypted' : member.lockOf(other);
      const tracks = [member.pictureOf(other, layer), member.views.get(other)?.audio];
      box.update(tracks, of, wordings[of].word, wordings[of].word);
    }
  }
}
