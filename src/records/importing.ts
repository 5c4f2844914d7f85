/** Many records at once: few signatures, and a mark on disk of how far a source was taken in. */
import { isKithError } from '../base/errors.ts';
import type { Draft } from '../log/types.ts';
import { kindOf, mayEdit, sidesOf, type RecordContext } from './context.ts';
import { timeOf } from './brief.ts';
import { draftOf, NOTHING, type Before, type Change } from './drafting.ts';
import { beforeOf, mayWriteFields, notHome, writingOf } from './editing.ts';
import { withheldBecause } from './kinds/reader-view.ts';
import type { Fields } from './kinds/types.ts';
import type { StoredRecord } from './ports.ts';
import type { ImportCounts, ImportError, ImportItem, RecordId } from './types.ts';

const NONE = { read: 0, added: 0, updated: 0, skipped: 0 } as const;

type Outcome = 'added' | 'updated' | 'skipped';

/** What is written in one go, before any of it is here. */
interface Batch {
  readonly drafts: Draft[];
  /** Persons that are written in it, and whether readers see them. */
  readonly hidden: Map<RecordId, boolean>;
  readonly ids: Set<RecordId>;
}

export function bulkAdd(
  context: RecordContext,
  source: string,
  items: readonly ImportItem[],
  upTo: number,
): ImportCounts & { readonly errors: readonly ImportError[] } {
  const { diary, log } = context;
  const errors: ImportError[] = [];
  const counts = { ...NONE, read: 0, added: 0, updated: 0, skipped: 0 };
  context.transact(() => {
    const before = diary.progressOf(source);
    const fresh = items.filter(({ line }) => line > (before?.line ?? 0));
    let batch = newBatch();
    for (const item of fresh) {
      // Of two of one name in a go, the second builds on the first.
      if (batch.ids.has(item.id)) {
        log.append(batch.drafts);
        batch = newBatch();
      }
      counts.read += 1;
      const outcome = tryItem(context, item, batch, errors);
      counts[outcome] += 1;
    }
    if (batch.drafts.length > 0) log.append(batch.drafts);
    const line = Math.max(upTo, before?.line ?? 0);
    const sum = before ?? NONE;
    diary.setProgress(source, {
      line,
      read: sum.read + counts.read,
      added: sum.added + counts.added,
      updated: sum.updated + counts.updated,
      skipped: sum.skipped + counts.skipped,
    });
  });
  return { ...counts, errors };
}

function newBatch(): Batch {
  return { drafts: [], hidden: new Map(), ids: new Set() };
}

/** What one record lacks is its own failure, never the file's. */
function tryItem(context: RecordContext, item: ImportItem, batch: Batch, errors: ImportError[]): Outcome {
  try {
    return takeItem(context, item, batch);
  } catch (error) {
    if (!isKithError(error) || !ITEM_FAILURES.has(error.code)) throw error;
    errors.push({ line: item.line, code: error.code, message: error.message });
    return 'skipped';
  }
}

const ITEM_FAILURES: ReadonlySet<string> = new Set(['not-home', 'needs-grant', 'too-large']);

function takeItem(context: RecordContext, item: ImportItem, batch: Batch): Outcome {
  const known = context.records.find(item.id);
  if (known?.gone === true) return 'skipped';
  if (!mayEdit(context, item.id)) throw notHome(item.id);
  const before = known === undefined ? NOTHING : beforeOf(sidesOf(context, known));
  const fields = known === undefined ? item.fields : newsOf(item, known, before);
  if (fields === undefined) return 'skipped';
  mayWriteFields(context, item.kind, fields);
  const change: Change = { id: item.id, kind: item.kind, fields };
  const writing = writingOf(context, change, before, (id) => batch.hidden.get(id));
  batch.drafts.push(draftOf(writing, change, before));
  batch.ids.add(item.id);
  if (item.kind === 'person')
    batch.hidden.set(
      item.id,
      withheldBecause('person', { ...before.fields, ...fields }, writing.nowMs) !== undefined,
    );
  return known === undefined ? 'added' : 'updated';
}

/** Older copies change nothing, nor do equal ones. The time at which somebody else stored it is no news. */
function newsOf(item: ImportItem, known: StoredRecord, { fields }: Before): Fields | undefined {
  if (kindOf(known) !== item.kind) return undefined;
  if (timeOf(item.fields['source_date']) < timeOf(fields['source_date'])) return undefined;
  const changed = Object.entries(item.fields).filter(([name, value]) => (fields[name] ?? '') !== value);
  return changed.every(([name]) => name === 'entry_date') ? undefined : Object.fromEntries(changed);
}
