/**
 * PFIF in XML, alone or in an Atom feed, as raw records. Read by `saxes`, which processes no DTD; a file that has one
 * is refused. Namespaces are resolved here, so that one broken tag does not take the names of all that follows.
 */
import { SaxesParser, type SaxesTagPlain } from 'saxes';
import { KithError } from '../../../base/errors.ts';
import { EXCHANGE_LIMITS as LIMITS } from '../limits.ts';
import type { Problem } from '../types.ts';
import type { RawRecord } from './raw.ts';
import { ALL_FIELDS, PFIF_VERSIONS, versionOf, type PfifKind, type PfifVersion } from './versions.ts';

const ATOM = 'http://www.w3.org/2005/Atom';
/** `alternate_names` and `profile_urls` hold several values, one a line; some write an element for each. */
const SEVERAL = new Set(['alternate_names', 'profile_urls']);
/** Stands in for an ampersand that begins no entity: the parser would take all up to the next semicolon for its name. */
const BARE = '\u{10fffd}';
const BARE_AMPERSAND = /&(?!(?:[A-Za-z][A-Za-z0-9]{0,30}|#\d{1,7}|#x[0-9A-Fa-f]{1,6});)/g;
/** The parser takes a number that is none of Unicode's for one. */
const NUMBERED = /&#(?:(\d{1,7})|x([0-9A-Fa-f]{1,6}));/g;
const LAST_CODE_POINT = 0x10ffff;
const LONGEST_ENTITY = 34;
/** What the parser says of everything that follows once a stray end tag has closed the root. */
const AFTER_ROOT = /only one root|outside of root/;

type Place = 'root' | 'entry' | 'person' | 'note' | 'field' | 'foreign';

interface Scope {
  readonly prefixes: ReadonlyMap<string, string>;
  readonly depth: number;
}

export interface RawSink {
  record(raw: RawRecord): void;
  problem(problem: Problem): void;
}

export class PfifXmlReader {
  readonly #parser = new SaxesParser({ xmlns: false, position: true });
  readonly #sink: RawSink;
  readonly #places: Place[] = [];
  readonly #scopes: Scope[] = [{ prefixes: new Map(), depth: 0 }];
  /** Local names, and the versions of namespaces, are looked up once each. */
  readonly #versions = new Map<string, PfifVersion | null | undefined>();
  #person: RawRecord | undefined;
  #note: RawRecord | undefined;
  #field = '';
  #pieces = '';
  #chars = 0;
  #manyNotes = false;
  #startLine = 1;
  #rootSeen = false;
  #faults = 0;
  #unread = 0;
  /** The end of a piece that may be the start of an entity. */
  #held = '';
  /** Closed, and given on with the next event: whether its end tag was its own is said after it. */
  #closed: RawRecord | undefined;
  /** Children of the root, for whoever checks that there are any. */
  rootChildren = 0;
  version: PfifVersion | undefined;

  constructor(sink: RawSink) {
    this.#sink = sink;
    const parser = this.#parser;
    parser.on('error', (error) => {
      this.#broken(error.message.replace(/^\d+:\d+: /, ''));
    });
    parser.on('doctype', refuseDtd);
    parser.on('opentagstart', () => {
      this.#startLine = parser.line;
    });
    parser.on('opentag', (tag) => {
      this.#unread = 0;
      this.#giveClosed();
      this.#open(tag);
    });
    parser.on('closetag', () => {
      this.#unread = 0;
      this.#giveClosed();
      this.#close();
    });
    parser.on('text', (text) => {
      this.#text(text);
    });
    parser.on('cdata', (text) => {
      this.#text(text.replaceAll(BARE, '&'));
    });
  }

  /** @throws KithError `dtd-refused` | `not-pfif` | `unknown-version` | `not-xml` | `too-large` */
  push(text: string): void {
    this.#unread += text.length;
    this.#parser.write(this.#guarded(text));
    if (this.#unread > LIMITS.tokenChars)
      throw new KithError(
        'too-large',
        `From line ${String(this.#parser.line)} on this file has no end of a tag or text within ${String(LIMITS.tokenChars)} characters.`,
        { next: 'See whether it is the right file.' },
      );
    if (!this.#rootSeen && this.#parser.line > 1000) throw notPfif('');
  }

  /** The text with sentinels for bare ampersands; its end is held back where it may be half an entity. */
  #guarded(text: string): string {
    const whole = this.#held + text;
    const last = whole.lastIndexOf('&');
    const open = last > whole.length - LONGEST_ENTITY && last !== -1 && !whole.includes(';', last);
    this.#held = open ? whole.slice(last) : '';
    return withSentinels(open ? whole.slice(0, last) : whole);
  }

  end(): void {
    this.#parser.write(withSentinels(this.#held)).close();
    this.#giveClosed();
    if (!this.#rootSeen) throw notPfif('');
    // What is still open was cut off: the reader does not know what else it would have said.
    for (const raw of [this.#note, this.#person]) {
      if (raw === undefined) continue;
      raw.fault ??= { line: raw.line, code: 'cut-off', message: 'the file ends within this record' };
    }
    if (this.#note !== undefined) this.#endNote(this.#note);
    this.#giveClosed();
    if (this.#person !== undefined) this.#endPerson(this.#person);
    this.#giveClosed();
  }

  // ---- elements

  #open(tag: SaxesTagPlain): void {
    const { prefix, local } = split(tag.name);
    this.#declare(tag);
    const place = this.#placeOf(this.#namespace(prefix), local);
    this.#places.push(place);
    if (tag.isSelfClosing && place === 'field') this.#pieces = '';
  }

  #placeOf(namespace: string, local: string): Place {
    const parent = this.#places.at(-1);
    // The parser remembers every element that is open.
    if (this.#places.length >= LIMITS.depthOfFile) throw tooDeep(this.#parser.line);
    if (this.#places.length >= LIMITS.depth) {
      this.#fault('too-deep', `“${short(local)}” is nested too deep`);
      return 'foreign';
    }
    if (parent === undefined && !this.#rootSeen) return this.#root(namespace, local);
    const version = this.#versionOf(namespace);
    if (parent === 'foreign') return 'foreign';
    if (parent === 'field') {
      this.#fault('nested-field', `“${this.#field}” holds text, and no “${short(local)}”`);
      return 'foreign';
    }
    if (parent === 'person' || parent === 'note') return this.#child(parent, version, local);
    return this.#between(parent, namespace, local);
  }

  /** In the root or an entry, or behind a root that a stray end tag has closed. */
  #between(parent: Place | undefined, namespace: string, local: string): Place {
    const version = this.#versionOf(namespace);
    if (parent !== 'entry') this.rootChildren += 1;
    if (namespace === ATOM && local === 'entry') return 'entry';
    if (version === undefined || (local !== 'person' && local !== 'note')) return 'foreign';
    if (version === null) throw unknownVersion(namespace);
    return this.#record(local, version);
  }

  #root(namespace: string, local: string): Place {
    this.#rootSeen = true;
    const version = this.#versionOf(namespace);
    if (version === null) throw unknownVersion(namespace);
    if (version !== undefined && local === 'pfif') {
      this.version = version;
      return 'root';
    }
    if (namespace === ATOM && local === 'feed') return 'root';
    if (namespace === ATOM && local === 'entry') return 'entry';
    throw notPfif(local);
  }

  #child(parent: 'person' | 'note', version: PfifVersion | null | undefined, local: string): Place {
    const raw = parent === 'note' ? this.#note : this.#person;
    if (version === undefined || version === null || raw === undefined) return 'foreign';
    if (raw.children.length >= LIMITS.elementsPerRecord && local !== 'note') {
      this.#fault('too-many-elements', `it has more than ${String(LIMITS.elementsPerRecord)} elements`);
      return 'foreign';
    }
    if (raw.children.length < LIMITS.elementsPerRecord || local !== 'note') raw.children.push(local);
    if (parent === 'person' && local === 'note') return this.#record('note', version);
    this.#field = local;
    this.#pieces = '';
    return 'field';
  }

  #record(kind: PfifKind, version: PfifVersion): Place {
    const raw: RawRecord = {
      kind,
      version,
      line: this.#startLine,
      fields: {},
      children: [],
      notes: [],
      fault: undefined,
    };
    if (kind === 'person') {
      this.#person = raw;
      this.#manyNotes = false;
      this.#chars = 0;
    } else {
      if (this.#person === undefined) this.#chars = 0;
      this.#note = raw;
    }
    return kind;
  }

  #close(): void {
    const place = this.#places.pop();
    while ((this.#scopes.at(-1)?.depth ?? 0) > this.#places.length) this.#scopes.pop();
    if (place === 'field') this.#endField();
    else if (place === 'note' && this.#note !== undefined) this.#endNote(this.#note);
    else if (place === 'person' && this.#person !== undefined) this.#endPerson(this.#person);
  }

  #endField(): void {
    const raw = this.#note ?? this.#person;
    const value = this.#pieces.trim();
    this.#pieces = '';
    if (raw === undefined || value === '' || !ALL_FIELDS.has(this.#field)) return;
    const before = raw.fields[this.#field];
    if (before === undefined || before === value) raw.fields[this.#field] = value;
    else if (SEVERAL.has(this.#field)) raw.fields[this.#field] = `${before}\n${value}`;
    else this.#fault('two-values', `“${short(this.#field)}” stands in it with two values`);
  }

  #endNote(note: RawRecord): void {
    this.#note = undefined;
    this.#closed = note;
    if (this.#person === undefined) return;
    const kept = this.#person.notes.length;
    if (kept < LIMITS.notesPerPerson) this.#person.notes.push(note);
    else if (!this.#manyNotes)
      this.#problem(
        note.line,
        'too-many-notes',
        `of one person’s notes those after ${String(kept)} are left out`,
        'between',
      );
    this.#manyNotes = kept >= LIMITS.notesPerPerson;
    // Each note has the room of a record; how many of them a person may hold is bounded above.
    this.#chars = 0;
  }

  #endPerson(person: RawRecord): void {
    this.#person = undefined;
    this.#closed = person;
  }

  #giveClosed(): void {
    const raw = this.#closed;
    this.#closed = undefined;
    if (raw !== undefined && (raw.kind === 'person' || this.#person === undefined)) this.#sink.record(raw);
  }

  #text(text: string): void {
    this.#unread = 0;
    if (this.#places.at(-1) !== 'field') return;
    if (text.includes(BARE)) this.#fault('bad-xml', 'there is an “&” in it that has to be “&amp;”');
    this.#chars += text.length;
    if (this.#chars > LIMITS.recordChars) {
      this.#pieces = '';
      this.#fault('too-large', `it has more than ${String(LIMITS.recordChars)} characters`);
    } else this.#pieces += text;
  }

  // ---- namespaces

  #declare(tag: SaxesTagPlain): void {
    let prefixes: Map<string, string> | undefined;
    for (const name in tag.attributes) {
      if (!name.startsWith('xmlns')) continue;
      if (name !== 'xmlns' && name[5] !== ':') continue;
      prefixes ??= new Map(this.#scopes.at(-1)?.prefixes);
      if (prefixes.size < 100) prefixes.set(name.slice(6), tag.attributes[name] ?? '');
    }
    if (prefixes === undefined) return;
    // The root's stay to the end: after a stray end tag what follows needs them.
    this.#scopes.push({ prefixes, depth: this.#rootSeen ? this.#places.length + 1 : 0 });
  }

  #namespace(prefix: string): string {
    return this.#scopes.at(-1)?.prefixes.get(prefix) ?? '';
  }

  #versionOf(namespace: string): PfifVersion | null | undefined {
    if (this.#versions.has(namespace)) return this.#versions.get(namespace);
    const version = versionOf(namespace);
    if (this.#versions.size < 100) this.#versions.set(namespace, version);
    return version;
  }

  // ---- faults

  #broken(what: string): void {
    if (!this.#rootSeen && this.#places.length === 0) {
      throw new KithError('not-xml', `Line ${String(this.#parser.line)}: this is not XML (${what})`, {
        next: 'See whether it is the right file, and the right --format.',
      });
    }
    if (this.#rootSeen && AFTER_ROOT.test(what)) return;
    const message = `this is not well-formed XML (${what.replace(/\.$/, '')})`;
    const closed = this.#closed;
    if (closed !== undefined && /unexpected close/.test(what))
      closed.fault ??= { line: this.#parser.line, code: 'bad-xml', message };
    // One stray end tag is said once, of the record that it broke.
    else if (closed?.fault !== undefined && /unmatched/.test(what)) return;
    else if ((this.#note ?? this.#person) !== undefined) this.#fault('bad-xml', message);
    else this.#problem(this.#parser.line, 'bad-xml', message, 'between');
  }

  #fault(code: string, message: string): void {
    const raw = this.#note ?? this.#person;
    if (raw !== undefined) raw.fault ??= { line: this.#parser.line, code, message };
  }

  #problem(line: number, code: string, message: string, weight: Problem['weight']): void {
    this.#faults += 1;
    if (this.#faults > LIMITS.faultsBetween)
      throw new KithError('not-xml', `Line ${String(line)}: too much of this file is broken.`, {
        next: 'Have it exported anew.',
      });
    this.#sink.problem({ type: 'problem', line, code, message: `Line ${String(line)}: ${message}.`, weight });
  }
}

function withSentinels(text: string): string {
  const guarded = text.replace(BARE_AMPERSAND, BARE);
  if (!guarded.includes('&#')) return guarded;
  return guarded.replace(NUMBERED, (found, decimal?: string, hex?: string) => {
    const point = decimal === undefined ? parseInt(hex ?? '', 16) : Number(decimal);
    return point > LAST_CODE_POINT ? BARE + found.slice(1) : found;
  });
}

function split(name: string): { prefix: string; local: string } {
  const colon = name.indexOf(':');
  return colon === -1
    ? { prefix: '', local: name }
    : { prefix: name.slice(0, colon), local: name.slice(colon + 1) };
}

function short(name: string): string {
  return name.slice(0, 60);
}

function tooDeep(line: number): KithError {
  return new KithError('too-large', `Line ${String(line)}: elements are nested without end.`, {
    next: 'See whether it is the right file.',
  });
}

function refuseDtd(): never {
  throw new KithError(
    'dtd-refused',
    'This file has a document type definition (DTD), which kith does not read.',
    { next: 'Take the <!DOCTYPE …> out of it; PFIF needs none.' },
  );
}

function notPfif(root: string): KithError {
  return new KithError(
    'not-pfif',
    root === '' ? 'This file has no PFIF in it.' : `This is no PFIF, but “${short(root)}”.`,
    { next: 'A PFIF file starts with <pfif xmlns="http://zesty.ca/pfif/1.4">, or is an Atom feed.' },
  );
}

function unknownVersion(namespace: string): KithError {
  return new KithError('unknown-version', `kith does not read this version of PFIF (${short(namespace)}).`, {
    next: `It reads ${PFIF_VERSIONS.slice(0, 4).join(', ')}.`,
  });
}
