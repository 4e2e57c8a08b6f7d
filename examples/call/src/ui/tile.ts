// One person's screen: what he sees of the others, his lock, and what he can do.

import type { Layer } from '../call/layers.ts';
import type { Member } from '../call/member.ts';
import { clearKinds, type Lock } from '../status/lock.ts';
import { TileDetails } from './details.ts';
import { element, replaceKeyed, setShown, setText } from './dom.ts';
import { type IconName, icon } from './icons.ts';
import { TrustList } from './trust-list.ts';
import { ViewBox } from './view-box.ts';
import { listed, type ShownLock, soundInTheClear, troubles, type Wording, wordings } from './words.ts';

/** What a person can be asked to do. */
export type TileAction = 'mute' | 'camera' | 'blur' | 'record' | 'listen';

export interface TileHandlers {
  readonly toggle: (action: TileAction) => void;
  readonly usePassphrase: (passphrase: string) => void;
  readonly compareWith: (other: string) => void;
}

/** What a tile shows beside what the member tells. */
export interface TileState {
  readonly layer: Layer;
  readonly isSupported: boolean;
  readonly hasPassphrase: boolean;
  /** Who only receives. */
  readonly guests: readonly string[];
}

const actions: readonly [TileAction, IconName, string][] = [
  ['mute', 'microphone', 'Mute'],
  ['camera', 'camera', 'Camera off'],
  ['blur', 'blur', 'Blur'],
  ['record', 'record', 'Record here'],
  ['listen', 'sound', 'Listen'],
];

export class Tile {
  readonly element: HTMLElement;
  readonly passphrase: HTMLInputElement;
  /** What is switched on. */
  readonly pressed = new Set<TileAction>();
  readonly #name: string;
  readonly #boxes: ReadonlyMap<string, ViewBox>;
  readonly #lock = element('p', { class: 'lock' });
  readonly #sentence = element('p', { class: 'sentence' });
  readonly #notice = element('p', { class: 'recorded', hidden: true });
  readonly #buttons = new Map<TileAction, HTMLButtonElement>();
  readonly #passphraseForm: HTMLFormElement;
  readonly #trust: TrustList;
  readonly #details = new TileDetails();

