/** One line on the terminal that says how far a piece of work is. Nothing where nobody watches. */
import type { Progress } from '../api/contract.ts';
import { inWords } from './duration.ts';
import type { Output } from './output.ts';
import { clean, grouped, sizeInWords, widthOf } from './render.ts';

const CLEAR = '\r\u001b[K';
/** Redrawing more often than this only flickers. */
const REDRAW_MS = 100;

export class ProgressLine {
  readonly #out: Output;
  readonly #nowMs: () => number;
  readonly #startMs: number;
  #drawnMs = Number.NEGATIVE_INFINITY;
  #shown = false;
  #said = '';

  constructor(out: Output, nowMs: () => number) {
    this.#out = out;
    this.#nowMs = nowMs;
    this.#startMs = nowMs();
  }

  /** A sentence; where nobody watches, it is said once, on a line of its own. */
  message(text: string): void {
    if (text === this.#said) return;
    this.#said = text;
    if (this.#out.json) return;
    if (this.#out.watched) this.#draw(text);
    else this.#out.say(clean(text));
  }

  /** Amount, rate and time left. */
  work(progress: Pick<Progress, 'unit' | 'done' | 'total'>): void {
    const nowMs = this.#nowMs();
    if (this.#out.json || !this.#out.watched || nowMs - this.#drawnMs < REDRAW_MS) return;
    this.#drawnMs = nowMs;
    this.#draw(progressText(progress, nowMs - this.#startMs));
  }

  /** Takes the line away. */
  end(): void {
    if (this.#shown) this.#out.raw(CLEAR);
    this.#shown = false;
  }

  #draw(text: string): void {
    this.#shown = true;
    this.#out.raw(CLEAR + fitted(clean(text), this.#out.columns - 1));
  }
}

export function progressText(
  { unit, done, total }: Pick<Progress, 'unit' | 'done' | 'total'>,
  passedMs: number,
): string {
  const amount = unit === 'bytes' ? sizeInWords : grouped;
  const word = unit === 'bytes' ? '' : ' entries';
  const perSecond = passedMs > 0 ? (done * 1000) / passedMs : 0;
  const leftMs = total === null || perSecond === 0 ? undefined : ((total - done) / perSecond) * 1000;
  return [
    total === null ? `${amount(done)}${word}` : `${amount(done)} of ${amount(total)}${word}`,
    ...(perSecond === 0 ? [] : [`${amount(Math.round(perSecond))}/s`]),
    ...(leftMs === undefined || leftMs < 1000 ? [] : [`about ${inWords(leftMs)} left`]),
  ].join(' · ');
}

/** Cut to that many columns, so that the line never wraps and can be taken away. */
function fitted(text: string, columns: number): string {
  let cut = text;
  while (widthOf(cut) > columns && cut.length > 0) cut = cut.slice(0, -1);
  return cut;
}
