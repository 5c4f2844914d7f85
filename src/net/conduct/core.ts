/**
 * Who misbehaves, and what follows: a score for each neighbour that grows with every fault and fades with time. First
 * it is slowed down, then cut off for a while, longer each time. Pure.
 */
import type { LinkKey } from '../../base/ids.ts';

export type Fault =
  /** Bytes that follow no format, or break a limit. */
  | 'bad-frame'
  /** Something signed that nobody signed, passed on without a look. */
  | 'forged'
  /** More than the quota of a channel. */
  | 'flood';

export const CONDUCT = {
  weights: { 'bad-frame': 20, forged: 40, flood: 4 } satisfies Record<Fault, number>,
  /** The score halves in that time. */
  halfLifeMs: 5 * 60_000,
  throttleAt: 40,
  cutAt: 100,
  firstCutMs: 10 * 60_000,
  longestCutMs: 24 * 60 * 60_000,
  /** How many are kept in mind. */
  peers: 1024,
} as const;

export type Standing = 'good' | 'throttled' | 'cut';

/** For people: how a neighbour stands, and why. */
export interface Conduct {
  readonly peer: LinkKey;
  readonly standing: Standing;
  readonly score: number;
  /** What it did last. */
  readonly reason: string;
  /** Until when it is cut off, by the wall clock. */
  readonly untilMs: number | undefined;
  readonly faults: Readonly<Record<Fault, number>>;
}

interface Entry {
  score: number;
  atMs: number;
  reason: string;
  cuts: number;
  cutUntilMs: number;
  readonly faults: Record<Fault, number>;
}

export class Ledger {
  readonly #records = new Map<LinkKey, Entry>();

  /** @returns how the peer stands now. @param nowMs by the wall clock: a sentence outlasts no restart, but a sleep. */
  report(nowMs: number, peer: LinkKey, fault: Fault, reason: string): Standing {
    const record = this.#recordOf(nowMs, peer);
    record.score = faded(record, nowMs) + CONDUCT.weights[fault];
    record.atMs = nowMs;
    record.reason = reason;
    record.faults[fault] += 1;
    if (record.score >= CONDUCT.cutAt) this.#cut(nowMs, record);
    return this.standingOf(nowMs, peer);
  }

  standingOf(nowMs: number, peer: LinkKey): Standing {
    const record = this.#records.get(peer);
    if (record === undefined) return 'good';
    if (isCut(record, nowMs)) return 'cut';
    return faded(record, nowMs) >= CONDUCT.throttleAt ? 'throttled' : 'good';
  }

  /** All that did anything wrong and has not been forgiven yet. */
  list(nowMs: number): Conduct[] {
    return [...this.#records].flatMap(([peer, record]) => {
      const score = Math.round(faded(record, nowMs));
      const standing = this.standingOf(nowMs, peer);
      if (score === 0 && standing === 'good') return [];
      const untilMs = standing === 'cut' ? record.cutUntilMs : undefined;
      return [{ peer, standing, score, reason: record.reason, untilMs, faults: { ...record.faults } }];
    });
  }

  /** It comes back with a clean score, and a shorter temper awaits it. */
  #cut(nowMs: number, record: Entry): void {
    record.cutUntilMs = nowMs + Math.min(CONDUCT.firstCutMs * 2 ** record.cuts, CONDUCT.longestCutMs);
    record.cuts = Math.min(record.cuts + 1, 10);
    record.score = 0;
  }

  #recordOf(nowMs: number, peer: LinkKey): Entry {
    const known = this.#records.get(peer);
    if (known !== undefined) return known;
    if (this.#records.size >= CONDUCT.peers) this.#forgetOne(nowMs);
    const fresh: Entry = {
      score: 0,
      atMs: nowMs,
      reason: '',
      cuts: 0,
      cutUntilMs: 0,
      faults: { 'bad-frame': 0, forged: 0, flood: 0 },
    };
    this.#records.set(peer, fresh);
    return fresh;
  }

  #forgetOne(nowMs: number): void {
    for (const [peer, record] of this.#records) {
      if (isCut(record, nowMs)) continue;
      this.#records.delete(peer);
      return;
    }
  }
}

function faded({ score, atMs }: Entry, nowMs: number): number {
  return score * 2 ** (-Math.max(0, nowMs - atMs) / CONDUCT.halfLifeMs);
}

/** A clock that was set back does not make a sentence longer than it was. */
function isCut({ cutUntilMs, atMs }: Entry, nowMs: number): boolean {
  return nowMs < cutUntilMs && nowMs >= atMs - CONDUCT.longestCutMs;
}

export interface Quota {
  readonly framesPerS: number;
  readonly bytesPerS: number;
  /** Seconds' worth that may come at once. */
  readonly burstS: number;
}

/** A bucket for frames and one for bytes: how long to stop reading, when one of them is empty. */
export class Meter {
  readonly #quota: Quota;
  #frames: number;
  #bytes: number;
  #atMs: number;

  constructor(quota: Quota, nowMs: number) {
    this.#quota = quota;
    this.#frames = quota.framesPerS * quota.burstS;
    this.#bytes = quota.bytesPerS * quota.burstS;
    this.#atMs = nowMs;
  }

  /** @param nowMs by the monotonic clock. @returns for how many milliseconds reading should rest; 0 is none. */
  take(nowMs: number, sizeBytes: number): number {
    const { framesPerS, bytesPerS, burstS } = this.#quota;
    const passedS = Math.max(0, nowMs - this.#atMs) / 1000;
    this.#atMs = nowMs;
    this.#frames = Math.min(framesPerS * burstS, this.#frames + passedS * framesPerS) - 1;
    this.#bytes = Math.min(bytesPerS * burstS, this.#bytes + passedS * bytesPerS) - sizeBytes;
    return Math.ceil(1000 * Math.max(0, -this.#frames / framesPerS, -this.#bytes / bytesPerS));
  }
}
