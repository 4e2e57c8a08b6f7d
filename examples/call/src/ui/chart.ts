// The last minute as lines: frames in a second that were opened, refused, and in the clear.

import type { Rates } from '../status/rates.ts';
import { byId } from './dom.ts';

const SECONDS = 60;
const [WIDTH, HEIGHT] = [600, 140];
/** What it says before there is anything. */
const NOTHING = 'No frames yet.';
const NAMESPACE = 'http://www.w3.org/2000/svg';

const series = ['opened', 'refused', 'plain'] as const;
type Series = (typeof series)[number];

export class Chart {
  readonly #svg = document.createElementNS(NAMESPACE, 'svg');
  readonly #lines = new Map<Series, SVGPolylineElement>();
  readonly #top = byId('chart-top', HTMLElement);
  readonly #values: Rates[] = [];

  constructor() {
    this.#svg.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
    this.#svg.setAttribute('preserveAspectRatio', 'none');
    this.#svg.setAttribute('role', 'img');
    this.#svg.setAttribute('aria-label', NOTHING);
    for (const y of [0.25, 0.5, 0.75]) {
      const grid = document.createElementNS(NAMESPACE, 'path');
      grid.setAttribute('d', `M0 ${y * HEIGHT}H${WIDTH}`);
      grid.setAttribute('class', 'grid');
      this.#svg.append(grid);
    }
    for (const name of series) {
      const line = document.createElementNS(NAMESPACE, 'polyline');
      line.setAttribute('class', name);
      this.#svg.append(line);
      this.#lines.set(name, line);
    }
    byId('chart', HTMLElement).append(this.#svg);
  }

  /** Adds a second. */
  push(rates: Rates): void {
    this.#values.push(rates);
    if (this.#values.length > SECONDS) this.#values.shift();
    const highest = Math.max(10, ...this.#values.flatMap((value) => series.map((name) => value[name])));
    const top = Math.ceil(highest / 50) * 50;
    this.#top.textContent = `${top} frames a second`;
    for (const [name, line] of this.#lines) line.setAttribute('points', this.#pointsOf(name, top));
    const { opened, refused, plain } = rates;
    this.#svg.setAttribute(
      'aria-label',
      `Now ${opened} frames a second opened, ${refused} refused, ${plain} not encrypted.`,
    );
  }

  clear(): void {
    this.#values.length = 0;
    this.#svg.setAttribute('aria-label', NOTHING);
    for (const line of this.#lines.values()) line.setAttribute('points', '');
  }

  #pointsOf(name: Series, top: number): string {
    const first = SECONDS - this.#values.length;
    const x = (i: number) => Math.round(((first + i) * WIDTH) / (SECONDS - 1));
    const y = (value: number) => Math.round(HEIGHT - 2 - (value / top) * (HEIGHT - 6));
    return this.#values.map((value, i) => `${x(i)},${y(value[name])}`).join(' ');
  }
}
