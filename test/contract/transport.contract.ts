/** What every transport does, whatever carries it. Run by the twin in memory and by libp2p alike. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isKithError, KithError } from '../../src/base/errors.ts';
import type { LinkKey } from '../../src/base/ids.ts';
import { LIMITS } from '../../src/base/limits.ts';
import type { TransportEvents } from '../../src/net/ports.ts';
import {
  closed,
  ECHO,
  ending,
  numbered,
  patterned,
  rejects,
  roundTrip,
  sendAll,
  settled,
  SINK,
  Stage,
  type TransportFixture,
  Watch,
} from './transport-stage.ts';

export function transportContract(carrier: string, makeFixture: () => TransportFixture): void {
  describe(`transport over ${carrier}`, () => {
    const run = (name: string, body: (stage: Stage) => Promise<void>): void => {
      test(name, async (context) => {
        const stage = new Stage(makeFixture(), context);
        context.after(() => stage.end());
        await body(stage);
      });
    };
    links(run);
    refusals(run);
    frames(run);
    flow(run);
    endings(run);
  });
}

type Run = (name: string, body: (stage: Stage) => Promise<void>) => void;

function links(run: Run): void {
  run('a link stands at both ends when the dial is done, once, and names the peer', async (stage) => {
    const [a, b] = [await stage.node(), await stage.node()];
    const link = await a.dial(b);
    const [other] = b.links.seen;
    assert.ok(other !== undefined);
    assert.equal(b.links.seen.length, 1);
    assert.equal(link.peer, b.self);
    assert.equal(other.peer, a.self);
    assert.equal(link.direction, 'outbound');
    assert.equal(other.direction, 'inbound');
    assert.equal(link.relayed, false);
    assert.deepEqual(a.transport.links(), [link]);
    assert.deepEqual(b.transport.links(), [other]);
    assert.deepEqual(a.links.seen, [link]);
    assert.ok(b.address.startsWith(link.address));
    assert.doesNotMatch(link.address, /p2p/);
  });

  run('an address without the peer id will do', async (stage) => {
    const [a, b] = [await stage.node(), await stage.node()];
    const link = await a.transport.dial(b.address.replace(/\/p2p\/.*/, ''), {});
    assert.equal(link.peer, b.self);
  });

  run('every dial makes a link of its own, and each ends alone', async (stage) => {
    const [a, b] = [await stage.node(), await stage.node()];
    b.serveEcho();
    const [first, second] = [await a.dial(b), await a.dial(b)];
    assert.deepEqual(a.transport.links(), [first, second]);
    assert.equal(b.transport.links().length, 2);
    first.close();
    assert.equal(await a.unlinks.next(), first);
    await b.unlinks.next();
    assert.deepEqual(a.transport.links(), [second]);
    assert.deepEqual(await roundTrip(await second.open(ECHO), Uint8Array.of(1)), Uint8Array.of(1));
  });

  run('who is hung up on as soon as the link stands still knows whom it reached', async (stage) => {
    const [a, b] = [await stage.node(), await stage.node()];
    b.transport.on({ link: (link) => link.close() });
    const link = await a.transport.dial(b.address.replace(/\/p2p\/.*/, ''), {});
    assert.equal(link.peer, b.self);
    await a.unlinks.next();
  });

  run('dialling from both sides at once leaves a usable link', async (stage) => {
    const [a, b] = [await stage.node(), await stage.node()];
    b.serveEcho();
    await Promise.all([a.dial(b), b.dial(a)]);
    const link = a.transport.links().find(({ peer }) => peer === b.self);
    assert.ok(link !== undefined);
    assert.deepEqual(await roundTrip(await link.open(ECHO), Uint8Array.of(1)), Uint8Array.of(1));
  });

  run('a closed link can be dialled again', async (stage) => {
    const [a, b] = [await stage.node(), await stage.node()];
    b.serveEcho();
    (await a.dial(b)).close();
    await Promise.all([a.unlinks.next(), b.unlinks.next()]);
    assert.deepEqual(a.transport.links(), []);
    assert.deepEqual(await roundTrip(await (await a.dial(b)).open(ECHO), Uint8Array.of(1)), Uint8Array.of(1));
  });

  run('a channel that was opened as soon as the other side saw the link is served', async (stage) => {
    const [a, b] = [await stage.node(), await stage.node()];
    const echoed = Promise.withResolvers<Uint8Array>();
    a.serveEcho();
    b.transport.on({
      link: (link) => {
        link
          .open(ECHO)
          .then((channel) => roundTrip(channel, Uint8Array.of(9)).then(echoed.resolve), echoed.reject);
      },
    });
    await a.dial(b);
    assert.deepEqual(await echoed.promise, Uint8Array.of(9));
  });
}

