/** The candidate order of one room: everybody probes everybody, says what came out, and the host ranks. */
import { equalBytes } from '../base/bytes.ts';
import type { Clock } from '../base/ports.ts';
import type { Consensus } from './consensus/core.ts';
import { everyone } from './consensus/roster.ts';
import type { ConsensusEvent, ReplicaId, Roster } from './consensus/types.ts';
import { Handover } from './order/handover.ts';
import { placesIn, type Places } from './order/places.ts';
import { ProbeMeter } from './order/probe-meter.ts';
import { rank } from './order/rank.ts';
import type { Delay, Standing } from './order/types.ts';
import type { RoomFrame } from './wire.ts';

const PROBE_MS = 2000;
const RANK_MS = 5000;
/** Probed and told in one round: in a large room, everybody in turn. */
const AT_ONCE = 16;
/** At most: what is measured costs more than what is said, in a large room at rest. */
const PEERS_PER_S = 4;

type Row = readonly [place: number, roundUs: number, lossPermille: number];

export interface OrderPorts {
  readonly send: (to: ReplicaId, frame: RoomFrame) => void;
  readonly decide: (event: ConsensusEvent) => void;
  /** Up to where this device's people can read what is confirmed. */
  readonly readable: () => number;
}

export class RoomOrder {
  readonly #self: ReplicaId;
  readonly #core: Consensus;
  readonly #clock: Clock;
  readonly #ports: OrderPorts;
  readonly #meters = new Map<ReplicaId, ProbeMeter>();
  /** What each said that it measured. */
  readonly #rows = new Map<ReplicaId, Map<ReplicaId, Delay>>();
  #handover: Handover | undefined;
  #probeMs = -Infinity;
  #rankMs = -Infinity;
  #next = 0;
  #turn = 0;
  #placed: { readonly roster: Roster; readonly places: Places } | undefined;
  standings: readonly Standing[] = [];

  constructor(self: ReplicaId, core: Consensus, clock: Clock, ports: OrderPorts) {
    this.#self = self;
    this.#core = core;
    this.#clock = clock;
    this.#ports = ports;
  }

  receive(from: ReplicaId, frame: Extract<RoomFrame, { type: 'probe' | 'delays' }>): void {
    if (frame.type === 'delays') {
      const { digest, replicas } = this.#places();
      // Of another roster: when both have the same, it is said again.
      if (!equalBytes(digest, frame.roster)) return;
      const rows = frame.delays.flatMap(([place, round, loss]): [ReplicaId, Delay][] => {
        const to = replicas[place];
        return to === undefined ? [] : [[to, delayOf(round, loss)]];
      });
      this.#rows.set(from, new Map(rows));
      return;
    }
    if (frame.isAnswer) this.#meterOf(from).answered(frame.id, this.#clock.monotonicMs());
    else this.#ports.send(from, { ...frame, isAnswer: true });
  }

  tick(): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#probeMs >= this.#pauseMs) {
      this.#probeMs = nowMs;
      this.#probe(nowMs);
    }
    if (nowMs - this.#rankMs < RANK_MS) return;
    this.#rankMs = nowMs;
    this.#rank(nowMs);
  }

  get #pauseMs(): number {
    const peers = Math.min(AT_ONCE, everyone(this.#core.roster).length - 1);
    return Math.max(PROBE_MS, (peers * 1000) / PEERS_PER_S);
  }

  #probe(nowMs: number): void {
    const peers = everyone(this.#core.roster).filter((one) => one !== this.#self);
    for (const known of [...this.#meters.keys(), ...this.#rows.keys()])
      if (known !== this.#self && !peers.includes(known)) this.#forget(known);
    for (const meter of this.#meters.values()) meter.expire(nowMs);
    const round = this.#round(peers);
    for (const peer of round.filter((one) => this.#isMeasured(one))) {
      this.#next += 1;
      this.#meterOf(peer).sent(this.#next, nowMs);
      this.#ports.send(peer, { type: 'probe', id: this.#next, isAnswer: false });
    }
    const own = this.#ownRow(peers);
    this.#rows.set(this.#self, own);
    const { digest: roster, of } = this.#places();
    const delays = [...own].map(([to, delay]): Row => [of.get(to) ?? 0, ...fieldsOf(delay)]);
    const readable = this.#ports.readable();
    if (delays.length > 0 || !this.#isMeasured(this.#self))
      for (const peer of round) this.#ports.send(peer, { type: 'delays', roster, delays, readable });
  }

  #places(): Places {
    const { roster } = this.#core;
    if (this.#placed?.roster !== roster) this.#placed = { roster, places: placesIn(roster) };
    return this.#placed.places;
  }

  #round(peers: readonly ReplicaId[]): readonly ReplicaId[] {
    if (peers.length <= AT_ONCE) return peers;
    const from = this.#turn % peers.length;
    this.#turn += AT_ONCE;
    return [...peers, ...peers].slice(from, from + AT_ONCE);
  }

  /** Whoever only follows is no candidate. */
  #isMeasured(peer: ReplicaId): boolean {
    const { learners } = this.#core.roster;
    return !learners.includes(peer) && !learners.includes(this.#self);
  }

  #ownRow(peers: readonly ReplicaId[]): Map<ReplicaId, Delay> {
    return new Map(
      peers.flatMap((peer): [ReplicaId, Delay][] => {
        const delay = this.#meters.get(peer)?.delay;
        return delay === undefined ? [] : [[peer, delay]];
      }),
    );
  }

  #rank(nowMs: number): void {
    const { role, roster } = this.#core;
    this.standings = rank(roster.voters, this.#rows);
    if (role !== 'host') {
      this.#handover = undefined;
      return;
    }
    this.#handover ??= new Handover(this.#self, nowMs, nowMs);
    this.#ports.decide({ type: 'order', best: this.standings.map(({ replica }) => replica) });
    const to = this.#handover.evaluate(nowMs, this.standings);
    if (to !== undefined) this.#ports.decide({ type: 'transfer', to });
  }

  #meterOf(peer: ReplicaId): ProbeMeter {
    const meter = this.#meters.get(peer) ?? new ProbeMeter();
    this.#meters.set(peer, meter);
    return meter;
  }

  #forget(peer: ReplicaId): void {
    this.#meters.delete(peer);
    this.#rows.delete(peer);
  }
}

/** On the wire a round trip is one microsecond longer, and 0 says that there is no way. */
function fieldsOf(delay: Delay): [number, number] {
  return delay.state === 'reached' ? [delay.roundUs + 1, delay.lossPermille] : [0, 1000];
}

function delayOf(round: number, lossPermille: number): Delay {
  return round === 0 ? { state: 'unreachable' } : { state: 'reached', roundUs: round - 1, lossPermille };
}
