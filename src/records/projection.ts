/** Keeps the registry's tables in step with the log: in the same transaction, and the same after a rebuild. */
import { isKithError } from '../base/errors.ts';
import type { DeviceKey, NetworkId } from '../base/ids.ts';
import type { Verifier } from '../identity/signing.ts';
import { ERASE_KIND, hydrate } from '../log/folding.ts';
import type { FoldedEntry, LogStore, Projection } from '../log/ports.ts';
import { payloadOf } from '../log/wire.ts';
import { briefOf, decodeBrief, encodeBrief, keyInputsOf, keysOf, timeOf, type Brief } from './brief.ts';
import { readErasedWord } from './confirming.ts';
import { withheldBecause } from './kinds/reader-view.ts';
import { KINDS, kindByNumber } from './kinds/table.ts';
import type { EntryPlace, ErasureLedger, RecordState, RecordStore, StoredRecord } from './ports.ts';
import { readRecordEntry, type ReadEntry, type RecordReader, type Sides } from './reading.ts';
import type { RecordId } from './types.ts';
import {
  decodeErased,
  decodeLink,
  ERASED_KIND,
  ERASED_WORD_KIND,
  LINK_KIND,
  RECORD_KIND,
  type LinkPart,
} from './wire.ts';

export interface ProjectionDeps {
  readonly network: NetworkId;
  readonly verifier: Pick<Verifier, 'verify'>;
  readonly log: LogStore;
  readonly reader: RecordReader;
  readonly records: RecordStore;
  readonly erasures: ErasureLedger;
  /** Whether this node has the right to erase what that device wrote, and is the one to do it. */
  erases(device: DeviceKey): boolean;
}

const KINDS_WANTED: ReadonlySet<string> = new Set([
  RECORD_KIND,
  LINK_KIND,
  ERASED_KIND,
  ERASED_WORD_KIND,
  ERASE_KIND,
]);

export function recordProjection(deps: ProjectionDeps): Projection {
  const table = new RecordTable(deps);
  return {
    name: 'records',
    wants: (kind) => KINDS_WANTED.has(kind),
    apply: (entry) => {
      table.apply(entry);
    },
    erased: ({ target, part }) => {
      table.erased(target, part);
    },
    reset: () => {
      deps.records.clear();
      deps.erasures.clear();
      table.forget();
    },
  };
}

/** What a record is filed under, and what that is computed from. */
interface Filing {
  readonly inputs: () => string;
  readonly keys: () => readonly string[];
}

const NOT_FILED: Filing = { inputs: () => '', keys: () => [] };
const MOST_KEPT = 10_000;

interface Newest {
  readonly id: RecordId;
  readonly about: RecordId;
  readonly sourceMs: number;
  readonly status: Brief['status'];
}

/** Undefined of what says none. */
function statusIn({ id, kind, gone, brief }: StoredRecord): Newest | undefined {
  if (gone || kindByNumber(kind)?.name !== 'note') return undefined;
  const { status, sourceMs, about } = decodeBrief(brief);
  return status === undefined ? undefined : { id, about, sourceMs, status };
}

function isNewer(one: Newest, other: Newest): boolean {
  return one.sourceMs > other.sourceMs || (one.sourceMs === other.sourceMs && one.id > other.id);
}

class RecordTable {
  readonly #deps: ProjectionDeps;
  /** Of persons with many notes, the newest that says a status. */
  readonly #newest = new Map<RecordId, Newest>();
  /** Of which something was erased, and which were not looked at since. */
  readonly #erased = new Set<number>();
  /** Of records that were changed, what they are filed under now is computed from. */
  readonly #filed = new Map<number, string>();

  constructor(deps: ProjectionDeps) {
    this.#deps = deps;
    deps.records.onUndone(() => {
      this.forget();
    });
  }

  /** What is kept in memory, once the tables are others. */
  forget(): void {
    this.#deps.reader.forget();
    this.#newest.clear();
    this.#filed.clear();
    this.#erased.clear();
  }

  apply(entry: FoldedEntry): void {
    switch (entry.header.kind) {
      case RECORD_KIND:
        this.#record(entry);
        return;
      case LINK_KIND:
        this.#link(entry);
        return;
      case ERASED_KIND:
        for (const erasure of readErased(entry)) this.#deps.erasures.confirmed(erasure, entry.feed.device);
        return;
      case ERASED_WORD_KIND:
        this.#word(entry);
        return;
      default:
        this.#deps.erasures.demanded(entry.hash);
        this.#seeErased();
    }
  }

  /** One demand erases thousands of parts of one record, and comes after them. */
  #seeErased(): void {
    const rows = [...this.#erased];
    this.#erased.clear();
    for (const row of rows) this.#refold(row, this.#sidesOf(row));
  }

