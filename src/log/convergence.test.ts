/**
 * Whatever happened between the members of a network, whoever hears all of it ends with the same roll, the same tables
 * and the same standing of every feed: in whatever order, in whatever pieces, however often it comes.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isKithError } from '../base/errors.ts';
import type { FeedId } from '../base/ids.ts';
import { linkTo, note } from '../../test/support/author.ts';
import { dumpVector } from '../../test/support/dump.ts';
import { FAST_SIGNATURES, LogNode, LogWorld, pull } from '../../test/support/log-world.ts';
import { SeededRng } from '../../test/sim/rng.ts';
import type { Entry, FeedInfo } from './types.ts';

const ROLES = ['admin', 'member', 'reader'] as const;
const AUDIENCES = [['public'], ['public', 'members'], ['members', 'admins'], ['roll']] as const;
const LANES = ['data', 'urgent'] as const;

interface Deed {
  readonly what: (typeof DEEDS)[number];
  readonly who: number;
  readonly whom: number;
  readonly n: number;
}

const DEEDS = ['write', 'sync', 'erase', 'rename', 'hub', 'role', 'revoke', 'accept', 'copy'] as const;
const OFTEN = {
  write: 10,
  sync: 8,
  erase: 3,
  rename: 2,
  hub: 1,
  role: 1,
  revoke: 1,
  accept: 2,
  copy: 1,
} as const;

const deed: fc.Arbitrary<Deed> = fc.record({
  what: fc.oneof(...DEEDS.map((what) => ({ weight: OFTEN[what], arbitrary: fc.constant(what) }))),
  who: fc.nat(20),
  whom: fc.nat(20),
  n: fc.nat(1000),
});

/** What happened: every entry as it was written, and by whom. A copied device has two histories of one feed. */
class History {
  readonly world: LogWorld;
  readonly nodes: LogNode[];
  readonly written = new Map<string, { feed: FeedInfo; entries: Entry[] }>();

  constructor(seed: number) {
    this.world = new LogWorld({ seed, signatures: FAST_SIGNATURES });
    const { founder } = this.world;
    this.nodes = [
      founder,
      this.world.admit('one', 'admin'),
      this.world.admit('two'),
      this.world.admit('three'),
    ];
    this.nodes.push(this.world.link(this.at(2), 'two’s other'));
    for (const node of this.nodes) this.#harvest(node);
  }

  at(index: number): LogNode {
    const node = this.nodes[index % this.nodes.length];
    assert.ok(node !== undefined);
    return node;
  }

  play({ what, who, whom, n }: Deed): void {
    const [node, other] = [this.at(who), this.at(whom)];
    try {
      this.#deeds[what](node, other, n);
    } catch (error) {
      // Who may not do this is told so. A device that finds itself copied goes on in a new history.
      if (!isKithError(error)) throw error;
      if (error.code === 'written-twice') node.startIncarnation();
    }
    for (const each of this.nodes) this.#harvest(each);
  }

  readonly #deeds: Record<Deed['what'], (node: LogNode, other: LogNode, n: number) => void> = {
    write: (node, _, n) => {
      const lane = LANES[n % 2] ?? 'data';
      const draft = { ...note(String(n), ...(AUDIENCES[n % 4] ?? [])), lane };
      node.write(...Array.from({ length: 1 + (n % 3) }, () => draft));
    },
    sync: (node, other, n) => {
      if (node === other) return;
      pull(node, other);
      if (n % 3 > 0) pull(other, node);
    },
    erase: (node, _, n) => {
      const entry = this.#anyEntry(node, n);
      if (entry !== undefined) node.log.erase([{ entry: linkTo(entry), part: n % 2 }]);
    },
    rename: ({ log }, { member }, n) =>
      log.act({ kind: 'rename', member, profile: { name: `name ${String(n)}`, org: '', place: '' } }),
    hub: ({ log }, _, n) =>
      log.act({ kind: 'hub', address: `/ip4/10.0.0.${String(n % 5)}/tcp/1`, listed: n % 3 > 0 }),
    role: ({ log }, { member, device }, n) =>
      log.act({ kind: 'role', member, role: ROLES[n % 3] ?? 'reader', cuts: log.cutsOf([device]) }),
    revoke: ({ log }, { member, device }, n) => {
      const isDevice = n % 2 === 0;
      const devices = isDevice ? [device] : (log.membership.members.get(member)?.devices ?? []);
      const target = isDevice
        ? ({ scope: 'device', device } as const)
        : ({ scope: 'member', member } as const);
      log.act({ kind: 'revoke', target, cuts: log.cutsOf(devices) });
    },
    accept: ({ log, store }) => {
      const [range] = log.asides();
      const hash = range && store.hashAt(range.feed, range.to);
      if (range && hash) log.act({ kind: 'accept', upTo: { feed: range.feed, seq: range.to, hash } });
    },
    copy: (node, _, n) => {
      if (this.nodes.length > 6) return;
      const copy = node.twin();
      this.nodes.push(copy);
      pull(copy, node);
      for (const [index, each] of [node, copy].entries()) {
        if (n % 2 === 0) each.write(note(`copy ${String(index)}`));
        else this.#deeds.rename(each, node, n + index);
      }
    },
  };

  #anyEntry(node: LogNode, n: number): Entry | undefined {
    const feeds = node.log.feeds().filter(({ info, seq }) => info.lane !== 'roll' && seq > 0);
    const state = feeds[n % feeds.length];
    return state === undefined ? undefined : node.log.entryAt(state.info.id, 1 + (n % state.seq));
  }

  /** With all parts, before anything of it can be erased. */
  #harvest(node: LogNode): void {
    for (const lane of ['roll', ...LANES] as const) {
      const feed = node.log.ownFeed(lane);
      const key = `${String(this.nodes.indexOf(node))} ${feed.id}`;
      const known = this.written.get(key) ?? { feed, entries: [] };
      const end = node.log.feed(feed.id)?.seq ?? 0;
      for (let seq = known.entries.length + 1; seq <= end; seq += 1) {
        const entry = node.log.entryAt(feed.id, seq);
        if (entry !== undefined) known.entries.push(entry);
      }
      if (end > 0) this.written.set(key, known);
    }
  }
}

