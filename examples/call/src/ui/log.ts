// What has happened, said once: aloud for screen readers, and in a list.

import { byId, element } from './dom.ts';

const MAX_LINES = 100;

export class Log {
  readonly #said = byId('said', HTMLElement);
  readonly #list = byId('log', HTMLOListElement);

  say(text: string): void {
    this.#said.textContent = text;
    const time = new Date().toLocaleTimeString();
    this.#list.prepend(element('li', {}, element('time', {}, time), ` ${text}`));
    while (this.#list.children.length > MAX_LINES) this.#list.lastElementChild?.remove();
  }
}
