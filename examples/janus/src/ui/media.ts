// What somebody sends from these pages: a drawn person and a soft tone. Names look different.

import { Picture } from '../../../call/src/media/picture.ts';
import { Voice } from '../../../call/src/media/voice.ts';
import { people } from '../../../call/src/people.ts';
import { element } from '../../../call/src/ui/dom.ts';

/** A number that is the same for a name each time. */
function numberOf(name: string): number {
  let number = 0;
  for (const character of name) number = (31 * number + (character.codePointAt(0) ?? 0)) % 65_521;
  return number;
}

/** Who is called as somebody of the other demo looks like her. */
function personOf(name: string) {
  const known = people.find((person) => person.name.toLowerCase() === name.toLowerCase());
  const someone = known ?? people[numberOf(name) % people.length];
  if (someone === undefined) throw new Error('there is nobody to look like');
  return someone;
}

export class Media {
  readonly picture: Picture;
  readonly voice: Voice;
  readonly element: HTMLVideoElement;

  /** After the user has clicked something: browsers forbid sound until then. @param size of the picture */
  constructor(name: string, size?: { readonly width: number; readonly height: number }) {
    const { look, frequency } = personOf(name);
    this.picture = new Picture(look, size);
    this.voice = new Voice(frequency);
    this.element = element('video', {
      class: 'own-video',
      autoplay: true,
      playsinline: true,
      tabindex: '-1',
    });
    this.element.muted = true;
    this.element.setAttribute('aria-label', 'Your own picture');
    this.element.srcObject = new MediaStream([this.picture.track]);
  }

  close(): void {
    this.picture.close();
    this.voice.close();
    this.element.remove();
  }
}
