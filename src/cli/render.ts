/** Text for people: tables, numbers, clean names. */
import type { Paint } from './output.ts';

/**
 * Names and messages come from other people's machines: no control character of theirs reaches the terminal, nor a
 * mark that turns the direction of what follows.
 */
export function clean(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, ' ');
}

/** Rows under headings; what is empty everywhere takes no place. */
export function table(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  paint: Paint,
): string[] {
  const cells = rows.map((row) => row.map(clean));
  const columns = headings
    .map((_, index) => index)
    .filter((index) => cells.some((row) => (row[index] ?? '') !== ''));
  const widths = new Map(
    columns.map((index) => [
      index,
      Math.max(...[headings, ...cells].map((row) => widthOf(row[index] ?? ''))),
    ]),
  );
  const line = (row: readonly string[]): string =>
    columns
      .map((index) => pad(row[index] ?? '', widths.get(index) ?? 0))
      .join('  ')
      .trimEnd();
  return rows.length === 0 ? [] : [paint('dim', line(headings)), ...cells.map(line)];
}

/** Names and values, one pair a line; pairs without a value are left out. */
export function pairs(items: readonly (readonly [name: string, value: string])[], paint: Paint): string[] {
  const shown = items.filter(([, value]) => value !== '');
  const width = Math.max(0, ...shown.map(([name]) => widthOf(name)));
  return shown.map(([name, value]) => `${paint('dim', pad(name, width))}  ${clean(value)}`);
}

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
/** East Asian wide and full-width characters, and emoji, take two columns. */
const WIDE =
  /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/u;

/** Columns that a text takes on a terminal. */
export function widthOf(text: string): number {
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += WIDE.test(segment) ? 2 : 1;
  return width;
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

/** `1,234 entries`, `1 entry`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : many}`;
}

export function grouped(count: number): string {
  return count.toLocaleString('en');
}

/** `3.2 MB`: powers of a thousand, as disks are sold. */
export function sizeInWords(bytes: number): string {
  const units = ['bytes', 'KB', 'MB', 'GB', 'TB'];
  const step = bytes < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  const size = bytes / 1000 ** step;
  return `${step === 0 ? String(size) : size.toFixed(1)} ${units[step] ?? ''}`;
}

/** A code to join with: four groups of three. */
export function spacedCode(digits: string): string {
  return digits.replace(/(\d{3})(?=\d)/g, '$1 ');
}

/** Digits to compare by voice: three groups of four, so that nobody takes them for a code. */
export function spacedDigits(digits: string): string {
  return digits.replace(/(\d{4})(?=\d)/g, '$1 ');
}

/** Enough of an id to tell it from others, and to say it to a command. */
export function shortId(id: string): string {
  return id.slice(0, 8);
}

/** `3 Aung`: how a member is called. */
export function called({ member, name }: { member: number; name: string }): string {
  return `${String(member)} ${clean(name)}`;
}

/** Local date and time to the minute: `2026-11-21 10:05`. */
export function localTime(time: string): string {
  const at = new Date(time);
  const two = (n: number): string => String(n).padStart(2, '0');
  const date = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join('-');
  return `${date} ${two(at.getHours())}:${two(at.getMinutes())}`;
}
