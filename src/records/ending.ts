/**
 * Ends records, as PFIF has it: a placeholder stays, and every part that said more is erased on every node, down to the
 * disk. Whoever wrote a part demands that it be erased, an admin anybody's; each node says with its signature when it has
 * overwritten what was demanded.
 */
import { KithError } from '../base/errors.ts';
import type { DeviceKey, EntryHash, MemberId } from '../base/ids.ts';
import type { EraseTarget } from '../log/folding.ts';
import type { Draft } from '../log/types.ts';
import {
  authorOf,
  kindOf,
  mayEdit,
  mustFind,
  ownMember,
  placeholderOf,
  sidesOf,
  type RecordContext,
} from './context.ts';
import { endDraft, withholdDraft } from './drafting.ts';
import { beforeOf, isGone, isHidden, notHome } from './editing.ts';
import { withheldBecause } from './kinds/reader-view.ts';
import { KINDS } from './kinds/table.ts';
import type { Fields } from './kinds/types.ts';
import type { StoredRecord } from './ports.ts';
import type { ReadEntry, Sides } from './reading.ts';
import type { RecordId } from './types.ts';

/** Records in one go of a sweep: one turn of the event loop. */
const SWEEP_RECORDS = 500;

export interface Ended {
  readonly ended: readonly RecordId[];
  /** Parts whose erasure this node demanded. */
  readonly parts: number;
}

/**
 * Ends a record and what is said about it. @throws KithError `unknown-record` | `not-home` | `record-gone` |
 * `role-writes-nothing`
 */
export function endRecord(context: RecordContext, name: string): Ended {
  const record = mustFind(context, name);
  if (record.gone) throw isGone(record.id);
  const isAdmin = ownMember(context)?.role === 'admin';
  if (!mayEdit(context, record.id)) {
    if (!isAdmin) throw notHome(record.id);
    return eraseAs(context, record);
  }
  return endAll(context, [record]);
}

/** What is not one's own has no end of one's own either: an admin erases it, and nothing is left of it. */
function eraseAs(context: RecordContext, record: StoredRecord): Ended {
  const sides = sidesOf(context, record);
  const targets = [...sides.entries, ...sides.refused].flatMap(targetsOf);
  if (targets.length > 0) context.log.erase(targets);
  return { ended: [record.id], parts: targets.length };
}

function endAll(context: RecordContext, records: readonly StoredRecord[]): Ended {
  const drafts: Draft[] = [];
  const targets: EraseTarget[] = [];
  const all = records.flatMap((record) => [record, ...notesOf(context, record)]);
  const author = authorOf(context);
  for (const record of new Map(all.map((one) => [one.row, one])).values()) {
    const sides = sidesOf(context, record);
    const before = beforeOf(sides);
    const read = [...sides.entries, ...sides.refused];
    const fields = endFields(context, before.fields);
    const places = read.map(({ place }) => place);
    drafts.push(endDraft({ author }, { id: record.id, kind: kindOf(record), fields }, before, places));
    targets.push(...read.filter((entry) => mayErase(context, entry)).flatMap(targetsOf));
  }
  context.transact(() => {
    context.log.append(drafts);
    if (targets.length > 0) context.log.erase(targets);
  });
  return { ended: records.map(({ id }) => id), parts: targets.length };
}

/** Notes by this node's member; those of others are theirs to end, which they do when they hear of it. */
function notesOf(context: RecordContext, { id }: StoredRecord): readonly StoredRecord[] {
  return context.records.referring(id).flatMap((row) => {
    const note = context.records.at(row);
    const isOurs = note !== undefined && !note.gone && kindOf(note) === 'note' && mayEdit(context, note.id);
    return isOurs && wroteAny(context, sidesOf(context, note)) ? [note] : [];
  });
}

/** PFIF §"Expiry": the dates of source and entry are those of the deletion, and no other field stays. */
function endFields(context: RecordContext, fields: Fields): Fields {
  const now = new Date(context.clock.nowMs()).toISOString().replace(/\.\d+Z$/, 'Z');
  return {
    ...placeholderOf({ expiry_date: fields['expiry_date'] ?? now }),
    entry_date: now,
    source_date: now,
  };
}

/** Those that are not here too: others hold them. */
function targetsOf({ place, hash, parts }: ReadEntry): EraseTarget[] {
  return Array.from({ length: parts }, (_, part) => ({ entry: { ...place, hash }, part }));
}

function mayErase(context: RecordContext, { full, open }: ReadEntry): boolean {
  const device = full?.device ?? open?.device;
  return device !== undefined && erases(context, device);
}

/** Who wrote it, or an admin for somebody who is no member any more. */
function erases(context: RecordContext, device: DeviceKey): boolean {
  return erasesFor(context.log.membership, ownMember(context), device);
}

type Roll = RecordContext['log']['membership'];

export function erasesFor(
  { devices, members }: Pick<Roll, 'devices' | 'members'>,
  self: { readonly id: MemberId; readonly role: string } | undefined,
  device: DeviceKey,
): boolean {
  const author = devices.get(device)?.member;
  if (self === undefined || author === undefined) return false;
  if (author === self.id) return true;
  return self.role === 'admin' && members.get(author)?.status === 'revoked';
}

