// The page of Record & Play.

import { availableCodecs, type Codec } from '../../../call/src/call/codecs.ts';
import { clearKinds, lockOfView } from '../../../call/src/status/lock.ts';
import { byId, element, replaceKeyed, setShown, setText } from '../../../call/src/ui/dom.ts';
import { icon } from '../../../call/src/ui/icons.ts';
import { ViewBox } from '../../../call/src/ui/view-box.ts';
import { troubles, wordings } from '../../../call/src/ui/words.ts';
import { Line } from '../janus/line.ts';
import type { Session } from '../janus/session.ts';
import { Media } from '../ui/media.ts';
import { download, Shell, soon } from '../ui/shell.ts';
import { drawKey, KID, readKey, writeKey } from './key.ts';
import { listRecordings, Player } from './player.ts';
import { cipherSuite, Recorder } from './recorder.ts';

const html = (id: string) => byId(id, HTMLElement);
const button = (id: string) => byId(id, HTMLButtonElement);
const input = (id: string) => byId(id, HTMLInputElement);

class App {
  readonly #shell = new Shell();
  readonly #view = new ViewBox('the recording');
  readonly #codec = byId('codec', HTMLSelectElement);
  readonly #choice = byId('recordings', HTMLSelectElement);
  readonly #show = soon(() => this.#update());
  readonly #line: Line;
  #media: Media | undefined;
  #recorder: Recorder | undefined;
  #player: Player | undefined;
  /** The key of the last recording, as it is shown, and what that is called. */
  #made: { readonly key: string; readonly title: string } | undefined;
  #word = '';

