// What all pages have: the look, what is said aloud, and what nobody may overlook.

import '../../../call/src/style/base.css';
import '../../../call/src/style/tiles.css';
import '../../../call/src/style/panels.css';
import '../style/janus.css';
import { SFrameClient } from 'sframe-wasm/webrtc';
import { byId, element, replaceKeyed, setShown } from '../../../call/src/ui/dom.ts';
import { icon } from '../../../call/src/ui/icons.ts';
import { Log } from '../../../call/src/ui/log.ts';

const TITLE = document.title;

export class Shell {
  readonly log = new Log();
  readonly #banner = byId('banner', HTMLElement);
  readonly isSupported = SFrameClient.support().transform !== null;
  #turn: Promise<unknown> = Promise.resolve();

  /** A warning that stays for as long as it holds. */
  warn(headline: string | undefined, text = ''): void {
    setShown(this.#banner, headline !== undefined);
    replaceKeyed(this.#banner, `${headline} ${text}`, () =>
      headline === undefined
        ? []
        : [icon('warning'), element('p', {}, element('strong', {}, headline), ` ${text}`)],
    );
    document.title = headline === undefined ? TITLE : `⚠ ${headline} ${TITLE}`;
  }

  warnUnsupported(): void {
    this.warn(
      'This browser cannot encrypt calls.',
      'So nothing is sent at all. Use a current Chrome, Edge, Firefox or Safari.',
    );
  }

  /** One thing after the other; what fails is said. */
  do(act: () => unknown): Promise<void> {
    const done = this.#turn.then(act).then(
      () => {},
      (error: unknown) => {
        this.log.say(`That did not work: ${error instanceof Error ? error.message : error}`);
      },
    );
    this.#turn = done;
    return done;
  }

  onClick(id: string, act: () => unknown): void {
    byId(id, HTMLButtonElement).addEventListener('click', () => this.do(act));
  }
}

/** Asks for something soon to be shown: calls a function once for all who have asked meanwhile. */
export function soon(show: () => void): () => void {
  let isDue = false;
  return () => {
    if (isDue) return;
    isDue = true;
    setTimeout(() => {
      isDue = false;
      show();
    }, 30);
  };
}

/** What is chosen by radio buttons. */
export function chosen(name: string): string {
  return document.querySelector<HTMLInputElement>(`input[name="${name}"]:checked`)?.value ?? '';
}

export function choose(name: string, value: string): void {
  for (const input of document.querySelectorAll<HTMLInputElement>(`input[name="${name}"]`))
    input.checked = input.value === value;
}

export function onChoice(name: string, act: () => void): void {
  for (const input of document.querySelectorAll<HTMLInputElement>(`input[name="${name}"]`))
    input.addEventListener('change', act);
}

/** Offers something to be kept as a file. */
export function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  element('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
