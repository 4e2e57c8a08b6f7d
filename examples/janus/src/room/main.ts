// The page of the VideoRoom.

import { generatePassphrase } from 'sframe-wasm';
import { availableCodecs, type Codec } from '../../../call/src/call/codecs.ts';
import { createIdentity, type Identity } from '../../../call/src/keys/identity.ts';
import { keyName } from '../../../call/src/keys/rollout.ts';
import { clearKinds, lockOfPerson, lockOfView } from '../../../call/src/status/lock.ts';
import { CompareDialog } from '../../../call/src/ui/compare-dialog.ts';
import { byId, element, replaceKeyed, setShown, setText } from '../../../call/src/ui/dom.ts';
import { icon } from '../../../call/src/ui/icons.ts';
import { listed, wordings } from '../../../call/src/ui/words.ts';
import { Line } from '../janus/line.ts';
import type { Session } from '../janus/session.ts';
import { Media } from '../ui/media.ts';
import { chosen, download, onChoice, Shell, soon } from '../ui/shell.ts';
import { RoomCall } from './call.ts';
import type { Feed } from './feed.ts';
import { FeedTile } from './feed-tile.ts';
import { roomNumber } from './number.ts';
import { OwnTile } from './own-tile.ts';

/** Large enough for three sizes. */
const simulcastSize = { width: 960, height: 540 };

const html = (id: string) => byId(id, HTMLElement);
const button = (id: string) => byId(id, HTMLButtonElement);
const input = (id: string) => byId(id, HTMLInputElement);

class App {
  readonly #shell = new Shell();
  readonly #compare = new CompareDialog();
  readonly #codec = byId('codec', HTMLSelectElement);
  readonly #show = soon(() => this.#update());
  readonly #line: Line;
  readonly #tiles = new Map<Feed, FeedTile>();
  readonly #words = new Map<string, string>();
  #identity: Identity | undefined;
  #media: Media | undefined;
  #own: OwnTile | undefined;
  #call: RoomCall | undefined;
  #isHeard = false;

  constructor() {
    const shell = this.#shell;
    this.#line = new Line(shell, (session) => this.#enter(session));
    this.#codec.replaceChildren(
      ...availableCodecs().map((codec) => element('option', { value: codec }, codec)),
    );
    this.#readAddress();
    onChoice('scheme', () => this.#showScheme());
    input('simulcast').addEventListener('change', () => {
      if (input('simulcast').checked) this.#codec.value = 'VP8';
    });
    byId('join-form', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      void shell.do(() => this.#join());
    });
    shell.onClick('leave', () => this.#leave('You have left the room.'));
    shell.onClick('rotate', () => this.#rotate());
    shell.onClick('record', () => this.#record());
    shell.onClick('export', () => this.#export());
    button('mute').addEventListener('click', () => this.#toggleMute());
    button('listen').addEventListener('click', () => {
      this.#isHeard = !this.#isHeard;
      this.#show();
    });
    if (!shell.isSupported) shell.warnUnsupported();
    this.#showScheme();
    this.#update();
  }

  /** A link may say which room: `room.html#room=standup&name=Bob`. No passphrase: links are kept by many. */
  #readAddress(): void {
    const said = new URLSearchParams(location.hash.slice(1));
    for (const id of ['room', 'name']) input(id).value = said.get(id) ?? input(id).value;
    input('passphrase').value = generatePassphrase();
  }

  #showScheme(): void {
    const hasPassphrase = chosen('scheme') === 'passphrase';
    setShown(html('passphrase-part'), hasPassphrase);
    input('passphrase').required = hasPassphrase;
  }

  async #join(): Promise<void> {
    if (!this.#shell.isSupported || this.#call !== undefined) return;
    const name = input('name').value.trim();
    const room = input('room').value.trim();
    if (name === '' || room === '') throw new Error('a name and a room are needed');
    const isSimulcast = input('simulcast').checked;
    this.#identity ??= await createIdentity();
    const options = {
      name,
      room,
      number: await roomNumber(room),
      passphrase: chosen('scheme') === 'passphrase' ? input('passphrase').value : undefined,
      codec: this.#codec.value as Codec,
      isSimulcast,
    };
    const media = new Media(name, isSimulcast ? simulcastSize : undefined);
    this.#media = media;
    this.#own = new OwnTile(name, media.element);
    html('feeds').prepend(this.#own.element);
    this.#call = new RoomCall(options, this.#identity, {
      changed: this.#show,
      say: (text) => this.#shell.log.say(text),
      removed: () => void this.#shell.do(() => this.#wasRemoved()),
    });
    try {
      await this.#line.open();
    } catch (error) {
      await this.#leave('The room could not be entered.');
      throw error;
    }
    this.#shell.log.say(`You are in the room, as ${name}.`);
    this.#update();
    button('leave').focus();
  }

  async #enter(session: Session): Promise<void> {
    if (this.#call !== undefined && this.#media !== undefined) await this.#call.join(session, this.#media);
  }

  async #leave(said: string): Promise<void> {
    this.#compare.close();
    await this.#call?.close();
    this.#call = undefined;
    this.#line.close();
    this.#media?.close();
    this.#media = undefined;
    this.#own?.element.remove();
    this.#own = undefined;
    this.#words.clear();
    this.#shell.log.say(said);
    this.#show();
  }

  async #wasRemoved(): Promise<void> {
    if (this.#call === undefined) return;
    await this.#leave('You were removed from the room.');
    this.#shell.warn('You were removed from the room.', 'The others have changed their keys.');
  }

  async #rotate(): Promise<void> {
    await this.#call?.rotate();
    this.#shell.log.say('You have a new key.');
  }

