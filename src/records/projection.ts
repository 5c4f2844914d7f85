/** Keeps the registry's tables in step with the log: in the same transaction, and the same after a rebuild. */
import { isKithError } from '../base/errors.ts';
import type { DeviceKey, MemberId, NetworkId } from '../base/ids.ts';
import type { Verifier } from '../identity/signing.ts';
import { ERASE_KIND, hydrate } from '../log/folding.ts';
import type { FoldedEntry, LogStore, Projection } from '../log/ports.ts';
import { payloadOf } from '../log/wire.ts';
import { briefOf, decodeBrief, encodeBrief, keysOf, timeOf, type Brief } from './brief.ts';
import { readErasedWord } from './confirming.ts';
import { withheldBecause } from './kinds/reader-view.ts';
import { KINDS, kindByNumber } from './kinds/table.ts';
import type { EntryPlace, ErasureLedger, RecordState, RecordStore } from './ports.ts';
import { readRecordEntry, RecordReader, type ReadEntry, type Sides } from './reading.ts';
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
  readonly records: RecordStore;
  readonly erasures: ErasureLedger;
  memberOf(device: DeviceKey): MemberId | undefined;
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
    },
  };
}

class RecordTable {
  readonly #deps: ProjectionDeps;
  readonly #reader: RecordReader;

  constructor(deps: ProjectionDeps) {
    this.#deps = deps;
    this.#reader = new RecordReader({
      network: deps.network,
      store: deps.log,
      memberOf: (device) => deps.memberOf(device),
    });
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
    }
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
    if (this.#reader.entryAt(place) === undefined) records.removeEntry(place);
    this.#refold(row);
  }

  #record(entry: FoldedEntry): void {
    const read = readRecordEntry(entry.feed, entry);
    if (read === undefined) return;
    const { records } = this.#deps;
    const known = records.find(read.id);
    if (known !== undefined) {
      records.addEntry(known.row, read.place);
      this.#refold(known.row);
      return;
    }
    const sides = this.#reader.fold([read]);
    const { state, keys, about } = this.#stateOf(read.id, sides);
    const row = records.insert(state, read.place, keys);
    if (about !== '') {
      records.refer(row, about);
      this.#look(about);
    }
    // Notes may have come before the person.
    if (sides.full !== undefined) for (const other of records.referring(read.id)) this.#judge(other);
  }

  /** From its entries, as if they had come together. */
  #refold(row: number): void {
    const { records } = this.#deps;
    const before = records.at(row);
    if (before === undefined) return;
    const sides = this.#reader.sides(records.placesOf(row));
    if (sides.entries.length === 0 && sides.refused.length === 0) {
      records.remove(row);
      this.#look(decodeBrief(before.brief).about);
      return;
    }
    const { state, keys, about } = this.#stateOf(before.id, sides);
    const was = decodeBrief(before.brief);
    records.update(row, state);
    if (keys.length > 0 || was.names.length > 0) records.file(row, keys);
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
    const due = this.#isDue(this.#reader.sides(records.placesOf(row)), decodeBrief(note.brief).about);
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
    const { records } = this.#deps;
    let newest:
      { readonly sourceMs: number; readonly id: RecordId; readonly status: Brief['status'] } | undefined;
    for (const row of records.referring(id)) {
      const note = records.at(row);
      if (note === undefined || note.gone || kindByNumber(note.kind)?.name !== 'note') continue;
      const { status, sourceMs, about } = decodeBrief(note.brief);
      if (status === undefined || about !== id) continue;
      const isNewer =
        newest === undefined ||
        sourceMs > newest.sourceMs ||
        (sourceMs === newest.sourceMs && note.id > newest.id);
      if (isNewer) newest = { sourceMs, id: note.id, status };
    }
    return newest?.status;
  }

  #stateOf(
    id: RecordId,
    sides: Sides,
  ): { readonly state: RecordState; readonly keys: readonly string[]; readonly about: RecordId } {
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
      return { state, keys: [], about: '' };
    }
    const gone = side.end !== undefined;
    const isPublic = sides.open !== undefined && !sides.open.withheld && !gone;
    const about = KINDS[side.kind].about;
    const status = KINDS[side.kind].name === 'person' ? this.#newestStatus(id) : undefined;
    const brief = briefOf(side.fields, isPublic, about);
    const shown = side.kind === 'person' ? { ...brief, status } : brief;
    // Readers look nobody up who is withheld from them.
    const isHidden = gone || (sides.full === undefined && !isPublic);
    const expiryMs = timeOf(side.fields['expiry_date']);
    return {
      state: {
        id,
        kind: KINDS[side.kind].no,
        gone,
        due: this.#isDue(sides, brief.about),
        expiryMs: expiryMs === 0 ? undefined : expiryMs,
        brief: encodeBrief(isHidden ? { ...briefOf({}, false, undefined), about: brief.about } : shown),
      },
      keys: isHidden ? [] : keysOf(side.kind, side.fields, shown),
      about: brief.about,
    };
  }

  /** Something of it is here that nobody should hold any more, and this node is to see to it. */
  #isDue({ full, entries, refused }: Sides, about: RecordId): boolean {
    if (full === undefined) return false;
    const isOurs = ({ full: of }: ReadEntry): boolean => of !== undefined && this.#deps.erases(of.device);
    const isEnd = (entry: ReadEntry): boolean => entry.full?.op === 'end';
    const ours = [...entries, ...refused].filter((entry) => isOurs(entry) && entry.held > 0);
    if (full.end !== undefined) return ours.some((entry) => !isEnd(entry));
    const target = about === '' || full.kind !== 'note' ? undefined : this.#deps.records.find(about);
    if (target?.gone === true) return ours.length > 0;
    const isTargetHidden = target !== undefined && !decodeBrief(target.brief).isPublic;
    const latestMs = Math.max(...entries.map((entry) => entry.full?.hlc.ms ?? 0));
    if (!isTargetHidden && withheldBecause(full.kind, full.fields, latestMs) === undefined) return false;
    return ours.some((entry) => entry.open?.op === 'write');
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
