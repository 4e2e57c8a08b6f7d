// Ourselves: what we send, and the lock of the whole room.

import type { Lock } from '../../../call/src/status/lock.ts';
import { element, replaceKeyed, setText } from '../../../call/src/ui/dom.ts';
import { icon } from '../../../call/src/ui/icons.ts';
import { type ShownLock, wordings } from '../../../call/src/ui/words.ts';

export class OwnTile {
  readonly element: HTMLElement;
  readonly #lock = element('p', { class: 'lock' });
  readonly #sentence = element('p', { class: 'sentence' });

  constructor(name: string, video: HTMLVideoElement) {
    const caption = element(
      'figcaption',
      {},
      element('span', { class: 'view-name' }, `${name}, as you send it`),
    );
    this.element = element(
      'article',
      { class: 'tile', id: 'own', 'aria-label': `You, ${name}` },
      element('header', {}, element('h3', {}, `${name} (you)`), this.#lock),
      element('figure', { class: 'view wide' }, video, caption),
      this.#sentence,
    );
  }

  update(lock: Lock, views: readonly Lock[]): void {
    const isAlone = views.length === 0;
    const shown: ShownLock = lock;
    const { icon: name, word, sentence } = wordings[shown];
    this.element.dataset['lock'] = shown;
    replaceKeyed(this.#lock, word, () => [icon(name), word]);
    setText(
      this.#sentence,
      isAlone && shown === 'encrypted' ? 'What leaves this page is encrypted.' : sentence,
    );
  }
}
