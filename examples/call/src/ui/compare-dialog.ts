// Two people compare emoji: both screens side by side, because both are in this page.

import type { Member } from '../call/member.ts';
import { untilDestroyed } from '../until-destroyed.ts';
import { byId, element, replaceKeyed, setText } from './dom.ts';
import { icon } from './icons.ts';

const endings: Readonly<Record<string, string>> = {
  mismatch: 'The other side is not who it says it is. Do not go on.',
  rejected: 'They differ: somebody may be in between. Do not say anything secret.',
  aborted: 'Not compared.',
  expired: 'That took too long. Try again.',
  attempts: 'Tried too often. Compare fingerprints instead.',
};

export class CompareDialog {
  readonly #dialog = byId('compare', HTMLDialogElement);
  readonly #sides = byId('compare-sides', HTMLElement);
  #pair: readonly [Member, Member] | undefined;

  constructor() {
    byId('compare-close', HTMLButtonElement).addEventListener('click', () => this.#dialog.close());
    this.#dialog.addEventListener('close', () => this.#stop());
  }

  open(one: Member, other: Member): void {
    this.#pair = [one, other];
    setText(byId('compare-title', HTMLElement), `${one.name} and ${other.name} compare`);
    untilDestroyed(one.comparisons.begin(other.name));
    this.update();
    this.#dialog.showModal();
  }

  update(): void {
    if (this.#pair === undefined) return;
    const [one, other] = this.#pair;
    const key = [one, other].map((member) => this.#keyOf(member, member === one ? other : one)).join();
    replaceKeyed(this.#sides, key, () => [this.#side(one, other), this.#side(other, one)]);
  }

  /** The call is over. */
  close(): void {
    this.#dialog.close();
  }

  #keyOf(member: Member, peer: Member): string {
    const run = member.comparisons.with(peer.name);
    return `${member.name} ${peer.name} ${run?.state} ${run?.sas?.digits}`;
  }

  #side(member: Member, peer: Member): HTMLElement {
    const run = member.comparisons.with(peer.name);
    const side = element('section', { 'data-name': member.name });
    side.append(element('h3', {}, `${member.name}’s screen`));
    if (run?.sas === undefined) {
      const isExhausted = run === undefined && member.comparisons.isExhausted(peer.name);
      const reason = isExhausted ? 'attempts' : run?.endReason;
      const text = reason === undefined ? 'One moment…' : (endings[reason] ?? reason);
      side.append(element('p', { class: 'verdict' }, text));
      return side;
    }
    const emoji = run.sas.emoji.map(({ symbol, name }) =>
      element('li', {}, element('span', { class: 'symbol', 'aria-hidden': 'true' }, symbol), name),
    );
    side.append(element('ol', { class: 'emoji' }, ...emoji));
    if (run.state === 'verified') {
      const verdict = element('p', { class: 'verdict good' }, icon('verified'));
      verdict.append(`${member.name} knows now that it is ${peer.name}.`);
      side.append(verdict);
      return side;
    }
    // neither is preset: that is for people to decide
    const same = element('button', { type: 'button' }, 'They are the same');
    const differ = element('button', { type: 'button' }, 'They differ');
    same.setAttribute('aria-label', `They are the same, says ${member.name}`);
    differ.setAttribute('aria-label', `They differ, says ${member.name}`);
    same.addEventListener('click', () => this.#decide(member, () => run.confirm()));
    differ.addEventListener('click', () => this.#decide(member, () => run.reject()));
    side.append(element('div', { class: 'row' }, same, differ));
    return side;
  }

  #decide(member: Member, decide: () => void): void {
    decide();
    this.update();
    // the buttons are gone
    const next = this.#sides.querySelector<HTMLElement>('button') ?? byId('compare-close', HTMLButtonElement);
    next.focus();
    member.comparisons.changed();
  }

  #stop(): void {
    const [one, other] = this.#pair ?? [];
    if (one === undefined || other === undefined) return;
    one.comparisons.stop(other.name);
    other.comparisons.stop(one.name);
    this.#pair = undefined;
    this.#sides.replaceChildren();
    delete this.#sides.dataset['key'];
  }
}
