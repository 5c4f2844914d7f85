/** From what somebody changes to an entry: which values go into which part, and what readers see of it. */
import type { EntryHash, NetworkId } from '../base/ids.ts';
import type { Draft } from '../log/types.ts';
import { homeAudience, type Author } from './ids.ts';
import { splitByAudience } from './kinds/audiences.ts';
import { readerView } from './kinds/reader-view.ts';
import { KINDS } from './kinds/table.ts';
import type { Fields, KindName } from './kinds/types.ts';
import type { EntryPlace } from './ports.ts';
import type { RecordId } from './types.ts';
import { encodeFieldsPart, encodeRecordPart, RECORD_KIND, type Op } from './wire.ts';

export interface Before {
  readonly fields: Fields;
  readonly heads: readonly EntryHash[];
  /** What readers see; undefined if they never saw anything. */
  readonly open:
    { readonly fields: Fields; readonly heads: readonly EntryHash[]; readonly withheld: boolean } | undefined;
}

export const NOTHING: Before = { fields: {}, heads: [], open: undefined };

export interface Change {
  readonly id: RecordId;
  readonly kind: KindName;
  /** What is said anew; empty values take back. */
  readonly fields: Fields;
}

export interface Writing {
  readonly network: NetworkId;
  readonly author: Author;
  readonly nowMs: number;
  /** Of a note: readers see nothing of the person that it is about. */
  readonly isAboutHidden: boolean;
}

type Parts = Draft['parts'][number][];

export function draftOf(writing: Writing, change: Change, before: Before): Draft {
  const { network, author } = writing;
  const { id, kind } = change;
  const head = { id, kind, op: 'write', org: author.org, ended: [] } as const;
  const parts: Parts = [];
  for (const { audience, fields } of splitByAudience(
    kind,
    change.fields,
    homeAudience(network, author),
    before.fields,
  )) {
    const payload =
      audience === 'members'
        ? encodeRecordPart({ ...head, after: before.heads, fields })
        : encodeFieldsPart(kind, fields);
    parts.push({ audience, payload });
  }
  const open = openPart(writing, change, before);
  if (open !== undefined) {
    const payload = encodeRecordPart({
      ...head,
      op: open.op,
      after: before.open?.heads ?? [],
      fields: open.fields,
    });
    parts.push({ audience: 'public', payload });
  }
  return { kind: RECORD_KIND, lane: 'data', parts };
}

/** Undefined where readers are told nothing, as before. */
function openPart(
  { nowMs, isAboutHidden }: Writing,
  { kind, fields }: Change,
  before: Before,
): { readonly op: Op; readonly fields: Fields } | undefined {
  if (!KINDS[kind].readers) return undefined;
  const view = isAboutHidden ? undefined : readerView(kind, mergedFields(before.fields, fields), nowMs);
  const wasShown = before.open !== undefined && !before.open.withheld;
  if (view === undefined) return wasShown ? { op: 'withhold', fields: {} } : undefined;
  return { op: 'write', fields: wasShown ? difference(before.open.fields, view) : view };
}

export function mergedFields(before: Fields, change: Fields): Fields {
  return Object.fromEntries(Object.entries({ ...before, ...change }).filter(([, value]) => value !== ''));
}

/** What to say so that one becomes the other. */
export function difference(before: Fields, after: Fields): Fields {
  const changed: Record<string, string> = {};
  for (const [name, value] of Object.entries(after)) if (before[name] !== value) changed[name] = value;
  for (const name of Object.keys(before)) if (after[name] === undefined) changed[name] = '';
  return changed;
}

/** What is left of a record whose time is over. Readers hear of it if they ever saw it. */
export function endDraft(
  { author }: Pick<Writing, 'author'>,
  { id, kind, fields }: Change,
  before: Before,
  ended: readonly EntryPlace[],
): Draft {
  const head = { id, kind, op: 'end', org: author.org, fields, ended } as const;
  const parts: Parts = [{ audience: 'members', payload: encodeRecordPart({ ...head, after: before.heads }) }];
  if (before.open !== undefined && !before.open.withheld) {
    const payload = encodeRecordPart({ ...head, after: before.open.heads });
    parts.push({ audience: 'public', payload });
  }
  return { kind: RECORD_KIND, lane: 'data', parts };
}

/** Takes a record out of readers' sight, whatever it says. */
export function withholdDraft(
  { author }: Pick<Writing, 'author'>,
  id: RecordId,
  kind: KindName,
  before: Before,
): Draft {
  const head = { id, kind, org: author.org, fields: {}, ended: [] } as const;
  return {
    kind: RECORD_KIND,
    lane: 'data',
    parts: [
      { audience: 'members', payload: encodeRecordPart({ ...head, op: 'write', after: before.heads }) },
      {
        audience: 'public',
        payload: encodeRecordPart({ ...head, op: 'withhold', after: before.open?.heads ?? [] }),
      },
    ],
  };
}