function refusals(run: Run): void {
  run('a stranger is refused before any channel opens', async (stage) => {
    const member = await stage.node();
    const stranger = await stage.node();
    const guarded = await stage.node({ mayLink: (peer) => peer === member.self });
    guarded.serveEcho();
    await rejects(stranger.dial(guarded), 'link-refused');
    await member.dial(guarded);
    assert.deepEqual(
      guarded.links.seen.map(({ peer }) => peer),
      [member.self],
    );
    assert.equal(guarded.channels.seen.length, 0);
    assert.deepEqual(stranger.transport.links(), []);
    assert.deepEqual(stranger.links.seen, []);
  });

  run('the dialler asks its own gate too', async (stage) => {
    const b = await stage.node();
    const a = await stage.node({ mayLink: () => false });
    await rejects(a.dial(b), 'link-refused');
    await rejects(a.transport.dial(b.address.replace(/\/p2p\/.*/, ''), {}), 'link-refused');
    assert.deepEqual(b.links.seen, []);
  });

  run('after a revocation the peer is hung up on and does not come back', async (stage) => {
    const revoked = new Set<LinkKey>();
    const [a, b] = [await stage.node(), await stage.node({ mayLink: (peer) => !revoked.has(peer) })];
    await a.dial(b);
    revoked.add(a.self);
    b.transport.hangUp(a.self);
    await Promise.all([a.unlinks.next(), b.unlinks.next()]);
    await rejects(a.dial(b), 'link-refused');
  });

  run('another key than the expected one is a wrong-peer', async (stage) => {
    const [a, b, c] = [await stage.node(), await stage.node(), await stage.node()];
    const bare = b.address.replace(/\/p2p\/.*/, '');
    await rejects(a.transport.dial(bare, { expect: c.self }), 'wrong-peer');
    await rejects(a.transport.dial(b.address, { expect: c.self }), 'wrong-peer');
    await rejects(a.transport.dial(c.address.replace(/^.*(?=\/p2p\/)/, bare), {}), 'wrong-peer');
    assert.deepEqual(b.links.seen, []);
    await a.dial(b);
  });

  run('a stranger at the address of an expected peer is a wrong-peer', async (stage) => {
    const [b, c] = [await stage.node(), await stage.node()];
    const a = await stage.node({ mayLink: (peer) => peer === c.self });
    await rejects(a.transport.dial(b.address.replace(/\/p2p\/.*/, ''), { expect: c.self }), 'wrong-peer');
  });

  run('nobody there is unreachable', async (stage) => {
    const [a, b] = [await stage.node(), await stage.node()];
    const address = b.address;
    await b.transport.stop();
    await rejects(a.transport.dial(address, {}), 'unreachable');
  });

  run('what is no address is a bad-address, and so is one that leads back here', async (stage) => {
    const a = await stage.node();
    await rejects(a.transport.dial('no address at all', {}), 'bad-address');
    await rejects(a.transport.dial(a.address.replace(/\/p2p\/.*/, ''), {}), 'bad-address');
  });

  run('a dial can be called off', async (stage) => {
    const [a, b] = [await stage.node(), await stage.node()];
    await rejects(a.transport.dial(b.address, { signal: AbortSignal.abort() }), 'cancelled');
    const controller = new AbortController();
    const dialled = a.transport.dial(b.address, { signal: controller.signal });
    controller.abort();
    await rejects(dialled, 'cancelled');
    await a.dial(b);
  });

  run('a channel that nobody serves is refused, and the link stays', async (stage) => {
    const [a, b] = [await stage.node(), await stage.node()];
    b.serveEcho();
    const link = await a.dial(b);
    await rejects(link.open('/kith/1/test-nothing'), 'channel-refused');
    assert.deepEqual(await roundTrip(await link.open(ECHO), Uint8Array.of(1)), Uint8Array.of(1));
    link.close();
    await a.unlinks.next();
    await rejects(link.open(ECHO), 'channel-refused');
  });
}

