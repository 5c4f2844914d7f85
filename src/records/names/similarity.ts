/** How alike two words, or two rows of words, are: 1 if they are the same, 0 if they share nothing. */
import { alignmentCost, alignmentRow, insertCost, totalDrop, totalInsert } from './align.ts';
import { CONSONANT_COST } from './spellings.ts';
import type { Script, Unit, Word } from './types.ts';

export interface Span {
  readonly script: Script;
  readonly text: string;
  readonly latin: string;
  readonly units: readonly Unit[];
  readonly heard: number;
}

export function spanOf(words: readonly Word[]): Span {
  const [first] = words;
  if (first === undefined) throw new Error('bug: a span has words');
  return words.length === 1
    ? {
        script: spelt(first.script),
        text: first.text,
        latin: first.latin,
        units: first.units,
        heard: first.heard,
      }
    : {
        script: spelt(first.script),
        text: words.map((word) => word.text).join(''),
        latin: words.map((word) => word.latin).join(''),
        units: words.flatMap((word) => word.units),
        heard: words.reduce((bits, word) => bits | word.heard, 0),
      };
}

/** Other scripts come romanised. */
function spelt(script: Script): Script {
  return script === 'other' ? 'latin' : script;
}

/** Of the consonants of one, how many may be missing in the other before it is not worth a closer look. */
const MOST_UNHEARD = 0.6;

/** A glance before the work: most of what shares a key is clearly something else. */
export function mayBeAlike(a: Span, b: Span): boolean {
  return unheard(a, b) <= MOST_UNHEARD && unheard(b, a) <= MOST_UNHEARD;
}

function unheard(one: Span, other: Span): number {
  let [consonants, missing] = [0, 0];
  for (const { heard, alwaysHeard } of one.units) {
    if (!alwaysHeard) continue;
    consonants += 1;
    if ((heard & other.heard) === 0) missing += 1;
  }
  return consonants === 0 ? 0 : missing / consonants;
}

/** The scorer by pair of scripts. */
export function similarity(a: Span, b: Span): number {
  if (a.script === b.script) {
    if (a.text === b.text) return 1;
    return a.script === 'latin'
      ? Math.max(againstLatin(a, b.latin), againstLatin(b, a.latin))
      : unitSimilarity(a.units, b.units);
  }
  if (b.script === 'latin') return againstLatin(a, b.latin);
  if (a.script === 'latin') return againstLatin(b, a.latin);
  return Math.max(againstLatin(a, b.latin), againstLatin(b, a.latin));
}

function againstLatin({ units, script }: Span, latin: string): number {
  const whole = (totalDrop(units) + totalInsert(latin)) / 2;
  return whole === 0 ? 0 : Math.max(0, 1 - alignmentCost(units, latin, script === 'arabic') / whole);
}

/** How well `query` is the beginning of `name`, as people type. */
export function prefixSimilarity(query: Span, name: Span): number {
  const row = alignmentRow(query.units, name.latin, query.script === 'arabic');
  const cost = Math.min(...row.slice(1));
  return Math.max(0, 1 - cost / Math.max(1, totalDrop(query.units)));
}

/** Within one script what is written is compared, so that spellings alike in Latin letters stay apart. */
function unitSimilarity(a: readonly Unit[], b: readonly Unit[]): number {
  const whole = (totalWritten(a) + totalWritten(b)) / 2;
  return whole === 0 ? 0 : Math.max(0, 1 - unitCost(a, b) / whole);
}

/** Read alike, but not written alike. */
const VARIANT_COST = 4;

/** A long vowel that one writes and the other does not is another name: Mahmud is not Mohammed. */
const WRITTEN_VOWEL_COST = 45;

function writtenCost(unit: Unit): number {
  return Math.max(unit.dropCost, WRITTEN_VOWEL_COST);
}

function totalWritten(units: readonly Unit[]): number {
  return units.reduce((sum, unit) => sum + writtenCost(unit), 0);
}

function unitCost(a: readonly Unit[], b: readonly Unit[]): number {
  let row = [VARIANT_COST];
  for (const unit of b) row.push((row.at(-1) ?? 0) + writtenCost(unit));
  for (const left of a) {
    const next = [(row[0] ?? 0) + writtenCost(left)];
    for (const [at, right] of b.entries()) {
      next.push(
        Math.min(
          (row[at] ?? 0) + exchangeCost(left, right),
          (row[at + 1] ?? 0) + writtenCost(left),
          (next[at] ?? 0) + writtenCost(right),
        ),
      );
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

function exchangeCost(a: Unit, b: Unit): number {
  if (a.symbol === b.symbol) return 0;
  let best = CONSONANT_COST + 10;
  for (const one of a.spellings) {
    if (one.cost >= best) break;
    const same = b.spellings.find((two) => two.latin === one.latin);
    if (same !== undefined) best = Math.min(best, Math.max(10, one.cost + same.cost));
  }
  return best;
}

/** Roughly how much sound a word has. */
export function lengthOf(word: Word): number {
  let sum = 0;
  for (const letter of word.latin) sum += insertCost(letter);
  return sum;
}
