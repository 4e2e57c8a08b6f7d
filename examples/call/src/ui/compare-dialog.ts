// Two people compare emoji: the screens side by side of those who are in this page, one or both.

import type { Comparisons } from '../keys/comparison.ts';
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

/** One of the two, and whom he compares with. */
export interface Side {
  readonly name: string;
  readonly peer: string;
  readonly comparisons: Comparisons;
}

export class CompareDialog {
  readonly #dialog = byId('compare', HTMLDialogElement);
  readonly #screens = byId('compare-sides', HTMLElement);
  #sides: readonly Side[] = [];

  constructor() {
    byId('compare-close', HTMLButtonElement).addEventListener('click', () => this.#dialog.close());
    this.#dialog.addEventListener('close', () => this.#stop());
  }

  get isOpen(): boolean {
    return this.#sides.length > 0;
  }

  /** @param sides the first of them begins, unless the other one has */
  open(sides: readonly Side[], isBegun = false): void {
    const [first] = sides;
    if (first === undefined) return;
    this.#sides = sides;
    setText(byId('compare-title', HTMLElement), `${first.name} and ${first.peer} compare`);
    if (!isBegun) untilDestroyed(first.comparisons.begin(first.peer));
    this.update();
    this.#dialog.showModal();
  }

  update(): void {
    if (this.#sides.length === 0) return;
    const key = this.#sides.map((side) => this.#keyOf(side)).join();
    replaceKeyed(this.#screens, key, () => this.#sides.map((side) => this.#screen(side)));
  }

  /** The call is over. */
  close(): void {
    this.#dialog.close();
  }

  #keyOf({ name, peer, comparisons }: Side): string {
    const run = comparisons.with(peer);
    return `${name} ${peer} ${run?.state} ${run?.sas?.digits}`;
  }

  #screen(side: Side): HTMLElement {
    const { name, peer, comparisons } = side;
    const run = comparisons.with(peer);
    const screen = element('section', { 'data-name': name });
    screen.append(element('h3', {}, `${name}’s screen`));
    if (run?.sas === undefined) {
      const isExhausted = run === undefined && comparisons.isExhausted(peer);
      const reason = isExhausted ? 'attempts' : run?.endReason;
      const text = reason === undefined ? 'One moment…' : (endings[reason] ?? reason);
      screen.append(element('p', { class: 'verdict' }, text));
      return screen;
    }
    const emoji = run.sas.emoji.map(({ symbol, name }) =>
      element('li', {}, element('span', { class: 'symbol', 'aria-hidden': 'true' }, symbol), name),
    );
    screen.append(element('ol', { class: 'emoji' }, ...emoji));
    if (run.state === 'verified') {
      const verdict = element('p', { class: 'verdict good' }, icon('verified'));
      verdict.append(`${name} knows now that it is ${peer}.`);
      screen.append(verdict);
      return screen;
    }
    // neither is preset: that is for people to decide
    const same = element('button', { type: 'button' }, 'They are the same');
    const differ = element('button', { type: 'button' }, 'They differ');
    same.setAttribute('aria-label', `They are the same, says ${name}`);
    differ.setAttribute('aria-label', `They differ, says ${name}`);
    same.addEventListener('click', () => this.#decide(side, () => run.confirm()));
    differ.addEventListener('click', () => this.#decide(side, () => run.reject()));
    screen.append(element('div', { class: 'row' }, same, differ));
    return screen;
  }

  #decide({ comparisons }: Side, decide: () => void): void {
    decide();
    this.update();
    // the buttons are gone
    const next =
      this.#screens.querySelector<HTMLElement>('button') ?? byId('compare-close', HTMLButtonElement);
    next.focus();
    comparisons.changed();
  }

  #stop(): void {
    for (const { peer, comparisons } of this.#sides) comparisons.stop(peer);
    this.#sides = [];
    this.#screens.replaceChildren();
    delete this.#screens.dataset['key'];
  }
}
