/** Long ways, long absences, and much to carry. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '../../src/base/bytes.ts';
import { decodeMessage } from '../../src/log/sync-wire.ts';
import { decodeHeader } from '../../src/log/wire.ts';
import { YEAR_MS } from '../sim/sim-clock.ts';
import { CALM, World } from '../sim/world.ts';

const SLOW = { ...CALM, minDelayMs: 200, maxDelayMs: 400, windowBytes: 32 * 1024 };

function line(count: number): World {
  const world = new World(5);
  while (world.nodes.length < count) {
    const last = world.nodes.at(-1);
    assert.ok(last !== undefined && world.admit(last, 'admin') !== undefined);
    world.runFor(5000);
  }
  return world;
}

void test('five nodes in a line: what one end writes reaches the other, by push alone', () => {
  const world = line(5);
  const [first, last] = [world.nodes[0], world.nodes[4]];
  assert.ok(first !== undefined && last !== undefined);
  const before = world.network.frames;
  for (let count = 0; count < 20; count += 1) {
    world.note(first, `from here ${String(count)}`);
    world.note(last, `from there ${String(count)}`);
    world.runFor(500);
  }
  world.runFor(5000);
  const frames = world.network.frames - before;
  world.mustBeAtRest();
  assert.equal(first.store.rows().size, 40);
  assert.equal(frames, 40 * 4, 'one frame for each entry and link');
});

void test('one node is away for long: it gets all that it missed, and the others what it wrote alone', () => {
  const world = line(3);
  const away = world.nodes[2];
  assert.ok(away !== undefined);
  world.network.unwant(1, 2);
  world.runFor(10_000);
  away.clock.jump(-YEAR_MS);
  for (let count = 0; count < 300; count += 1) world.note(world.founder, String(count));
  for (let count = 0; count < 300; count += 1) world.note(away, String(count));
  world.runFor(24 * 60 * 60 * 1000);
  world.network.want(1, 2);
  world.runFor(60_000);
  world.mustBeAtRest();
  assert.ok(world.nodes.every((node) => node.store.rows().size === 600));
});

void test('the roll comes before the data, and what is urgent before a huge feed', () => {
  const world = new World(9, SLOW, 16 * 1024);
  const writer = world.founder;
  const payload = new Uint8Array(1000).fill(7);
  const bulk = Array.from(
    { length: 500 },
    () => ({ kind: 'note', lane: 'data', parts: [{ audience: 'public', payload }] }) as const,
  );
  for (let at = 0; at < bulk.length; at += 10) world.write(writer, bulk.slice(at, at + 10));
  const late = world.admit(writer, 'member');
  assert.ok(late !== undefined);
  world.write(writer, [
    { kind: 'alert', lane: 'urgent', parts: [{ audience: 'public', payload: utf8('flood') }] },
  ]);
  const order: string[] = [];
  world.network.onDeliver = (_, to, frame) => {
    const message = decodeMessage(frame);
    if (to === late.index && message.type === 'run') order.push(message.run.feed.lane);
  };
  world.runFor(120_000);
  world.mustBeAtRest();
  assert.equal(late.store.rows().size, 501);
  assert.equal(order[0], 'roll');
  assert.ok(order.indexOf('urgent') < order.indexOf('data'), 'asked for first');
  order.length = 0;
  // And while the bulk is on its way, it does not stand in the way of what is written now.
  const other = world.admit(writer, 'member');
  assert.ok(other !== undefined);
  world.network.onDeliver = (_, to, frame) => {
    const message = decodeMessage(frame);
    if (to === other.index && message.type === 'run') order.push(message.run.feed.lane);
  };
  for (let waited = 0; waited < 20 && !order.includes('data'); waited += 1) world.runFor(200);
  assert.ok(order.includes('data') && other.store.rows().size < 502, 'the bulk is under way');
  world.write(writer, [
    { kind: 'alert', lane: 'urgent', parts: [{ audience: 'public', payload: utf8('more') }] },
  ]);
  world.runFor(120_000);
  world.mustBeAtRest();
  assert.ok(order.lastIndexOf('urgent') < order.length - 5, 'it overtook');
});

void test('megabytes of small entries stream without a pause', () => {
  const world = new World(13, SLOW);
  const payload = new Uint8Array(10);
  const drafts = Array.from(
    { length: 20_000 },
    () => ({ kind: 'note', lane: 'data', parts: [{ audience: 'public', payload }] }) as const,
  );
  world.write(world.founder, drafts);
  const late = world.admit(world.founder, 'member');
  assert.ok(late !== undefined);
  world.runFor(20_000);
  assert.equal(late.store.rows().size, 20_000, 'no request ran dry and had to time out');
});

void test('what is written while two nodes greet each other reaches the other', () => {
  const world = new World(17, { ...CALM, minDelayMs: 300, maxDelayMs: 300 });
  const other = world.admit(world.founder, 'member');
  assert.ok(other !== undefined);
  world.runFor(20_000);
  for (let delayMs = 0; delayMs < 900; delayMs += 60) {
    world.network.breakAll();
    world.runFor(2500);
    while (world.network.attempts === 0) world.runFor(10);
    world.runFor(delayMs);
    world.note(other, `at ${String(delayMs)}`);
    world.runFor(8000);
    assert.equal(
      world.founder.store.rows().size,
      other.store.rows().size,
      `written ${String(delayMs)} ms after`,
    );
  }
});

void test('a newcomer to a network of many admins finds the beginning among all their acts', () => {
  const world = new World(19);
  const admins = Array.from({ length: 8 }, () => world.admit(world.founder, 'admin'));
  world.runFor(10_000);
  for (const [at, admin] of admins.entries()) {
    assert.ok(admin !== undefined);
    world.act(admin, { kind: 'hub', address: `/dns4/hub${String(at)}.example/tcp/1`, listed: true });
  }
  world.runFor(5000);
  const late = world.admit(world.founder, 'member');
  assert.ok(late !== undefined);
  const came: string[] = [];
  world.network.onDeliver = (_, to, frame) => {
    const message = decodeMessage(frame);
    if (to === late.index && message.type === 'run' && message.run.feed.device === world.founder.device) {
      came.push(
        ...message.run.entries.map(
          ({ headerBytes }) => `${message.run.feed.id} ${String(decodeHeader(headerBytes).seq)}`,
        ),
      );
    }
  };
  world.runFor(10_000);
  world.mustBeAtRest();
  assert.equal(late.log.membership.hubs.length, 8);
  assert.equal(came.length, new Set(came).size, 'nothing of the beginning came twice');
});
