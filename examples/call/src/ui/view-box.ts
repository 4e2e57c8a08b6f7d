// What one person sees of another: the picture, whose it is, and its lock.

import { element, replaceKeyed, setText } from './dom.ts';
import { icon } from './icons.ts';
import { type ShownLock, wordings } from './words.ts';

/** When there is something to see. Otherwise the last picture would stay. */
const visible: ReadonlySet<ShownLock> = new Set(['encrypted', 'verified', 'unverified', 'clear']);

export class ViewBox {
  readonly element: HTMLElement;
  readonly video: HTMLVideoElement;
  readonly #lock: HTMLElement;
  readonly #cover: HTMLElement;
  #tracks = '';

  constructor(of: string) {
    this.video = element('video', { autoplay: true, playsinline: true, tabindex: '-1' });
    this.video.muted = true;
    this.video.setAttribute('aria-label', `What comes from ${of}`);
    this.#lock = element('span', { class: 'view-lock' });
    this.#cover = element('p', { class: 'cover' });
    this.element = element(
      'figure',
      { class: 'view', 'data-of': of },
      this.video,
      this.#cover,
      element('figcaption', {}, element('span', { class: 'view-name' }, of), this.#lock),
    );
  }

  /**
   * @param shown picture and sound, as far as there are any
   * @param cover what is said where there is nothing to see
   */
  update(
    shown: readonly (MediaStreamTrack | undefined)[],
    lock: ShownLock,
    word: string,
    cover: string,
  ): void {
    const tracks = shown.filter((track) => track !== undefined);
    const key = tracks.map(({ id }) => id).join(' ');
    if (key !== this.#tracks) {
      this.#tracks = key;
      this.video.srcObject = tracks.length > 0 ? new MediaStream(tracks) : null;
    }
    this.element.dataset['lock'] = lock;
    replaceKeyed(this.#lock, `${lock} ${word}`, () => [icon(wordings[lock].icon), word]);
    this.#cover.hidden = visible.has(lock);
    setText(this.#cover, cover);
  }
}
