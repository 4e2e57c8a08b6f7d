// What nobody may overlook: that something is in the clear, or cannot be encrypted; and that somebody records.

import type { Member } from '../call/member.ts';
import { ORGANISATION, RECORDER } from '../people.ts';
import { clearKinds } from '../status/lock.ts';
import { byId, element, replaceKeyed, setShown } from './dom.ts';
import { icon } from './icons.ts';
import { listed } from './words.ts';

const TITLE = document.title;

/** What can be done about it. */
type Remedy = 'protect' | 'dismiss';

interface Warning {
  readonly headline: string;
  readonly text: string;
  readonly remedy?: Remedy;
}

const remedies: Readonly<Record<Remedy, string>> = {
  protect: 'Encrypt everything again',
  dismiss: 'I have seen this',
};

const unsupported: Warning = {
  headline: 'This browser cannot encrypt calls.',
  text: 'So nothing is sent at all. Use a current Chrome, Edge, Firefox or Safari.',
};

const allClear: Warning = {
  headline: 'Encryption is off.',
  text: 'The server can see and hear everything in this call.',
  remedy: 'protect',
};

const soundClear: Warning = {
  headline: 'Sound is not encrypted.',
  text: 'The server can listen to everything that is said. Pictures are encrypted.',
  remedy: 'protect',
};

/** What is in the clear, or went wrong, as clients have it. */
function warningOf(members: readonly Member[]): Warning | undefined {
  const tracks = members.flatMap((member) => {
    const received = [...member.views.keys()].flatMap((from) => member.factsOf(from));
    return [...member.watch.sent, ...received];
  });
  const kinds = clearKinds(tracks);
  if (kinds.has('video')) return allClear;
  if (kinds.has('audio')) return soundClear;
  const alarm = members.map(({ watch }) => watch.alarm).find((text) => text !== undefined);
  return alarm === undefined ? undefined : { headline: 'Attention.', text: alarm, remedy: 'dismiss' };
}

/** Who keeps what is said, as members have it. */
function noticesOf(members: readonly Member[]): string[] {
  const recorders = new Set(members.flatMap(({ recordedBy }) => [...recordedBy]));
  const notices: string[] = [];
  if (recorders.size > 0)
    notices.push(`Recording: ${listed([...recorders])}. Everybody in the call is told.`);
  if (members.some(({ recipients }) => recipients.includes(RECORDER)))
    notices.push(`Recorded for ${ORGANISATION}, as long as its recorder is here.`);
  return notices;
}

export class Banner {
  readonly #banner = byId('banner', HTMLElement);
  readonly #recording = byId('recording', HTMLElement);
  readonly #protect: () => void;
  #members: readonly Member[] = [];

  /** @param protect encrypts everything again */
  constructor(protect: () => void) {
    this.#protect = protect;
  }

  update(members: readonly Member[], isSupported: boolean): void {
    this.#members = members;
    const warning = isSupported ? warningOf(members) : unsupported;
    setShown(this.#banner, warning !== undefined);
    replaceKeyed(this.#banner, `${warning?.headline} ${warning?.text}`, () =>
      warning === undefined ? [] : this.#parts(warning),
    );
    document.title = warning === undefined ? TITLE : `⚠ ${warning.headline} ${TITLE}`;
    const notices = noticesOf(members);
    setShown(this.#recording, notices.length > 0);
    replaceKeyed(this.#recording, notices.join(), () =>
      notices.map((notice) => element('p', {}, icon('record'), ` ${notice}`)),
    );
  }

  #parts({ headline, text, remedy }: Warning): Node[] {
    const message = element('p', {}, element('strong', {}, headline), ` ${text}`);
    if (remedy === undefined) return [icon('warning'), message];
    const button = element('button', { type: 'button' }, remedies[remedy]);
    button.addEventListener('click', () => {
      if (remedy === 'protect') this.#protect();
      else for (const { watch } of this.#members) watch.dismiss();
    });
    return [icon('warning'), message, button];
  }
}