  /** Whoever took it into the log: it counts as far as its own signature does. */
  #word({ parts }: FoldedEntry): void {
    const { network, verifier, erasures } = this.#deps;
    const part = parts[0];
    const word =
      part === null || part === undefined ? undefined : readErasedWord(payloadOf(part), network, verifier);
    if (word === undefined) return;
    for (const erasure of word.erasures) erasures.confirmed(erasure, word.device);
  }

  erased(place: EntryPlace, _part: number): void {
    const { records } = this.#deps;
    records.removeLinks(place);
    const link = this.#linkAt(place);
    if (link !== undefined) records.addLink([link.a, link.b], place);
    const row = records.recordOf(place);
    if (row === undefined) return;
    const { reader } = this.#deps;
    if (reader.entryAt(place) === undefined) records.removeEntry(place);
    reader.forget(row);
    this.#erased.add(row);
  }

  #record(entry: FoldedEntry): void {
    const read = readRecordEntry(entry.feed, entry);
    if (read === undefined) return;
    const { records, reader } = this.#deps;
    const known = records.find(read.id);
    if (known !== undefined) {
      records.addEntry(known.row, read.place);
      const { row } = known;
      this.#refold(
        row,
        reader.withEntry(row, read, () => records.placesOf(row)),
      );
      return;
    }
    const sides = reader.fold([read]);
    const { state, filing, about } = this.#stateOf(read.id, sides);
    const row = records.insert(state, read.place, filing.keys());
    if (about !== '') {
      records.refer(row, about);
      this.#heard({ row, ...state }, about);
      this.#look(about);
    }
    // Notes may have come before the person.
    if (sides.full !== undefined) for (const other of records.referring(read.id)) this.#judge(other);
  }

  #sidesOf(row: number): Sides {
    const { records, reader } = this.#deps;
    return reader.sidesOf(row, () => records.placesOf(row));
  }

  /** From its entries, as if they had come together. */
  #refold(row: number, sides: Sides): void {
    const { records } = this.#deps;
    const before = records.at(row);
    if (before === undefined) return;
    const was = decodeBrief(before.brief);
    if (sides.entries.length === 0 && sides.refused.length === 0) {
      records.remove(row);
      this.#filed.delete(row);
      this.#heard({ ...before, gone: true }, was.about);
      this.#look(was.about);
      return;
    }
    const { state, filing, about } = this.#stateOf(before.id, sides);
    records.update(row, state);
    this.#file(row, filing, was.names.length > 0);
    this.#heard({ row, ...state }, was.about);
    if (about !== was.about) records.refer(row, about === '' ? undefined : about);
    for (const id of new Set([about, was.about])) this.#look(id);
    // They go when the person does, and out of readers' sight with it.
    if (before.gone !== state.gone || was.isPublic !== decodeBrief(state.brief).isPublic)
      for (const other of records.referring(state.id)) this.#judge(other);
  }

  /** Whether there is something to erase of a note, now that the person is another. */
  #judge(row: number): void {
    const { records } = this.#deps;
    const note = records.at(row);
    if (note === undefined) return;
    const due = this.#isDue(this.#sidesOf(row), decodeBrief(note.brief).about);
    if (due !== note.due) records.update(row, { ...note, due });
  }

  /** Sets a person's status to what the newest note says. */
  #look(id: RecordId): void {
    if (id === '') return;
    const { records } = this.#deps;
    const record = records.find(id);
    if (record === undefined || kindByNumber(record.kind)?.name !== 'person') return;
    const brief = decodeBrief(record.brief);
    const status = this.#newestStatus(id);
    if (brief.status === status) return;
    records.update(record.row, { ...record, brief: encodeBrief({ ...brief, status }) });
  }

  #newestStatus(id: RecordId): Brief['status'] {
    const known = this.#newest.get(id);
    if (known !== undefined) return known.status;
    const { records, reader } = this.#deps;
    const rows = records.referring(id);
    let newest: Newest | undefined;
    for (const row of rows) {
      const note = records.at(row);
      const said = note === undefined ? undefined : statusIn(note);
      if (said?.about === id && (newest === undefined || isNewer(said, newest))) newest = said;
    }
    if (newest !== undefined && rows.length >= reader.longFrom) this.#keepNewest(id, newest);
    return newest?.status;
  }

  #keepNewest(id: RecordId, newest: Newest): void {
    if (this.#newest.size >= MOST_KEPT) this.#newest.clear();
    this.#newest.set(id, newest);
  }

  /** A note is another now: the newest one may be. @param was the record that it was about. */
  #heard(note: StoredRecord, was: RecordId): void {
    if (kindByNumber(note.kind)?.name !== 'note') return;
    const said = statusIn(note);
    for (const id of new Set([said?.about ?? was, was])) {
      const known = this.#newest.get(id);
      if (known === undefined) continue;
      // The one that was the newest says something else, or nothing any more.
      if (known.id === note.id) this.#newest.delete(id);
      else if (said?.about === id && isNewer(said, known)) this.#keepNewest(id, said);
    }
  }

  /** Again only if it is looked for by something else: most edits change none of that. */
  #file(row: number, { inputs, keys }: Filing, wasFiled: boolean): void {
    const now = inputs();
    if (this.#filed.get(row) === now) return;
    const filed = keys();
    if (filed.length > 0 || wasFiled) this.#deps.records.file(row, filed);
    if (this.#filed.size >= MOST_KEPT) this.#filed.clear();
    this.#filed.set(row, now);
  }

  #stateOf(
    id: RecordId,
    sides: Sides,
  ): { readonly state: RecordState; readonly filing: Filing; readonly about: RecordId } {
    const side = sides.full ?? sides.open;
    if (side === undefined) {
      const nothing = briefOf({}, false, undefined);
      const state = {
        id,
        kind: 0,
        gone: false,
        due: false,
        expiryMs: undefined,
        brief: encodeBrief(nothing),
      };
      return { state, filing: NOT_FILED, about: '' };
    }
    const { fields } = side;
    const gone = side.end !== undefined;
    const isPublic = sides.open !== undefined && !sides.open.withheld && !gone;
    const about = KINDS[side.kind].about;
    const status = KINDS[side.kind].name === 'person' ? this.#newestStatus(id) : undefined;
    const brief = briefOf(fields, isPublic, about);
    const shown = side.kind === 'person' ? { ...brief, status } : brief;
    // Readers look nobody up who is withheld from them.
    const isHidden = gone || (sides.full === undefined && !isPublic);
    const expiryMs = timeOf(fields['expiry_date']);
    return {
      state: {
        id,
        kind: KINDS[side.kind].no,
        gone,
        due: this.#isDue(sides, brief.about),
        expiryMs: expiryMs === 0 ? undefined : expiryMs,
        brief: encodeBrief(isHidden ? { ...briefOf({}, false, undefined), about: brief.about } : shown),
      },
      filing: isHidden
        ? NOT_FILED
        : {
            inputs: () => keyInputsOf(side.kind, fields, shown),
            keys: () => keysOf(side.kind, fields, shown),
          },
      about: brief.about,
    };
  }

  /** Something of it is here that nobody should hold any more, and this node is to see to it. */
  #isDue({ full, entries, refused }: Sides, about: RecordId): boolean {
    if (full === undefined) return false;
    const isOurs = ({ full: of, held }: ReadEntry): boolean =>
      of !== undefined && held > 0 && this.#deps.erases(of.device);
    const some = (what: (entry: ReadEntry) => boolean): boolean =>
      entries.some((entry) => isOurs(entry) && what(entry)) ||
      refused.some((entry) => isOurs(entry) && what(entry));
    if (full.end !== undefined) return some((entry) => entry.full?.op !== 'end');
    const target = about === '' || full.kind !== 'note' ? undefined : this.#deps.records.find(about);
    if (target?.gone === true) return some(() => true);
    const isTargetHidden = target !== undefined && !decodeBrief(target.brief).isPublic;
    if (!isTargetHidden && withheldBecause(full.kind, full.fields, full.latestMs) === undefined) return false;
    return some((entry) => entry.open?.op === 'write');
  }

  // ---- links

  #link(entry: FoldedEntry): void {
    const link = readLink(entry);
    if (link !== undefined)
      this.#deps.records.addLink([link.a, link.b], { feed: entry.feed.id, seq: entry.header.seq });
  }

  #linkAt(place: EntryPlace): LinkPart | undefined {
    const { log } = this.#deps;
    const [stored] = log.read({ feed: place.feed, from: place.seq, to: place.seq });
    if (stored === undefined) return undefined;
    const entry = hydrate(stored);
    return entry.header.kind === LINK_KIND ? readLink(entry) : undefined;
  }
}

export function readLink({ header, parts }: Pick<FoldedEntry, 'header' | 'parts'>): LinkPart | undefined {
  const part = parts[0];
  if (header.parts[0]?.audience !== 'members' || part === null || part === undefined) return undefined;
  return ifReadable(() => decodeLink(payloadOf(part)));
}

function readErased({ parts }: FoldedEntry): ReturnType<typeof decodeErased> {
  const part = parts[0];
  if (part === null || part === undefined) return [];
  return ifReadable(() => decodeErased(payloadOf(part))) ?? [];
}

function ifReadable<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (isKithError(error, 'malformed')) return undefined;
    throw error;
  }
}
