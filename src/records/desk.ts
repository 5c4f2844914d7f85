/** The registry of one node, for whoever asks: everything that can be done with records, and nothing that waits. */
import type { Bytes } from '../base/bytes.ts';
import { decodeBrief } from './brief.ts';
import { mustFind, viewOf, type RecordContext } from './context.ts';
import {
  addRecord,
  editRecord,
  historyOf,
  mustView,
  noteReading,
  type HistoryItem,
  type RawFields,
} from './editing.ts';
import { confirmErasures, erasedWord, takeErasedWord } from './confirming.ts';
import { endRecord, erasureOf, sweep, type Ended, type Erasure } from './ending.ts';
import { bulkAdd } from './importing.ts';
import { KINDS } from './kinds/table.ts';
import type { KindName } from './kinds/types.ts';
import type { Access } from './ports.ts';
import { KithError } from '../base/errors.ts';
import {
  linkedWith,
  linkRecords,
  matchesOf,
  search,
  type Hit,
  type MatchHit,
  type Question,
} from './searching.ts';
import type { ImportCounts, ImportError, ImportItem, ImportProgress, RecordId, RecordView } from './types.ts';

const MOST_ACCESSES = 200;

export interface RecordShown extends RecordView {
  readonly linked: readonly RecordId[];
  /** Notes about it, the newest first. */
  readonly notes: readonly RecordView[];
  /** Whether readers see something of it. */
  readonly isPublic: boolean;
}

export class RecordDesk {
  readonly #context: RecordContext;

  constructor(context: RecordContext) {
    this.#context = context;
  }

  add(kind: KindName, fields: RawFields, id?: RecordId): RecordView {
    return this.#context.transact(() => this.#tidied(addRecord(this.#context, kind, fields, id)));
  }

  edit(id: string, fields: RawFields): RecordView {
    return this.#context.transact(() => this.#tidied(editRecord(this.#context, id, fields)));
  }

  note(person: string, fields: RawFields): RecordView {
    const { id, kind, gone } = mustFind(this.#context, person);
    if (gone || kind !== PERSON_NO) {
      throw new KithError('bad-record', `There is no person ${id} to say something of.`, {
        next: 'Look for the person: kith record search NAME',
      });
    }
    return this.add('note', { ...fields, person_record_id: id });
  }

  /** @param as `reader`: the public side alone. @throws KithError `unknown-record` */
  show(name: string, as: 'member' | 'reader' = 'member'): RecordShown {
    const context = this.#context;
    const record = mustFind(context, name);
    const view = viewOf(context, record, as);
    if (view === undefined) throw unknown(name);
    const { status, isPublic } = decodeBrief(record.brief);
    const notes = view.gone ? [] : this.#notes(record.id, as);
    if (as === 'member') noteReading(context, [view, ...notes], 'read');
    const shownStatus = as === 'reader' && status === 'believed_dead' ? undefined : status;
    return {
      ...view,
      status: view.gone ? undefined : shownStatus,
      linked: as === 'reader' ? [] : linkedWith(context, record.id),
      notes,
      isPublic,
    };
  }

  history(name: string): { readonly items: readonly HistoryItem[]; readonly accesses: readonly Access[] } {
    const record = mustFind(this.#context, name);
    return {
      items: historyOf(this.#context, record),
      accesses: this.#context.diary.accessesOf(record.id, MOST_ACCESSES),
    };
  }

  search(question: Question): readonly Hit[] {
    const hits = search(this.#context, question);
    if (question.as === 'member') noteReading(this.#context, hits, 'search');
    return hits;
  }

  matches(name: string, limit: number): readonly MatchHit[] {
    const hits = matchesOf(this.#context, name, limit);
    noteReading(this.#context, hits, 'search');
    return hits;
  }

  link(
    one: string,
    other: string,
    options: { readonly linked: boolean; readonly reason: string },
  ): readonly RecordId[] {
    return linkRecords(this.#context, one, other, options);
  }

  end(name: string): Ended {
    return endRecord(this.#context, name);
  }

  erasure(name: string): Erasure {
    return erasureOf(this.#context, name);
  }

  /** What time and others make necessary. @returns whether there may be more to do at once. */
  sweep(): boolean {
    return sweep(this.#context);
  }

  /** @returns how many erasures this node has signed for now. */
  confirm(): number {
    return confirmErasures(this.#context);
  }

  /** What a reader's node has to tell a member, who takes it into the log. */
  erasedWord(): Bytes | undefined {
    return erasedWord(this.#context);
  }

  /** @returns whether it was a reader's word, and news. */
  takeErasedWord(word: Bytes): boolean {
    return takeErasedWord(this.#context, word);
  }

  count(): number {
    return this.#context.records.count();
  }

  /** Undefined for a source that was never begun. */
  progressOf(source: string): ImportProgress | undefined {
    return this.#context.diary.progressOf(source);
  }

  /**
   * Takes in records that begin after the line where the source was left; all of them, and that they were, in one
   * transaction, under few signatures. Whoever is stopped asks `progressOf` and goes on behind that line.
   * @param upTo the line up to which the source was read.
   */
  bulkAdd(
    source: string,
    items: readonly ImportItem[],
    upTo: number,
  ): ImportCounts & { readonly errors: readonly ImportError[] } {
    return bulkAdd(this.#context, source, items, upTo);
  }

  /** What readers must not see any more is erased in the same go. */
  #tidied(view: RecordView): RecordView {
    sweep(this.#context);
    return mustView(this.#context, view.id);
  }

  #notes(person: RecordId, as: 'member' | 'reader'): readonly RecordView[] {
    const context = this.#context;
    return context.records
      .referring(person)
      .flatMap((row) => {
        const note = context.records.at(row);
        const view = note === undefined || note.gone ? undefined : viewOf(context, note, as);
        return view === undefined || view.kind !== 'note' || view.gone ? [] : [view];
      })
      .sort((a, b) => ((a.fields['source_date'] ?? '') < (b.fields['source_date'] ?? '') ? 1 : -1));
  }
}

const PERSON_NO = KINDS.person.no;

function unknown(name: string): KithError {
  return new KithError('unknown-record', `There is no record “${name}” here.`, {
    next: 'Look for it by name: kith record search NAME',
  });
}
