/** Whether two records may be of one person, and why: each field gives evidence, the table of weights its worth. */
import { nameSimilarity } from '../names/search.ts';
import { compareBirths, isHeaped, parseBirth } from './dates.ts';
import type { Evidence, Home, Match, MatchMode, Person, Years } from './types.ts';
import { EVEN_WEIGHT, weightOf } from './weights.ts';

const MUCH_ALIKE = 0.9;
const ALIKE = 0.78;
const SOMEWHAT_ALIKE = 0.6;
const PLACE_ALIKE = 0.75;

export function compare(a: Person, b: Person, mode: MatchMode = 'duplicates'): Match {
  if (mode === 'reunion' && !complementary(a, b)) {
    return { score: 0, reasons: ['neither is somebody sought and the other somebody located'] };
  }
  const weighed = evidenceOf(a, b)
    .map((evidence) => ({ says: evidence.says, weight: weightOf(evidence.field, evidence.level, mode) }))
    .sort((one, other) => Math.abs(other.weight) - Math.abs(one.weight));
  const total = weighed.reduce((sum, { weight }) => sum + weight, 0);
  return { score: 1 / (1 + 2 ** (EVEN_WEIGHT - total)), reasons: weighed.map(({ says }) => says) };
}

function complementary(a: Person, b: Person): boolean {
  return [a.whereabouts, b.whereabouts].sort().join() === 'located,sought';
}

function evidenceOf(a: Person, b: Person): readonly Evidence[] {
  return [
    compareNames(a, b),
    compareSex(a, b),
    birthOrAge(a, b),
    compareSets('document', a.documents, b.documents),
    compareSets('phone', a.phones?.map(lastDigits), b.phones?.map(lastDigits)),
    ...compareHomes(a.home, b.home),
  ].filter((evidence) => evidence !== undefined);
}

function compareNames(a: Person, b: Person): Evidence | undefined {
  if (a.names.length === 0 || b.names.length === 0) return undefined;
  const [best] = a.names
    .flatMap((one) => b.names.map((other) => ({ one, other, ...nameSimilarity(one, other) })))
    .sort((one, other) => other.score - one.score);
  if (best === undefined) return undefined;
  const level = nameLevel(best.score);
  return { field: 'name', level, says: `names: “${best.one}” and “${best.other}” are ${level}` };
}

function nameLevel(score: number): string {
  if (score >= 0.999) return 'same';
  if (score >= MUCH_ALIKE) return 'much alike';
  if (score >= ALIKE) return 'alike';
  return score >= SOMEWHAT_ALIKE ? 'somewhat alike' : 'different';
}

function compareSex(a: Person, b: Person): Evidence | undefined {
  if (a.sex === undefined || b.sex === undefined) return undefined;
  const level = a.sex === b.sex ? 'same' : 'different';
  return { field: 'sex', level, says: `sex: ${level}` };
}

function birthOrAge(a: Person, b: Person): Evidence | undefined {
  if (a.dateOfBirth !== undefined && b.dateOfBirth !== undefined) {
    const level = compareBirths(a.dateOfBirth, b.dateOfBirth);
    if (level !== undefined)
      return { field: 'birth', level, says: saysBirth(a.dateOfBirth, b.dateOfBirth, level) };
  }
  const [one, other] = [yearsOf(a), yearsOf(b)];
  if (one === undefined || other === undefined) return undefined;
  const gap = Math.max(0, one.from - other.to, other.from - one.to);
  const level = gap === 0 ? 'fits' : gap <= NEAR_YEARS ? 'near' : 'different';
  return { field: 'age', level, says: `age: ${gap === 0 ? 'fits' : `${gap} years apart`}` };
}

const NEAR_YEARS = 3;

function saysBirth(one: string, other: string, level: string): string {
  const heaped = isHeaped(one) || isHeaped(other);
  return `born: ${one} and ${other}, ${level}${heaped ? ' (1 January and the like count as a year alone)' : ''}`;
}

function yearsOf(person: Person): Years | undefined {
  const birth = person.dateOfBirth === undefined ? undefined : parseBirth(person.dateOfBirth);
  return birth === undefined ? person.bornBetween : { from: birth.year, to: birth.year };
}

/** National and international forms of one number end alike. */
function lastDigits(phone: string): string {
  return phone.replace(/\D/g, '').slice(-8);
}

function compareSets(
  field: 'document' | 'phone',
  a: readonly string[] = [],
  b: readonly string[] = [],
): Evidence | undefined {
  if (a.length === 0 || b.length === 0) return undefined;
  const shared = a.find((one) => b.includes(one));
  if (shared !== undefined) return { field, level: 'same', says: `${field}: the same number` };
  if (field === 'document' && a.some((one) => b.some((other) => oneSlip(one, other)))) {
    return { field, level: 'one sign apart', says: 'document: numbers differ by one sign' };
  }
  return { field, level: 'different', says: `${field}: other numbers` };
}

/** One sign wrong, missing or more, or two neighbours swapped. */
function oneSlip(one: string, other: string): boolean {
  if (Math.abs(one.length - other.length) > 1) return false;
  let start = 0;
  while (start < one.length && one[start] === other[start]) start += 1;
  let end = 0;
  const shorter = Math.min(one.length, other.length) - start;
  while (end < shorter && one.at(-1 - end) === other.at(-1 - end)) end += 1;
  const [left, right] = [one.slice(start, one.length - end), other.slice(start, other.length - end)];
  if (left.length <= 1 && right.length <= 1) return true;
  return left.length === 2 && right.length === 2 && left[0] === right[1] && left[1] === right[0];
}

function compareHomes(a: Home = {}, b: Home = {}): readonly (Evidence | undefined)[] {
  const places = (['street', 'neighborhood', 'city'] as const).map((field) => comparePlace(field, a, b));
  const codes = (['state', 'country'] as const).map((field) => compareCode(field, a[field], b[field]));
  return [...places, comparePostalCodes(a.postalCode, b.postalCode), ...codes];
}

function comparePlace(field: 'street' | 'neighborhood' | 'city', a: Home, b: Home): Evidence | undefined {
  const [one, other] = [a[field], b[field]];
  if (one === undefined || other === undefined) return undefined;
  const level = placeLevel(one, other);
  return { field, level, says: `${field}: “${one}” and “${other}” are ${level}` };
}

function placeLevel(one: string, other: string): 'same' | 'alike' | 'different' {
  if (one.trim().toLowerCase() === other.trim().toLowerCase()) return 'same';
  return nameSimilarity(one, other).score >= PLACE_ALIKE ? 'alike' : 'different';
}

function comparePostalCodes(one?: string, other?: string): Evidence | undefined {
  if (one === undefined || other === undefined) return undefined;
  const level = one === other ? 'same' : oneSlip(one, other) ? 'one sign apart' : 'different';
  return { field: 'postalCode', level, says: `postal code: ${level}` };
}

function compareCode(field: 'state' | 'country', one?: string, other?: string): Evidence | undefined {
  if (one === undefined || other === undefined) return undefined;
  const level = one.toLowerCase() === other.toLowerCase() ? 'same' : 'different';
  return { field, level, says: `${field}: ${level}` };
}
