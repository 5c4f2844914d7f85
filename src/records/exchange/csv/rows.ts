/**
 * Rows of a CSV file (RFC 4180, and what spreadsheets make of it), in pieces of any size, within limits. Not a library's:
 * none that was found goes on at the next line after a quote that never ends, and one bad line must not cost the rest.
 */
import { EXCHANGE_LIMITS as LIMITS } from '../limits.ts';

export interface Row {
  /** Where it starts, from 1. */
  readonly line: number;
  readonly cells: readonly string[];
  /** What is wrong with it; its cells are empty then. */
  readonly fault: { readonly code: string; readonly message: string } | undefined;
}

const DELIMITERS = [',', ';', '\t'] as const;

export class CsvRows {
  #rest = '';
  #line = 1;
  #delimiter: string | undefined;
  /** Within a row that is too long to keep: everything up to the next line break goes. */
  #skipping = false;

  push(text: string): Row[] {
    this.#rest += text;
    return this.#rows(false);
  }

  end(): Row[] {
    return this.#rows(true);
  }

  #rows(last: boolean): Row[] {
    const rows: Row[] = [];
    let at = 0;
    this.#delimiter ??= delimiterOf(this.#rest, last);
    if (this.#delimiter === undefined) return rows;
    while (at < this.#rest.length) {
      const found = this.#skipping ? this.#skip(at) : this.#read(at, last, rows);
      if (found === undefined) break;
      at = found;
    }
    this.#rest = this.#rest.slice(at);
    return rows;
  }

  /** To the end of the line; undefined when there is none yet. */
  #skip(at: number): number | undefined {
    const end = lineEnd(this.#rest, at);
    if (end === undefined) {
      this.#rest = '';
      return undefined;
    }
    this.#skipping = false;
    this.#line += 1;
    return end;
  }

  /** @returns where the next row starts; undefined when this one is not whole yet. */
  #read(start: number, last: boolean, rows: Row[]): number | undefined {
    const scanned = scan(this.#rest, start, this.#delimiter ?? ',', last);
    if (scanned !== undefined && scanned.end - start <= LIMITS.recordChars) {
      const { cells, end, lines, fault } = scanned;
      if (fault !== undefined) return this.#bad(start, fault.code, fault.message, rows);
      if (cells.length > 1 || cells[0] !== '') rows.push({ line: this.#line, cells, fault: undefined });
      this.#line += lines;
      return end;
    }
    if (scanned === undefined && !last && this.#rest.length - start <= LIMITS.recordChars) return undefined;
    const message = `this row has no end within ${String(LIMITS.recordChars)} characters, or a quote in it has none`;
    return this.#bad(start, 'too-large', message, rows);
  }

  /** Goes on at the line after the one in which the bad row starts: what its quote swallowed are rows again. */
  #bad(start: number, code: string, message: string, rows: Row[]): number | undefined {
    rows.push({ line: this.#line, cells: [], fault: { code, message } });
    this.#skipping = true;
    return this.#skip(start);
  }
}

interface Scanned {
  readonly cells: string[];
  readonly end: number;
  readonly lines: number;
  readonly fault?: { readonly code: string; readonly message: string };
}

/** One row from `start`; undefined where the text ends before it does. */
function scan(text: string, start: number, delimiter: string, last: boolean): Scanned | undefined {
  const cells: string[] = [];
  let at = start;
  let lines = 0;
  for (;;) {
    if (cells.length > LIMITS.columns)
      return bad(`this row has more than ${String(LIMITS.columns)} columns`, 'too-many-columns');
    const cell = text[at] === '"' ? quotedCell(text, at, last) : plainCell(text, at, delimiter, last);
    if (cell === undefined) return undefined;
    cells.push(cell.value);
    lines += cell.lines;
    at = cell.end;
    if (text[at] !== delimiter) break;
    at += 1;
  }
  if (at >= text.length) return last ? { cells, end: at, lines } : undefined;
  if (text[at] === '\n') return { cells, end: at + 1, lines: lines + 1 };
  if (text[at] !== '\r') return bad('there is text after the end of a quoted cell', 'bad-csv');
  // A carriage return at the end of a piece may be half of a line break.
  if (at + 1 === text.length && !last) return undefined;
  return { cells, end: at + (text[at + 1] === '\n' ? 2 : 1), lines: lines + 1 };
}

function bad(message: string, code: string): Scanned {
  return { cells: [], end: 0, lines: 0, fault: { code, message } };
}

interface Cell {
  readonly value: string;
  readonly end: number;
  /** Line breaks in it. */
  readonly lines: number;
}

function plainCell(text: string, start: number, delimiter: string, last: boolean): Cell | undefined {
  let end = start;
  for (; end < text.length; end += 1) {
    const char = text[end];
    if (char === delimiter || char === '\n' || char === '\r') break;
  }
  return end === text.length && !last ? undefined : { value: text.slice(start, end), end, lines: 0 };
}

function quotedCell(text: string, start: number, last: boolean): Cell | undefined {
  let value = '';
  let at = start + 1;
  for (;;) {
    const quote = text.indexOf('"', at);
    if (quote === -1 || (quote + 1 === text.length && !last)) return undefined;
    value += text.slice(at, quote);
    if (text[quote + 1] !== '"') return { value, end: quote + 1, lines: breaksIn(value) };
    value += '"';
    at = quote + 2;
  }
}

function breaksIn(value: string): number {
  return value.match(/\r\n|\n|\r/g)?.length ?? 0;
}

function lineEnd(text: string, from: number): number | undefined {
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === '\n') return at + 1;
    if (text[at] === '\r' && at + 1 < text.length) return text[at + 1] === '\n' ? at + 2 : at + 1;
  }
  return undefined;
}

/** What stands most often in the first lines, outside of quotes. Undefined while there is too little to tell by. */
function delimiterOf(text: string, last: boolean): string | undefined {
  if (!last && text.length < 64 * 1024 && text.split('\n').length < 20) return undefined;
  const sample = text.slice(0, 64 * 1024).replace(/"[^"]*"/g, '');
  const count = (delimiter: string): number => sample.split(delimiter).length;
  return DELIMITERS.reduce((best, one) => (count(one) > count(best) ? one : best));
}
