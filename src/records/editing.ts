/** Adds and changes single records, and says how they came to be what they are. */
import { assert, KithError } from '../base/errors.ts';
import type { Hlc } from '../base/hlc.ts';
import type { MemberId } from '../base/ids.ts';
import type { Draft } from '../log/types.ts';
import { decodeBrief } from './brief.ts';
import {
  authorOf,
  kindOf,
  mayEdit,
  mustFind,
  ownMember,
  sidesOf,
  viewOf,
  type RecordContext,
} from './context.ts';
import { difference, draftOf, NOTHING, type Before, type Change, type Writing } from './drafting.ts';
import { LOCAL_BYTES, newRecordId } from './ids.ts';
import { classOf, restrictedOf } from './kinds/audiences.ts';
import { checkFields } from './kinds/check.ts';
import { KINDS } from './kinds/table.ts';
import type { Fields, KindName, Sensitivity } from './kinds/types.ts';
import type { Access, StoredRecord } from './ports.ts';
import type { Sides } from './reading.ts';
import type { RecordId, RecordView } from './types.ts';
import { isRecordId, type Op } from './wire.ts';

export type RawFields = Readonly<Record<string, unknown>>;

/** @throws KithError `bad-record` with every problem, as `FIELD: what is wrong`. */
export function mustCheck(kind: KindName, raw: RawFields, whole: boolean): Fields {
  const { fields, problems } = checkFields(kind, raw, whole);
  if (problems.length === 0) return fields;
  throw new KithError('bad-record', problems.map(({ message }) => message).join(' '), {
    next: 'Correct it, and send it again; nothing was written.',
  });
}

/** PFIF wants a time of the source and an author; who writes here and now is both. */
function withDefaults(context: RecordContext, kind: KindName, raw: RawFields): RawFields {
  const now = new Date(context.clock.nowMs()).toISOString().replace(/\.\d+Z$/, 'Z');
  const author = ownMember(context)?.name ?? '';
  const defaults: Record<string, string> = { source_date: now, entry_date: now };
  if (kind === 'note') defaults['author_name'] = author;
  if (kind === 'person') defaults['full_name'] = joinedName(raw);
  const given = Object.fromEntries(
    Object.entries(defaults).filter(([name, value]) => value !== '' && isUnset(raw[name])),
  );
  return { ...raw, ...given };
}

function isUnset(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}

function joinedName(raw: RawFields): string {
  return [raw['given_name'], raw['family_name']]
    .filter((part) => typeof part === 'string')
    .join(' ')
    .trim();
}

/**
 * A new record of this node's member, or with the name that it has elsewhere.
 * @throws KithError `bad-record` | `record-exists` | `needs-grant` | `role-writes-nothing` | `not-a-member`
 */
export function addRecord(
  context: RecordContext,
  kind: KindName,
  raw: RawFields,
  given?: RecordId,
): RecordView {
  const fields = mustCheck(kind, withDefaults(context, kind, raw), true);
  mayWriteFields(context, kind, fields);
  const author = authorOf(context);
  const { log, rng, records } = context;
  const id = given ?? newRecordId(log.network, author, rng.bytes(LOCAL_BYTES));
  if (!isRecordId(id)) {
    throw new KithError('bad-record', `“${id}” cannot name a record.`, {
      next: 'Write a domain, a slash and the rest, as example.org/1234.',
    });
  }
  if (!mayEdit(context, id)) throw notHome(id);
  const known = records.find(id);
  if (known !== undefined) {
    throw new KithError('record-exists', `There is a record ${id} already.`, {
      next: `Change it: kith record edit ${id}`,
    });
  }
  log.append(draftsOf(context, { id, kind, fields }, NOTHING));
  return mustView(context, id);
}

/** @throws KithError as `addRecord`, `unknown-record` | `not-home` | `record-gone` */
export function editRecord(context: RecordContext, name: string, raw: RawFields): RecordView {
  const record = mustFind(context, name);
  if (record.gone) throw isGone(record.id);
  if (!mayEdit(context, record.id)) throw notHome(record.id);
  const kind = kindOf(record);
  const before = beforeOf(sidesOf(context, record));
  const given = mustCheck(kind, raw, false);
  const changed = changedOf(before, given);
  mayWriteFields(context, kind, changed);
  if (Object.keys(changed).length > 0) {
    context.log.append(draftsOf(context, { id: record.id, kind, fields: changed }, before));
  }
  return mustView(context, record.id);
}

/** Only what differs, and what is in conflict: who writes one of two values again settles it. */
function changedOf({ fields, conflicts }: BeforeWithConflicts, given: Fields): Fields {
  return Object.fromEntries(
    Object.entries(given).filter(([name, value]) => (fields[name] ?? '') !== value || conflicts.has(name)),
  );
}

interface BeforeWithConflicts extends Before {
  readonly conflicts: ReadonlySet<string>;
}

export function beforeOf({ full, open }: Sides): BeforeWithConflicts {
  return {
    fields: full?.fields ?? {},
    heads: full?.heads ?? [],
    conflicts: new Set(full?.conflicts.map(({ field }) => field) ?? []),
    open:
      open === undefined ? undefined : { fields: open.fields, heads: open.heads, withheld: open.withheld },
  };
}

/** A record's change, and what follows from it for others. */
export function draftsOf(context: RecordContext, change: Change, before: Before): Draft[] {
  return [draftOf(writingOf(context, change, before), change, before), ...consequences(context, change)];
}

