/**
 * The acts that this node holds and what they fold to. Replaced as a whole, so a failed transaction leaves no trace.
 *
 * An act counts from when its whole past is here, so what its author had seen is known in full and never changes,
 * whatever the order in which feeds arrive. A link into the part of a feed that a fork left behind says that its author
 * had seen the part before, and nothing else: those entries come to nobody any more, and whoever had built on them must
 * not wait for them.
 */
import type { DeviceKey, EntryHash, FeedId, NetworkId } from '../base/ids.ts';
import { decodeAct, isActKind, type ActContext } from '../identity/acts.ts';
import { malformed } from '../base/cbor.ts';
import { foldMembership, type FoldResult } from '../identity/fold.ts';
import type { Act, EntryLink } from '../identity/types.ts';
import type { Entry, FeedInfo } from './types.ts';
import { payloadOf } from './wire.ts';

/** Roll feeds that were written twice, with the last place that both histories share. */
export type Forks = ReadonlyMap<FeedId, number>;

export interface RollState extends FoldResult {
  readonly network: NetworkId;
  /** All that are here, also those that wait for their past. */
  readonly acts: readonly Act[];
  /** Devices that an act lets in, whether or not it counts: others may have built on what they wrote. */
  readonly certified: ReadonlySet<DeviceKey>;
  /** Undefined while a link leads to what is not here. */
  pastOf(links: readonly EntryLink[]): LinkedPast | undefined;
}

/** What somebody had seen who links to it. */
export interface LinkedPast {
  readonly links: readonly EntryLink[];
  /** A fork left some of it behind, so that its author may have seen more than can be known. */
  readonly isCut: boolean;
}

export function emptyRoll(network: NetworkId): RollState {
  return rollOf(network, [], new Map());
}

export function rollOf(network: NetworkId, acts: readonly Act[], forks: Forks): RollState {
  const inFeed = new Map(acts.map((act) => [placeOf(act.feed, act.seq), act]));
  const isCut = (link: EntryLink): boolean => link.seq > (forks.get(link.feed) ?? Infinity);
  const upToFork = (link: EntryLink): EntryLink[] => {
    if (!isCut(link)) return [link];
    const shared = forks.get(link.feed) ?? 0;
    const last = inFeed.get(placeOf(link.feed, shared));
    if (last !== undefined) return [{ feed: last.feed, seq: last.seq, hash: last.id }];
    return shared === 0 ? [] : [{ ...link, seq: shared }];
  };
  const live = acts.map((act) =>
    act.after.some(isCut) ? { ...act, after: act.after.flatMap(upToFork) } : act,
  );
  const whole = wholeActs(live, inFeed);
  return {
    network,
    acts,
    certified: new Set(acts.flatMap(({ body }) => ('certificate' in body ? [body.certificate.device] : []))),
    pastOf: (after) => {
      const links = after.flatMap(upToFork);
      return links.every((link) => whole.has(nameOf(link, link.hash)))
        ? { links, isCut: after.some(isCut) }
        : undefined;
    },
    ...foldMembership(network, [...whole.values()]),
  };
}

/** Kahn's algorithm over each act's links and its predecessor in its feed: an act follows when all of them have. */
function wholeActs(acts: readonly Act[], inFeed: ReadonlyMap<string, Act>): Map<string, Act> {
  const waiting = new Map<string, number>();
  const followers = Map.groupBy(
    acts.flatMap((act) => {
      const past = act.after.map((link) => nameOf(link, link.hash));
      const before = inFeed.get(placeOf(act.feed, act.seq - 1));
      if (act.seq > 1) past.push(before === undefined ? 'not here' : nameOf(before, before.id));
      waiting.set(nameOf(act, act.id), past.length);
      return past.map((name) => ({ name, act }));
    }),
    ({ name }) => name,
  );
  const whole = new Map<string, Act>();
  const ready = acts.filter((act) => waiting.get(nameOf(act, act.id)) === 0);
  for (let act = ready.pop(); act !== undefined; act = ready.pop()) {
    const name = nameOf(act, act.id);
    whole.set(name, act);
    for (const { act: follower } of followers.get(name) ?? []) {
      const left = (waiting.get(nameOf(follower, follower.id)) ?? 0) - 1;
      waiting.set(nameOf(follower, follower.id), left);
      if (left === 0) ready.push(follower);
    }
  }
  return whole;
}

function placeOf(feed: FeedId, seq: number): string {
  return `${feed} ${String(seq)}`;
}

/** A link counts when place and digest are both right. */
function nameOf({ feed, seq }: { readonly feed: FeedId; readonly seq: number }, hash: EntryHash): string {
  return `${placeOf(feed, seq)} ${hash}`;
}

/** @throws KithError `malformed` when an entry of a roll lane holds no act that can be read and checked. */
export function actOf(feed: FeedInfo, entry: Entry, context: ActContext): Act {
  const { header, hash } = entry;
  if (!isActKind(header.kind)) throw malformed('the roll holds membership acts only');
  const ref = header.parts[0];
  const part = entry.parts[0];
  if (ref?.audience !== 'roll' || part === null || part === undefined)
    throw malformed('an act is open to everybody');
  return {
    id: hash,
    feed: feed.id,
    seq: header.seq,
    device: feed.device,
    hlc: header.hlc,
    after: header.after,
    body: decodeAct(header.kind, payloadOf(part), context),
  };
}
