/** One link, full of bulk: an alarm comes before the bulk that was sent before it. On conditions, not times. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { silentLogger } from '../../src/base/ports.ts';
import { createLibp2pTransport } from '../../src/net/libp2p/transport.ts';
import type { Channel, ChannelName, Transport } from '../../src/net/ports.ts';
import { answerPings } from '../../src/net/ping.ts';
import { takeInTurns } from '../../src/node/frame-turns.ts';
import { realClock, realTimers } from '../contract/real-timers.ts';
import { slowLink } from '../support/slow-link.ts';

const BULK: ChannelName = '/kith/1/bulk';
const ALARM: ChannelName = '/kith/1/urgent';
const FRAME_BYTES = 256 * 1024;
/** As much as sync lets be on its way to a node: four requests of 2 MiB. */
const FRAMES = 32;

async function transportOf(t: TestContext, fill: number): Promise<Transport> {
  const transport = await createLibp2pTransport({
    linkSeed: new Uint8Array(32).fill(fill),
    listen: ['127.0.0.1:0'],
    mdns: false,
    gate: { mayLink: () => true },
    logger: silentLogger,
    timers: realTimers,
    clock: realClock,
    bulk: [BULK],
  });
  await transport.start();
  answerPings(
    transport,
    () => true,
    () => undefined,
  );
  t.after(() => transport.stop());
  return transport;
}

interface Crossed {
  /** Bulk frames that had been worked off when the alarm came. */
  readonly before: number;
  /** In the order in which they were sent. */
  readonly inOrder: boolean;
}

/** @param take how the receiver reads its bulk channel. */
async function crossing(
  t: TestContext,
  take: (channel: Channel, work: (frame: Uint8Array) => void) => void,
): Promise<Crossed> {
  const [from, to] = [await transportOf(t, 1), await transportOf(t, 2)];
  const worked: number[] = [];
  const arrived = Promise.withResolvers<number>();
  const done = Promise.withResolvers<undefined>();
  to.handle(ALARM, (channel) => {
    channel.onFrame(() => {
      arrived.resolve(worked.length);
    });
  });
  to.handle(BULK, (channel) => {
    take(channel, (frame) => {
      worked.push(frame[0] ?? -1);
      if (worked.length === FRAMES) done.resolve(undefined);
    });
  });
  const link = await from.dial(to.listening()[0] ?? '', {});
  // The worst order: what a connection's streams hold leaves in the order in which they were opened.
  const bulk = await link.open(BULK);
  const alarm = await link.open(ALARM);
  for (let frame = 0; frame < FRAMES; frame += 1) bulk.send(new Uint8Array(FRAME_BYTES).fill(frame));
  // The bulk is on its way before anybody thinks of an alarm.
  await new Promise((resolve) => setImmediate(resolve));
  alarm.send(Uint8Array.of(1));
  const before = await arrived.promise;
  await done.promise;
  return { before, inOrder: worked.every((frame, at) => frame === at) };
}

void test('an alarm is not held up by what waits to be sent and worked off', async (t) => {
  const { before, inOrder } = await crossing(t, (channel, work) => {
    takeInTurns(channel, { take: work, closed: () => undefined, later: (run) => void setImmediate(run) });
  });
  t.diagnostic(`${String(before)} of ${String(FRAMES)} bulk frames were worked off before the alarm`);
  assert.ok(before <= FRAMES / 4, `${String(before)} frames went first`);
  assert.ok(inOrder, 'bulk keeps its order');
});

const SLOW_BYTES_PER_SECOND = 1_000_000;
const SETTLED_BYTES = 1024 * 1024;
const ALARMS = 5;
/** A tenth of a second of such a link; kernels would hold some four megabytes. */
const MOST_BEFORE_BYTES = 100_000;

void test('an alarm is not held up by what a slow link has not carried yet', async (t) => {
  const [from, to] = [await transportOf(t, 3), await transportOf(t, 4)];
  const port = Number(/\/tcp\/(\d+)/.exec(to.listening()[0] ?? '')?.[1]);
  const between = await slowLink({ host: '127.0.0.1', port }, SLOW_BYTES_PER_SECOND);
  t.after(() => {
    between.close();
  });
  let arrived = Promise.withResolvers<undefined>();
  to.handle(ALARM, (channel) => {
    channel.onFrame(() => {
      arrived.resolve(undefined);
    });
  });
  const settled = Promise.withResolvers<undefined>();
  let bulkBytes = 0;
  to.handle(BULK, (channel) => {
    channel.onFrame((frame) => {
      bulkBytes += frame.byteLength;
      if (bulkBytes >= SETTLED_BYTES) settled.resolve(undefined);
    });
  });
  const link = await from.dial(`127.0.0.1:${String(between.port)}`, {});
  const bulk = await link.open(BULK);
  const alarm = await link.open(ALARM);
  const pour = (): void => {
    while (bulk.send(new Uint8Array(FRAME_BYTES)));
  };
  bulk.onDrain(pour);
  pour();
  await settled.promise;
  const before: number[] = [];
  for (let number = 0; number < ALARMS; number += 1) {
    arrived = Promise.withResolvers<undefined>();
    const carriedBytes = between.carriedBytes();
    alarm.send(Uint8Array.of(1));
    await arrived.promise;
    before.push(between.carriedBytes() - carriedBytes);
    await between.carried(carriedBytes + FRAME_BYTES);
  }
  t.diagnostic(`carried before each alarm: ${before.join(', ')} bytes`);
  // One of them may meet a look whether more would go.
  assert.ok(
    before
      .sort((a, b) => a - b)
      .slice(0, -1)
      .every((bytes) => bytes <= MOST_BEFORE_BYTES),
  );
});
