/** The siege as tests, one a channel. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { ALARM_CHANNEL } from '../../src/alarms/service.ts';
import { FILES_CHANNEL } from '../../src/files/transfer/service.ts';
import { MAIL_CHANNEL } from '../../src/mail/service.ts';
import { HUB_CHANNEL } from '../../src/net/hubs/service.ts';
import { PRESENCE_CHANNEL } from '../../src/net/mesh/service.ts';
import { PING_CHANNEL } from '../../src/net/ping.ts';
import { HELLO } from '../../src/net/libp2p/hello.ts';
import type { ChannelName } from '../../src/net/ports.ts';
import { RELAY_CHANNEL } from '../../src/net/relay/service.ts';
import { JOIN_CHANNEL } from '../../src/node/join-host.ts';
import { ROOMS_CHANNEL } from '../../src/rooms/room-links.ts';
import { SYNC_CHANNEL } from '../../src/node/sync-links.ts';
import { Siege, type Besieged } from './siege.ts';

const SEED = Number(process.env['KITH_FUZZ_SEED'] ?? 1);

interface Target {
  readonly name: ChannelName;
  /** The other side of it: somebody who is no member, or the node when it has dialled. */
  readonly by?: 'member' | 'stranger' | 'hostile admitter';
  /** A line that says what was refused. */
  readonly says: RegExp | undefined;
}

const TARGETS: readonly Target[] = [
  { name: SYNC_CHANNEL, says: /^warn sync: / },
  { name: MAIL_CHANNEL, says: /^warn mail: a neighbour sent bytes that are no mail/ },
  { name: ALARM_CHANNEL, says: /^warn alarms: a neighbour sent bytes that are no alarm message/ },
  { name: PRESENCE_CHANNEL, says: /^(info|warn) net: a neighbour .*misbehave/ },
  { name: RELAY_CHANNEL, says: /^(info|warn) net: a neighbour .*misbehave/ },
  { name: PING_CHANNEL, says: /^(info|warn) net: a neighbour .*misbehave/ },
  { name: FILES_CHANNEL, says: /^(info|warn) net: a neighbour .*misbehave/ },
  { name: ROOMS_CHANNEL, says: /^(info|warn) net: a neighbour .*misbehave/ },
  { name: HUB_CHANNEL, says: /^warn hub: a guest sent what cannot be read/ },
  { name: JOIN_CHANNEL, by: 'stranger', says: /^warn join: a newcomer sent what cannot be read/ },
  { name: JOIN_CHANNEL, by: 'hostile admitter', says: /^info join: not let in here/ },
  // A hello ends the link before it stands; who dialled says why.
  { name: HELLO, says: undefined },
];

export interface Scale {
  /** On each channel. */
  readonly frames: number;
  /** What the heap may grow by between the first and the last quarter. */
  readonly growthMiB: number;
}

export async function besiege(scale: Scale): Promise<void> {
  const only = process.env['KITH_CHANNEL'];
  const targets = TARGETS.filter(({ name }) => only === undefined || name.endsWith(`/${only}`));
  const siege = await Siege.begin(SEED);
  try {
    for (const target of targets) await besiegeOn(siege, target, scale);
  } finally {
    await siege.end();
  }
}

async function besiegeOn(
  siege: Siege,
  { name, by = 'member', says }: Target,
  { frames, growthMiB }: Scale,
): Promise<void> {
  await test(`${name}, from a ${by}: ${String(frames)} hostile frames, seed ${String(SEED)}`, async (context) => {
    const beganMs = performance.now();
    const outcome =
      by === 'hostile admitter'
        ? await siege.attackNewcomer(frames)
        : await siege.attack(name, frames, by === 'stranger');
    report(context, outcome, performance.now() - beganMs);
    siege.mustBeSound();
    const [first, last] = outcome.heapMiB;
    assert.ok(last - first <= growthMiB, `the heap grew from ${String(first)} to ${String(last)} MiB`);
    assert.ok(
      says === undefined || [...outcome.refusals.keys()].some((line) => says.test(line)),
      `a log line says what was refused: ${[...outcome.refusals.keys()].join('; ')}`,
    );
    await siege.mustServe();
  });
}

function report(context: TestContext, outcome: Besieged, tookMs: number): void {
  const { frames, channelsEnded, linksEnded, heapMiB, refusals, simulatedMs } = outcome;
  context.diagnostic(
    `${String(frames)} frames taken in ${(tookMs / 1000).toFixed(1)} s (${(simulatedMs / 1000).toFixed(0)} s simulated), ` +
      `${String(channelsEnded)} channels ended, ${String(linksEnded)} links; ` +
      `heap ${heapMiB.map((mib) => mib.toFixed(1)).join(' → ')} MiB`,
  );
  for (const [line, count] of refusals) context.diagnostic(`${String(count)} × ${line}`);
}
