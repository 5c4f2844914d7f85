/** Letters between devices that know each other through the log alone. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fromUtf8, toHex, utf8, type Bytes } from '../../base/bytes.ts';
import { isKithError } from '../../base/errors.ts';
import { idToBytes } from '../../base/ids.ts';
import { LetterWorld, DAY_MS, type LetterDevice, type Sent } from '../../../test/support/letter-world.ts';
import { CannotOpen, type CannotOpenReason } from './failures.ts';
import { SESSION_KEYS, SIZE_CLASSES } from './wire.ts';

async function textFor(device: LetterDevice, sent: Sent): Promise<string | undefined> {
  const opened = await device.receive(sent);
  return opened === undefined ? undefined : fromUtf8(opened.payload);
}

function because(reason: CannotOpenReason): (error: unknown) => boolean {
  return (error) => error instanceof CannotOpen && error.code === 'cannot-open' && error.reason === reason;
}

async function two(world: LetterWorld): Promise<[LetterDevice, LetterDevice]> {
  const [anna, ben] = [await world.founder(), await world.admit('Ben')];
  await world.sync();
  return [anna, ben];
}

describe('a letter', () => {
  test('opens for its recipient, says who wrote it, and is nothing to others', async (t) => {
    const world = new LetterWorld(t);
    const anna = await world.founder();
    const [ben, carl] = [await world.admit('Ben'), await world.admit('Carl')];
    await world.sync();
    const sent = await anna.send(ben, 'the road is open');
    assert.equal(sent.letter.tags.length, 1);
    assert.equal(await textFor(carl, sent), undefined);
    assert.equal(carl.letters.open(sent.letter.sealed, sent.id), undefined);
    const opened = await ben.receive(sent);
    assert.ok(opened);
    assert.deepEqual(
      [opened.from, opened.member, fromUtf8(opened.payload)],
      [anna.device, anna.member, 'the road is open'],
    );
    assert.equal(await textFor(anna, await ben.send(anna, 'good')), 'good');
  });

  test('reaches every device of its recipient, and the other devices of its sender', async (t) => {
    const world = new LetterWorld(t);
    const anna = await world.founder();
    const ben = await world.admit('Ben');
    await world.sync();
    const [phone, tablet] = [await world.link(ben, 'Ben 2'), await world.link(anna, 'Anna 2')];
    await world.sync();
    const sent = await anna.send([ben, anna], 'to you all');
    assert.equal(sent.letter.tags.length, 3);
    for (const device of [ben, phone, tablet]) assert.equal(await textFor(device, sent), 'to you all');
    assert.equal(await textFor(anna, sent), undefined);
  });

  test('opens in any order; lost ones are missed by none, and a duplicate says so', async (t) => {
    const world = new LetterWorld(t);
    const [anna, ben] = await two(world);
    const sent: Sent[] = [];
    for (let n = 0; n < 30; n += 1) sent.push(await anna.send(ben, `letter ${String(n)}`));
    const order = sent.map((_, at) => (at * 7) % 30).filter((at) => at % 5 !== 3);
    for (const at of order) {
      const letter = sent[at];
      assert.ok(letter);
      assert.equal(await textFor(ben, letter), `letter ${String(at)}`);
    }
    const [first] = sent;
    assert.ok(first);
    await assert.rejects(async () => ben.receive(first), because('used-key'));
  });

  test('founds its session until the recipient is known to have it, and founds another when the keys are used up', async (t) => {
    const world = new LetterWorld(t);
    const [anna, ben] = await two(world);
    const long = new Uint8Array(200);
    const first = await anna.send(ben, long);
    const [before] = anna.store.outgoing(ben.member);
    assert.ok(before);
    await ben.receive(first);
    anna.store.transact(() => anna.letters.confirmed(first.id, ben.device));
    assert.deepEqual(anna.store.outgoing(ben.member)[0]?.waiting, []);
    for (let n = 1; n < SESSION_KEYS; n += 1) await anna.send(ben, 'x');
    assert.deepEqual(anna.store.outgoing(ben.member)[0]?.id, before.id);
    const next = await anna.send(ben, 'from the next book');
    assert.notDeepEqual(anna.store.outgoing(ben.member)[0]?.id, before.id);
    assert.equal(await textFor(ben, next), 'from the next book');
  });

  test('for nobody who has published keys waits, and goes when they have', async (t) => {
    const world = new LetterWorld(t);
    const anna = await world.founder();
    const [ben, reader] = [await world.admit('Ben'), await world.admit('Reader', 'reader')];
    const early = await anna.trySend([ben, reader, anna], 'hello');
    assert.equal(early.sent, undefined);
    assert.deepEqual(early.unreachable, [ben.member, reader.member, anna.member]);
    await world.sync();
    const later = await anna.trySend([ben, reader], 'hello');
    assert.deepEqual(later.unreachable, [reader.member]);
    assert.ok(later.sent);
    assert.equal(await textFor(ben, later.sent), 'hello');
  });

  test('is refused, and not opened, when it was changed or written by another', async (t) => {
    const world = new LetterWorld(t);
    const [anna, ben] = await two(world);
    const sent = await anna.send(ben, 'as it was written');
    const otherId = { id: utf8('another'), letter: sent.letter };
    await assert.rejects(async () => ben.receive(otherId), because('not-signed'));
    for (let at = 0; at < sent.letter.sealed.byteLength; at += 13) {
      const sealed = sent.letter.sealed.slice();
      sealed[at] = (sealed[at] ?? 0) ^ 0x40;
      assert.equal(await ben.receive({ id: sent.id, letter: { ...sent.letter, sealed } }), undefined);
    }
    assert.equal(await textFor(ben, sent), 'as it was written');
  });

  test('is no larger than it may be, and to no more than it may', async (t) => {
    const world = new LetterWorld(t);
    const [anna, ben] = await two(world);
    await assert.rejects(
      async () => anna.send(ben, new Uint8Array(66 * 1024 + 1)),
      (error) => isKithError(error, 'too-large'),
    );
    const sent = await anna.send(ben, new Uint8Array(64 * 1024));
    assert.equal((await ben.receive(sent))?.payload.byteLength, 64 * 1024);
    const many = Array.from({ length: 65 }, () => ben.member);
    assert.throws(
      () => anna.letters.seal(many, utf8('x'), utf8('id')),
      (error) => isKithError(error, 'too-many-recipients'),
    );
  });
});

describe('a carrier', () => {
  test('sees tags, a size class, and for how many devices: nothing else', async (t) => {
    const world = new LetterWorld(t);
    const [anna, ben] = await two(world);
    const seen = new Set<number>();
    const text = 'the warehouse is at the river';
    for (const size of [1, 40, 500, 2000, 9000, 30_000]) {
      const sent = await anna.send(ben, text.padEnd(size, '.').slice(0, Math.max(size, text.length)));
      const { sealed, tags } = sent.letter;
      seen.add(sealed.byteLength);
      assert.ok(SIZE_CLASSES.includes(sealed.byteLength));
      const hex = [toHex(sealed), ...tags.map(toHex)].join(' ');
      const certificates = [anna, ben].map(({ node }) => node.certificate);
      for (const { device, link, mls } of certificates)
        for (const key of [device, link, mls]) assert.equal(hex.includes(key), false);
      const session = anna.store.outgoing(ben.member)[0];
      assert.ok(session);
      assert.equal(hex.includes(toHex(session.id)), false);
      assert.equal(hex.includes(toHex(utf8(text))), false);
      assert.equal(hex.includes(toHex(sent.id)), false);
    }
    assert.ok(seen.size >= 3 && seen.size <= SIZE_CLASSES.length);
  });

  test('cannot tell the first letter of a session from the later ones', async (t) => {
    const world = new LetterWorld(t);
    const [anna, ben] = await two(world);
    const first = await anna.send(ben, new Uint8Array(1500));
    anna.store.transact(() => anna.letters.confirmed(first.id, ben.device));
    const later = await anna.send(ben, new Uint8Array(1500));
    assert.equal(first.letter.sealed.byteLength, later.letter.sealed.byteLength);
    assert.deepEqual(first.letter.sealed.slice(33, 35), later.letter.sealed.slice(33, 35));
  });

  test('sees other tags every day; the recipient knows all of them, from a day ahead to weeks ago', async (t) => {
    const world = new LetterWorld(t);
    const [anna, ben] = await two(world);
    const tags = new Set<string>();
    const letters: Sent[] = [];
    for (let day = 0; day < 6; day += 1) {
      const sent = await anna.send(ben, 'daily');
      letters.push(sent);
      tags.add(sent.letter.tags.map(toHex).join());
      world.later(DAY_MS);
    }
    assert.equal(tags.size, 6);
    for (const sent of letters) assert.equal(await textFor(ben, sent), 'daily');
    anna.node.nowMs.value += DAY_MS;
    assert.equal(await textFor(ben, await anna.send(ben, 'from tomorrow')), 'from tomorrow');
    const unknown = world.rng.bytes(16);
    assert.equal(ben.letters.isOurs(unknown), false);
  });
});

describe('who has seized a device', () => {
  test('opens no letter that was opened on it, though he recorded the flood and has the root key', async (t) => {
    const world = new LetterWorld(t);
    const [anna, ben] = await two(world);
    const recorded: Sent[] = [];
    for (let n = 0; n < 5; n += 1) recorded.push(await anna.send(ben, `old secret ${String(n)}`));
    for (const sent of recorded) assert.ok(await ben.receive(sent));
    await ben.maintain();
    await ben.restart();
    for (const sent of recorded) await assert.rejects(async () => ben.receive(sent), because('used-key'));
    // Nor can the session be founded again from its Welcome, whose package was used.
    ben.store.transact(() => {
      for (const id of ben.store.sessionsBefore(Infinity)) ben.store.dropSession(id);
    });
    for (const sent of recorded)
      await assert.rejects(async () => ben.receive(sent), because('unknown-session'));
    // And the sender has torn out the same keys.
    await anna.restart();
    for (const sent of recorded) assert.equal(await anna.receive(sent), undefined);
  });

  test('finds neither the keys that were used nor any plaintext in the files', async (t) => {
    const world = new LetterWorld(t);
    const [anna, ben] = await two(world);
    const text = 'where the children sleep';
    const sent = await anna.send(ben, text);
    await ben.letters.meet(sent.letter.sealed);
    const [session] = ben.store.sessionsBefore(Infinity);
    assert.ok(session);
    const keys = sealedChunks(ben);
    const before = ben.bytesOnDisk();
    assert.ok(keys.length > 0 && keys.every((chunk) => before.includes(chunk)));
    assert.equal(fromUtf8((await ben.receive(sent))?.payload ?? new Uint8Array()), text);
    await ben.maintain();
    const after = ben.bytesOnDisk();
    const gone = keys.filter((chunk) => !after.includes(chunk));
    assert.equal(gone.length, 1, 'one key was used, and that one is gone');
    for (const device of [anna, ben]) {
      assert.equal(device.bytesOnDisk().includes(toHex(utf8(text))), false);
      assert.equal(device.bytesOnDisk().includes(toHex(sent.letter.sealed.slice(100, 160))), false);
    }
  });

  test('finds used init keys gone', async (t) => {
    const world = new LetterWorld(t);
    const [anna, ben] = await two(world);
    const unused = ben.store.ownKeys().filter(({ kind }) => kind === 'one-time');
    assert.deepEqual(
      unused.map(({ forDevice }) => forDevice),
      [anna.device],
    );
    const sent = await anna.send(ben, 'x');
    await ben.receive(sent);
    const [used] = unused;
    assert.ok(used);
    assert.equal(ben.store.ownKey(used.ref)?.secret, undefined);
    // A new one takes its place as soon as keys are looked after.
    await ben.maintain();
    const fresh = ben.store.ownKeys().filter(({ kind, secret }) => kind === 'one-time' && secret);
    assert.equal(fresh.length, 1);
  });

  test('finds the last resort and the box gone after their grace', async (t) => {
    const world = new LetterWorld(t);
    const [anna, ben] = await two(world);
    // Twice within one publication: the second session is founded on the last resort.
    await anna.send(ben, 'first');
    anna.store.transact(() => anna.letters.renew(ben.member));
    const recorded = await anna.send(ben, 'on the last resort');
    assert.equal(await textFor(ben, recorded), 'on the last resort');
    const kinds = (kind: string): number =>
      ben.store.ownKeys().filter((key) => key.kind === kind && key.secret !== undefined).length;
    for (let week = 0; week < 8; week += 1) {
      world.later(7 * DAY_MS);
      await world.sync();
    }
    assert.ok(kinds('last-resort') <= 7 && kinds('box') <= 7);
    assert.equal(ben.store.sessionsBefore(Infinity).length, 0);
    assert.equal(await ben.receive(recorded), undefined, 'not even to whom it was can be told');
  });
});

/** What is sealed in the rows of this device's sessions, each key for itself. */
function sealedChunks(device: LetterDevice): string[] {
  const [row] = device.sql('SELECT bytes FROM letter_secrets WHERE used = 1 AND length(bytes) > 1000');
  const bytes = row?.['bytes'];
  assert.ok(bytes instanceof Uint8Array);
  const size = bytes.byteLength / SESSION_KEYS;
  return Array.from({ length: SESSION_KEYS }, (_, at) => toHex(bytes.subarray(at * size, (at + 1) * size)));
}