function frames(run: Run): void {
  run('frames go both ways and keep their order', async (stage) => {
    const { near, far } = await stage.pair();
    const [there, back] = [new Watch<Uint8Array>(), new Watch<Uint8Array>()];
    far.onFrame((frame) => there.push(frame));
    near.onFrame((frame) => back.push(frame));
    for (let n = 1; n <= 100; n += 1) {
      near.send(Uint8Array.of(1, n));
      far.send(Uint8Array.of(2, n));
    }
    assert.deepEqual(await there.take(100), numbered(1, 100));
    assert.deepEqual(await back.take(100), numbered(2, 100));
    assert.equal(near.name, far.name);
  });

  run('many small frames and the largest arrive whole and in order', async (stage) => {
    const { near, far } = await stage.pair();
    const got = new Watch<Uint8Array>();
    far.onFrame((frame) => got.push(frame));
    const sizes = Array.from({ length: 20_000 }, (_, n) =>
      n % 5_000 === 4_999 ? LIMITS.frameBytes : 1 + (n % 300),
    );
    await sendAll(near, sizes, patterned);
    const received = await got.take(sizes.length);
    sizes.forEach((sizeBytes, n) => {
      const frame = received[n];
      assert.equal(frame?.byteLength, sizeBytes);
      assert.ok(frame.every((byte) => byte === n % 251));
    });
  });

  run('frames wait until somebody takes them', async (stage) => {
    const [a, b] = [await stage.node(), await stage.node()];
    b.serve(SINK);
    const near = await (await a.dial(b)).open(SINK);
    const far = await b.channels.next();
    for (const frame of numbered(1, 10)) near.send(frame);
    near.close();
    await closed(near);
    const got = new Watch<Uint8Array>();
    far.onFrame((frame) => got.push(frame));
    assert.deepEqual(await got.take(10), numbered(1, 10));
  });

  run('a received frame is memory of its own', async (stage) => {
    const { near, far } = await stage.pair();
    const got = new Watch<Uint8Array>();
    far.onFrame((frame) => got.push(frame));
    near.send(Uint8Array.of(1));
    near.send(Uint8Array.of(2));
    const [first, second] = await got.take(2);
    first?.fill(9);
    assert.deepEqual(second, Uint8Array.of(2));
  });

  run(
    'a frame over the limit, or of nothing, is refused at the sender, and the channel stays',
    async (stage) => {
      const { near, far } = await stage.pair();
      const got = new Watch<Uint8Array>();
      far.onFrame((frame) => got.push(frame));
      assert.throws(() => near.send(new Uint8Array(LIMITS.frameBytes + 1)), { code: 'too-large' });
      assert.throws(() => near.send(new Uint8Array(0)), { code: 'empty-frame' });
      near.send(Uint8Array.of(1));
      assert.deepEqual(await got.take(1), [Uint8Array.of(1)]);
    },
  );

  run('a length over the limit on the wire ends the channel at the receiver', async (stage) => {
    const { writeRaw } = stage.fixture;
    if (writeRaw === undefined) {
      stage.context.skip('there is nothing below channels here');
      return;
    }
    const b = await stage.node();
    b.serve(SINK);
    b.serveEcho();
    for (const bytes of [
      Uint8Array.of(0, 0x10, 0, 1),
      Uint8Array.of(0xff, 0xff, 0xff, 0xff),
      Uint8Array.of(0, 0, 0, 0),
    ]) {
      const wrote = writeRaw({ seed: 90, address: b.address, name: SINK, bytes });
      const channel = await b.channels.next();
      channel.onFrame(() => assert.fail('no frame can come of this'));
      const error = await closed(channel);
      assert.ok(isKithError(error, 'too-large') || isKithError(error, 'malformed'), String(error));
      await wrote;
    }
    const a = await stage.node();
    assert.deepEqual(await roundTrip(await (await a.dial(b)).open(ECHO), Uint8Array.of(1)), Uint8Array.of(1));
  });

  run('every frame is shown to who asks for it', async (stage) => {
    const [a, b] = [await stage.node(), await stage.node()];
    b.serveEcho();
    const shown: string[] = [];
    const show: TransportEvents['frame'] = (record) => {
      if (record.channel === ECHO)
        shown.push(`${record.direction} ${record.sizeBytes} ${record.peer === a.self ? 'a' : 'b'}`);
    };
    a.transport.on({ frame: show });
    b.transport.on({ frame: show });
    await roundTrip(await (await a.dial(b)).open(ECHO), new Uint8Array(7));
    assert.deepEqual(shown, ['out 7 b', 'in 7 a', 'out 7 a', 'in 7 b']);
  });

  run('a handler that throws costs its channel and nothing else', async (stage) => {
    const [a, b] = [await stage.node(), await stage.node()];
    b.transport.handle(SINK, (channel) => {
      channel.onFrame(() => {
        throw new Error('a bug of a feature');
      });
    });
    b.serveEcho();
    const link = await a.dial(b);
    const channel = await link.open(SINK);
    channel.send(Uint8Array.of(1));
    assert.ok((await closed(channel)) instanceof Error);
    assert.deepEqual(await roundTrip(await link.open(ECHO), Uint8Array.of(1)), Uint8Array.of(1));
  });
}