  constructor(name: string, others: readonly string[], picture: MediaStreamTrack, handlers: TileHandlers) {
    this.#name = name;
    this.#boxes = new Map(others.map((other) => [other, new ViewBox(other)]));
    this.#trust = new TrustList(name, handlers.compareWith);
    const own = element('video', { class: 'own', autoplay: true, playsinline: true, tabindex: '-1' });
    own.muted = true;
    own.setAttribute('aria-label', `${name}’s own picture`);
    own.srcObject = new MediaStream([picture]);
    this.passphrase = element('input', {
      id: `passphrase-${name}`,
      type: 'text',
      autocomplete: 'off',
      spellcheck: 'false',
      minlength: '8',
      required: true,
      'aria-describedby': `passphrase-hint-${name}`,
    });
    this.#passphraseForm = this.#createPassphraseForm(handlers.usePassphrase);
    this.element = element(
      'article',
      { class: 'tile', 'data-name': name, 'aria-label': `${name}’s screen` },
      element('header', {}, element('h3', {}, name), this.#lock),
      this.#sentence,
      this.#notice,
      element('div', { class: 'views' }, ...Array.from(this.#boxes.values(), (box) => box.element)),
      element('div', { class: 'own-row' }, own, this.#createToolbar(handlers.toggle)),
      this.#passphraseForm,
      this.#trust.element,
      this.#details.element,
    );
  }

  /** Whether what he hears is played. */
  set isHeard(isHeard: boolean) {
    for (const { video } of this.#boxes.values()) video.muted = !isHeard;
  }

  /**
   * @param member undefined: there is no call
   * @returns what is shown of him
   */
  update(member: Member | undefined, state: TileState): ShownLock {
    const lock = this.#shownLock(member, state);
    const { icon: name, word, sentence } = this.#wordingOf(lock, member);
    this.element.dataset['lock'] = lock;
    replaceKeyed(this.#lock, word, () => [icon(name), word]);
    setText(this.#sentence, sentence);
    const recorders = [...(member?.recordedBy ?? [])];
    setShown(this.#notice, recorders.length > 0);
    setText(this.#notice, `${listed(recorders)} ${recorders.length > 1 ? 'are' : 'is'} recording this call.`);
    for (const [other, box] of this.#boxes) this.#updateBox(box, other, lock, member, state);
    for (const [action, button] of this.#buttons) {
      button.setAttribute('aria-pressed', `${this.pressed.has(action)}`);
      button.disabled = member === undefined && (action === 'record' || action === 'listen');
    }
    setShown(this.#passphraseForm, state.hasPassphrase);
    setShown(this.#trust.element, !state.hasPassphrase && member !== undefined);
    if (member !== undefined) this.#trust.update(member, [...this.#boxes.keys(), ...state.guests]);
    this.#details.update(member);
    return lock;
  }

  #shownLock(member: Member | undefined, { isSupported, hasPassphrase }: TileState): ShownLock {
    if (!isSupported) return 'unsupported';
    if (member === undefined) return 'idle';
    const { lock } = member;
    if (lock !== 'encrypted' || hasPassphrase) return lock;
    const others = [...this.#boxes.keys()];
    return others.every((other) => member.comparisons.isVerified(other)) ? 'verified' : lock;
  }

  #wordingOf(lock: ShownLock, member: Member | undefined): Wording {
    if (lock !== 'clear' || member === undefined) return wordings[lock];
    const received = [...this.#boxes.keys()].flatMap((other) => member.factsOf(other));
    return clearKinds([...member.watch.sent, ...received]).has('video') ? wordings.clear : soundInTheClear;
  }

  #updateBox(
    box: ViewBox,
    other: string,
    own: ShownLock,
    member: Member | undefined,
    { layer, hasPassphrase }: TileState,
  ): void {
    if (member === undefined) {
      box.update([], own, '', wordings[own].word);
      return;
    }
    const lock = member.lockOf(other);
    const shown = lock === 'encrypted' && !hasPassphrase ? 'verified' : lock;
    const isSoundOnly = lock === 'clear' && !clearKinds(member.factsOf(other)).has('video');
    const { word } = isSoundOnly ? soundInTheClear : wordings[shown];
    const tracks = [member.pictureOf(other, layer), member.views.get(other)?.audio];
    box.update(tracks, shown, word, coverOf(member, other, lock));
  }

  #createToolbar(toggle: TileHandlers['toggle']): HTMLElement {
    const label = `What ${this.#name} can do`;
    const toolbar = element('div', { class: 'tools', role: 'group', 'aria-label': label });
    for (const [action, iconName, text] of actions) {
      const button = element('button', { type: 'button', 'aria-pressed': 'false' }, icon(iconName), text);
      button.setAttribute('aria-label', `${text}, ${this.#name}`);
      button.setAttribute('aria-describedby', `about-${action}`);
      button.addEventListener('click', () => toggle(action));
      this.#buttons.set(action, button);
      toolbar.append(button);
    }
    return toolbar;
  }

  #createPassphraseForm(use: TileHandlers['usePassphrase']): HTMLFormElement {
    const hint = `passphrase-hint-${this.#name}`;
    const form = element(
      'form',
      { class: 'passphrase' },
      element('label', { for: this.passphrase.id }, `Passphrase that ${this.#name} types`),
      element('div', { class: 'row' }, this.passphrase, element('button', { type: 'submit' }, 'Use')),
      element('p', { class: 'hint', id: hint }, 'Change a letter, and the others’ pictures stay shut.'),
    );
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      use(this.passphrase.value);
    });
    return form;
  }
}

/** What is said where there is nothing to see. */
function coverOf(member: Member, other: string, lock: Lock): string {
  if (lock !== 'wrong-key' && lock !== 'no-key') return 'Nothing has come yet';
  const reasons = member.factsOf(other).flatMap(({ trouble }) => trouble ?? []);
  const reason = reasons.find((each) => each !== 'key-id') ?? 'key-id';
  return `Cannot be opened: ${troubles[reason] ?? reason}`;
}
