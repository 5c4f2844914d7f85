/** One line for a frame, for whoever hunts a failing seed. */
import { decodeMessage, type SyncMessage } from '../../src/log/sync-wire.ts';
import { decodeHeader } from '../../src/log/wire.ts';
import { short } from './checkers.ts';
import type { World } from './world.ts';

export function traceOf(world: World, from: number, to: number, frame: Uint8Array): string {
  const [a, b] = [world.nodes[from]?.name, world.nodes[to]?.name];
  try {
    return `${a ?? '?'} → ${b ?? '?'} ${sentence(decodeMessage(frame))}`;
  } catch {
    return `${a ?? '?'} → ${b ?? '?'} ${String(frame.byteLength)} bytes of nothing`;
  }
}

function sentence(message: SyncMessage): string {
  switch (message.type) {
    case 'hello':
    case 'buckets':
      return message.type;
    case 'heights':
      return `heights ${message.heights.map((h) => `${h.feed.lane} ${short(h.feed.id)} ${String(h.seq)}${h.forked ? ` forked ${h.hash.slice(-8)}` : ''}`).join(', ')}`;
    case 'want':
      return `want ${message.mode} ${short(message.feed)} from ${String(message.from)}`;
    case 'run': {
      const seqs = message.run.entries.map(({ headerBytes }) => decodeHeader(headerBytes).seq);
      return `run ${message.mode} ${message.run.feed.lane} ${short(message.run.feed.id)} ${String(seqs[0])} to ${String(seqs.at(-1))}`;
    }
    case 'evidence':
      return `evidence ${message.evidence.feed.lane} ${short(message.evidence.feed.id)} at ${String(message.evidence.seq)}`;
    case 'none':
      return `none ${short(message.feed)}`;
  }
}
