/**
 * Fetching, decided: which piece is asked of whom, and when. Level-triggered: whatever happens changes what is known,
 * and one `evaluate` looks at it. Rarest pieces first, from whoever is best by what was measured; no holder waits while
 * there is something to ask it for, and none is asked for more than fills its link.
 *
 * The shell checks the digest of what comes and says `good` or not; a piece counts when it is on disk.
 */
import { Claims, type Claim, type WorkId } from './claims.ts';
import { HolderTree } from './holder-tree.ts';
import { Measures } from './measures.ts';
import type { PieceId, PieceRef } from '../types.ts';
import { Work } from './work.ts';

/** One channel to somebody. */
export type PeerId = string;
export type TransferFault = 'bad-piece' | 'not-asked' | 'silent';

export interface TransferLimits {
  /** Requested and not come yet, of all transfers and peers together. */
  readonly inFlightBytes: number;
  /** 0: as much as comes. */
  readonly bytesPerSecond: number;
}

export type TransferEvent =
  /** @param wanted pieces that are not here, by their place in the list; @param listed do claims name places in it? */
  | {
      readonly type: 'start';
      readonly work: WorkId;
      readonly pieces: readonly PieceRef[];
      readonly missing: readonly number[];
      readonly listed: boolean;
    }
  | { readonly type: 'stop'; readonly work: WorkId }
  | { readonly type: 'opened'; readonly peer: PeerId }
  | { readonly type: 'closed'; readonly peer: PeerId }
  /** It says what it has of that. */
  | { readonly type: 'claims'; readonly peer: PeerId; readonly work: WorkId; readonly claim: Claim }
  | { readonly type: 'got'; readonly peer: PeerId; readonly work: WorkId; readonly places: readonly number[] }
  | {
      readonly type: 'came';
      readonly peer: PeerId;
      readonly work: WorkId;
      readonly piece: PieceId;
      readonly good: boolean;
    }
  /** It does not give that. */
  | { readonly type: 'denied'; readonly peer: PeerId; readonly work: WorkId; readonly piece: PieceId }
  | { readonly type: 'stored'; readonly work: WorkId; readonly place: number }
  /** Could not be written: it is as if it had not come. */
  | { readonly type: 'unstored'; readonly work: WorkId; readonly place: number }
  | { readonly type: 'limits'; readonly limits: TransferLimits }
  | { readonly type: 'tick' };

export type TransferEffect =
  | { readonly type: 'ask'; readonly peer: PeerId; readonly work: WorkId; readonly piece: PieceRef }
  /** Its bytes go to these places of the file. */
  | {
      readonly type: 'store';
      readonly work: WorkId;
      readonly piece: PieceId;
      readonly places: readonly number[];
    }
  | { readonly type: 'done'; readonly work: WorkId }
  | { readonly type: 'blame'; readonly peer: PeerId; readonly fault: TransferFault };

interface Peer {
  readonly id: PeerId;
  readonly measures: Measures;
  readonly claims: Claims;
  /** What was asked of it, by work and piece. */
  readonly asked: Map<string, Asked>;
  /** Asked for once, given up, and welcome if it still comes. */
  readonly late: Set<string>;
  strange: number;
}

interface Asked {
  readonly work: WorkId;
  readonly piece: PieceRef;
  readonly place: number;
  readonly sinceMs: number;
}

const STRANGE_MOST = 64;
const LATE_MOST = 256;
const SILENT_TIMES = 3;
/** A piece that one holder keeps waiting is asked of a second one after this. */
const AGAIN_MS = 1500;
const PER_PEER = 64;

export class TransferCore {
  readonly #salt: number;
  readonly #works = new Map<WorkId, Work>();
  readonly #peers = new Map<PeerId, Peer>();
  readonly #tree = new HolderTree();
  #limits: TransferLimits;
  #inFlightBytes = 0;
  #budgetBytes = 0;
  #nowMs = 0;
  #effects: TransferEffect[] = [];

  /** @param salt differs from node to node, so that they fetch different pieces first and have something to swap. */
  constructor(limits: TransferLimits, salt: number) {
    this.#limits = limits;
    this.#salt = salt;
  }

  get inFlightBytes(): number {
    return this.#inFlightBytes;
  }