/** A node that hears all of it, cut and mixed by `rng`, again and again until nothing is new. */
function witness(history: History, name: string, rng: SeededRng): LogNode {
  const node = new LogNode(history.world, name);
  const all = [...history.written.values()];
  const founding = history.nodes[0]?.log.ownFeed('roll').id;
  for (const { feed, entries } of all)
    if (feed.id === founding) node.log.receive({ feed, entries: entries.slice(0, 1) });
  for (let round = 0; ; round += 1) {
    assert.ok(round < 40, 'hearing comes to an end');
    const before = JSON.stringify(heights(node));
    for (const { feed, entries } of rng.shuffled([...all, ...all, ...all])) {
      const ends = entries.flatMap(({ seal }, index) => (seal === null ? [] : [index + 1]));
      const to = round % 3 === 2 ? entries.length : (rng.pick(ends) ?? entries.length);
      const from = round % 3 === 2 ? 0 : rng.below(to);
      const piece = entries.slice(from, to);
      if (piece.length > 0) node.log.receive({ feed, entries: piece });
      if (rng.chance(20)) node.log.fillParts(feed.id, rng.shuffled(entries));
    }
    for (const { feed, entries } of all) node.log.fillParts(feed.id, entries);
    // A round of whole feeds in which nothing came: that was all.
    if (round % 3 === 2 && before === JSON.stringify(heights(node))) return node;
  }
}

function heights(node: LogNode): unknown[] {
  return node.log.feeds().map(({ info, seq, folded, forkedAfter }) => [info.id, seq, folded, forkedAfter]);
}

/** What all must agree on. What follows a fork is each one's own branch; who was never let in may be known or not. */
function outcome(node: LogNode, alike: ReadonlySet<FeedId>): object {
  const { membership } = node.log;
  const members = [...membership.members.values()].map((member) => ({
    ...member,
    devices: [...member.devices],
  }));
  const standing = node.log
    .feeds()
    .filter(({ info }) => alike.has(info.id))
    .map(({ info, folded, seen, forkedAfter, seq }) => ({
      id: info.id,
      folded,
      seen: dumpVector(seen),
      forkedAfter,
      entries: [
        ...node.store.read({ feed: info.id, from: 1, to: Math.min(seq, forkedAfter ?? Infinity) }),
      ].map((entry) => ({
        aside: entry.aside,
        parts: entry.parts.map((part) => part?.byteLength),
        erased: node.store.erasedBy(info.id, entry.seq).map(({ part, by }) => [part, by]),
      })),
    }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  return {
    name: membership.name,
    members: members.sort((a, b) => (a.id < b.id ? -1 : 1)),
    devices: [...membership.devices.values()].map(({ key, active }) => [key, active]).sort(),
    hubs: membership.hubs,
    order: membership.order,
    refused: membership.refused.map(({ act, code }) => [act, code]).sort(),
    tables: node.parts.dump(),
    extension: node.index.page('x-note', undefined, 1e6),
    standing,
  };
}

/** Feeds that all hold to the same length: of the others somebody refused the rest, and none of that rest stands. */
function heldAlike(nodes: readonly LogNode[]): ReadonlySet<FeedId> {
  const ends = (node: LogNode): Map<FeedId, number> =>
    new Map(
      node.log.feeds().map(({ info, seq, forkedAfter }) => [info.id, Math.min(seq, forkedAfter ?? Infinity)]),
    );
  const [first, ...others] = nodes.map(ends);
  return new Set(
    [...(first ?? [])]
      .filter(([feed, end]) => others.every((other) => other.get(feed) === end))
      .map(([feed]) => feed),
  );
}

const RUNS = Number(process.env['KITH_RUNS'] ?? 40);

test('all who hear everything agree, and a rebuild changes nothing', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 31), fc.array(deed, { minLength: 20, maxLength: 80 }), (seed, deeds) => {
      const history = new History(seed);
      for (const each of deeds) history.play(each);
      const rng = new SeededRng(seed);
      const witnesses = ['first', 'second', 'third'].map((name) => witness(history, name, rng));
      const alike = heldAlike(witnesses);
      const [first, ...others] = witnesses.map((node) => outcome(node, alike));
      for (const other of others) assert.deepEqual(other, first);
      for (const node of witnesses) {
        node.restart();
        node.log.rebuild();
        assert.deepEqual(outcome(node, alike), first, 'after a rebuild');
      }
    }),
    { numRuns: RUNS },
  );
});
