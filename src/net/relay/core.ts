/**
 * Where a relayed frame goes: to its addressee, or one step nearer by the graph that the beacons show; where the graph
 * knows no way, to all neighbours. Each node passes a frame on once, and a frame crosses three links at most. Pure.
 */
import type { LinkKey } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';
import type { RelayFrame } from './types.ts';

/** How many numbers of one sender back a frame may come late; older ones count as repeated. */
const WINDOW = 512;
const MOST_SENDERS = 4096;

export type RelayFate =
  | { readonly type: 'deliver' }
  | { readonly type: 'pass'; readonly to: readonly LinkKey[]; readonly frame: RelayFrame }
  | { readonly type: 'drop'; readonly why: 'repeated' | 'too-far' | 'no-way' | 'unknown' | 'forged' };

export interface RelayPorts {
  readonly self: LinkKey;
  neighbours(): readonly LinkKey[];
  /** A shortest way from here, both ends included. */
  pathTo(node: LinkKey): readonly LinkKey[] | undefined;
  /** Did the sender sign it? `unknown`: it is no member, as far as this node has heard. */
  judge(frame: RelayFrame): 'good' | 'unknown' | 'bad';
}

interface Heard {
  epoch: number;
  highest: number;
  readonly seqs: Set<number>;
}

export class RelayCore {
  readonly #ports: RelayPorts;
  readonly #heard = new Map<LinkKey, Heard>();

  constructor(ports: RelayPorts) {
    this.#ports = ports;
  }

  /** @param by the neighbour that it came from. */
  arrived(frame: RelayFrame, by: LinkKey): RelayFate {
    if (frame.from === this.#ports.self) return { type: 'drop', why: 'repeated' };
    if (this.#isRepeated(frame)) return { type: 'drop', why: 'repeated' };
    // Before it is noted: or anybody could use up a sender's numbers.
    const verdict = this.#ports.judge(frame);
    if (verdict !== 'good') return { type: 'drop', why: verdict === 'bad' ? 'forged' : 'unknown' };
    this.#note(frame);
    if (frame.to === this.#ports.self) return { type: 'deliver' };
    if (frame.hops <= 1) return { type: 'drop', why: 'too-far' };
    return this.#onward({ ...frame, hops: frame.hops - 1 }, [by, frame.from]);
  }

  send(frame: RelayFrame): RelayFate {
    return this.#onward(frame, []);
  }

  #onward(frame: RelayFrame, behind: readonly LinkKey[]): RelayFate {
    const neighbours = this.#ports.neighbours().filter((node) => !behind.includes(node));
    if (neighbours.includes(frame.to)) return { type: 'pass', to: [frame.to], frame };
    const path = this.#ports.pathTo(frame.to);
    if (path !== undefined && path.length - 1 > frame.hops) return { type: 'drop', why: 'too-far' };
    const next = path?.[1];
    const to = next !== undefined && neighbours.includes(next) ? [next] : neighbours;
    return to.length === 0 || frame.hops <= 1 ? { type: 'drop', why: 'no-way' } : { type: 'pass', to, frame };
  }

  #isRepeated({ from, epoch, seq }: RelayFrame): boolean {
    const heard = this.#heard.get(from);
    if (heard === undefined || epoch > heard.epoch) return false;
    return epoch < heard.epoch || seq <= heard.highest - WINDOW || heard.seqs.has(seq);
  }

  #note({ from, epoch, seq }: RelayFrame): void {
    const known = this.#heard.get(from);
    const heard = known?.epoch === epoch ? known : { epoch, highest: seq, seqs: new Set<number>() };
    heard.seqs.add(seq);
    heard.highest = Math.max(heard.highest, seq);
    if (heard.seqs.size > 2 * WINDOW) {
      for (const old of heard.seqs) if (old <= heard.highest - WINDOW) heard.seqs.delete(old);
    }
    this.#heard.set(from, heard);
    const [oldest] = this.#heard.keys();
    if (this.#heard.size > MOST_SENDERS && oldest !== undefined) this.#heard.delete(oldest);
  }
}

/** What a node may carry for one neighbour. */
export const RELAY_QUOTA = { framesPerS: 200, bytesPerS: 200 * LIMITS.relayedBytes, burstS: 5 } as const;
