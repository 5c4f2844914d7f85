/** Whether an entry outside the roll stands: its author's rights as of what it had seen, and the cuts it had not. */
import type { DeviceKey, EntryHash, FeedId } from '../base/ids.ts';
import { isSeen, mergeInto, type PlacedAct } from './history.ts';
import type { AcceptedActs } from './past.ts';
import type { Past } from './rules.ts';
import { mayWrite, type Lane } from './roles.ts';
import type { ActBody } from './acts.ts';
import type { EntryLink, Vector } from './types.ts';

export interface Writing {
  readonly device: DeviceKey;
  readonly lane: Lane;
  readonly feed: FeedId;
  /** How far its author had seen each roll feed. */
  readonly seen: Vector;
}

/**
 * How much of a feed stands, for entries whose author had seen the same acts.
 * `upTo`: the last sequence number that stands, Infinity when none is cut; what follows is kept aside as quarantined.
 * Undefined `upTo`: the author had no right to write here, and everyone refuses it.
 */
export interface Bound {
  readonly upTo: number | undefined;
  /** The act that cuts. */
  readonly by: EntryHash | undefined;
}

export class Authority {
  readonly #byId: ReadonlyMap<EntryHash, PlacedAct>;
  readonly #index: AcceptedActs;
  readonly #accepts: readonly EntryLink[];

  constructor(placed: readonly PlacedAct[], accepted: ReadonlySet<EntryHash>, index: AcceptedActs) {
    this.#byId = new Map(placed.map((act) => [act.act.id, act]));
    this.#index = index;
    this.#accepts = placed.flatMap(({ act }) =>
      accepted.has(act.id) && act.body.kind === 'accept' ? [act.body.upTo] : [],
    );
  }

  /** Are these acts here, so that what the author had seen is known? */
  knows(links: readonly EntryLink[]): boolean {
    return links.every((link) => this.#byId.has(link.hash));
  }

  /** `base` with everything that these acts had seen. */
  vectorOf(base: Vector, links: readonly EntryLink[]): Vector {
    if (links.length === 0) return base;
    const vector = new Map(base);
    for (const link of links) {
      const placed = this.#byId.get(link.hash);
      if (placed !== undefined) mergeInto(vector, placed.vector);
    }
    return vector;
  }

  /** Whose device this was, with which role, as far as `seen` goes. */
  authorAt(device: DeviceKey, seen: Vector): Past['author'] {
    return this.#index.seenBy(seen, device).author;
  }

  /** Changes when something changed in what this device's entries are worth. */
  fingerprint(device: DeviceKey): string {
    const member = this.#index.anyMemberOf(device);
    if (member === undefined) return '';
    const about = this.#index.about(member, device).map(({ act }) => act.id);
    return [...about, ...this.#accepts.map((link) => link.hash)].join();
  }

  boundOf(writing: Writing): Bound {
    const { author } = this.#index.seenBy(writing.seen, writing.device);
    if (author === undefined || !mayWrite(author.role, writing.lane))
      return { upTo: undefined, by: undefined };
    let bound: Bound = { upTo: Infinity, by: undefined };
    for (const { act } of this.#index.about(author.member, writing.device)) {
      if (isSeen(act, writing.seen)) continue;
      const upTo = lastUncut(act.body, writing);
      if (upTo < (bound.upTo ?? 0)) bound = { upTo, by: act.id };
    }
    const accepted = Math.max(
      0,
      ...this.#accepts.filter((link) => link.feed === writing.feed).map((link) => link.seq),
    );
    return { ...bound, upTo: Math.max(bound.upTo ?? 0, accepted) };
  }
}

/** Where an act that the author had not seen ends the feed. A feed that it does not name ends before its start. */
function lastUncut(body: ActBody, { lane, feed }: Writing): number {
  if (body.kind !== 'revoke' && body.kind !== 'role') return Infinity;
  if (body.kind === 'role' && mayWrite(body.role, lane)) return Infinity;
  return body.cuts.find((cut) => cut.feed === feed)?.seq ?? 0;
}