function flow(run: Run): void {
  run('a paused receiver holds the sender back, and loses nothing', async (stage) => {
    const { a, b, near, far } = await stage.pair();
    const other = await stage.probe(a, b);
    const [sizeBytes, count] = [64 * 1024, 1_024];
    const got = new Watch<Uint8Array>();
    far.onFrame((frame) => got.push(frame));
    far.pause();
    let sent = 0;
    const all = sendAll(
      near,
      Array.from({ length: count }, () => sizeBytes),
      (n, size) => {
        sent = n + 1;
        return patterned(n, size);
      },
    );
    await settled(() => sent, other);
    assert.ok(sent * sizeBytes < 16 * 1024 * 1024, `${sent} frames were accepted`);
    assert.ok(near.bufferedBytes > 0);
    assert.equal(got.seen.length, 0);
    far.resume();
    const received = await got.take(count);
    await all;
    assert.ok(received.every((frame, n) => frame[0] === n % 251 && frame.byteLength === sizeBytes));
  });

  run('every false is followed by one drain, and nothing else is', async (stage) => {
    const { near, far } = await stage.pair();
    far.onFrame(() => undefined);
    const drains = new Watch<true>();
    near.onDrain(() => {
      drains.push(true);
    });
    near.send(Uint8Array.of(1));
    for (let falses = 1; falses <= 5; falses += 1) {
      while (near.send(new Uint8Array(64 * 1024)));
      near.send(Uint8Array.of(1));
      await drains.take(falses);
      assert.ok(near.bufferedBytes < 1024 * 1024);
    }
    near.close();
    await closed(near);
    assert.equal(drains.seen.length, 5);
  });

  run('a receiver may pause and resume within its handler', async (stage) => {
    const { near, far } = await stage.pair();
    const got = new Watch<Uint8Array>();
    far.onFrame((frame) => {
      far.pause();
      got.push(frame);
      queueMicrotask(() => far.resume());
    });
    const sizes = Array.from({ length: 200 }, () => 50_000);
    await sendAll(near, sizes, patterned);
    const received = await got.take(sizes.length);
    assert.ok(received.every((frame, n) => frame[0] === n % 251));
  });

  run('a receiver that pauses anew while it catches up still holds the sender back', async (stage) => {
    const { a, b, near, far } = await stage.pair();
    const other = await stage.probe(a, b);
    const got = new Watch<Uint8Array>();
    far.onFrame((frame) => {
      got.push(frame);
      far.pause();
    });
    let sent = 0;
    const sizes = Array.from({ length: 1_024 }, () => 64 * 1024);
    const all = sendAll(near, sizes, (n, size) => {
      sent = n + 1;
      return patterned(n, size);
    });
    for (let n = 1; n <= 200; n += 1) {
      await got.take(n);
      if (n % 20 === 0) await settled(() => sent, other);
      far.resume();
    }
    await settled(() => sent, other);
    // 12.5 MiB were taken; the rest is what one channel may hold back.
    assert.ok(sent * 64 * 1024 < 24 * 1024 * 1024, `${sent} frames were accepted`);
    far.onFrame((frame) => got.push(frame));
    far.resume();
    await got.take(sizes.length);
    await all;
  });

  run('a channel that is held back holds up no other', async (stage) => {
    const { a, b, near, far } = await stage.pair();
    const other = await stage.probe(a, b);
    far.pause();
    while (near.send(new Uint8Array(64 * 1024)));
    for (let n = 1; n <= 50; n += 1) assert.deepEqual(await other(Uint8Array.of(n)), Uint8Array.of(n));
  });

  run('a sender that does not heed it is cut off', async (stage) => {
    const { near, far } = await stage.pair();
    far.pause();
    const frame = new Uint8Array(LIMITS.frameBytes);
    for (let n = 0; n < 64; n += 1) near.send(frame);
    assert.ok(isKithError(await closed(near), 'overrun'));
    assert.ok((await closed(far)) instanceof Error);
  });
}

