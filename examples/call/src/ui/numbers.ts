// A line of numbers for each person.

import type { Member } from '../call/member.ts';
import { keyName } from '../keys/rollout.ts';
import { byId, element, setText } from './dom.ts';

const columns = ['sent', 'opened', 'refused', 'work', 'key'] as const;

export class Numbers {
  readonly #body = byId('numbers', HTMLTableSectionElement);
  readonly #rows = new Map<string, Map<(typeof columns)[number], HTMLElement>>();

  update(members: readonly Member[]): void {
    for (const member of members) {
      const { sent, opened, refused } = member.watch.rates;
      const { stats } = member.watch;
      const times = (stats?.receivers ?? []).map(({ cryptoP50 }) => cryptoP50).filter((time) => time > 0);
      const work =
        times.length === 0 ? '–' : `${Math.round(times.reduce((a, b) => a + b) / times.length)} µs`;
      const key = stats?.sendingKey === undefined ? '–' : keyName(stats.sendingKey.kid);
      const texts = { sent: `${sent}`, opened: `${opened}`, refused: `${refused}`, work, key };
      const row = this.#rowOf(member.name);
      for (const column of columns) {
        const cell = row.get(column);
        if (cell !== undefined) setText(cell, texts[column]);
      }
    }
  }

  clear(): void {
    this.#rows.clear();
    this.#body.replaceChildren();
  }

  #rowOf(name: string): Map<(typeof columns)[number], HTMLElement> {
    const known = this.#rows.get(name);
    if (known !== undefined) return known;
    const cells = new Map(columns.map((column) => [column, element('td', { 'data-column': column })]));
    this.#body.append(element('tr', {}, element('th', { scope: 'row' }, name), ...cells.values()));
    this.#rows.set(name, cells);
    return cells;
  }
}
