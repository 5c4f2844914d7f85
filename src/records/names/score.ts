/**
 * How well a name answers a question: words are paired in order or, a little worse, in another; a word may be written
 * as several, begun only, or be an initial. Missing words of the question count more than further words of the name.
 */
import { lengthOf, mayBeAlike, prefixSimilarity, similarity, spanOf, type Span } from './similarity.ts';
import { skeletonOf } from './skeleton.ts';
import type { Reading, Word, WordKind } from './types.ts';

export interface NameScore {
  /** From 0 to 1. */
  readonly score: number;
  /** In plain words, the most telling first. */
  readonly reasons: readonly string[];
}

interface Pairing {
  readonly from: number;
  readonly fromCount: number;
  readonly to: number;
  readonly toCount: number;
  readonly alike: number;
  readonly how: 'same' | 'alike' | 'begins' | 'initial';
}

const KIND_WEIGHT: Readonly<Record<WordKind, number>> = {
  name: 1,
  title: 0.35,
  particle: 0.25,
  initial: 0.5,
};
const SPANS = [
  [1, 1],
  [1, 2],
  [2, 1],
  [2, 2],
  [1, 3],
  [3, 1],
] as const;
/** Words less alike than this have nothing to do with each other. */
const UNRELATED = 0.42;
/** Two words so alike need no further words to explain each other. */
const PAIRED = 0.85;
/** Of 1, what the question's words count; the rest is that nothing else is in the name. */
const QUESTION_SHARE = 0.7;
const REORDERED = 0.96;
const JOINED = 0.99;
const MIN_PREFIX_LETTERS = 3;
const PREFIX_FLOOR = 0.6;
const INITIAL_ALIKE = 0.8;

interface Comparison {
  readonly alike: number;
  readonly how: Pairing['how'];
}

/** Remembers how alike two words are, while one question is asked of many names. */
export class Comparisons {
  readonly #single = new Map<Word, Map<Word, Comparison>>();
  readonly #joined = new Map<string, Comparison>();

