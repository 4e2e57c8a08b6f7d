// Whom a person's keys go to, and whether emoji were compared with them.

import type { Member } from '../call/member.ts';
import { element, replaceKeyed, setText } from './dom.ts';
import { icon } from './icons.ts';

interface Row {
  readonly item: HTMLElement;
  readonly keys: HTMLElement;
  readonly badge: HTMLElement;
  readonly button: HTMLButtonElement;
}

export class TrustList {
  readonly element = element('ul', { class: 'trust' });
  readonly #name: string;
  readonly #compareWith: (other: string) => void;
  readonly #rows = new Map<string, Row>();

  constructor(name: string, compareWith: (other: string) => void) {
    this.#name = name;
    this.#compareWith = compareWith;
  }

  update(member: Member, others: readonly string[]): void {
    for (const [other, { item }] of this.#rows) {
      if (others.includes(other)) continue;
      item.remove();
      this.#rows.delete(other);
    }
    for (const other of others) this.#updateRow(this.#rowOf(other), member, other);
  }

  #updateRow({ keys, badge, button }: Row, member: Member, other: string): void {
    const hasKeys = member.recipients.includes(other);
    const isVerified = member.comparisons.isVerified(other);
    setText(keys, hasKeys ? `gets ${this.#name}’s keys` : 'gets no keys');
    badge.classList.toggle('good', isVerified);
    replaceKeyed(badge, `${isVerified}`, () =>
      isVerified ? [icon('verified'), 'Verified'] : [icon('question'), 'Not verified'],
    );
    setText(button, isVerified ? 'Compare again' : 'Compare emoji');
    button.setAttribute('aria-label', `${button.textContent} with ${other}, as ${this.#name}`);
    button.disabled = !hasKeys;
  }

  #rowOf(other: string): Row {
    const known = this.#rows.get(other);
    if (known !== undefined) return known;
    const keys = element('small');
    const badge = element('span', { class: 'badge' });
    const button = element('button', { type: 'button' });
    button.addEventListener('click', () => this.#compareWith(other));
    const item = element('li', {}, element('span', { class: 'who' }, other, keys), badge, button);
    const row = { item, keys, badge, button };
    this.#rows.set(other, row);
    this.element.append(item);
    return row;
  }
}