  /** What is known of each holder, the best first. */
  holders(): readonly {
    readonly peer: PeerId;
    readonly bytesPerSecond: number;
    readonly delayMs: number;
    readonly errors: number;
  }[] {
    return [...this.#tree.walk()].flatMap(({ name }) => {
      const peer = this.#peers.get(name);
      return peer === undefined ? [] : [{ peer: name, ...peer.measures.summary() }];
    });
  }

  step(event: TransferEvent, nowMs: number): readonly TransferEffect[] {
    this.#effects = [];
    this.#refill(nowMs);
    this.#take(event);
    this.#evaluate();
    return this.#effects;
  }

  #take(event: TransferEvent): void {
    switch (event.type) {
      case 'start':
        this.#start(event);
        return;
      case 'stop':
        this.#stop(event.work);
        return;
      case 'opened':
        this.#opened(event.peer);
        return;
      case 'closed':
        this.#closed(event.peer);
        return;
      case 'claims':
        this.#claims(event.peer, event.work, event.claim);
        return;
      case 'got':
        for (const place of event.places) this.#gained(event.peer, event.work, place);
        return;
      case 'came':
        this.#came(event);
        return;
      case 'denied':
        this.#denied(event);
        return;
      case 'stored':
        this.#stored(event.work, event.place);
        return;
      case 'unstored':
        this.#works.get(event.work)?.lost(event.place);
        return;
      case 'limits':
        this.#limits = event.limits;
        return;
      case 'tick':
        this.#tick();
        return;
    }
  }

  /** What may come within the next second, where there is a cap; never more than a second's worth is saved up. */
  #refill(nowMs: number): void {
    const { bytesPerSecond } = this.#limits;
    const passedMs = Math.max(0, nowMs - this.#nowMs);
    this.#nowMs = Math.max(this.#nowMs, nowMs);
    if (bytesPerSecond > 0)
      this.#budgetBytes = Math.min(bytesPerSecond, this.#budgetBytes + (bytesPerSecond * passedMs) / 1000);
  }

  // ---- works

  #start({ work, pieces, missing, listed }: Extract<TransferEvent, { type: 'start' }>): void {
    this.#stop(work);
    // Whoever comes later is not given all that the others have had before.
    const least = Math.min(...[...this.#works.values()].map(({ credit }) => credit), Infinity);
    const begun = new Work({
      id: work,
      pieces,
      missing,
      listed,
      salt: this.#salt,
      credit: least === Infinity ? 0 : least,
    });
    this.#works.set(work, begun);
    for (const { claims } of this.#peers.values()) begun.count(claims.of(work), 1);
    if (begun.isDone) this.#effects.push({ type: 'done', work });
  }

  #stop(id: WorkId): void {
    if (!this.#works.delete(id)) return;
    for (const peer of this.#peers.values()) {
      for (const [key, asked] of peer.asked) if (asked.work === id) this.#settle(peer, key, asked);
      peer.claims.forget(id);
    }
  }

  #stored(id: WorkId, place: number): void {
    const work = this.#works.get(id);
    if (work === undefined || !work.stored(place) || !work.isDone) return;
    this.#effects.push({ type: 'done', work: id });
  }

  // ---- peers

  #opened(id: PeerId): void {
    const peer: Peer = {
      id,
      measures: new Measures(),
      claims: new Claims(),
      asked: new Map(),
      late: new Set(),
      strange: 0,
    };
    this.#peers.set(id, peer);
    this.#place(peer);
  }

  #closed(id: PeerId): void {
    const peer = this.#peers.get(id);
    if (peer === undefined) return;
    for (const [key, asked] of peer.asked) this.#settle(peer, key, asked);
    for (const [id, claim] of peer.claims.all()) this.#works.get(id)?.count(claim, -1);
    this.#peers.delete(id);
    this.#tree.delete(id);
  }

  #claims(id: PeerId, workId: WorkId, claim: Claim): void {
    const [peer, work] = [this.#peers.get(id), this.#works.get(workId)];
    if (peer === undefined || work === undefined) return;
    work.count(peer.claims.of(workId), -1);
    peer.claims.set(workId, claim, work.pieces.length);
    work.count(peer.claims.of(workId), 1);
  }

  #gained(id: PeerId, workId: WorkId, place: number): void {
    const [peer, work] = [this.#peers.get(id), this.#works.get(workId)];
    if (peer === undefined || work === undefined) return;
    if (peer.claims.add(workId, place, work.pieces.length)) work.countOne(place, 1);
  }

  #came({ peer: id, work: workId, piece, good }: Extract<TransferEvent, { type: 'came' }>): void {
    const peer = this.#peers.get(id);
    if (peer === undefined) return;
    const key = keyOf(workId, piece);
    const asked = peer.asked.get(key);
    if (asked === undefined && !peer.late.delete(key)) {
      peer.strange += 1;
      if (peer.strange > STRANGE_MOST) this.#blame(peer, 'not-asked');
      return;
    }
    if (asked !== undefined) {
      peer.measures.came(asked.piece.sizeBytes, this.#nowMs);
      this.#settle(peer, key, asked);
    }
    if (!good) {
      this.#blame(peer, 'bad-piece');
      return;
    }
    const places = this.#works.get(workId)?.arrived(piece) ?? [];
    if (places.length > 0) this.#effects.push({ type: 'store', work: workId, piece, places });
  }

  #denied({ peer: id, work: workId, piece }: Extract<TransferEvent, { type: 'denied' }>): void {
    const peer = this.#peers.get(id);
    const asked = peer?.asked.get(keyOf(workId, piece));
    if (peer === undefined || asked === undefined) return;
    peer.measures.failed();
    this.#settle(peer, keyOf(workId, piece), asked);
    const work = this.#works.get(workId);
    if (work === undefined) return;
    for (const place of work.placesOf(piece))
      if (peer.claims.remove(workId, place, work.pieces.length)) work.countOne(place, -1);
  }

  #blame(peer: Peer, fault: TransferFault): void {
    this.#effects.push({ type: 'blame', peer: peer.id, fault });
    this.#closed(peer.id);
  }

  /** An ask is over, whatever came of it. */
  #settle(peer: Peer, key: string, { work, piece, place }: Asked): void {
    peer.asked.delete(key);
    peer.measures.settled(piece.sizeBytes);
    this.#inFlightBytes -= piece.sizeBytes;
    this.#works.get(work)?.unask(place);
    this.#place(peer);
  }

  #place(peer: Peer): void {
    const { errors, expectedMs } = peer.measures.quality();
    this.#tree.set({ name: peer.id, errors, expectedMs });
  }

  /** What takes far longer than it should is asked elsewhere; who answers nothing at all is let go. */
  #tick(): void {
    for (const peer of [...this.#peers.values()]) {
      const limitMs = peer.measures.patienceMs();
      let gaveUp = false;
      for (const [key, asked] of peer.asked) {
        if (this.#nowMs - asked.sinceMs < limitMs) continue;
        gaveUp = true;
        this.#settle(peer, key, asked);
        if (peer.late.size < LATE_MOST) peer.late.add(key);
      }
      if (!gaveUp) continue;
      peer.measures.timedOut();
      this.#place(peer);
      if (peer.measures.timesSilent >= SILENT_TIMES) this.#blame(peer, 'silent');
    }
  }

  // ---- asking

  #evaluate(): void {
    if (this.#works.size === 0) return;
    // Whoever is asked moves in the tree, so the walk is over names as they stand now.
    for (const { name } of [...this.#tree.walk()]) {
      const peer = this.#peers.get(name);
      if (peer !== undefined) this.#fill(peer);
    }
  }

  #fill(peer: Peer): void {
    while (peer.asked.size < PER_PEER && peer.measures.hasRoom()) {
      if (this.#inFlightBytes >= this.#limits.inFlightBytes) return;
      if (this.#limits.bytesPerSecond > 0 && this.#budgetBytes <= 0) return;
      const next = this.#choose(peer);
      if (next === undefined) return;
      this.#ask(peer, next.work, next.place);
    }
  }

  /** The transfer that has had least, and of it the rarest piece that this holder has. */
  #choose(peer: Peer): { readonly work: Work; readonly place: number } | undefined {
    const works = [...this.#works.values()].sort((a, b) => a.credit - b.credit);
    for (const work of works) {
      const claim = peer.claims.of(work.id);
      const place = work.rarest(claim);
      if (place !== undefined) return { work, place };
    }
    for (const work of works) {
      const place = this.#secondTry(peer, work);
      if (place !== undefined) return { work, place };
    }
    return undefined;
  }

  /** At the end, what waits on a slow holder is asked of a second one. */
  #secondTry(peer: Peer, work: Work): number | undefined {
    if (!work.allAsked) return undefined;
    for (const other of this.#peers.values()) {
      if (other === peer) continue;
      for (const asked of other.asked.values()) {
        if (asked.work !== work.id || this.#nowMs - asked.sinceMs < AGAIN_MS) continue;
        const { place } = asked;
        if (work.askedOf(place) > 1 || !peer.claims.has(work.id, place)) continue;
        if (peer.asked.has(keyOf(work.id, asked.piece.id))) continue;
        return place;
      }
    }
    return undefined;
  }

  #ask(peer: Peer, work: Work, place: number): void {
    const piece = work.pieces[place];
    if (piece === undefined) return;
    work.ask(place);
    peer.asked.set(keyOf(work.id, piece.id), { work: work.id, piece, place, sinceMs: this.#nowMs });
    peer.measures.asked(piece.sizeBytes, this.#nowMs);
    this.#inFlightBytes += piece.sizeBytes;
    if (this.#limits.bytesPerSecond > 0) this.#budgetBytes -= piece.sizeBytes;
    this.#place(peer);
    this.#effects.push({ type: 'ask', peer: peer.id, work: work.id, piece });
  }
}

function keyOf(work: WorkId, piece: PieceId): string {
  return `${work} ${piece}`;
}