function endings(run: Run): void {
  run('closing delivers what was queued first, then ends both sides in order, once', async (stage) => {
    const { near, far } = await stage.pair();
    const got = new Watch<Uint8Array>();
    far.onFrame((frame) => got.push(frame));
    const ends = [ending(near), ending(far)];
    for (let n = 0; n < 100; n += 1) near.send(patterned(n, 30_000));
    near.close();
    near.close();
    assert.equal(near.send(Uint8Array.of(1)), false);
    assert.deepEqual(await Promise.all(ends.map((end) => end.closed)), [undefined, undefined]);
    assert.equal(got.seen.length, 100);
    assert.ok(got.seen.every((frame, n) => frame[0] === n % 251 && frame.byteLength === 30_000));
    near.abort(new Error('too late'));
    far.close();
    assert.deepEqual(
      ends.map((end) => end.times()),
      [1, 1],
    );
  });

  run('a paused receiver gets everything that was sent before the other side closed', async (stage) => {
    const { near, far } = await stage.pair();
    const got = new Watch<Uint8Array>();
    far.onFrame((frame) => got.push(frame));
    far.pause();
    for (const frame of numbered(1, 50)) near.send(frame);
    near.close();
    await closed(near);
    assert.equal(got.seen.length, 0);
    far.resume();
    assert.equal(await closed(far), undefined);
    assert.deepEqual(got.seen, numbered(1, 50));
  });

  run('and so does one whose peer is gone for good by then', async (stage) => {
    const { a, b, near, far } = await stage.pair();
    const other = await stage.probe(a, b);
    const got = new Watch<Uint8Array>();
    far.onFrame((frame) => got.push(frame));
    far.pause();
    for (const frame of numbered(1, 50)) near.send(frame);
    near.close();
    await closed(near);
    await other(Uint8Array.of(1));
    a.transport.hangUp(b.self);
    await b.unlinks.next();
    far.resume();
    assert.equal(await closed(far), undefined);
    assert.deepEqual(got.seen, numbered(1, 50));
  });

  run('closing at one end while the other still sends ends both', async (stage) => {
    const { near, far } = await stage.pair();
    far.onFrame(() => undefined);
    near.onFrame(() => undefined);
    while (far.send(new Uint8Array(64 * 1024)));
    near.close();
    assert.equal(await closed(near), undefined);
    assert.equal(await closed(far), undefined);
  });

  run('aborting tells both ends', async (stage) => {
    const { near, far } = await stage.pair();
    const reason = new KithError('test', 'A reason.');
    far.onFrame(() => undefined);
    const there = closed(far);
    const here = closed(near);
    near.abort(reason);
    assert.equal(await here, reason);
    assert.ok(isKithError(await there, 'channel-reset'));
  });

  run('hanging up ends every channel at both ends, once, with a reason', async (stage) => {
    const [a, b] = [await stage.node(), await stage.node()];
    b.serve(SINK);
    const link = await a.dial(b);
    const near = [await link.open(SINK), await link.open(SINK)];
    const far = await b.channels.take(2);
    const ends = [...near, ...far].map(ending);
    // Whether somebody reads makes no difference.
    near[0]?.onFrame(() => undefined);
    far[0]?.onFrame(() => undefined);
    b.transport.hangUp(a.self);
    for (const end of ends) assert.ok((await end.closed) instanceof Error);
    await Promise.all([a.unlinks.next(), b.unlinks.next()]);
    assert.deepEqual(
      ends.map((end) => end.times()),
      [1, 1, 1, 1],
    );
    assert.deepEqual([a.transport.links(), b.transport.links()], [[], []]);
    assert.deepEqual([a.unlinks.seen.length, b.unlinks.seen.length], [1, 1]);
  });

  run('closing a link passes on what its channels had queued', async (stage) => {
    const { a, near, far } = await stage.pair();
    const got = new Watch<Uint8Array>();
    far.onFrame((frame) => got.push(frame));
    for (const frame of numbered(1, 20)) near.send(frame);
    for (const link of a.transport.links()) link.close();
    assert.equal(await closed(far), undefined);
    assert.deepEqual(got.seen, numbered(1, 20));
  });

  run('stopping says good-bye to everybody and is final', async (stage) => {
    const { a, b, near, far } = await stage.pair();
    const got = new Watch<Uint8Array>();
    far.onFrame((frame) => got.push(frame));
    near.send(Uint8Array.of(1));
    const address = a.address;
    await a.transport.stop();
    await a.transport.stop();
    await b.unlinks.next();
    await closed(far);
    await closed(near);
    assert.deepEqual(got.seen, [Uint8Array.of(1)]);
    assert.deepEqual([a.transport.links(), b.transport.links()], [[], []]);
    await rejects(b.transport.dial(address, {}), 'unreachable');
  });

  run('a handler that is set after the end is told of it', async (stage) => {
    const { near } = await stage.pair();
    const first = closed(near);
    near.close();
    await first;
    assert.equal(await closed(near), undefined);
  });
}