describe('sessions are founded anew', () => {
  test('every week', async (t) => {
    const world = new LetterWorld(t);
    const [anna, ben] = await two(world);
    await ben.receive(await anna.send(ben, 'one'));
    const before = anna.store.outgoing(ben.member)[0]?.id;
    world.later(6 * DAY_MS);
    await anna.send(ben, 'two');
    assert.deepEqual(anna.store.outgoing(ben.member)[0]?.id, before);
    world.later(2 * DAY_MS);
    assert.equal(await textFor(ben, await anna.send(ben, 'three')), 'three');
    assert.notDeepEqual(anna.store.outgoing(ben.member)[0]?.id, before);
  });

  test('when a device comes, which then reads what is newer and nothing older', async (t) => {
    const world = new LetterWorld(t);
    const [anna, ben] = await two(world);
    const old = await anna.send(ben, 'before');
    const phone = await world.link(ben, 'Ben 2');
    await world.sync();
    const sent = await anna.send(ben, 'after');
    assert.equal(await textFor(phone, sent), 'after');
    assert.equal(await textFor(ben, sent), 'after');
    assert.equal(await textFor(phone, old), undefined);
    assert.equal(await textFor(ben, old), 'before');
  });

  test('when a device is revoked, which then gets nothing that is newer', async (t) => {
    const world = new LetterWorld(t);
    const [anna, ben] = await two(world);
    const phone = await world.link(ben, 'Ben 2');
    await world.sync();
    assert.equal((await anna.send(ben, 'to both')).letter.tags.length, 2);
    anna.node.log.act({
      kind: 'revoke',
      target: { scope: 'device', device: phone.device },
      cuts: anna.node.log.cutsOf([phone.device]),
    });
    await world.sync(anna, ben);
    const sent = await anna.send(ben, 'to one');
    assert.equal(sent.letter.tags.length, 1);
    assert.equal(await textFor(ben, sent), 'to one');
    assert.equal(await textFor(phone, sent), undefined);
    await phone.letters.meet(sent.letter.sealed);
    assert.equal(phone.letters.open(sent.letter.sealed, sent.id), undefined);
    // What the lost device goes on writing is refused by name.
    const forged = await phone.send(anna, 'it is me');
    await assert.rejects(async () => {
      await anna.letters.meet(forged.letter.sealed);
      anna.letters.open(forged.letter.sealed, forged.id);
    }, because('revoked-sender'));
  });
});