  between(query: readonly Word[], name: readonly Word[]): Comparison {
    const [asked, given] = [query[0], name[0]];
    if (query.length > 1 || name.length > 1 || asked === undefined || given === undefined) {
      const key = `${textOf(query)}\n${textOf(name)}`;
      return remembered(this.#joined, key, () => compareWords(query, name));
    }
    const row = remembered(this.#single, asked, () => new Map<Word, Comparison>());
    return remembered(row, given, () => compareWords(query, name));
  }
}

function remembered<Key, Value>(known: Map<Key, Value>, key: Key, make: () => Value): Value {
  const found = known.get(key);
  if (found !== undefined) return found;
  const made = make();
  known.set(key, made);
  return made;
}

function textOf(words: readonly Word[]): string {
  return words.map((word) => word.text).join(' ');
}

function compareWords(query: readonly Word[], name: readonly Word[]): Comparison {
  const [asked, given] = [spanOf(query), spanOf(name)];
  if (query[0]?.kind === 'initial' || name[0]?.kind === 'initial') return compareInitial(asked, given);
  const several = query.length + name.length > 2;
  if (!begunBy(asked, given) && !mayBeAlike(asked, given)) return { alike: 0, how: 'alike' };
  const joined = several ? JOINED : 1;
  const alike = similarity(asked, given) * joined;
  if (alike === 1) return { alike, how: asked.script === given.script ? 'same' : 'alike' };
  return several || alike > 0.9 ? { alike, how: 'alike' } : perhapsBegun(asked, given, alike);
}

function compareInitial(asked: Span, given: Span): Comparison {
  if (asked.text === given.text) return { alike: 1, how: 'same' };
  return { alike: asked.latin[0] === given.latin[0] ? INITIAL_ALIKE : 0, how: 'initial' };
}

function perhapsBegun(asked: Span, given: Span, alike: number): Comparison {
  if (!begunBy(asked, given)) return { alike, how: 'alike' };
  const beginning = prefixSimilarity(asked, given);
  const partial = beginning * (PREFIX_FLOOR + 0.3 * (asked.latin.length / given.latin.length));
  return beginning > 0.8 && partial > alike ? { alike: partial, how: 'begins' } : { alike, how: 'alike' };
}

/** Whether the question's word may be the first letters of the name's. */
function begunBy(asked: Span, given: Span): boolean {
  if (asked.latin.length < MIN_PREFIX_LETTERS || given.latin.length < asked.latin.length + 2) return false;
  const [one, other] = [skeletonOf(asked.latin)[0], skeletonOf(given.latin)[0]];
  return one === undefined || one === other;
}

interface Scored {
  readonly score: number;
  /** Not before somebody asks: of hundreds of names that are looked at, few are shown. */
  readonly reasons: () => readonly string[];
}

const NOTHING: Scored = { score: 0, reasons: () => [] };

/** @param share of the question: 0.5 makes the score the same in both directions */
export function scoreReadings(
  query: readonly Reading[],
  name: readonly Reading[],
  comparisons: Comparisons = new Comparisons(),
  share = QUESTION_SHARE,
): Scored {
  let best = NOTHING;
  for (const asked of query) {
    for (const given of name) {
      const scored = scorePair(asked.words, given.words, comparisons, share);
      if (scored.score > best.score) best = scored;
    }
  }
  return best;
}

function scorePair(
  query: readonly Word[],
  name: readonly Word[],
  comparisons: Comparisons,
  share: number,
): Scored {
  const pairs = candidatePairs(query, name, comparisons);
  if (pairs.length === 0) return NOTHING;
  const weights = { query: query.map(weightOf), name: name.map(weightOf) };
  const gain = (pair: Pairing): number =>
    pair.alike *
    (share * sum(weights.query, pair.from, pair.fromCount) +
      (1 - share) * sum(weights.name, pair.to, pair.toCount));
  const whole = share * sum(weights.query, 0, query.length) + (1 - share) * sum(weights.name, 0, name.length);
  const straight = inOrder(pairs, query.length, name.length, gain);
  const inPlace = total(straight, gain);
  // No other order can be worth more than this.
  const shuffled = inPlace >= whole * REORDERED ? straight : inAnyOrder(pairs, gain);
  const moved = total(shuffled, gain) * REORDERED;
  const reordered = moved > inPlace;
  return {
    score: Math.min(1, Math.max(inPlace, moved) / whole),
    reasons: () => explain(query, name, reordered ? shuffled : straight, reordered),
  };
}

function weightOf(word: Word): number {
  return KIND_WEIGHT[word.kind] * Math.max(1, lengthOf(word));
}

function sum(weights: readonly number[], from: number, count: number): number {
  let result = 0;
  for (let at = from; at < from + count; at += 1) result += weights[at] ?? 0;
  return result;
}

function total(pairs: readonly Pairing[], gain: (pair: Pairing) => number): number {
  return pairs.reduce((all, pair) => all + gain(pair), 0);
}

/** Words are joined only where one of them found no good partner alone: that is seldom, and joining is most of the work. */
function candidatePairs(
  query: readonly Word[],
  name: readonly Word[],
  comparisons: Comparisons,
): readonly Pairing[] {
  const pairs: Pairing[] = [];
  const paired = { query: new Set<number>(), name: new Set<number>() };
  for (const [fromCount, toCount] of SPANS) {
    const single = fromCount + toCount === 2;
    for (let from = 0; from + fromCount <= query.length; from += 1) {
      if (!single && allIn(paired.query, from, fromCount)) continue;
      for (let to = 0; to + toCount <= name.length; to += 1) {
        if (!single && allIn(paired.name, to, toCount)) continue;
        const [asked, given] = [query.slice(from, from + fromCount), name.slice(to, to + toCount)];
        if (!single && !mayJoin(asked, given)) continue;
        const { alike, how } = comparisons.between(asked, given);
        if (alike >= UNRELATED) pairs.push({ from, fromCount, to, toCount, alike, how });
        if (!single || alike < PAIRED) continue;
        paired.query.add(from);
        paired.name.add(to);
      }
    }
  }
  return pairs;
}

function allIn(set: ReadonlySet<number>, from: number, count: number): boolean {
  for (let at = from; at < from + count; at += 1) if (!set.has(at)) return false;
  return true;
}

/** Whether several words could be one: of one script, about as long, and none of them an initial. */
function mayJoin(query: readonly Word[], name: readonly Word[]): boolean {
  const [asked, given] = [letters(query), letters(name)];
  if (asked > given * 1.6 + 1 || given > asked * 1.6 + 1) return false;
  return [query, name].every((words) =>
    words.every((word) => word.script === words[0]?.script && word.kind !== 'initial'),
  );
}

function letters(words: readonly Word[]): number {
  return words.reduce((count, word) => count + word.latin.length, 0);
}

/** The best pairing that keeps the order, by dynamic programming over how many words of each are done. */
function inOrder(
  pairs: readonly Pairing[],
  queryCount: number,
  nameCount: number,
  gain: (pair: Pairing) => number,
): readonly Pairing[] {
  const width = nameCount + 1;
  const best = new Array<number>((queryCount + 1) * width).fill(0);
  const last = new Array<Pairing | undefined>(best.length).fill(undefined);
  for (let done = 0; done <= queryCount; done += 1) {
    for (let to = 0; to <= nameCount; to += 1) {
      const cell = done * width + to;
      best[cell] = Math.max(done > 0 ? (best[cell - width] ?? 0) : 0, to > 0 ? (best[cell - 1] ?? 0) : 0);
      for (const pair of pairs) {
        if (pair.from + pair.fromCount !== done || pair.to + pair.toCount !== to) continue;
        const value = (best[pair.from * width + pair.to] ?? 0) + gain(pair);
        if (value <= (best[cell] ?? 0)) continue;
        best[cell] = value;
        last[cell] = pair;
      }
    }
  }
  return traced(best, last, width);
}

function traced(
  best: readonly number[],
  last: readonly (Pairing | undefined)[],
  width: number,
): readonly Pairing[] {
  const chosen: Pairing[] = [];
  let cell = best.length - 1;
  while (cell > 0) {
    const pair = last[cell];
    if (pair !== undefined) {
      chosen.unshift(pair);
      cell = pair.from * width + pair.to;
    } else if (cell >= width && best[cell - width] === best[cell]) cell -= width;
    else if (cell % width > 0 && best[cell - 1] === best[cell]) cell -= 1;
    else break;
  }
  return chosen;
}

/** The most alike first. */
function inAnyOrder(pairs: readonly Pairing[], gain: (pair: Pairing) => number): readonly Pairing[] {
  const chosen: Pairing[] = [];
  const ranked = [...pairs].sort((a, b) => b.alike - a.alike || gain(b) - gain(a));
  for (const pair of ranked) {
    const free = chosen.every(
      (other) =>
        apart(pair.from, pair.fromCount, other.from, other.fromCount) &&
        apart(pair.to, pair.toCount, other.to, other.toCount),
    );
    if (free) chosen.push(pair);
  }
  return chosen.sort((a, b) => a.from - b.from);
}

function apart(a: number, aCount: number, b: number, bCount: number): boolean {
  return a + aCount <= b || b + bCount <= a;
}

function explain(
  query: readonly Word[],
  name: readonly Word[],
  pairs: readonly Pairing[],
  reordered: boolean,
): readonly string[] {
  const said = pairs.map((pair) => {
    const asked = query.slice(pair.from, pair.from + pair.fromCount).map((word) => word.text);
    const given = name.slice(pair.to, pair.to + pair.toCount).map((word) => word.text);
    return `“${asked.join(' ')}” ${SAID[pair.how]} “${given.join(' ')}”`;
  });
  const missing = query.filter(
    (word, at) =>
      word.kind === 'name' && !pairs.some((pair) => at >= pair.from && at < pair.from + pair.fromCount),
  );
  return [
    ...said,
    ...(reordered ? ['the words are in another order'] : []),
    ...missing.map((word) => `nothing like “${word.text}” is in the name`),
  ];
}

const SAID: Readonly<Record<Pairing['how'], string>> = {
  same: 'is the same as',
  alike: 'sounds like',
  begins: 'begins',
  initial: 'may stand for',
};
