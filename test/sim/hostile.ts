/** A neighbour that is a member and means ill: it lies about heights, damages runs, and sends what nobody asked for. */
import { hash as digest } from 'node:crypto';
import { toHex } from '../../src/base/bytes.ts';
import type { EntryHash, FeedId } from '../../src/base/ids.ts';
import { isNarrow, LANES } from '../../src/identity/roles.ts';
import type { Draft, ForkEvidence, RawEntry } from '../../src/log/types.ts';
import { decodeHeader, feedIdOf } from '../../src/log/wire.ts';
import { decodeMessage, encodeMessage, type FeedHeight, type SyncMessage } from '../../src/log/sync-wire.ts';
import type { SeededRng } from './rng.ts';
import type { SimNode } from './sim-node.ts';
import type { World } from './world.ts';

export class Hostile {
  readonly node: SimNode;
  readonly #rng: SeededRng;
  readonly #sent: Uint8Array[] = [];
  /** Says what it has, and never gives it. */
  readonly isMute: boolean;

  constructor(node: SimNode, rng: SeededRng) {
    this.node = node;
    this.#rng = rng;
    this.isMute = rng.chance(30);
    node.tamper = (frame) => this.#tamper(frame);
  }

  /** Something unasked. */
  stir(): void {
    if (!this.node.isUp() || this.isMute) return;
    // What it writes is good; what it makes of it on the way is not.
    if (this.#rng.chance(50)) this.node.tryTo(() => this.node.log.append([this.#draft(), this.#draft()]));
    for (let count = this.#rng.below(3); count > 0; count -= 1) this.node.sendRaw(this.#anything());
  }

  leave(world: World): void {
    if (this.node.isUp()) this.node.crash(Infinity);
    for (const other of world.nodes) world.network.unwant(this.node.index, other.index);
  }

  #tamper(frame: Uint8Array): readonly Uint8Array[] {
    const rng = this.#rng;
    if (this.isMute) return ['run', 'none', 'evidence'].includes(decodeMessage(frame).type) ? [] : [frame];
    if (this.#sent.length < 50) this.#sent.push(withoutSecrets(frame));
    if (rng.chance(50)) return [frame];
    if (rng.chance(10)) return [];
    if (rng.chance(10)) return [frame, frame];
    if (rng.chance(10)) return [this.#flipped(frame)];
    return [encodeMessage(this.#changed(decodeMessage(frame)))];
  }

  #flipped(frame: Uint8Array): Uint8Array {
    const copy = new Uint8Array(frame);
    const at = this.#rng.below(copy.length);
    copy[at] = (copy[at] ?? 0) ^ (1 << this.#rng.below(8));
    return copy;
  }

  #changed(message: SyncMessage): SyncMessage {
    if (message.type === 'run') {
      const { feed, entries } = message.run;
      return { ...message, run: { feed, entries: this.#spoiled(entries) } };
    }
    if (message.type === 'heights') {
      return {
        ...message,
        heights: message.heights.map((height) => ({ ...height, seq: height.seq + this.#rng.below(99) })),
      };
    }
    if (message.type === 'want')
      return { ...message, from: this.#rng.below(1000), limitBytes: this.#rng.next() };
    return message;
  }

  #spoiled(entries: readonly RawEntry[]): readonly RawEntry[] {
    const rng = this.#rng;
    if (rng.chance(25)) return entries.map((entry) => this.#withOtherParts(entry));
    const at = rng.chance(50) ? entries.length - 1 : rng.below(entries.length);
    return entries.flatMap((entry, index) => {
      if (index !== at) return [entry];
      switch (rng.below(4)) {
        case 0:
          return entries.length > 1 ? [] : [entry];
        case 1:
          return [{ ...entry, seal: null }];
        case 2:
          return [{ ...entry, seal: entry.seal === null ? null : this.#flipped(entry.seal) }];
        default:
          return [{ ...entry, headerBytes: this.#flipped(entry.headerBytes) }];
      }
    });
  }

  #withOtherParts(entry: RawEntry): RawEntry {
    return { ...entry, parts: entry.parts.map((part) => (part === null ? null : this.#flipped(part))) };
  }

  #draft(): Draft {
    return { kind: 'note', lane: 'data', parts: [{ audience: 'public', payload: this.#rng.bytes(20) }] };
  }

  #anything(): Uint8Array {
    const rng = this.#rng;
    switch (rng.below(5)) {
      case 0:
        return encodeMessage({
          type: 'heights',
          heights: Array.from({ length: rng.between(1, 40) }, () => this.#invented()),
        });
      case 1:
        return rng.pick(this.#sent) ?? rng.bytes(20);
      case 2:
        return encodeMessage({ type: 'evidence', evidence: this.#falseEvidence() });
      case 3: {
        const feed = rng.pick(this.node.log.feeds())?.info.id ?? (toHex(rng.bytes(32)) as FeedId);
        return encodeMessage({
          type: 'want',
          mode: 'entries',
          feed,
          from: rng.below(50),
          limitBytes: rng.below(9000),
        });
      }
      default:
        return rng.bytes(rng.below(200));
    }
  }

  /** Of feeds that are not, and of feeds that are, far above their end. */
  #invented(): FeedHeight {
    const rng = this.#rng;
    const known = rng.pick(this.node.log.feeds());
    const hash = digest('sha256', rng.bytes(8), 'hex') as EntryHash;
    if (known !== undefined && rng.chance(50)) {
      return { feed: known.info, seq: known.seq + rng.below(5000), hash, forked: rng.chance(10) };
    }
    const device = rng.pick(this.node.log.feeds())?.info.device ?? this.node.device;
    const incarnation = toHex(rng.bytes(16));
    const lane = rng.pick(LANES) ?? 'data';
    const feed = { id: feedIdOf(device, incarnation, lane), device, incarnation, lane };
    return { feed, seq: rng.between(1, 1_000_000), hash, forked: rng.chance(10) };
  }

  #falseEvidence(): ForkEvidence {
    const rng = this.#rng;
    const state = rng.pick(this.node.log.feeds().filter(({ seq }) => seq > 0));
    const feed = state?.info ?? this.node.log.ownFeed('data');
    const entries = this.node.store
      .entries(feed.id)
      .map(({ headerBytes, seal }) => ({ headerBytes, parts: [], seal }));
    const from = rng.below(Math.max(1, entries.length));
    const one = entries.slice(from);
    const other = one.map((entry) =>
      rng.chance(50) ? { ...entry, headerBytes: this.#flipped(entry.headerBytes) } : entry,
    );
    const fallback: RawEntry[] = [{ headerBytes: rng.bytes(40), parts: [], seal: null }];
    return {
      feed,
      seq: from + 1,
      one: one.length > 0 ? one : fallback,
      other: other.length > 0 ? other : fallback,
    };
  }
}

/** Replayed to everybody, it must not leak itself what it may hold and others may not: that is nobody else's fault. */
function withoutSecrets(frame: Uint8Array): Uint8Array {
  const message = decodeMessage(frame);
  if (message.type !== 'run') return frame;
  const entries = message.run.entries.map((entry) => {
    const refs = decodeHeader(entry.headerBytes).parts;
    return {
      ...entry,
      parts: entry.parts.map((part, index) => (isNarrow(refs[index]?.audience ?? '') ? null : part)),
    };
  });
  return encodeMessage({ ...message, run: { ...message.run, entries } });
}
