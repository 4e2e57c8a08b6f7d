// The page of the EchoTest.

import { availableCodecs, type Codec } from '../../../call/src/call/codecs.ts';
import { clearKinds, lockOfView } from '../../../call/src/status/lock.ts';
import { sum } from '../../../call/src/status/rates.ts';
import { byId, element, replaceKeyed, setShown, setText } from '../../../call/src/ui/dom.ts';
import { icon } from '../../../call/src/ui/icons.ts';
import { ViewBox } from '../../../call/src/ui/view-box.ts';
import { type ShownLock, type Wording, wordings } from '../../../call/src/ui/words.ts';
import { Line } from '../janus/line.ts';
import { Media } from '../ui/media.ts';
import { choose, chosen, onChoice, Shell, soon } from '../ui/shell.ts';
import { causes, echoed, forged, signed, unsigned } from '../ui/words.ts';
import { EchoCall, type Opener, type Signing } from './call.ts';

const html = (id: string) => byId(id, HTMLElement);
const button = (id: string) => byId(id, HTMLButtonElement);

class App {
  readonly #shell = new Shell();
  readonly #view = new ViewBox('you, through Janus');
  readonly #codec = byId('codec', HTMLSelectElement);
  readonly #show = soon(() => this.#update());
  readonly #line: Line;
  #media: Media | undefined;
  #call: EchoCall | undefined;
  #isWanted = false;
  #word = '';