  async #record(): Promise<void> {
    const call = this.#call;
    if (call === undefined) return;
    await call.record(!call.isRecording);
    this.#shell.log.say(
      call.isRecording ? 'Janus records. Everybody has been told.' : 'Janus does not record any more.',
    );
  }

  #export(): void {
    const call = this.#call;
    if (call === undefined) return;
    download(`keys of ${call.options.room}.json`, call.exportKeys());
    this.#shell.log.say('The keys are in a file. Whoever has it and a recording can watch it.');
  }

  #toggleMute(): void {
    const { voice } = this.#media ?? {};
    if (voice === undefined) return;
    voice.isMuted = !voice.isMuted;
    this.#call?.mute(voice.isMuted);
    this.#show();
  }

  #openComparison(feed: Feed, isBegun: boolean): void {
    const { comparisons, options } = this.#call ?? {};
    if (comparisons === undefined || options === undefined) return;
    this.#compare.open([{ name: options.name, peer: feed.name, comparisons }], isBegun);
  }

  #update(): void {
    const call = this.#call;
    const isIn = call !== undefined;
    setShown(html('door'), !isIn);
    for (const id of ['inside', 'controls', 'leave']) setShown(html(id), isIn);
    button('join').disabled = !this.#shell.isSupported;
    this.#updateTiles(call);
    this.#updateNotices(call);
    if (call === undefined) return;
    this.#updateOwn(call);
    this.#updateControls(call);
    this.#updateComparison(call);
    const { sent, opened, refused } = call.watch.rates;
    for (const [id, count] of Object.entries({ sent, opened, refused })) setText(html(`n-${id}`), `${count}`);
  }

  #updateTiles(call: RoomCall | undefined): void {
    for (const [feed, tile] of this.#tiles) {
      if (call?.feeds.get(feed.id) === feed) continue;
      tile.element.remove();
      this.#tiles.delete(feed);
    }
    if (call === undefined) return;
    for (const feed of call.feeds.values()) {
      const tile = this.#tiles.get(feed) ?? this.#addTile(call, feed);
      tile.view.video.muted = !this.#isHeard;
      this.#tell(feed.name, tile.update(call));
    }
    setShown(html('alone'), call.feeds.size === 0);
  }

  #addTile(call: RoomCall, feed: Feed): FeedTile {
    const tile = new FeedTile(feed, {
      compare: () => this.#openComparison(feed, false),
      remove: () => void this.#shell.do(() => this.#remove(call, feed)),
      choose: (_, substream) => void this.#shell.do(() => feed.choose(substream)),
    });
    tile.view.video.addEventListener('resize', this.#show);
    this.#tiles.set(feed, tile);
    html('feeds').append(tile.element);
    return tile;
  }

  async #remove(call: RoomCall, feed: Feed): Promise<void> {
    await call.remove(feed);
    this.#shell.log.say(
      call.options.passphrase === undefined
        ? `${feed.name} gets no keys any more.`
        : `${feed.name} is out of the room, but still knows the passphrase: agree on another one, and another room.`,
    );
  }

  /** A lock that has changed is said once. */
  #tell(name: string, word: string): void {
    const before = this.#words.get(name);
    this.#words.set(name, word);
    if (before !== undefined && before !== word && word !== wordings.waiting.word)
      this.#shell.log.say(`${name}: ${word}.`);
  }

  #updateOwn(call: RoomCall): void {
    const views = [...call.feeds.values()].map((feed) =>
      lockOfView(call.watch.received(feed.tracks), call.isVerified(feed.name)),
    );
    const isSending = call.watch.sent.some(({ isFlowing }) => isFlowing);
    const alone = isSending ? 'encrypted' : 'waiting';
    this.#own?.update(views.length === 0 ? alone : lockOfPerson(call.watch.sent, views), views);
  }

  #updateControls(call: RoomCall): void {
    const hasPassphrase = call.options.passphrase !== undefined;
    setText(html('recipients'), hasPassphrase ? 'whoever knows the passphrase' : listed(call.recipients));
    const { kid } = call.watch.stats?.sendingKey ?? {};
    setText(html('sending-key'), kid === undefined ? '–' : hasPassphrase ? keyName(kid) : kid.toString(16));
    button('record').disabled = !call.isModerator;
    setShown(html('record-whose'), !call.isModerator);
    button('record').setAttribute('aria-pressed', `${call.isRecording}`);
    setText(button('record'), call.isRecording ? 'End the recording' : 'Have Janus record');
    button('mute').setAttribute('aria-pressed', `${this.#media?.voice.isMuted === true}`);
    button('listen').setAttribute('aria-pressed', `${this.#isHeard}`);
    setShown(html('removed-part'), call.removed.size > 0);
    replaceKeyed(html('removed'), [...call.removed].join('\n'), () =>
      Array.from(call.removed, (name) => {
        const letIn = element('button', { type: 'button' }, 'Give keys again');
        letIn.setAttribute('aria-label', `Give ${name} keys again`);
        letIn.addEventListener('click', () => call.letIn(name));
        return element('li', {}, element('span', { class: 'who' }, name), letIn);
      }),
    );
  }

  /** Somebody wants to compare: both see the same. */
  #updateComparison(call: RoomCall): void {
    this.#compare.update();
    if (this.#compare.isOpen) return;
    for (const feed of call.feeds.values()) {
      const state = call.comparisons.with(feed.name)?.state;
      if (state !== undefined && state !== 'ended' && state !== 'verified') {
        this.#openComparison(feed, true);
        return;
      }
    }
  }

  #updateNotices(call: RoomCall | undefined): void {
    const recorders = [...(call?.recordedBy ?? [])];
    setShown(html('recording'), recorders.length > 0);
    replaceKeyed(html('recording'), recorders.join(), () =>
      recorders.length === 0
        ? []
        : [
            element(
              'p',
              {},
              icon('record'),
              ` Janus records this room, for ${listed(recorders)}. It gets ciphertext; who has the keys can open it.`,
            ),
          ],
    );
    if (call === undefined) return;
    const tracks = [...call.feeds.values()].flatMap((feed) => call.watch.received(feed.tracks));
    const clear = clearKinds([...call.watch.sent, ...tracks]);
    if (clear.size > 0) this.#shell.warn('Something is not encrypted.', 'The server can see or hear it.');
    else if (call.watch.alarm !== undefined) this.#shell.warn('Attention.', call.watch.alarm);
  }
}

new App();
