/** The log between nodes: writing, receiving, and what a node takes from whom. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '../base/bytes.ts';
import { isKithError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Signer } from '../identity/signing.ts';
import { Author, note, notes } from '../../test/support/author.ts';
import { LogWorld, pull, syncAll, type LogNode } from '../../test/support/log-world.ts';
import type { Entry } from './types.ts';

function coded(code: string): (error: unknown) => boolean {
  return (error) => isKithError(error, code) && error.next !== undefined;
}

/** All that a node could tell of what it heard. */
function listen(node: LogNode): string[] {
  const heard: string[] = [];
  node.log.on({
    appended: (feed, from, to) => heard.push(`appended ${feed.lane} ${String(from)}-${String(to)}`),
    membership: (membership) => heard.push(`membership of ${String(membership.members.size)}`),
  });
  return heard;
}

function texts(node: LogNode, entries: readonly Entry[]): (string | null | undefined)[] {
  return entries.map(({ header }) => node.parts.at(header.feed, header.seq)?.parts[0]);
}

test('what one node writes the other one has, once, in order and whole', () => {
  const world = new LogWorld();
  const { founder } = world;
  const member = world.admit('member');
  const heard = listen(member);
  const written = [...founder.write(note('one'), note('two')), ...founder.write(note('three'))];
  const feed = founder.log.ownFeed('data').id;
  assert.deepEqual(
    written.map(({ header }) => header.seq),
    [1, 2, 3],
  );
  assert.deepEqual(member.log.receive(founder.runFor(member, feed)), { kind: 'appended', count: 3 });
  assert.deepEqual(heard, ['appended data 1-3']);
  assert.deepEqual(texts(member, written), texts(founder, written));
  assert.ok(texts(member, written).every((text) => typeof text === 'string'));
  assert.deepEqual(
    [...member.log.entriesOf(feed, 1, 3)].map(({ hash }) => hash),
    written.map(({ hash }) => hash),
  );
  assert.deepEqual(member.log.receive(founder.runFor(member, feed)), { kind: 'nothing-new' });

  founder.write(note('four'));
  assert.deepEqual(
    member.log.receive(founder.runFor(member, feed, 2)),
    { kind: 'appended', count: 1 },
    'overlaps',
  );
  founder.write(note('five'));
  founder.write(note('six'));
  assert.deepEqual(member.log.receive(founder.runFor(member, feed, 6)), { kind: 'gap' });
  assert.equal(heard.length, 2);
});

test('a thousand drafts are one signature, and more are one for each 1,024', () => {
  const world = new LogWorld();
  const member = world.admit('member');
  let signatures = 0;
  const { signer } = member;
  const counting: Signer = {
    key: signer.key,
    sign: (purpose, message) => {
      signatures += 1;
      return signer.sign(purpose, message);
    },
  };
  Object.assign(member, { signer: counting });
  member.restart();
  const entries = member.write(...notes(1000));
  assert.equal(signatures, 1);
  assert.deepEqual(
    entries.filter(({ seal }) => seal !== null),
    entries.slice(-1),
  );
  assert.equal(member.write(...notes(2500)).length, 2500);
  assert.equal(signatures, 1 + 3);
  pull(world.founder, member);
  assert.deepEqual(world.founder.parts.dump(), member.parts.dump());
});

test('large drafts are cut into runs that fit a frame', () => {
  const world = new LogWorld();
  const member = world.admit('member');
  const payload = new Uint8Array(100_000);
  const entries = member.write(
    ...Array.from({ length: 20 }, () => ({
      kind: 'x-big',
      lane: 'data' as const,
      parts: [{ audience: 'public', payload }],
    })),
  );
  let unsealedBytes = 0;
  for (const { headerBytes, parts, seal } of entries) {
    unsealedBytes += headerBytes.byteLength + (parts[0]?.byteLength ?? 0);
    assert.ok(unsealedBytes <= LIMITS.sealedRunBytes);
    if (seal !== null) unsealedBytes = 0;
  }
  pull(world.founder, member);
  assert.deepEqual(world.founder.parts.dump(), member.parts.dump());
});