function wroteAny(context: RecordContext, { entries }: Sides): boolean {
  return entries.some((entry) => mayErase(context, entry));
}

// ---- what time and others make necessary

/** Ends what has expired, erases what is left of what ended, and what readers must not see any more. @returns whether there may be more. */
export function sweep(context: RecordContext): boolean {
  const self = ownMember(context);
  if (self === undefined || self.role === 'reader' || self.role === 'relay') return false;
  const expired = context.records.expired(context.clock.nowMs(), SWEEP_RECORDS);
  const ours = expired.filter(
    (record) => mayEdit(context, record.id) && wroteAny(context, sidesOf(context, record)),
  );
  if (ours.length > 0) endAll(context, ours);
  const due = context.records.due(SWEEP_RECORDS);
  for (const record of due) tidy(context, record);
  return ours.length === SWEEP_RECORDS || due.length === SWEEP_RECORDS;
}

/** One record that has something to erase. */
function tidy(context: RecordContext, record: StoredRecord): void {
  const sides = sidesOf(context, record);
  const { full } = sides;
  if (full === undefined) return;
  const ours = [...sides.entries, ...sides.refused].filter((entry) => mayErase(context, entry));
  const target = aboutOf(full.kind, full.fields);
  if (full.end !== undefined) {
    const left = ours.filter((entry) => entry.full?.op !== 'end').flatMap(targetsOf);
    if (left.length > 0) context.log.erase(left);
  } else if (full.kind === 'note' && target !== undefined && context.records.find(target)?.gone === true) {
    endAll(context, [record]);
  } else if (isToWithhold(context, sides, target)) {
    withhold(context, record, sides, ours);
  }
}

function aboutOf(kind: keyof typeof KINDS, fields: Fields): RecordId | undefined {
  const about = KINDS[kind].about;
  return about === undefined ? undefined : fields[about];
}

function isToWithhold(context: RecordContext, { full }: Sides, target: RecordId | undefined): boolean {
  if (full === undefined) return false;
  if (withheldBecause(full.kind, full.fields, context.clock.nowMs()) !== undefined) return true;
  return target !== undefined && context.records.find(target) !== undefined && isHidden(context, target);
}

/** Readers are told that there is nothing to see, and what they had is erased. */
function withhold(
  context: RecordContext,
  record: StoredRecord,
  sides: Sides,
  ours: readonly ReadEntry[],
): void {
  const targets = ours.flatMap(({ open, openPart, place, hash }) =>
    open?.op === 'write' ? [{ entry: { ...place, hash }, part: openPart }] : [],
  );
  if (targets.length === 0) return;
  context.transact(() => {
    if (sides.open?.withheld === false)
      context.log.append([
        withholdDraft({ author: authorOf(context) }, record.id, kindOf(record), beforeOf(sides)),
      ]);
    context.log.erase(targets);
  });
}

// ---- who has done it

export interface Erasure {
  readonly record: RecordId;
  /** Members all of whose devices that hold the log signed that they have overwritten everything. */
  readonly confirmed: readonly MemberId[];
  readonly missing: readonly MemberId[];
  /** Parts that nobody has demanded to be erased yet: their author has not heard of it. */
  readonly waiting: number;
}

/** Who has said to have erased a record that ended. @throws KithError `unknown-record` | `not-gone` */
export function erasureOf(context: RecordContext, name: string): Erasure {
  const record = mustFind(context, name);
  const { log } = context;
  const ends = sidesOf(context, record).entries.flatMap(({ full, open }) => {
    const said = full ?? open;
    return said?.op === 'end' ? [said] : [];
  });
  if (ends.length === 0) {
    throw new KithError('not-gone', `The record ${record.id} has not ended.`, {
      next: `End it: kith record expire ${record.id}`,
    });
  }
  const places = new Map(
    ends.flatMap(({ ended }) => ended.map((place) => [`${place.feed} ${String(place.seq)}`, place])),
  );
  const demands = new Set<EntryHash>();
  let waiting = 0;
  for (const { feed, seq } of places.values()) {
    const known = context.log.erasedAt(feed, seq);
    for (const { by } of known) demands.add(by);
    if (known.length === 0) waiting += 1;
  }
  const said = [...demands].map((demand) => new Set(context.erasures.confirmationsOf(demand)));
  const members = [...log.membership.members.values()].filter(
    ({ status, role }) => status === 'active' && role !== 'relay',
  );
  const hasSaid = (devices: readonly DeviceKey[]): boolean =>
    said.length > 0 &&
    devices
      .filter((device) => log.membership.devices.get(device)?.active === true)
      .every((device) => said.every((of) => of.has(device)));
  const confirmed = members.filter(({ devices }) => hasSaid(devices)).map(({ id }) => id);
  const missing = members.map(({ id }) => id).filter((id) => !confirmed.includes(id));
  return { record: record.id, confirmed, missing, waiting };
}