  constructor() {
    const shell = this.#shell;
    this.#line = new Line(shell, async (session) => {
      this.#interrupt();
      await this.#list(session);
    });
    this.#codec.replaceChildren(
      ...availableCodecs().map((codec) => element('option', { value: codec }, codec)),
    );
    this.#view.element.classList.add('wide');
    html('player-view').append(this.#view.element);
    shell.onClick('record', () => this.#record());
    shell.onClick('stop', () => this.#stopRecording());
    shell.onClick('refresh', () => this.#refresh());
    shell.onClick('halt', () => this.#halt('Playing has ended.'));
    shell.onClick('export', () => this.#export());
    byId('play-form', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      void shell.do(() => this.#play());
    });
    input('play-key').addEventListener('input', () => this.#checkKey());
    button('listen').addEventListener('click', () => {
      this.#view.video.muted = !this.#view.video.muted;
      this.#show();
    });
    if (shell.isSupported) void shell.do(() => this.#line.open());
    else shell.warnUnsupported();
    this.#update();
  }

  /** Returns how many there are. */
  async #list(session: Session): Promise<number> {
    const chosen = this.#choice.value;
    const all = await listRecordings(session);
    const none = element('option', { value: '', disabled: true }, 'None yet');
    const options = all.map(({ id, name, date }) =>
      element('option', { value: `${id}` }, `${name}, ${date}`),
    );
    this.#choice.replaceChildren(...(options.length > 0 ? options : [none]));
    if (all.some(({ id }) => `${id}` === chosen)) this.#choice.value = chosen;
    this.#show();
    return all.length;
  }

  async #refresh(): Promise<void> {
    const count = await this.#list(this.#session());
    this.#shell.log.say(`Recordings: ${count}.`);
  }

  /** This is another session: Janus has stopped what it was doing in the last one. */
  #interrupt(): void {
    if (this.#recorder === undefined && this.#player === undefined) return;
    this.#closeRecorder();
    this.#closePlayer();
    this.#shell.log.say('Recording and playing were interrupted.');
  }

  async #record(): Promise<void> {
    if (this.#recorder !== undefined) return;
    const session = this.#session();
    const title = input('title').value.trim() || 'Recording';
    const key = drawKey();
    this.#media = new Media('Alice');
    html('own-view').replaceChildren(this.#media.element);
    this.#recorder = new Recorder(this.#show);
    this.#made = { key: writeKey(key), title };
    try {
      await this.#recorder.start(session, this.#media, title, this.#codec.value as Codec, key);
    } catch (error) {
      this.#made = undefined;
      this.#closeRecorder();
      throw error;
    } finally {
      key.fill(0);
    }
    this.#shell.log.say('Janus records, and gets nothing but ciphertext.');
    this.#update();
    button('stop').focus();
  }

  async #stopRecording(): Promise<void> {
    await this.#recorder?.stop();
    this.#closeRecorder();
    this.#shell.log.say('The recording is finished. Keep its key.');
    await this.#list(this.#session());
    this.#update();
    button('record').focus();
  }

  async #play(): Promise<void> {
    const key = this.#checkKey();
    const id = Number(this.#choice.value);
    if (key === undefined || this.#choice.value === '') return;
    this.#closePlayer();
    this.#word = '';
    this.#player = new Player(this.#show);
    try {
      await this.#player.start(this.#session(), id, key);
    } catch (error) {
      this.#closePlayer();
      throw error;
    } finally {
      key.fill(0);
    }
    this.#shell.log.say('Playing.');
  }

  #halt(said: string): void {
    this.#closePlayer();
    this.#shell.log.say(said);
  }

  /** Says so at the field where it is none. */
  #checkKey(): ReturnType<typeof readKey> {
    const field = input('play-key');
    const key = readKey(field.value);
    const isWrong = key === undefined && field.value !== '';
    field.setCustomValidity(isWrong ? 'A key has eight groups of four digits, 0 to 9 and a to f.' : '');
    return key;
  }

  #export(): void {
    const { key, title } = this.#made ?? {};
    const bytes = key === undefined ? undefined : readKey(key);
    if (bytes === undefined) return;
    const baseKey = btoa(String.fromCharCode(...bytes));
    const participants = [{ participant: title, keys: [{ kid: `${KID}`, baseKey }] }];
    download(`key of ${title}.json`, JSON.stringify({ version: 1, cipherSuite, participants }, null, 2));
  }

  #session(): Session {
    const { session } = this.#line;
    if (session === undefined) throw new Error('there is no connection to Janus');
    return session;
  }

  #closeRecorder(): void {
    this.#recorder?.close();
    this.#recorder = undefined;
    this.#media?.close();
    this.#media = undefined;
    this.#show();
  }

  #closePlayer(): void {
    this.#player?.close();
    this.#player = undefined;
    this.#show();
  }

  #update(): void {
    const { isSupported } = this.#shell;
    const isRecording = this.#recorder !== undefined;
    setShown(button('record'), !isRecording);
    setShown(button('stop'), isRecording);
    button('record').disabled = !isSupported;
    button('play').disabled = !isSupported || this.#choice.value === '';
    setShown(button('halt'), this.#player !== undefined);
    button('listen').setAttribute('aria-pressed', `${!this.#view.video.muted}`);
    setShown(html('key-part'), this.#made !== undefined);
    setText(html('key'), this.#made?.key ?? '');
    this.#updateRecorder();
    this.#updatePlayer();
  }

  #updateRecorder(): void {
    const { watch } = this.#recorder ?? {};
    const flows = watch?.sent.some(({ isFlowing }) => isFlowing) ?? false;
    const isClear = watch !== undefined && clearKinds(watch.sent).size > 0;
    if (isClear) this.#shell.warn('Something is not encrypted.', 'The server can see or hear it.');
    const lock = watch === undefined ? 'idle' : isClear ? 'clear' : flows ? 'encrypted' : 'waiting';
    const word = lock === 'idle' ? 'Not recording' : wordings[lock].word;
    html('recorder').dataset['lock'] = lock;
    replaceKeyed(html('recorder-lock'), word, () => [icon(wordings[lock].icon), word]);
  }

  #updatePlayer(): void {
    const player = this.#player;
    const facts = player?.watch.received(player.tracks) ?? [];
    const lock = player === undefined ? 'idle' : player.isOver ? 'waiting' : lockOfView(facts, undefined);
    const { icon: name, word: usual } = wordings[lock];
    const word = player === undefined ? 'Not playing' : player.isOver ? 'Over' : usual;
    html('player').dataset['lock'] = lock;
    replaceKeyed(html('player-lock'), word, () => [icon(name), word]);
    setText(html('player-sentence'), this.#sentence(lock));
    const [trouble] = facts.flatMap((each) => each.trouble ?? []);
    const cover =
      trouble === undefined ? 'Nothing to see yet' : `Cannot be opened: ${troubles[trouble] ?? trouble}`;
    this.#view.update(player?.tracks ?? [], lock, word, player?.isOver ? 'The recording is over' : cover);
    if (player !== undefined && word !== this.#word && lock !== 'waiting') {
      this.#shell.log.say(`The recording: ${word}.`);
      this.#word = word;
    }
  }

  #sentence(lock: string): string {
    const player = this.#player;
    if (player === undefined) return 'Type the key that was shown when it was recorded.';
    const { opened, refused } = player.counts;
    if (player.isOver) return `${opened} frames were opened, ${refused} were not.`;
    if (lock === 'wrong-key') return 'Janus plays it, and this key does not fit: nothing is shown.';
    return lock === 'encrypted'
      ? `Opened with this key: ${opened} frames so far.`
      : wordings.waiting.sentence;
  }
}

new App();
