/**
 * What readers see of a record: ages as bands of five years, places as their region, and nothing of people who are
 * minors, have opted out or have not agreed. The author's node computes it and writes it into the entry's public part,
 * so that a reader's node never holds what it was made of.
 */
import { KINDS } from './table.ts';
import type { Fields, KindName } from './types.ts';

const ADULT_YEARS = 18;
const BAND_YEARS = 5;
const OLDEST_YEARS = 150;

export interface Years {
  readonly from: number;
  readonly to: number;
}

/** Why readers see nothing of a person. */
export type Withheld = 'minor' | 'opted-out' | 'no-consent' | 'kind';

/** @param atMs as of when; somebody who may be a minor counts as one. */
export function withheldBecause(kind: KindName, fields: Fields, atMs: number): Withheld | undefined {
  if (!KINDS[kind].readers) return 'kind';
  if (fields['opt_out'] === 'true') return 'opted-out';
  if (fields['consent'] === 'refused' || fields['consent'] === 'withdrawn') return 'no-consent';
  const age = ageOf(fields, atMs);
  return age !== undefined && age.from < ADULT_YEARS ? 'minor' : undefined;
}

/** Undefined where readers see nothing. Notes about somebody who is withheld are the caller's to withhold. */
export function readerView(kind: KindName, fields: Fields, atMs: number): Fields | undefined {
  if (withheldBecause(kind, fields, atMs) !== undefined) return undefined;
  const shown: Record<string, string> = {};
  for (const [name, value] of Object.entries(fields)) {
    const spec = KINDS[kind].fields[name];
    if (spec?.class === 'public' && spec.narrower[value] === undefined && value !== '') shown[name] = value;
  }
  const age = ageOf(fields, atMs);
  if (age !== undefined) shown['age'] = bandOf(age);
  return shown;
}

/**
 * How old somebody may be: from the day of birth, or else from an age as of the day when that was said. With both, what
 * is younger counts for whether somebody may be a minor.
 */
export function ageOf(fields: Fields, atMs: number): Years | undefined {
  const born = fields['date_of_birth'];
  const said = fields['age'];
  const byBirth = born === undefined || born === '' ? undefined : ageFromBirth(born, atMs);
  const bySaying =
    said === undefined || said === '' ? undefined : ageFromSaying(said, fields['source_date'], atMs);
  if (byBirth === undefined || bySaying === undefined) return byBirth ?? bySaying;
  return byBirth.from < ADULT_YEARS || bySaying.from >= ADULT_YEARS ? byBirth : bySaying;
}

function ageFromBirth(born: string, atMs: number): Years {
  const [year = 0, month, day] = born.split('-').map(Number);
  const earliest = Date.UTC(year, (month ?? 1) - 1, day ?? 1);
  const latest =
    month === undefined ? Date.UTC(year, 11, 31) : Date.UTC(year, month - 1, day ?? daysIn(year, month));
  return { from: yearsBetween(latest, atMs), to: yearsBetween(earliest, atMs) };
}

function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

function yearsBetween(fromMs: number, toMs: number): number {
  const [from, to] = [new Date(fromMs), new Date(toMs)];
  const years = to.getUTCFullYear() - from.getUTCFullYear();
  const isBefore =
    to.getUTCMonth() < from.getUTCMonth() ||
    (to.getUTCMonth() === from.getUTCMonth() && to.getUTCDate() < from.getUTCDate());
  return Math.min(OLDEST_YEARS, Math.max(0, isBefore ? years - 1 : years));
}

/** Of an age that was said years ago, the younger end is what was said then: nobody grows up on paper. */
function ageFromSaying(said: string, saidOn: string | undefined, atMs: number): Years {
  const [from = 0, to = from] = said.split('-').map(Number);
  const saidMs = saidOn === undefined ? NaN : Date.parse(saidOn);
  const since = Number.isNaN(saidMs) ? 0 : yearsBetween(saidMs, Math.max(saidMs, atMs));
  const [low, high] = [Math.min(from, to), Math.max(from, to)];
  return {
    from: Math.min(OLDEST_YEARS, low),
    to: Math.min(OLDEST_YEARS, high + (low < ADULT_YEARS ? since : 0)),
  };
}

/** `30-34`; of a span, the bands that it reaches into. */
export function bandOf({ from, to }: Years): string {
  const first = Math.floor(from / BAND_YEARS) * BAND_YEARS;
  const last = Math.floor(to / BAND_YEARS) * BAND_YEARS + BAND_YEARS - 1;
  return `${String(first)}-${String(last)}`;
}