describe('a store that was set back', () => {
  test('of the sender: never seals two texts with one key, and the recipient asks for a new session', async (t) => {
    const world = new LetterWorld(t);
    const [anna, ben] = await two(world);
    await ben.receive(await anna.send(ben, 'one'));
    const goBack = anna.snapshot();
    const two_ = await anna.send(ben, 'two');
    assert.equal(await textFor(ben, two_), 'two');
    await goBack();
    const again = await anna.send(ben, 'three');
    assert.notDeepEqual(again.letter.sealed.slice(0, 200), two_.letter.sealed.slice(0, 200));
    await assert.rejects(async () => ben.receive(again), because('used-key'));
    anna.store.transact(() => anna.letters.renew(ben.member));
    assert.equal(await textFor(ben, await anna.send(ben, 'three')), 'three');
  });

  test('of the sender, who has noticed: its new incarnation founds its sessions anew by itself', async (t) => {
    const world = new LetterWorld(t);
    const [anna, ben] = await two(world);
    await ben.receive(await anna.send(ben, 'one'));
    const goBack = anna.snapshot();
    await ben.receive(await anna.send(ben, 'two'));
    await goBack();
    anna.node.startIncarnation();
    assert.equal(await textFor(ben, await anna.send(ben, 'three')), 'three');
  });

  test('of the recipient: says that it does not know the session, and opens what a new one seals', async (t) => {
    const world = new LetterWorld(t);
    const [anna, ben] = await two(world);
    const goBack = ben.snapshot();
    const first = await anna.send(ben, 'one');
    await ben.receive(first);
    anna.store.transact(() => anna.letters.confirmed(first.id, ben.device));
    await goBack();
    const second = await anna.send(ben, 'two');
    await assert.rejects(async () => ben.receive(second), because('unknown-session'));
    anna.store.transact(() => anna.letters.renew(ben.member));
    assert.equal(await textFor(ben, await anna.send(ben, 'two')), 'two');
  });

  test('a crash between founding and sealing, or between meeting and opening, loses nothing', async (t) => {
    const world = new LetterWorld(t);
    const [anna, ben] = await two(world);
    await anna.letters.prepare([ben.member]);
    await anna.restart();
    const sent = await anna.send(ben, 'one');
    await ben.letters.meet(sent.letter.sealed);
    await ben.restart();
    assert.throws(() =>
      ben.store.transact(() => {
        assert.ok(ben.letters.open(sent.letter.sealed, sent.id));
        throw new Error('killed before it was on disk');
      }),
    );
    assert.equal(await textFor(ben, sent), 'one');
  });
});

