// What users can do goes to the call from here; what the call says is shown by the page.

import { type CipherSuite, generatePassphrase } from 'sframe-wasm';
import { SFrameClient } from 'sframe-wasm/webrtc';
import { Call } from './call/call.ts';
import type { Codec } from './call/codecs.ts';
import type { Protection } from './call/protection.ts';
import { Crew } from './crew.ts';
import { people, RECORDER } from './people.ts';
import { Recordings } from './recordings.ts';
import { byId } from './ui/dom.ts';
import { Page } from './ui/page.ts';
import { Settings } from './ui/settings.ts';
import type { TileAction } from './ui/tile.ts';

/** Whose camera it may be, and whom the server listens to. */
const FIRST = people[0]?.name ?? '';
/** Whom the others can shut out. */
const LAST = people.at(-1)?.name ?? '';

const TICK_MS = 1000;
const SHOW_MS = 30;

export class App {
  readonly #settings = new Settings();
  readonly #crew = new Crew();
  readonly #recordings = new Recordings();
  readonly #page: Page;
  readonly #isSupported = SFrameClient.support().transform !== null;
  #call: Call | undefined;
  #isLastOut = false;
  #isDue = false;
  #turn: Promise<unknown> = Promise.resolve();

  constructor() {
    this.#page = new Page(this.#settings, this.#crew, {
      toggle: (name, action) => this.#toggle(name, action),
      usePassphrase: (name, passphrase) => this.#do(() => this.#usePassphrase(name, passphrase)),
      compare: (name, other) => this.#compare(name, other),
      protect: (protection) => this.#protect(protection),
    });
    this.#bindControls();
    this.#setPassphrase();
    this.#changed();
    setInterval(() => {
      if (this.#call !== undefined) this.#page.tick(this.#call);
      this.#changed();
    }, TICK_MS);
  }

  #bindControls(): void {
    const { codec, suite, simulcast, quality, picture, sound } = this.#settings;
    const onClick = (id: string, act: () => unknown) =>
      byId(id, HTMLButtonElement).addEventListener('click', () => this.#do(act));
    const onChange = (control: HTMLElement, act: () => unknown) =>
      control.addEventListener('change', () => this.#do(act));
    onClick('start', () => this.#start());
    onClick('end', () => this.#end('The call is over.'));
    onClick('new-passphrase', () => this.#newPassphrase());
    onClick('rotate', () => this.#rotate());
    onClick('ratchet', () => this.#ratchet());
    onClick('shut-out', () => this.#shutOut());
    onClick('recorder', () => this.#toggleRecorder());
    this.#settings.onRadio('scheme', () => this.#do(() => this.#restart()));
    this.#settings.onRadio('protection', () => this.#protect(this.#settings.protection));
    onChange(codec, () => this.#setCodec());
    onChange(suite, () => this.#restart());
    onChange(simulcast, () => this.#restart());
    onChange(quality, () => {});
    onChange(picture, () => this.#choosePicture());
    onChange(sound, () => this.#chooseSound());
  }

  /** One thing after the other; what fails is said. */
  #do(act: () => unknown): void {
    const done = this.#turn.then(act).catch((error: unknown) => {
      this.#page.log.say(`That did not work: ${error instanceof Error ? error.message : error}`);
    });
    this.#turn = done.then(() => this.#changed());
  }

  async #start(): Promise<void> {
    if (!this.#isSupported || this.#call !== undefined) return;
    const { scheme, codec, suite, simulcast, protection } = this.#settings;
    if (scheme === 'passphrase' && !this.#page.checkPassphrases()) return;
    const options = {
      passphrases: scheme === 'passphrase' ? this.#page.passphrases : undefined,
      codec: codec.value as Codec,
      cipherSuite: suite.value as CipherSuite,
      isSimulcast: simulcast.checked,
      protection,
    };
    const call = new Call(options, () => this.#changed());
    this.#call = call;
    this.#isLastOut = false;
    this.#changed();
    try {
      await call.start(await this.#crew.participants());
      await call.tap(FIRST, this.#page.server);
    } catch (error) {
      await this.#end('The call could not be started.');
      throw error;
    }
    this.#page.log.say('The call has started.');
  }

  async #end(said: string): Promise<void> {
    await this.#recordings.stopAll();
    this.#call?.end();
    this.#call = undefined;
    this.#page.clear();
    this.#page.log.say(said);
  }

  /** What is chosen holds for a whole call: so there is another. */
  async #restart(): Promise<void> {
    if (this.#call === undefined) return;
    await this.#end('The call starts anew.');
    await this.#start();
  }

  async #rotate(): Promise<void> {
    await this.#call?.rotate();
    this.#page.log.say('Everybody has a new key.');
  }

  async #ratchet(): Promise<void> {
    await this.#call?.ratchet();
    this.#page.log.say('Everybody’s key has moved one step on.');
  }

  #setPassphrase(): void {
    const passphrase = generatePassphrase();
    this.#settings.passphrase.value = passphrase;
    this.#page.setPassphrase(passphrase);
  }

  async #newPassphrase(): Promise<void> {
    this.#setPassphrase();
    const members = [...(this.#call?.members.values() ?? [])];
    await Promise.all(members.map((member) => member.enter(this.#page.passphrases.get(member.name))));
    this.#page.log.say('There is a new passphrase, and everybody has typed it.');
  }

  async #usePassphrase(name: string, passphrase: string): Promise<void> {
    const member = this.#call?.members.get(name);
    if (member === undefined) return;
    await member.enter(passphrase);
    this.#page.log.say(`${name} has typed a passphrase.`);
  }

  async #setCodec(): Promise<void> {
    const { codec } = this.#settings;
    await this.#call?.setCodec(codec.value as Codec);
    this.#page.log.say(`Pictures are sent as ${codec.selectedOptions[0]?.textContent}.`);
  }

  #protect(protection: Protection): void {
    this.#settings.protection = protection;
    this.#do(() => this.#call?.setProtection(protection));
  }

  async #shutOut(): Promise<void> {
    if (this.#call === undefined) return;
    this.#isLastOut = !this.#isLastOut;
    this.#call.admit(LAST, !this.#isLastOut);
    if (!this.#isLastOut) await this.#call.members.get(LAST)?.enter(); // she calls again
    this.#page.log.say(this.#isLastOut ? `${LAST} gets no keys any more.` : `${LAST} may come in again.`);
  }

  async #toggleRecorder(): Promise<void> {
    const call = this.#call;
    if (call === undefined) return;
    if (call.members.has(RECORDER)) {
      call.leave(RECORDER);
      this.#page.removeRecorder();
      this.#page.log.say('The recorder has left.');
      return;
    }
    const identity = await this.#crew.identityOf(RECORDER);
    // its fingerprint is public, and everybody has looked it up
    for (const { name } of people) {
      const { book } = await this.#crew.identityOf(name);
      book.markVerified(RECORDER, identity.publicKey);
    }
    this.#page.addRecorder(identity.publicKey);
    await call.join(RECORDER, identity);
    this.#page.log.say('The recorder has come: from now on it can open what is sent.');
  }

  async #choosePicture(): Promise<void> {
    const { picture } = this.#settings;
    try {
      if (picture.value === 'camera') await this.#crew.pictureOf(FIRST).useCamera();
      else this.#crew.pictureOf(FIRST).useDrawing();
    } catch (error) {
      picture.value = 'drawing';
      throw error;
    }
  }

  async #chooseSound(): Promise<void> {
    const { sound } = this.#settings;
    const voice = this.#crew.voiceOf(FIRST);
    try {
      if (sound.value === 'microphone') await voice.useMicrophone();
      else voice.useTone();
    } catch (error) {
      sound.value = 'tone';
      throw error;
    }
    await this.#call?.replaceAudio(FIRST, voice.track);
  }

  #toggle(name: string, action: TileAction): void {
    const isOn = this.#page.toggle(name, action);
    if (action === 'mute') this.#crew.mute(name, isOn);
    if (action === 'camera') this.#crew.pictureOf(name).track.enabled = !isOn;
    if (action === 'blur') this.#crew.pictureOf(name).isBlurred = isOn;
    if (action === 'record') this.#do(() => this.#record(name, isOn));
    this.#changed();
  }

  async #record(name: string, isOn: boolean): Promise<void> {
    const member = this.#call?.members.get(name);
    if (member === undefined) return;
    const { relay } = this.#call ?? {};
    relay?.broadcast(name, { kind: 'recording', isOn }); // before anything is kept
    try {
      if (isOn) this.#recordings.start(member, this.#settings.layer);
      else await this.#recordings.stop(name);
    } catch (error) {
      relay?.broadcast(name, { kind: 'recording', isOn: false });
      this.#page.toggle(name, 'record');
      throw error;
    }
    this.#page.log.say(
      isOn ? `${name} is recording. Everybody has been told.` : `${name} has stopped recording.`,
    );
  }

  #compare(name: string, other: string): void {
    const [one, two] = [name, other].map((each) => this.#call?.members.get(each));
    if (one === undefined || two === undefined) return;
    this.#page.compare.open([
      { name, peer: other, comparisons: one.comparisons },
      { name: other, peer: name, comparisons: two.comparisons },
    ]);
  }

  /** Something is to be shown, soon. */
  #changed(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    setTimeout(() => {
      this.#isDue = false;
      this.#page.show({
        call: this.#call,
        isSupported: this.#isSupported,
        isLastOut: this.#isLastOut,
        recorded: this.#recordings.finished,
      });
    }, SHOW_MS);
  }
}
