/** Whether an entry outside the roll stands: its author's rights as of what it had seen, and the cuts it had not. */
import type { DeviceKey, EntryHash, FeedId, MemberId } from '../base/ids.ts';
import { isBefore, isSeen, type PlacedAct } from './history.ts';
import type { ActIndex } from './past.ts';
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

interface Restoring {
  readonly placed: PlacedAct;
  readonly upTo: EntryLink;
}

export class Authority {
  readonly #byId: ReadonlyMap<EntryHash, PlacedAct>;
  readonly #index: ActIndex;
  readonly #accepts: readonly Restoring[];

  /** @param accepted those of `placed` that count. */
  constructor(accepted: readonly PlacedAct[], placed: readonly PlacedAct[], index: ActIndex) {
    this.#byId = new Map(placed.map((act) => [act.act.id, act]));
    this.#index = index;
    this.#accepts = accepted.flatMap((act) =>
      act.act.body.kind === 'accept' ? [{ placed: act, upTo: act.act.body.upTo }] : [],
    );
  }

  /** `base` with everything that these acts had seen. */
  vectorOf(base: Vector, links: readonly EntryLink[]): Vector {
    if (links.length === 0) return base;
    const vector = new Map(base);
    for (const link of links) this.#byId.get(link.hash)?.vector.raise(vector);
    return vector;
  }

  /** Whose device this was, with which role, as far as `seen` goes. */
  authorAt(device: DeviceKey, seen: Vector): Past['author'] {
    return this.#index.seenBy(seen, device).author;
  }

  /** Changes when something changed in what this device's entries are worth. */
  fingerprint(device: DeviceKey): string {
    const member = this.#memberOf(device);
    if (member === undefined) return '';
    return [...this.#about(member, device), ...this.#accepts.map(({ placed }) => placed)]
      .map(({ act }) => act.id)
      .join();
  }

  boundOf(writing: Writing): Bound {
    const { author } = this.#index.seenBy(writing.seen, writing.device);
    if (author === undefined || !mayWrite(author.role, writing.lane))
      return { upTo: undefined, by: undefined };
    let bound: Bound & { upTo: number } = { upTo: Infinity, by: undefined };
    for (const cutting of this.#about(author.member, writing.device)) {
      if (isSeen(cutting.act, writing.seen)) continue;
      const upTo = Math.max(lastUncut(cutting.act.body, writing), this.#acceptedSince(cutting, writing.feed));
      if (upTo < bound.upTo) bound = { upTo, by: cutting.act.id };
    }
    return bound;
  }

  /**
   * Acts that the right of this device to write rests upon: how it and its member came in, and what it is now. An
   * author links to them directly, beside the heads: what it wrote then stands also where a feed between is written
   * twice and its links lead nowhere. For an act that names somebody or an invitation, likewise.
   */
  groundsOf(device: DeviceKey, body?: ActBody): EntryLink[] {
    const grounds = [
      ...this.#groundsOfDevice(device),
      ...(body === undefined ? [] : this.#groundsOfTarget(body)),
    ];
    const links = grounds.map(({ act }): EntryLink => ({ feed: act.feed, seq: act.seq, hash: act.id }));
    return [...new Map(links.map((link) => [link.hash, link])).values()];
  }

  #groundsOfTarget(body: ActBody): readonly PlacedAct[] {
    switch (body.kind) {
      case 'role':
      case 'grant':
      case 'rename':
        return this.#groundsOfMember(body.member);
      case 'revoke':
        return body.target.scope === 'member'
          ? this.#groundsOfMember(body.target.member)
          : this.#groundsOfDevice(body.target.device);
      case 'admit':
      case 'withdraw':
        return this.#index.aboutInvite(body.invite).slice(0, 1);
      default:
        return [];
    }
  }

  #groundsOfDevice(device: DeviceKey): readonly PlacedAct[] {
    const member = this.#memberOf(device);
    if (member === undefined) return [];
    return [...this.#groundsOfMember(member), ...this.#index.aboutDevice(device).slice(0, 1)];
  }

  #groundsOfMember(member: MemberId): readonly PlacedAct[] {
    const about = this.#index.aboutMember(member);
    const role = about.findLast(({ act }) => act.body.kind === 'role');
    return [...about.slice(0, 1), ...(role === undefined ? [] : [role])];
  }

  #memberOf(device: DeviceKey): MemberId | undefined {
    return this.#index.memberOf(device, { get: () => Infinity });
  }

  /** Accepted acts about a member or one of its devices. */
  #about(member: MemberId, device: DeviceKey): PlacedAct[] {
    return [...this.#index.aboutMember(member), ...this.#index.aboutDevice(device)];
  }

  /** How far an admin took a feed back who knew of this cut. Who did not, did not speak of it. */
  #acceptedSince(cutting: PlacedAct, feed: FeedId): number {
    const since = this.#accepts.filter(({ placed, upTo }) => upTo.feed === feed && isBefore(cutting, placed));
    return Math.max(0, ...since.map(({ upTo }) => upTo.seq));
  }
}

/** Where an act that the author had not seen ends the feed. A feed that it does not name ends before its start. */
function lastUncut(body: ActBody, { lane, feed }: Writing): number {
  if (body.kind !== 'revoke' && body.kind !== 'role') return Infinity;
  if (body.kind === 'role' && mayWrite(body.role, lane)) return Infinity;
  return body.cuts.find((cut) => cut.feed === feed)?.seq ?? 0;
}