test('what nobody could read or carry is not written', () => {
  const world = new LogWorld();
  const before = world.founder.log.ownHeight('data');
  const part = (bytes: number, audience = 'public') => ({ audience, payload: new Uint8Array(bytes) });
  const draft = (kind: string, ...parts: ReturnType<typeof part>[]) => ({
    kind,
    lane: 'data' as const,
    parts,
  });
  assert.throws(() => world.founder.write(draft('x-a', part(LIMITS.partBytes + 1))), coded('too-large'));
  const four = Array.from({ length: 4 }, () => part(LIMITS.partBytes));
  assert.throws(
    () => world.founder.write(draft('x-a', ...four)),
    coded('too-large'),
    'more than a frame holds',
  );
  assert.throws(() => world.founder.write(draft('X-A', part(1))), /bug/);
  assert.throws(() => world.founder.write(draft('x-a', part(1, 'everybody'))), /bug/);
  assert.throws(() => world.founder.write(draft('x-a', ...Array.from({ length: 17 }, () => part(1)))), /bug/);
  assert.throws(() => world.founder.log.append([{ ...note('x'), lane: 'roll' }]), /bug/);
  assert.throws(() => world.founder.log.append([note('x'), { ...note('y'), lane: 'urgent' }]), /bug/);
  assert.deepEqual(world.founder.log.append([]), []);
  assert.deepEqual(world.founder.log.ownHeight('data'), before);
});

test('whoever is sent more than it may hold keeps what it may', () => {
  const world = new LogWorld();
  const { founder } = world;
  const reader = world.admit('reader', 'reader');
  syncAll(founder, reader);
  const [entry] = founder.write(note('a', 'public', 'members', 'admins'));
  assert.ok(entry !== undefined);
  const { feed } = entry.header;
  const everything = founder.runFor(founder, feed, 1);
  assert.ok(everything.entries.every(({ parts }) => !parts.includes(null)));
  const held = (): (boolean[] | undefined)[] =>
    [...reader.store.read({ feed, from: 1, to: entry.header.seq })].map(({ parts }) =>
      parts.map((part) => part !== null),
    );
  assert.equal(reader.log.receive(everything).kind, 'appended');
  assert.deepEqual(held().at(-1), [true, false, false]);
  assert.equal(reader.log.fillParts(feed, everything.entries), 0);
  assert.deepEqual(held().at(-1), [true, false, false]);
  assert.equal(reader.log.feed(feed)?.hash, entry.hash, 'the history is whole all the same');
});

test('a reader verifies the same history without the parts that are not for it', () => {
  const world = new LogWorld();
  const { founder } = world;
  const [member, reader, relay] = [
    world.admit('member'),
    world.admit('reader', 'reader'),
    world.admit('relay', 'relay'),
  ];
  syncAll(founder, member, reader, relay);
  const entries = founder.write(
    note('a', 'public', 'members', 'admins'),
    note('b', 'members'),
    note('c', 'roll'),
  );
  const feed = founder.log.ownFeed('data').id;
  const heldBy = (node: LogNode): (boolean[] | undefined)[] =>
    entries.map(({ header }) => node.parts.at(feed, header.seq)?.parts.map((part) => part !== null));
  for (const node of [member, reader, relay]) assert.equal(node.pullFeed(founder, feed).kind, 'nothing-new');
  assert.deepEqual(heldBy(member), [[true, true, false], [true], [true]]);
  assert.deepEqual(heldBy(reader), [[true, false, false], [false], [true]]);
  assert.deepEqual(heldBy(relay), [[false, false, false], [false], [true]]);
  for (const node of [member, reader, relay]) assert.equal(node.log.feed(feed)?.hash, entries.at(-1)?.hash);

  const missing = (node: LogNode): unknown[] => {
    const standing = node.standingOf(node);
    return standing === undefined ? [] : [...node.log.missingFor(standing, feed)];
  };
  assert.deepEqual([member, reader, relay].map(missing), [[], [], []], 'nobody misses what is not for it');
  // One that holds less can pass the history on, and another verifies it.
  const second = world.admit('second reader', 'reader');
  pull(second, reader);
  assert.deepEqual(second.parts.dump(), reader.parts.dump());
});

test('after a change of role the parts are filled in, and only the right ones', () => {
  const world = new LogWorld();
  const { founder } = world;
  const reader = world.admit('reader', 'reader');
  const entries = founder.write(...notes(5, 'public', 'members'));
  pull(reader, founder);
  founder.log.act({ kind: 'role', member: reader.member, role: 'member', cuts: [] });
  const feed = founder.log.ownFeed('data').id;
  reader.pullFeed(founder, founder.log.ownFeed('roll').id);
  const standing = reader.standingOf(reader);
  assert.ok(standing !== undefined);
  assert.deepEqual(reader.log.missingFor(standing, feed), [{ feed, from: 1, to: 5 }]);

  const run = founder.runFor(reader, feed);
  const [first, second, ...rest] = run.entries;
  assert.ok(first !== undefined && second !== undefined);
  const forged = { ...first, parts: [null, utf8('something else of another length')] };
  const broken = { ...first, headerBytes: utf8('no header') };
  const foreign = { ...second, headerBytes: first.headerBytes };
  assert.equal(reader.log.fillParts(feed, [forged, broken, foreign]), 0);
  assert.equal(reader.log.fillParts(feed, [second]), 1);
  assert.equal(reader.log.fillParts(feed, [first, second, ...rest]), 4);
  assert.deepEqual(reader.log.missingFor(standing, feed), []);
  assert.deepEqual(texts(reader, entries), texts(founder, entries));
  assert.deepEqual(reader.parts.dump(), founder.parts.dump());
});

