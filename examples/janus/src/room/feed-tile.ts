// One of the others: his picture, its lock, whether it is he, and what can be done about him.

import { type Lock, lockOfView } from '../../../call/src/status/lock.ts';
import { element, replaceKeyed, setShown, setText } from '../../../call/src/ui/dom.ts';
import { icon } from '../../../call/src/ui/icons.ts';
import { ViewBox } from '../../../call/src/ui/view-box.ts';
import { type ShownLock, troubles, wordings } from '../../../call/src/ui/words.ts';
import type { RoomCall } from './call.ts';
import type { Feed, Substream } from './feed.ts';

export interface FeedActions {
  readonly compare: (feed: Feed) => void;
  readonly remove: (feed: Feed) => void;
  readonly choose: (feed: Feed, substream: Substream) => void;
}

const sizes = ['Small', 'Medium', 'Large'];

export class FeedTile {
  readonly element: HTMLElement;
  readonly view: ViewBox;
  readonly #feed: Feed;
  readonly #lock = element('p', { class: 'lock' });
  readonly #sentence = element('p', { class: 'sentence' });
  readonly #note = element('p', { class: 'note', hidden: true });
  readonly #badge = element('span', { class: 'badge' });
  readonly #compare = element('button', { type: 'button' });
  readonly #remove = element('button', { type: 'button' }, 'Remove');
  readonly #layer = element(
    'select',
    {},
    ...sizes.map((text, i) => element('option', { value: `${i}` }, text)),
  );
  readonly #layerPart: HTMLElement;
  readonly #size = element('small', { class: 'hint' });

  constructor(feed: Feed, { compare, remove, choose }: FeedActions) {
    const name = feed.name;
    this.#feed = feed;
    this.view = new ViewBox(name);
    this.view.element.classList.add('wide');
    this.#compare.addEventListener('click', () => compare(feed));
    this.#remove.addEventListener('click', () => remove(feed));
    this.#remove.setAttribute('aria-label', `Remove ${name}`);
    this.#layer.id = `layer-${feed.id}`;
    this.#layer.value = '2';
    this.#layer.addEventListener('change', () => choose(feed, Number(this.#layer.value) as Substream));
    const label = element('label', { for: this.#layer.id }, `Size of ${name}`);
    this.#layerPart = element('span', { class: 'row' }, label, this.#layer);
    this.element = element(
      'article',
      { class: 'tile', 'data-name': name, 'data-feed': `${feed.id}`, 'aria-label': name },
      element('header', {}, element('h3', {}, name), this.#lock),
      this.view.element,
      this.#sentence,
      this.#note,
      element(
        'div',
        { class: 'foot' },
        this.#badge,
        this.#compare,
        this.#remove,
        this.#layerPart,
        this.#size,
      ),
    );
  }

  /** Returns the word of its lock. */
  update(call: RoomCall): string {
    const feed = this.#feed;
    const isVerified = call.isVerified(feed.name);
    const facts = call.watch.received(feed.tracks);
    const lock = lockOfView(facts, isVerified);
    const shown: ShownLock = lock === 'encrypted' && isVerified === true ? 'verified' : lock;
    const { icon: iconName, word } = wordings[shown];
    this.element.dataset['lock'] = shown;
    replaceKeyed(this.#lock, word, () => [icon(iconName), word]);
    setText(this.#sentence, sentenceOf(shown, feed.name));
    const troublesHere = facts.flatMap(({ trouble }) => trouble ?? []);
    this.view.update(feed.tracks, shown, word, coverOf(lock, troublesHere));
    this.#notice(call);
    const hasKeys = call.recipients.includes(feed.name);
    setShown(this.#badge, isVerified !== undefined);
    setShown(this.#compare, isVerified !== undefined);
    this.#badge.classList.toggle('good', isVerified === true);
    replaceKeyed(this.#badge, `${isVerified}`, () =>
      isVerified === true ? [icon('verified'), 'Verified'] : [icon('question'), 'Not verified'],
    );
    setText(this.#compare, isVerified === true ? 'Compare again' : 'Compare emoji');
    this.#compare.setAttribute('aria-label', `${this.#compare.textContent} with ${feed.name}`);
    this.#compare.disabled = !hasKeys;
    setShown(this.#layerPart, feed.isSimulcast);
    const { videoWidth, videoHeight } = this.view.video;
    setText(this.#size, videoWidth === 0 ? '' : `${videoWidth} × ${videoHeight}`);
    return word;
  }

  #notice(call: RoomCall): void {
    const { name } = this.#feed;
    const texts: string[] = [];
    if (call.claimsOf(name) > 1)
      texts.push(
        `More than one in this room says that he is ${name}. Keys tell: only frames of ${name} open.`,
      );
    if (call.removed.has(name)) texts.push(`${name} was removed, and gets no keys from you.`);
    setText(this.#note, texts.join(' '));
    setShown(this.#note, texts.length > 0);
  }
}

function sentenceOf(lock: ShownLock, name: string): string {
  if (lock === 'verified') return `Encrypted, and you have made sure that it is ${name}.`;
  if (lock === 'unverified') return `Encrypted. But is it ${name}? Compare emoji.`;
  if (lock === 'encrypted') return 'Encrypted: whoever knows the passphrase can watch.';
  return wordings[lock].sentence;
}

/** What is said where there is nothing to see. */
function coverOf(lock: Lock, troublesHere: readonly string[]): string {
  if (lock !== 'wrong-key' && lock !== 'no-key') return 'Nothing has come yet';
  const reason = troublesHere.find((each) => each !== 'key-id') ?? 'key-id';
  return `Cannot be opened: ${troubles[reason] ?? reason}`;
}