/** @param persons those that are written in the same go, and are not here yet. */
export function writingOf(
  context: RecordContext,
  { kind, fields }: Change,
  before: Before,
  hidden: (id: RecordId) => boolean | undefined = () => undefined,
): Writing {
  const about = KINDS[kind].about;
  const target = about === undefined ? undefined : (fields[about] ?? before.fields[about]);
  return {
    network: context.log.network,
    author: authorOf(context),
    nowMs: context.clock.nowMs(),
    isAboutHidden: target !== undefined && (hidden(target) ?? isHidden(context, target)),
  };
}

/** Of whom nothing is known here, nothing is said to readers. */
export function isHidden({ records }: RecordContext, id: RecordId): boolean {
  const person = records.find(id);
  return person === undefined || !decodeBrief(person.brief).isPublic;
}

/** A consent that is refused or taken back is the person's: readers see nothing of it from then on. */
function consequences(context: RecordContext, { kind, fields }: Change): Draft[] {
  const id = fields['person_record_id'];
  if (kind !== 'consent' || id === undefined) return [];
  const person = context.records.find(id);
  if (person === undefined || person.gone || !mayEdit(context, id)) return [];
  const before = beforeOf(sidesOf(context, person));
  const consent =
    fields['given'] === 'true' ? 'given' : before.fields['consent'] === 'given' ? 'withdrawn' : 'refused';
  const change: Change = {
    id,
    kind: 'person',
    fields: difference(before.fields, { ...before.fields, consent }),
  };
  return Object.keys(change.fields).length === 0
    ? []
    : [draftOf(writingOf(context, change, before), change, before)];
}

/** Who may not see a value may not say it either: it could neither check nor correct it. @throws KithError `needs-grant` */
export function mayWriteFields(context: RecordContext, kind: KindName, fields: Fields): void {
  const missing = grantsMissing(context, kind, fields);
  const [grant] = missing;
  if (grant === undefined) return;
  const self = ownMember(context);
  throw new KithError('needs-grant', `To write this, your member needs the grant “${grant}”.`, {
    next: `Ask an admin: kith members grant ${String(self?.number ?? 'NUMBER')} ${grant}`,
  });
}

/** Only single values have a grant that writing needs: whoever takes in a patient may have no right to read others. */
function grantsMissing(context: RecordContext, kind: KindName, fields: Fields): readonly string[] {
  const wanted: string[] = [];
  for (const name in fields) {
    const narrower: Sensitivity | undefined = KINDS[kind].fields[name]?.narrower[fields[name] ?? ''];
    if (narrower?.startsWith('grant:') === true) wanted.push(narrower.slice('grant:'.length));
  }
  if (wanted.length === 0) return wanted;
  const grants = new Set(ownMember(context)?.grants ?? []);
  return wanted.filter((grant) => !grants.has(grant));
}

export function notHome(id: RecordId): KithError {
  return new KithError('not-home', `Only its home organisation changes the record ${id}.`, {
    next: `Say what you know: kith record note ${id}`,
  });
}

export function isGone(id: RecordId): KithError {
  return new KithError('record-gone', `The record ${id} has expired, or was withdrawn.`, {
    next: 'Begin a new one, if there is reason to: kith record add',
  });
}

export function mustView(context: RecordContext, id: RecordId): RecordView {
  const record = context.records.find(id);
  const view = record === undefined ? undefined : viewOf(context, record);
  assert(record !== undefined && view !== undefined, 'what was written is here');
  return { ...view, status: decodeBrief(record.brief).status };
}

/** Writes down who looked at what few may see. */
export function noteReading(
  context: RecordContext,
  views: readonly RecordView[],
  action: Access['action'],
): void {
  const atMs = context.clock.nowMs();
  const accesses = views.flatMap(({ id, kind, fields }) => {
    const restricted = restrictedOf(kind, fields);
    return restricted.length === 0 ? [] : [{ atMs, action, record: id, fields: restricted }];
  });
  context.diary.noteAccess(accesses);
}

// ---- history

export interface HistoryItem {
  readonly at: Hlc;
  readonly member: MemberId | undefined;
  /** As its author said. */
  readonly org: string;
  /** The author's member says another organisation in the roll now. */
  readonly isOtherOrg: boolean;
  readonly op: Op;
  /** Fields that it says something of; those that were erased, or are not for this node, are not among them. */
  readonly fields: readonly { readonly field: string; readonly class: Sensitivity; readonly value: string }[];
  /** Parts for few that this node does not hold. */
  readonly hiddenParts: number;
  /** Its author is not the record's home: it changes nothing. */
  readonly refused: boolean;
}

export function historyOf(context: RecordContext, record: StoredRecord): readonly HistoryItem[] {
  const { members, devices } = context.log.membership;
  const { reader, records } = context;
  const sides = reader.sides(records.placesOf(record.row));
  const refused = new Set(sides.refused);
  const order = new Map((sides.full ?? sides.open)?.entries.map(({ hash }, index) => [hash, index]));
  return [...sides.entries, ...sides.refused]
    .sort((a, b) => (order.get(a.hash) ?? Infinity) - (order.get(b.hash) ?? Infinity))
    .flatMap((entry) => {
      const said = entry.full ?? entry.open;
      if (said === undefined) return [];
      const member = devices.get(said.device)?.member;
      const org = member === undefined ? undefined : members.get(member)?.org;
      return [
        {
          at: said.hlc,
          member,
          org: said.org,
          isOtherOrg: org !== said.org,
          op: said.op,
          fields: Object.entries(said.fields).map(([field, value]) => ({
            field,
            class: classOf(said.kind, field, value) ?? 'members',
            value,
          })),
          hiddenParts: entry.narrow.absent,
          refused: refused.has(entry),
        },
      ];
    });
}
