// All that is on the page: shows a call as it is.

import type { Call } from '../call/call.ts';
import type { Protection } from '../call/protection.ts';
import type { Crew } from '../crew.ts';
import { people, RECORDER } from '../people.ts';
import type { Finished } from '../recordings.ts';
import type { Rates } from '../status/rates.ts';
import { Banner } from './banner.ts';
import { Chart } from './chart.ts';
import { CompareDialog } from './compare-dialog.ts';
import { byId, element, replaceKeyed, setShown, setText } from './dom.ts';
import { Log } from './log.ts';
import { Numbers } from './numbers.ts';
import { RecorderTile } from './recorder-tile.ts';
import { ServerTile } from './server-tile.ts';
import type { Settings } from './settings.ts';
import { Tile, type TileAction } from './tile.ts';
import { listed, type ShownLock, wordings } from './words.ts';

export interface PageHandlers {
  readonly toggle: (name: string, action: TileAction) => void;
  readonly usePassphrase: (name: string, passphrase: string) => void;
  readonly compare: (name: string, other: string) => void;
  readonly protect: (protection: Protection) => void;
}

/** What is to be shown. */
export interface Shown {
  readonly call: Call | undefined;
  readonly isSupported: boolean;
  readonly isLastOut: boolean;
  readonly recorded: readonly Finished[];
}

const names = people.map(({ name }) => name);
const [FIRST = '', LAST = ''] = [names[0], names.at(-1)];

const button = (id: string) => byId(id, HTMLButtonElement);

export class Page {
  readonly log = new Log();
  readonly server = new ServerTile();
  readonly compare = new CompareDialog();
  readonly #settings: Settings;
  readonly #banner: Banner;
  readonly #chart = new Chart();
  readonly #numbers = new Numbers();
  readonly #tiles = new Map<string, Tile>();
  readonly #locks = new Map<string, ShownLock>();
  #recorder: RecorderTile | undefined;