test('what is computed from the log comes out the same when it is computed anew, and erased entries are gone from it', async (t) => {
  const world = new LetterWorld(t);
  const [anna, ben] = await two(world);
  const rows = (): unknown => ben.sql('SELECT * FROM letter_published ORDER BY feed, seq');
  const before = rows();
  ben.node.log.rebuild();
  assert.deepEqual(rows(), before);
  const published = ben.store.published(anna.device);
  assert.ok(published);
  const feed = anna.node.log.ownFeed('data');
  const entries = [...anna.node.log.entriesOf(feed.id, 1, 1000)].filter(
    ({ header }) => header.kind === 'letter-keys',
  );
  anna.node.log.erase(
    entries.map(({ header, hash }) => ({ entry: { feed: feed.id, seq: header.seq, hash }, part: 0 })),
  );
  await world.sync(anna, ben);
  assert.equal(ben.store.published(anna.device), undefined);
});

test('nobody uses a package that is for another device', async (t) => {
  const world = new LetterWorld(t);
  const anna = await world.founder();
  const [ben, carl] = [await world.admit('Ben'), await world.admit('Carl')];
  await world.sync();
  const packages = [anna, carl].map((device) => device.store.published(ben.device)?.oneTime[0]);
  assert.ok(packages[0] && packages[1]);
  assert.notDeepEqual(packages[0], packages[1]);
  assert.equal(ben.store.published(ben.device)?.oneTime.length, 0);
  // Carl takes Anna's all the same: Ben does not open it, and it is still there for Anna.
  carl.sql('UPDATE letter_published SET one_time = ? WHERE one_time = ?', packages[0], packages[1]);
  const stolen = await carl.send(ben, 'with the key of another');
  await assert.rejects(async () => ben.receive(stolen), because('unknown-session'));
  assert.equal(await textFor(ben, await anna.send(ben, 'with my own')), 'with my own');
});

