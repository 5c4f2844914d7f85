/** Dates of birth, of which many are guesses: registers put the first of January, or a round year, where nobody knew. */

interface Birth {
  readonly year: number;
  readonly month?: number;
  readonly day?: number;
}

export type DateLevel =
  | 'same day'
  | 'day and month swapped'
  | 'one digit apart'
  | 'same day of another year'
  | 'same year'
  | 'a year apart'
  | 'apart'
  | 'guessed years fit'
  | 'guessed years are near'
  | 'guessed years are apart';

/** Days that stand for "not known" in registers. */
const HEAPED = new Set(['01-01', '07-01', '12-31']);

export function parseBirth(text: string): Birth | undefined {
  const found = /^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?$/.exec(text);
  if (found === null) return undefined;
  const [, year, month, day] = found;
  return {
    year: Number(year),
    ...(month === undefined || isHeaped(text) ? {} : { month: Number(month) }),
    ...(day === undefined || isHeaped(text) ? {} : { day: Number(day) }),
  };
}

export function isHeaped(text: string): boolean {
  return HEAPED.has(text.slice(5));
}

/** @returns `undefined` if either is no date */
export function compareBirths(one: string, other: string): DateLevel | undefined {
  const [a, b] = [parseBirth(one), parseBirth(other)];
  if (a === undefined || b === undefined) return undefined;
  if (isHeaped(one) || isHeaped(other)) return compareGuesses(Math.abs(a.year - b.year));
  const whole = a.day !== undefined && b.day !== undefined;
  if (!whole) return compareYears(a.year, b.year);
  if (one === other) return 'same day';
  if (a.year === b.year && a.day === b.month && a.month === b.day) return 'day and month swapped';
  if (slips(one, other)) return 'one digit apart';
  if (a.day === b.day && a.month === b.month) {
    return Math.abs(a.year - b.year) === 1 ? 'a year apart' : 'same day of another year';
  }
  return compareYears(a.year, b.year);
}

const NEAR_YEARS = 5;

function compareGuesses(gapYears: number): DateLevel {
  if (gapYears <= 1) return 'guessed years fit';
  return gapYears <= NEAR_YEARS ? 'guessed years are near' : 'guessed years are apart';
}

function compareYears(a: number, b: number): DateLevel {
  if (a === b) return 'same year';
  return Math.abs(a - b) === 1 ? 'a year apart' : 'apart';
}

/** One digit wrong, or two neighbours swapped. */
function slips(one: string, other: string): boolean {
  const [a, b] = [one.replaceAll('-', ''), other.replaceAll('-', '')];
  const wrong = Array.from(a).flatMap((digit, at) => (digit === b[at] ? [] : [at]));
  const [first, second] = wrong;
  if (wrong.length === 1) return true;
  if (wrong.length !== 2 || first === undefined || second !== first + 1) return false;
  return a[first] === b[second] && a[second] === b[first];
}