  constructor() {
    const shell = this.#shell;
    this.#line = new Line(shell, (session) => this.#begin(session));
    this.#codec.replaceChildren(
      ...availableCodecs().map((codec) => element('option', { value: codec }, codec)),
    );
    this.#view.element.classList.add('wide');
    html('echo-view').append(this.#view.element);
    shell.onClick('start', () => this.#start());
    shell.onClick('end', () => this.#end('The call is over.'));
    onChoice('opener', () => shell.do(() => this.#choose('opener')));
    onChoice('signing', () => shell.do(() => this.#choose('signing')));
    this.#codec.addEventListener('change', () => shell.do(() => this.#restart()));
    button('listen').addEventListener('click', () => {
      this.#view.video.muted = !this.#view.video.muted;
      this.#show();
    });
    if (!shell.isSupported) shell.warnUnsupported();
    this.#update();
  }

  async #start(): Promise<void> {
    if (!this.#shell.isSupported || this.#isWanted) return;
    this.#isWanted = true;
    this.#media = new Media('Alice');
    html('own-view').replaceChildren(this.#media.element);
    try {
      await this.#line.open();
    } catch (error) {
      await this.#end('The call could not be started.');
      throw error;
    }
    this.#shell.log.say('The call has started.');
  }

  async #begin(session: Parameters<EchoCall['start']>[0]): Promise<void> {
    this.#call?.close();
    this.#call = undefined;
    if (this.#media === undefined) return;
    const options = {
      opener: chosen('opener') as Opener,
      signing: chosen('signing') as Signing,
      codec: this.#codec.value as Codec,
    };
    this.#word = '';
    this.#call = new EchoCall(options, this.#show);
    await this.#call.start(session, this.#media);
  }

  #end(said: string): void {
    this.#isWanted = false;
    this.#call?.close();
    this.#call = undefined;
    this.#line.close();
    this.#media?.close();
    this.#media = undefined;
    this.#shell.log.say(said);
    this.#show();
  }

  /** Only others verify: what one has made oneself needs no proof. */
  async #choose(what: 'opener' | 'signing'): Promise<void> {
    if (what === 'opener' && chosen('opener') !== 'friend') choose('signing', 'off');
    if (what === 'signing' && chosen('signing') !== 'off') choose('opener', 'friend');
    await this.#restart();
  }

  async #restart(): Promise<void> {
    const { session } = this.#line;
    if (this.#call === undefined || session === undefined) return;
    await this.#begin(session);
    this.#shell.log.say('The call starts anew.');
  }

  #wording(call: EchoCall): [ShownLock | 'forged', Wording] {
    const { opener, signing } = call.options;
    if (signing !== 'off' && call.verdict === 'forged') return ['forged', forged];
    const facts = call.opening.received(call.tracks);
    const lock = lockOfView(facts, signing === 'off' ? undefined : call.verdict === 'verified');
    if (lock === 'unverified') return [lock, unsigned];
    if (lock !== 'encrypted') return [lock, wordings[lock]];
    if (signing !== 'off') return ['verified', signed];
    return [
      lock,
      opener === 'echo' ? echoed : { ...echoed, sentence: 'Your friend has your key, and opens it.' },
    ];
  }

  #update(): void {
    const call = this.#call;
    const isOn = this.#isWanted;
    setShown(button('start'), !isOn);
    setShown(button('end'), isOn);
    button('start').disabled = !this.#shell.isSupported;
    button('listen').setAttribute('aria-pressed', `${!this.#view.video.muted}`);
    if (call !== undefined) this.#warnOfPlaintext(call);
    const [lock, wording] = call === undefined ? (['idle', wordings.idle] as const) : this.#wording(call);
    html('echo').dataset['lock'] = lock;
    replaceKeyed(html('echo-lock'), wording.word, () => [icon(wording.icon), wording.word]);
    setText(html('echo-sentence'), wording.sentence);
    const tracks = call?.tracks ?? [];
    const isForged = lock === 'forged';
    this.#view.update(tracks, isForged ? 'wrong-key' : lock, wording.word, this.#cover(call, isForged));
    const sends = call?.sending.sent.some(({ isFlowing }) => isFlowing) ?? false;
    const own = sends ? wordings.encrypted : call === undefined ? wordings.idle : wordings.waiting;
    html('own').dataset['lock'] = sends ? 'encrypted' : 'idle';
    replaceKeyed(html('own-lock'), own.word, () => [icon(own.icon), own.word]);
    this.#count(call);
    if (wording.word !== this.#word && call !== undefined && lock !== 'waiting') {
      if (this.#word !== '' || lock !== 'idle') this.#shell.log.say(`What comes back: ${wording.word}.`);
      this.#word = wording.word;
    }
  }

  #warnOfPlaintext(call: EchoCall): void {
    const clear = clearKinds([...call.sending.sent, ...call.opening.received(call.tracks)]);
    const alarm = call.sending.alarm ?? call.opening.alarm;
    if (clear.size > 0) this.#shell.warn('Something is not encrypted.', 'The server can see or hear it.');
    else if (alarm !== undefined) this.#shell.warn('Attention.', alarm);
  }

  #cover(call: EchoCall | undefined, isForged: boolean): string {
    if (call === undefined) return 'Start, and it comes back';
    if (isForged) return 'Somebody else has made this: not shown';
    const [reason] = call.opening.received(call.tracks).flatMap(({ trouble }) => trouble ?? []);
    return reason === undefined ? 'Nothing has come yet' : `Cannot be opened: ${causes[reason] ?? reason}`;
  }

  #count(call: EchoCall | undefined): void {
    const { senders = [], sendingKey } = call?.sending.stats ?? {};
    const receivers = call?.opening.stats?.receivers ?? [];
    const dropped = new Map<string, number>();
    for (const receiver of receivers)
      for (const [why, count] of Object.entries(receiver.dropped))
        if (why !== 'replay') dropped.set(why, (dropped.get(why) ?? 0) + count);
    const refused = [...dropped.values()].reduce((all, count) => all + count, 0);
    const why = Array.from(dropped, ([reason, count]) => `${count}: ${causes[reason] ?? reason}`).join('; ');
    const work = Math.max(0, ...[...senders, ...receivers].map(({ cryptoP50 }) => cryptoP50));
    const texts: Record<string, string> = {
      sent: `${sum(senders, ({ frames }) => frames)}`,
      opened: `${sum(receivers, ({ frames }) => frames)}`,
      refused: `${refused}`,
      why: why || '–',
      signatures: call?.options.signing === 'off' ? 'off' : (call?.verdict ?? 'none yet'),
      work: work > 0 ? `${Math.round(work)} µs` : '–',
      key: sendingKey === undefined ? '–' : `KID ${sendingKey.kid.toString(16)}, frame ${sendingKey.ctr}`,
      codec: call?.codec || '–',
    };
    for (const [name, text] of Object.entries(texts))
      setText(html(`n-${name}`), call === undefined ? '–' : text);
  }
}

new App();