test('a device that publishes what is no key is passed over, and stops no letter to others', async (t) => {
  const world = new LetterWorld(t);
  const anna = await world.founder();
  const [ben, carl] = [await world.admit('Ben'), await world.admit('Carl')];
  await world.sync();
  const ofCarl = idToBytes(carl.device);
  const set = (what: string): void => {
    anna.sql(`UPDATE letter_published SET ${what} WHERE device = ?`, ofCarl);
  };
  const box = anna.store.published(carl.device)?.box;
  assert.ok(box);
  const onlyToBen = async (): Promise<void> => {
    const { sent, unreachable } = await anna.trySend([ben, carl], 'hello');
    assert.deepEqual(unreachable, [carl.member]);
    assert.ok(sent);
    assert.equal(await textFor(ben, sent), 'hello');
  };
  set('box = zeroblob(32)');
  await onlyToBen();
  anna.sql('UPDATE letter_published SET box = ? WHERE device = ?', box, ofCarl);
  // Bytes that are no package, and the package of somebody else.
  const ofBen = anna.store.published(ben.device)?.lastResort;
  assert.ok(ofBen);
  anna.sql("UPDATE letter_published SET one_time = x'00', last_resort = ? WHERE device = ?", ofBen, ofCarl);
  await onlyToBen();
});

test('bytes of any kind open nothing and break nothing', async (t) => {
  const world = new LetterWorld(t);
  const [anna, ben] = await two(world);
  const sent = await anna.send(ben, 'x');
  const tried: Bytes[] = [new Uint8Array(0), new Uint8Array(1024), world.rng.bytes(1024)];
  for (let round = 0; round < 300; round += 1) {
    const copy = sent.letter.sealed.slice(0, world.rng.chance(30) ? world.rng.below(1025) : undefined);
    for (let n = 0; n <= world.rng.below(3); n += 1) {
      const at = world.rng.below(Math.max(1, copy.byteLength));
      copy[at] = (copy[at] ?? 0) ^ (1 + world.rng.below(255));
    }
    tried.push(copy);
  }
  for (const sealed of tried) {
    await ben.letters.meet(sealed);
    assert.equal(ben.letters.open(sealed, sent.id), undefined);
  }
  assert.equal(await textFor(ben, sent), 'x');
});
