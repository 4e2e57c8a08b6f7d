// What the server gets of one person: the same packets as everybody, and no key. Its browser shows what it can make of them.

import type { Layer } from '../call/layers.ts';
import type { Receiving } from '../call/link.ts';
import { clearKinds, type TrackFacts } from '../status/lock.ts';
import { byId, setText } from './dom.ts';

export class ServerTile implements Receiving {
  readonly name = 'the server';
  readonly #video = byId('server-video', HTMLVideoElement);
  readonly #tracks = new Map<Layer, MediaStreamTrack>();

  take(_from: string, track: MediaStreamTrack, layer: Layer): void {
    if (track.kind === 'video') this.#tracks.set(layer, track);
    const shown = this.#tracks.get('large');
    this.#video.srcObject = shown === undefined ? null : new MediaStream([shown]);
  }

  /**
   * @param sent what that person's client says that it sends
   * @param letters that the relay has carried
   */
  update(sent: readonly TrackFacts[], letters: number): void {
    const { word, sentence, isAlarm } = sent.length === 0 ? nothing : wordingOf(clearKinds(sent));
    byId('server', HTMLElement).dataset['lock'] = isAlarm ? 'clear' : 'waiting';
    setText(byId('server-lock', HTMLElement), word);
    setText(byId('server-sentence', HTMLElement), sentence);
    const { totalVideoFrames } = this.#video.getVideoPlaybackQuality();
    setText(byId('server-pictures', HTMLElement), `${this.#video.srcObject === null ? 0 : totalVideoFrames}`);
    setText(byId('server-letters', HTMLElement), `${letters}`);
  }

  clear(): void {
    this.#tracks.clear();
    this.#video.srcObject = null;
  }
}

/** Where there is no call. */
const nothing = { word: 'Nothing yet', sentence: 'Nobody sends anything.', isAlarm: false };

function wordingOf(clear: ReadonlySet<'audio' | 'video'>) {
  if (clear.has('video'))
    return {
      word: 'Sees and hears',
      sentence: 'Encryption is off: it sees Alice as well as everybody else does, and hears her.',
      isAlarm: true,
    };
  if (clear.has('audio'))
    return {
      word: 'Hears',
      sentence: 'Sound is not encrypted: it hears all that Alice says, and sees nothing of her.',
      isAlarm: true,
    };
  return {
    word: 'No keys',
    sentence:
      'It gets the same packets as everybody else. Without a key there is no picture in them: black, or noise.',
    isAlarm: false,
  };
}
