/** A registry in memory, for whoever imports into it and exports from it: merges by field, as the real one does. */
import type {
  Checkpoint,
  Exported,
  GivenOut,
  ExportDoor,
  ImportDoor,
  Incoming,
  Taken,
} from '../../src/records/exchange/ports.ts';
import type { Fields, KindName } from '../../src/records/kinds/index.ts';

interface Kept {
  readonly kind: KindName;
  fields: Fields;
  gone: boolean;
}

export class MemoryRegistry implements ImportDoor, ExportDoor {
  readonly records = new Map<string, Kept>();
  readonly #checkpoints = new Map<string, Checkpoint>();
  readonly givenOut: GivenOut[] = [];
  /** How often something was written: each costs a signature. */
  batches = 0;
  /** Called before a batch is on disk; throws to lose it. */
  beforeCommit: () => void = () => undefined;

  checkpoint(source: string): Checkpoint | undefined {
    return this.#checkpoints.get(source);
  }

  take(source: string, items: readonly Incoming[], upTo: number): Taken {
    this.beforeCommit();
    const count = { added: 0, updated: 0, skipped: 0 };
    for (const item of items) count[this.#put(item)] += 1;
    if (items.length > 0) this.batches += 1;
    const before = this.#checkpoints.get(source) ?? { added: 0, updated: 0, skipped: 0 };
    this.#checkpoints.set(source, {
      position: upTo,
      added: before.added + count.added,
      updated: before.updated + count.updated,
      skipped: before.skipped + count.skipped,
    });
    return { ...count, refused: [] };
  }

  has(id: string): boolean {
    return this.records.has(id);
  }

  find(id: string): Fields | undefined {
    const kept = this.records.get(id);
    return kept === undefined || kept.gone ? undefined : kept.fields;
  }

  *read(kind: KindName): Iterable<Exported> {
    for (const [id, kept] of this.records) if (kept.kind === kind) yield this.#exported(id, kept);
  }

  *notesOf(person: string): Iterable<Exported> {
    for (const note of this.read('note')) if (note.fields['person_record_id'] === person) yield note;
  }

  noteGivenOut(given: readonly GivenOut[]): void {
    this.givenOut.push(...given);
  }

  #put({ id, kind, fields }: Incoming): 'added' | 'updated' | 'skipped' {
    const kept = this.records.get(id);
    if (kept === undefined) {
      this.records.set(id, { kind, fields, gone: false });
      return 'added';
    }
    const isNews = Object.entries(fields).some(([name, value]) => kept.fields[name] !== value);
    if (kept.gone || !isNews) return 'skipped';
    kept.fields = { ...kept.fields, ...fields };
    return 'updated';
  }

  #exported(id: string, { kind, fields, gone }: Kept): Exported {
    let status: string | undefined;
    if (kind === 'person') for (const note of this.notesOf(id)) status = note.fields['status'] ?? status;
    return { id, kind, fields, gone, status };
  }
}
