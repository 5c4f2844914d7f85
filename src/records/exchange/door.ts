/** The registry as importing and exporting see it. */
import { decodeBrief } from '../brief.ts';
import { kindOf, viewOf, type RecordContext } from '../context.ts';
import { bulkAdd } from '../importing.ts';
import { KINDS } from '../kinds/index.ts';
import type { StoredRecord } from '../ports.ts';
import type { Checkpoint, ExportDoor, Exported, GivenOut, ImportDoor, Incoming, Taken } from './ports.ts';
import type { Fields, KindName } from './types.ts';

const PAGE_RECORDS = 200;

/** To the registry the place of a record in its source is its line: what counts is their order. */
export class RegistryDoor implements ImportDoor, ExportDoor {
  readonly #context: RecordContext;

  constructor(context: RecordContext) {
    this.#context = context;
  }

  checkpoint(source: string): Checkpoint | undefined {
    const progress = this.#context.diary.progressOf(source);
    return progress === undefined ? undefined : { ...progress, position: progress.line };
  }

  take(source: string, items: readonly Incoming[], upTo: number): Taken {
    const lines = items.map(({ position, id, kind, fields }) => ({ line: position, id, kind, fields }));
    const { errors, ...counts } = bulkAdd(this.#context, source, lines, upTo);
    return {
      ...counts,
      refused: errors.map(({ line, code, message }) => ({ position: line, code, message })),
    };
  }

  has(id: string): boolean {
    return this.#stored(id) !== undefined;
  }

  find(id: string): Fields | undefined {
    const record = this.#stored(id);
    const view = record === undefined ? undefined : viewOf(this.#context, record);
    return view === undefined || view.gone ? undefined : view.fields;
  }

  *read(kind: KindName): Generator<Exported> {
    for (let row = 0; ;) {
      const page = this.#context.records.page(row, PAGE_RECORDS);
      const last = page.at(-1);
      if (last === undefined) return;
      row = last.row;
      for (const record of page) if (record.kind === KINDS[kind].no) yield* this.#exported(record);
    }
  }

  *notesOf(id: string): Generator<Exported> {
    for (const row of this.#context.records.referring(id)) {
      const record = this.#context.records.at(row);
      if (record !== undefined && kindOf(record) === 'note') yield* this.#exported(record);
    }
  }

  noteGivenOut(given: readonly GivenOut[]): void {
    const atMs = this.#context.clock.nowMs();
    const accesses = given.map(({ id, fields }) => ({ atMs, action: 'export' as const, record: id, fields }));
    this.#context.transact(() => {
      this.#context.diary.noteAccess(accesses);
    });
  }

  /** One that others speak of, and that never came, is not here. */
  #stored(id: string): StoredRecord | undefined {
    const record = this.#context.records.find(id);
    return record === undefined || record.kind === 0 ? undefined : record;
  }

  *#exported(record: StoredRecord): Generator<Exported> {
    const view = viewOf(this.#context, record);
    if (view === undefined) return;
    const status = view.kind === 'person' && !view.gone ? decodeBrief(record.brief).status : undefined;
    yield { id: view.id, kind: view.kind, fields: view.fields, gone: view.gone, status };
  }
}
