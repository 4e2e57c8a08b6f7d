// Numbers and names behind a person's lock, for those who want to know.

import type { Member } from '../call/member.ts';
import { keyName } from '../keys/rollout.ts';
import { element, setText } from './dom.ts';
import { troubles } from './words.ts';

const rows = ['Sends under', 'Work per frame', 'Computed by', 'Did not open'] as const;

export class TileDetails {
  readonly element: HTMLDetailsElement;
  readonly #cells = new Map<(typeof rows)[number], HTMLElement>();

  constructor() {
    const list = element('dl');
    for (const row of rows) {
      const cell = element('dd', {}, '–');
      this.#cells.set(row, cell);
      list.append(element('div', {}, element('dt', {}, row), cell));
    }
    this.element = element('details', {}, element('summary', {}, 'Details'), list);
  }

  update(member: Member | undefined): void {
    const stats = member?.watch.stats;
    const { kid, ctr, ageSeconds } = stats?.sendingKey ?? {};
    const age = Math.round(ageSeconds ?? 0);
    this.#set('Sends under', kid === undefined ? '–' : `key ${keyName(kid)}, for ${age} s, frame ${ctr}`);
    const times = (stats?.receivers ?? []).map(({ cryptoP50 }) => cryptoP50);
    this.#set('Work per frame', times.length === 0 ? '–' : `${Math.round(Math.max(...times))} µs`);
    const engines = { wasm: 'WebAssembly', webcrypto: 'WebCrypto' };
    this.#set('Computed by', stats === undefined ? '–' : engines[stats.engine]);
    const dropped = new Map<string, number>();
    for (const receiver of stats?.receivers ?? [])
      for (const [why, count] of Object.entries(receiver.dropped))
        dropped.set(why, (dropped.get(why) ?? 0) + count);
    const lines = Array.from(dropped, ([why, count]) => `${count}: ${troubles[why] ?? why}`);
    this.#set('Did not open', lines.join('; ') || 'nothing');
  }

  #set(row: (typeof rows)[number], text: string): void {
    const cell = this.#cells.get(row);
    if (cell !== undefined) setText(cell, text);
  }
}
