/**
 * The acts that this node holds and what they fold to. Replaced as a whole, so a failed transaction leaves no trace.
 *
 * An act counts from when its whole past is here, so what its author had seen is known in full and never changes,
 * whatever the order in which feeds arrive. Links into the part of a feed that a fork left behind say nothing: those
 * entries come to nobody any more, and whoever had built on them must not wait for them.
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
  /** The links that say something; undefined while one of them leads to what is not here. */
  pastOf(links: readonly EntryLink[]): readonly EntryLink[] | undefined;
}

export function emptyRoll(network: NetworkId): RollState {
  return rollOf(network, [], new Map());
}

export function rollOf(network: NetworkId, acts: readonly Act[], forks: Forks): RollState {
  const isLive = (link: EntryLink): boolean => link.seq <= (forks.get(link.feed) ?? Infinity);
  const whole = wholeActs(acts, isLive);
  return {
    network,
    acts,
    certified: new Set(acts.flatMap(({ body }) => ('certificate' in body ? [body.certificate.device] : []))),
    pastOf: (links) => {
      const live = links.filter(isLive);
      return live.every((link) => whole.has(nameOf(link, link.hash))) ? live : undefined;
    },
    ...foldMembership(network, [...whole.values()]),
  };
}

/** Kahn's algorithm over each act's links and its predecessor in its feed: an act follows when all of them have. */
function wholeActs(acts: readonly Act[], isLive: (link: EntryLink) => boolean): Map<string, Act> {
  const inFeed = new Map(acts.map((act) => [placeOf(act.feed, act.seq), nameOf(act, act.id)]));
  const waiting = new Map<string, number>();
  const followers = Map.groupBy(
    acts.flatMap((act) => {
      const past = act.after.filter(isLive).map((link) => nameOf(link, link.hash));
      if (act.seq > 1) past.push(inFeed.get(placeOf(act.feed, act.seq - 1)) ?? 'not here');
      waiting.set(nameOf(act, act.id), past.length);
      return past.map((before) => ({ before, act }));
    }),
    ({ before }) => before,
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
