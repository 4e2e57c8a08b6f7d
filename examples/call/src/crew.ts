// What people bring along, and keep from call to call: a picture, a voice, and who they are.

import type { Participant } from './call/call.ts';
import { createIdentity, type Identity } from './keys/identity.ts';
import { Picture } from './media/picture.ts';
import { Voice } from './media/voice.ts';
import { people } from './people.ts';

export class Crew {
  readonly #pictures = new Map(people.map(({ name, look }) => [name, new Picture(look)]));
  readonly #voices = new Map<string, Voice>();
  readonly #identities = new Map<string, Identity>();
  readonly #muted = new Set<string>();

  pictureOf(name: string): Picture {
    const picture = this.#pictures.get(name);
    if (picture === undefined) throw new Error(`nobody is called ${name}`);
    return picture;
  }

  /** Not before the user has clicked something: browsers forbid sound until then. */
  voiceOf(name: string): Voice {
    const known = this.#voices.get(name);
    if (known !== undefined) return known;
    const voice = new Voice(people.find((person) => person.name === name)?.frequency ?? 0);
    this.#voices.set(name, voice);
    voice.isMuted = this.#muted.has(name);
    return voice;
  }

  async identityOf(name: string): Promise<Identity> {
    const identity = this.#identities.get(name) ?? (await createIdentity());
    this.#identities.set(name, identity);
    return identity;
  }

  mute(name: string, isMuted: boolean): void {
    if (isMuted) this.#muted.add(name);
    else this.#muted.delete(name);
    const voice = this.#voices.get(name);
    if (voice !== undefined) voice.isMuted = isMuted;
  }

  /** Ready to take part. */
  participants(): Promise<Participant[]> {
    return Promise.all(
      people.map(async ({ name }) => ({
        name,
        identity: await this.identityOf(name),
        picture: this.pictureOf(name),
        voice: this.voiceOf(name),
      })),
    );
  }
}
