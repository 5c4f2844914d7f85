/** What this node may hold itself: whoever sends it more does not make it hold that. */
import type { DeviceKey, FeedId, MemberId } from '../base/ids.ts';
import { mayHold, type Audience, type Standing } from '../identity/roles.ts';
import type { Membership } from '../identity/types.ts';
import { readEntryIfAny } from './core.ts';
import type { LogStore } from './ports.ts';
import type { Entry, FeedInfo, RawEntry } from './types.ts';
import { partMatches } from './wire.ts';

/** Before the roll says who it is, a node holds what everybody may. */
const NOBODY: Standing = { member: '', role: 'reader', grants: new Set() };

/** @returns the same entries without the parts that are not for this device. */
export function withoutOthers(
  { devices, members }: Membership,
  self: DeviceKey,
  feed: FeedInfo,
  entries: readonly Entry[],
  foldersOf?: (member: MemberId) => ReadonlySet<string>,
): readonly Entry[] {
  const own = devices.get(self);
  const member = own === undefined ? undefined : members.get(own.member);
  // What this member's devices wrote is theirs, whomever it was for.
  if (member !== undefined && devices.get(feed.device)?.member === member.id) return entries;
  const standing =
    member === undefined
      ? NOBODY
      : {
          member: member.id,
          role: member.role,
          grants: new Set(member.grants),
          folders: foldersOf?.(member.id) ?? new Set(),
        };
  const known = new Map<Audience | undefined, boolean>();
  const isOurs = (audience: Audience | undefined): boolean => {
    const isKnown = known.get(audience) ?? (audience !== undefined && mayHold(standing, audience));
    known.set(audience, isKnown);
    return isKnown;
  };
  return entries.map((entry) => {
    const isAll = entry.parts.every(
      (part, index) => part === null || isOurs(entry.header.parts[index]?.audience),
    );
    if (isAll) return entry;
    const parts = entry.parts.map((part, index) =>
      isOurs(entry.header.parts[index]?.audience) ? part : null,
    );
    return { ...entry, parts };
  });
}

/**
 * Puts parts beside entries that are here and came without them. Inside a transaction.
 * @param ours gives an entry back with the parts that this device may hold.
 * @returns how many parts were news.
 */
export function fillIn(
  store: LogStore,
  feed: FeedId,
  entries: readonly RawEntry[],
  ours: (entry: Entry) => readonly Entry[],
): number {
  let filled = 0;
  for (const raw of entries) {
    const entry = readEntryIfAny(raw);
    if (entry === undefined || store.hashAt(feed, entry.header.seq) !== entry.hash) continue;
    const { seq } = entry.header;
    const [stored] = store.read({ feed, from: seq, to: seq });
    const erased = new Set(store.erasedBy(feed, seq).map(({ part }) => part));
    for (const { header, parts } of ours(entry)) {
      header.parts.forEach((ref, index) => {
        const part = parts[index];
        if (part === null || part === undefined || stored?.parts[index] !== null || erased.has(index)) return;
        if (!partMatches(ref, part)) return;
        store.putPart(feed, seq, index, part);
        filled += 1;
      });
    }
  }
  return filled;
}