test('who may not write is told so before anything is written', () => {
  const world = new LogWorld();
  const { founder } = world;
  const [reader, member] = [world.admit('reader', 'reader'), world.admit('member')];
  assert.throws(() => reader.write(note('x')), coded('role-writes-nothing'));
  pull(reader, founder);
  pull(member, founder);
  const { feed, seq } = founder.log.act({
    kind: 'revoke',
    target: { scope: 'member', member: member.member },
    cuts: [],
  });
  // Nobody tells it any more, but it may hear of it.
  assert.equal(member.log.receive(founder.runFor(reader, feed, seq)).kind, 'appended');
  assert.throws(() => member.write(note('x')), coded('not-a-member'));
  assert.throws(
    () => reader.log.act({ kind: 'hub', address: '/ip4/10.0.0.1', listed: true }),
    coded('role-writes-nothing'),
  );
  assert.equal(reader.log.ownHeight('data'), undefined);
  assert.equal(reader.log.ownHeight('roll'), undefined);
});

test('entries of who may not write are refused, whoever passes them on', () => {
  const world = new LogWorld();
  const { founder } = world;
  const [reader, member] = [world.admit('reader', 'reader'), world.admit('member')];
  syncAll(founder, reader, member);
  const heads = founder.log.membership.heads;
  const forge = (
    signer: Signer,
  ): { feed: ReturnType<Author['feed']>; run: Parameters<typeof founder.log.receive>[0] } => {
    const author = new Author(9, signer);
    const feed = author.feed();
    return { feed, run: { feed, entries: author.write(feed, [note('x')], heads) } };
  };
  const ofReader = forge(reader.signer);
  for (const node of [founder, member]) {
    assert.deepEqual(node.log.receive(ofReader.run), { kind: 'refused', code: 'unauthorised' });
    assert.equal(node.log.feed(ofReader.feed.id), undefined);
  }
  const ofStranger = forge(world.signatures.signer(world.rng));
  assert.deepEqual(founder.log.receive(ofStranger.run), { kind: 'refused', code: 'unknown-device' });
  const ofMember = forge(member.signer);
  assert.equal(founder.log.receive(ofMember.run).kind, 'appended');
  // Its key is a member's, but the seal is another's.
  const stolen = { feed: ofMember.feed, entries: ofReader.run.entries };
  assert.deepEqual(founder.log.receive(stolen), { kind: 'refused', code: 'broken-chain' });
});

test('what a device wrote after it had seen its own removal is refused, not kept aside', () => {
  const world = new LogWorld();
  const { founder } = world;
  const member = world.admit('member');
  const act = founder.log.act({
    kind: 'revoke',
    target: { scope: 'member', member: member.member },
    cuts: [],
  });
  const author = new Author(9, member.signer);
  const feed = author.feed();
  const run = { feed, entries: author.write(feed, [note('x')], [act]) };
  assert.deepEqual(founder.log.receive(run), { kind: 'refused', code: 'unauthorised' });
});

test('a feed of acts takes acts only, of whom the roll knows', () => {
  const world = new LogWorld();
  const { founder } = world;
  const member = world.admit('member');
  const author = new Author(9, member.signer);
  const feed = author.feed('roll');
  const run = { feed, entries: author.write(feed, [note('x')]) };
  assert.deepEqual(founder.log.receive(run), { kind: 'refused', code: 'unreadable-act' });
  assert.equal(founder.log.feed(feed.id), undefined);
});

test('a device has so many feeds and no more', () => {
  const world = new LogWorld();
  const member = world.admit('member');
  const heads = world.founder.log.membership.heads;
  const author = new Author(9, member.signer);
  const kinds: string[] = [];
  // One is there: the founder has seen none of this member's, so all are new.
  for (let count = 0; count <= LIMITS.feedsPerDevice; count += 1) {
    const feed = author.feed();
    const outcome = world.founder.log.receive({ feed, entries: author.write(feed, [note('x')], heads) });
    kinds.push(outcome.kind === 'refused' ? outcome.code : outcome.kind);
  }
  assert.deepEqual(kinds, [
    ...Array.from({ length: LIMITS.feedsPerDevice }, () => 'appended'),
    'too-many-feeds',
  ]);
});
