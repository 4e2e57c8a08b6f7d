// The controls that are about the whole call.

import { type CipherSuite, cipherSuites } from 'sframe-wasm';
import { availableCodecs, type Codec } from '../call/codecs.ts';
import type { Layer } from '../call/layers.ts';
import type { Protection } from '../call/protection.ts';
import { byId, element } from './dom.ts';

export type SchemeName = 'passphrase' | 'own-keys';

/** Tags below this are refused for video. */
const MIN_TAG = 8;

const suiteNames: Partial<Record<CipherSuite, string>> = {
  AES_128_GCM_SHA256_128: 'Standard (AES-128-GCM)',
  AES_256_GCM_SHA512_128: 'Strongest (AES-256-GCM)',
  AES_128_CTR_HMAC_SHA256_80: 'Shorter tags (AES-128-CTR, 80)',
  AES_256_CTR_HMAC_SHA512_80: 'Shorter tags (AES-256-CTR, 80)',
  AES_128_CTR_HMAC_SHA256_64: 'Shortest tags (AES-128-CTR, 64)',
  AES_256_CTR_HMAC_SHA512_64: 'Shortest tags (AES-256-CTR, 64)',
};

const codecNames: Record<Codec, string> = { VP8: 'VP8', VP9: 'VP9', H264: 'H.264', AV1: 'AV1' };

function fill(select: HTMLSelectElement, options: readonly (readonly [value: string, text: string])[]): void {
  select.replaceChildren(...options.map(([value, text]) => element('option', { value }, text)));
}

function isPressed(name: string): string {
  const checked = document.querySelector<HTMLInputElement>(`input[name="${name}"]:checked`);
  return checked?.value ?? '';
}

export class Settings {
  readonly codec = byId('codec', HTMLSelectElement);
  readonly suite = byId('suite', HTMLSelectElement);
  readonly simulcast = byId('simulcast', HTMLInputElement);
  readonly quality = byId('quality', HTMLSelectElement);
  readonly picture = byId('picture', HTMLSelectElement);
  readonly sound = byId('sound', HTMLSelectElement);
  readonly passphrase = byId('passphrase', HTMLOutputElement);

  constructor() {
    fill(
      this.codec,
      availableCodecs().map((codec) => [codec, codecNames[codec]]),
    );
    const names = Object.keys(cipherSuites) as CipherSuite[];
    const suites = names.filter((name) => cipherSuites[name].Nt >= MIN_TAG);
    suites.sort((a, b) => cipherSuites[b].Nt - cipherSuites[a].Nt || cipherSuites[a].id - cipherSuites[b].id);
    fill(
      this.suite,
      suites.map((name) => [name, suiteNames[name] ?? name]),
    );
  }

  get scheme(): SchemeName {
    return isPressed('scheme') as SchemeName;
  }

  get protection(): Protection {
    return isPressed('protection') as Protection;
  }

  set protection(protection: Protection) {
    for (const input of document.querySelectorAll<HTMLInputElement>('input[name="protection"]'))
      input.checked = input.value === protection;
  }

  get layer(): Layer {
    return this.simulcast.checked && this.quality.value === 'small' ? 'small' : 'large';
  }

  /** Where the keyboard goes when a banner is gone. */
  focusProtection(): void {
    document.querySelector<HTMLInputElement>('input[name="protection"]:checked')?.focus();
  }

  /** What is chosen by radio buttons, when it changes. */
  onRadio(name: 'scheme' | 'protection', act: () => void): void {
    for (const input of document.querySelectorAll<HTMLInputElement>(`input[name="${name}"]`))
      input.addEventListener('change', act);
  }
}
