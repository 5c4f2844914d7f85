/**
 * JSON resources out of a FHIR bundle, out of lines of JSON, or alone: each as its own text, so that a bundle of any size
 * is never in memory as a whole.
 */
import { EXCHANGE_LIMITS as LIMITS } from '../limits.ts';

export interface JsonPiece {
  readonly line: number;
  /** Null where it is longer than a record may be. */
  readonly text: string | null;
  /** An element of `entry`, not a resource alone. */
  readonly entry: boolean;
}

const QUOTE = 34;
const BACKSLASH = 92;
const NEWLINE = 10;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;
const OPEN_BRACKET = 91;
const CLOSE_BRACKET = 93;
const BYTE_ORDER_MARK = 0xfeff;

export class JsonSplitter {
  #depth = 0;
  #line = 1;
  #inString = false;
  #escaped = false;
  /** The last string at the first level, which is the key of what comes next. */
  #key = '';
  #keyFrom = -1;
  #inEntries = false;
  #wasBundle = false;
  #kept = '';
  #keptLine = 1;
  #keeping = false;
  /** Where in this piece of text the kept one goes on. */
  #from = 0;
  #tooLong = false;
  /** Something that is neither an object nor between objects. */
  stray = false;

  push(text: string): JsonPiece[] {
    const pieces: JsonPiece[] = [];
    this.#from = 0;
    for (let at = 0; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      if (code === NEWLINE) this.#line += 1;
      if (this.#inString) this.#string(code, text, at);
      else if (code === QUOTE) this.#startString(at);
      else if (code === OPEN_BRACE || code === OPEN_BRACKET) this.#open(code, at);
      else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) this.#close(text, at, pieces);
      else if (this.#depth === 0 && code > 32 && code !== BYTE_ORDER_MARK) this.stray = true;
    }
    if (this.#keeping) this.#keep(text, text.length);
    if (this.#inString && this.#keyFrom >= 0) {
      this.#addKey(text.slice(this.#keyFrom));
      this.#keyFrom = 0;
    }
    return pieces;
  }

  /** True where the text ends within something. */
  get open(): boolean {
    return this.#depth > 0;
  }

  get line(): number {
    return this.#line;
  }

  #startString(at: number): void {
    this.#inString = true;
    this.#keyFrom = this.#depth === 1 ? at + 1 : -1;
    if (this.#depth === 1) this.#key = '';
  }

  #string(code: number, text: string, at: number): void {
    if (this.#escaped) this.#escaped = false;
    else if (code === BACKSLASH) this.#escaped = true;
    else if (code === QUOTE) {
      this.#inString = false;
      if (this.#keyFrom >= 0) this.#addKey(text.slice(this.#keyFrom, at));
      this.#keyFrom = -1;
    }
  }

  #addKey(part: string): void {
    if (this.#key.length < 32) this.#key += part.slice(0, 32);
  }

  /** A resource, or an element of the bundle, starts at the first level of where it stands. */
  #open(code: number, at: number): void {
    if (code === OPEN_BRACE && this.#depth === (this.#inEntries ? 2 : 0)) {
      this.#keeping = true;
      this.#keptLine = this.#line;
      this.#from = at;
      if (this.#depth === 0) this.#key = '';
    }
    this.#depth += 1;
    if (this.#depth !== 2 || code !== OPEN_BRACKET || this.#key !== 'entry') return;
    // What came before `entry` is the bundle's own.
    this.#drop();
    this.#inEntries = true;
    this.#wasBundle = true;
  }

  #close(text: string, at: number, pieces: JsonPiece[]): void {
    this.#depth = Math.max(0, this.#depth - 1);
    if (this.#keeping && this.#depth === (this.#inEntries ? 2 : 0)) {
      this.#keep(text, at + 1);
      pieces.push(this.#piece());
    }
    if (this.#inEntries && this.#depth === 1) this.#inEntries = false;
    if (this.#depth === 0) this.#wasBundle = false;
  }

  #keep(text: string, to: number): void {
    if (this.#tooLong) return;
    if (this.#kept.length + to - this.#from > LIMITS.recordChars) {
      this.#tooLong = true;
      this.#kept = '';
    } else this.#kept += text.slice(this.#from, to);
  }

  #piece(): JsonPiece {
    const piece = { line: this.#keptLine, text: this.#tooLong ? null : this.#kept, entry: this.#wasBundle };
    this.#drop();
    return piece;
  }

  #drop(): void {
    this.#keeping = false;
    this.#kept = '';
    this.#tooLong = false;
  }
}