  constructor(settings: Settings, crew: Crew, handlers: PageHandlers) {
    this.#settings = settings;
    this.#banner = new Banner(() => {
      handlers.protect('everything');
      settings.focusProtection();
    });
    for (const name of names) {
      const others = names.filter((other) => other !== name);
      const tile = new Tile(name, others, crew.pictureOf(name).track, {
        toggle: (action) => handlers.toggle(name, action),
        usePassphrase: (passphrase) => handlers.usePassphrase(name, passphrase),
        compareWith: (other) => handlers.compare(name, other),
      });
      this.#tiles.set(name, tile);
      byId('people', HTMLElement).append(tile.element);
    }
  }

  /** What people have typed. */
  get passphrases(): ReadonlyMap<string, string> {
    return new Map(Array.from(this.#tiles, ([name, { passphrase }]) => [name, passphrase.value]));
  }

  /** Whether they are passphrases at all; says so where not. */
  checkPassphrases(): boolean {
    return [...this.#tiles.values()].every(({ passphrase }) => passphrase.reportValidity());
  }

  setPassphrase(passphrase: string): void {
    for (const tile of this.#tiles.values()) tile.passphrase.value = passphrase;
  }

  /** Switches something on or off; returns whether it is on now. */
  toggle(name: string, action: TileAction): boolean {
    const tile = this.#tiles.get(name);
    const isOn = tile !== undefined && !tile.pressed.has(action);
    if (isOn) tile.pressed.add(action);
    else tile?.pressed.delete(action);
    if (action === 'listen') this.#listen(name, isOn);
    return isOn;
  }

  addRecorder(identityKey: Uint8Array): void {
    this.#recorder = new RecorderTile(names, identityKey);
    byId('guests', HTMLElement).prepend(this.#recorder.element);
  }

  removeRecorder(): void {
    this.#recorder?.element.remove();
    this.#recorder = undefined;
  }

  /** A second has passed. */
  tick({ members }: Call): void {
    const rates = Array.from(members.values(), ({ watch }) => watch.rates);
    const sum = (name: keyof Rates) => rates.reduce((total, rate) => total + rate[name], 0);
    this.#chart.push({
      sent: sum('sent'),
      opened: sum('opened'),
      refused: sum('refused'),
      plain: sum('plain'),
    });
  }

  /** The call is over. */
  clear(): void {
    this.compare.close();
    this.removeRecorder();
    this.server.clear();
    this.#chart.clear();
    this.#numbers.clear();
    for (const { pressed } of this.#tiles.values())
      for (const action of ['record', 'listen'] as const) pressed.delete(action);
    this.#listen('', false);
  }

  show({ call, isSupported, isLastOut, recorded }: Shown): void {
    const members = [...(call?.members.values() ?? [])];
    const hasPassphrase = this.#settings.scheme === 'passphrase';
    const { layer } = this.#settings;
    const guests = this.#recorder === undefined ? [] : [RECORDER];
    for (const [name, tile] of this.#tiles)
      this.#tell(name, tile.update(call?.members.get(name), { layer, isSupported, hasPassphrase, guests }));
    const recorder = call?.members.get(RECORDER);
    if (recorder !== undefined) this.#recorder?.update(recorder, layer);
    this.#banner.update(members, isSupported);
    this.#numbers.update(members);
    this.server.update(call?.members.get(FIRST)?.watch.sent ?? [], call?.relay.letters ?? 0);
    this.compare.update();
    this.#showRecorded(recorded);
    this.#enableControls(call, isSupported, hasPassphrase);
    setText(button('shut-out'), isLastOut ? `Let ${LAST} in again` : `Shut ${LAST} out`);
  }

  /** One screen at a time is heard. */
  #listen(name: string, isOn: boolean): void {
    for (const [other, tile] of this.#tiles) {
      tile.isHeard = other === name && isOn;
      if (other !== name) tile.pressed.delete('listen');
    }
  }

  /** A lock that has changed is said once. */
  #tell(name: string, lock: ShownLock): void {
    const before = this.#locks.get(name);
    this.#locks.set(name, lock);
    const isNews = before !== undefined && before !== lock && lock !== 'idle' && lock !== 'waiting';
    if (isNews) this.log.say(`${name}: ${wordings[lock].word}.`);
  }

  #showRecorded(recorded: readonly Finished[]): void {
    setShown(byId('recorded', HTMLElement), recorded.length > 0);
    replaceKeyed(byId('downloads', HTMLElement), recorded.map(({ url }) => url).join(), () =>
      recorded.map(({ by, of, url, fileName, size }) => {
        const text = `${of}, as ${by} saw it (${Math.max(1, Math.round(size / 1000))} KB)`;
        return element('li', {}, element('a', { href: url, download: fileName }, text));
      }),
    );
  }

  #enableControls(call: Call | undefined, isSupported: boolean, hasPassphrase: boolean): void {
    const inCall = call !== undefined;
    const [shown, other] = inCall ? ['end', 'start'] : ['start', 'end'];
    const hadFocus = document.activeElement === button(other);
    setShown(button(shown), true);
    setShown(button(other), false);
    if (hadFocus) button(shown).focus();
    button('start').disabled = !isSupported;
    for (const id of ['rotate', 'ratchet']) button(id).disabled = !inCall;
    for (const id of ['shut-out', 'recorder']) button(id).disabled = !inCall || hasPassphrase;
    setText(
      button('recorder'),
      this.#recorder === undefined ? 'Let the recorder in' : 'Send the recorder away',
    );
    setShown(byId('passphrase-part', HTMLElement), hasPassphrase);
    this.#settings.quality.disabled = !this.#settings.simulcast.checked;
    const recipients = listed(call?.members.get(FIRST)?.recipients ?? []);
    const whom = hasPassphrase ? 'whoever knows the passphrase' : recipients;
    setText(byId('recipients', HTMLElement), inCall ? whom : 'nobody');
  }
}
