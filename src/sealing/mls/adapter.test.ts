/** The traps of ts-mls, each shut: docs/decisions/0011-mls.md. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import * as lib from 'ts-mls';
import { toHex, utf8, type Bytes } from '../../base/bytes.ts';
import { isKithError } from '../../base/errors.ts';
import { idToBytes, type DeviceKey } from '../../base/ids.ts';
import { createSigner } from '../../identity/signing.ts';
import { SeededRng } from '../../../test/sim/rng.ts';
import { createMls } from './adapter.ts';
import type { Committed, GroupChange, Mls, MlsGroup } from './types.ts';

const SUITE_NAME = 'MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519';
const suite = await lib.getCiphersuiteImpl(lib.getCiphersuiteFromName(SUITE_NAME));
const { defaultClientConfig } = await import('ts-mls/clientConfig.js');

interface Person {
  readonly device: DeviceKey;
  readonly seed: Bytes;
  readonly mlsKey: string;
  readonly mls: Mls;
}

/** A roll in which everybody is certified who was made by it; what commits may do is up to the test. */
class Roll {
  readonly rng: SeededRng;
  readonly certified = new Map<DeviceKey, string>();
  refuses: (change: GroupChange) => string | undefined = () => undefined;

  constructor(seed: number) {
    this.rng = new SeededRng(seed);
  }

  async person({ certified = true } = {}): Promise<Person> {
    const seed = this.rng.bytes(32);
    const device = createSigner(this.rng.bytes(32)).key as DeviceKey;
    const mlsKey = createSigner(seed).key;
    if (certified) this.certified.set(device, mlsKey);
    const authority = {
      certifies: (who: DeviceKey, key: string) => this.certified.get(who) === key,
      refuses: (change: GroupChange) => this.refuses(change),
    };
    return { device, seed, mlsKey, mls: await createMls({ device, seed, authority }) };
  }
}

async function keyOf(group: MlsGroup): Promise<string> {
  return toHex(await group.exportSecret('test', utf8('context'), 32));
}

async function joined(person: Person, group: MlsGroup): Promise<Committed> {
  return person.mls.joinExternally(await group.groupInfo());
}

/** The founder and others in one group, by Welcome. */
async function foundedBy(founder: Person, ...others: readonly Person[]): Promise<MlsGroup[]> {
  const packages = await Promise.all(others.map(async ({ mls }) => mls.newKeyPackage()));
  const founded = await founder.mls.foundWith(
    utf8('group'),
    packages.map(({ publicBytes }) => publicBytes),
  );
  const rest = await Promise.all(
    others.map(async ({ mls }, at) => {
      const own = packages[at];
      assert.ok(own);
      return mls.joinFounded(founded.welcome, own);
    }),
  );
  return [founded.group, ...rest];
}

function refused(code: string, why = ''): (error: unknown) => boolean {
  return (error) => isKithError(error, code) && error.message.includes(why);
}

/** A person as a dishonest program has it: the library itself, which asks nobody. */
async function lax(
  person: Person,
  as = person.device,
  key = person.mlsKey,
): Promise<{ keyPackage: lib.KeyPackage; secret: lib.PrivateKeyPackage }> {
  const made = await lib.generateKeyPackageWithKey(
    { credentialType: 'basic', identity: idToBytes(as) },
    {
      versions: ['mls10'],
      ciphersuites: [SUITE_NAME],
      extensions: [],
      proposals: [],
      credentials: ['basic'],
    },
    lib.defaultLifetime,
    [],
    { signKey: person.seed, publicKey: idToBytes(key as DeviceKey) },
    suite,
  );
  return { keyPackage: made.publicPackage, secret: made.privatePackage };
}

function laxState(group: MlsGroup): lib.ClientState {
  const decoded = lib.decodeGroupState(group.serialise(), 0);
  assert.ok(decoded);
  return { ...decoded[0], clientConfig: defaultClientConfig };
}

async function laxCommit(group: MlsGroup, options: lib.CreateCommitOptions): Promise<Bytes> {
  const made = await lib.createCommit(
    { state: laxState(group), cipherSuite: suite },
    { wireAsPublicMessage: true, ...options },
  );
  return lib.encodeMlsMessage(made.commit);
}

describe('the library', () => {
  const lock = JSON.parse(readFileSync(join(import.meta.dirname, '../../../package-lock.json'), 'utf8')) as {
    packages: Record<string, { version?: string; dependencies?: Record<string, string> }>;
  };

  const root = lock.packages[''];

  test('is ts-mls 1.6.4 and nothing newer: in 2.0.0-rc.10 a removed member still reads', () => {
    assert.equal(lock.packages['node_modules/ts-mls']?.version, '1.6.4');
    assert.equal(lock.packages['node_modules/@noble/ciphers']?.version, '2.1.1');
    const wanted = root?.dependencies;
    assert.deepEqual([wanted?.['ts-mls'], wanted?.['@noble/ciphers']], ['1.6.4', '2.1.1']);
  });
});

describe('keys of a group', () => {
  test('agree between all members, and change with every epoch', async () => {
    const roll = new Roll(1);
    const [a, b, c] = [await roll.person(), await roll.person(), await roll.person()];
    const [ga, gb, gc] = await foundedBy(a, b, c);
    assert.ok(ga && gb && gc);
    assert.deepEqual(
      ga.members.map(({ device }) => device),
      [a, b, c].map(({ device }) => device),
    );
    const before = await keyOf(ga);
    assert.equal(await keyOf(gb), before);
    assert.equal(await keyOf(gc), before);
    assert.deepEqual(gb.authenticator, ga.authenticator);
    assert.notEqual(toHex(await ga.exportSecret('test', utf8('other'), 32)), before);
    const update = await gb.commit({});
    const after = await ga.process(update.commit);
    assert.equal(await keyOf(after), await keyOf(update.group));
    assert.notEqual(await keyOf(after), before);
  });

  test('are out of reach for who was removed', async () => {
    const roll = new Roll(2);
    const [a, b, c] = [await roll.person(), await roll.person(), await roll.person()];
    const [ga, gb, gc] = await foundedBy(a, b, c);
    assert.ok(ga && gb && gc);
    const { commit, group } = await ga.commit({ remove: [gc.ownLeaf] });
    assert.equal(await keyOf(await gb.process(commit)), await keyOf(group));
    const gone = await gc.process(commit);
    assert.equal(gone.isRemoved, true);
    assert.notDeepEqual(gone.authenticator, group.authenticator);
    await assert.rejects(async () => keyOf(gone), refused('removed-from-group'));
    const next = await group.commit({});
    await assert.rejects(async () => gc.process(next.commit), refused('other-epoch'));
    await assert.rejects(async () => gone.process(next.commit), refused('removed-from-group'));
  });

  test('come back from what was stored', async () => {
    const roll = new Roll(3);
    const [a, b] = [await roll.person(), await roll.person()];
    const [ga, gb] = await foundedBy(a, b);
    assert.ok(ga && gb);
    const stored = gb.serialise();
    const back = b.mls.restore(stored);
    const { commit, group } = await ga.commit({});
    assert.equal(await keyOf(await back.process(commit)), await keyOf(group));
    for (let size = 0; size < stored.byteLength; size += 37)
      assert.throws(() => b.mls.restore(stored.subarray(0, size)), refused('damaged-store'));
  });

  test('keep nothing of past epochs in what is stored', async () => {
    const roll = new Roll(4);
    const [a, b] = [await roll.person(), await roll.person()];
    let [ga] = await foundedBy(a, b);
    assert.ok(ga);
    const first = laxState(ga);
    for (let n = 0; n < 6; n += 1) ga = (await ga.commit({})).group;
    assert.equal(laxState(ga).historicalReceiverData.size, 0);
    const hex = toHex(ga.serialise());
    assert.equal(hex.includes(toHex(first.keySchedule.exporterSecret)), false);
    assert.equal(hex.includes(toHex(first.keySchedule.senderDataSecret)), false);
  });
});

describe('joining', () => {
  test('by Welcome works into a group that was founded just now, and into no other', async () => {
    const roll = new Roll(5);
    const [a, b, c] = [await roll.person(), await roll.person(), await roll.person()];
    const [ga] = await foundedBy(a, b);
    assert.ok(ga);
    const own = await c.mls.newKeyPackage();
    const [decoded] = lib.decodeMlsMessage(own.publicBytes, 0) ?? [];
    assert.ok(decoded?.wireformat === 'mls_key_package');
    const later = await lib.createCommit(
      { state: laxState(ga), cipherSuite: suite },
      {
        extraProposals: [{ proposalType: 'add', add: { keyPackage: decoded.keyPackage } }],
        ratchetTreeExtension: true,
      },
    );
    assert.ok(later.welcome);
    const welcome = lib.encodeMlsMessage({
      version: 'mls10',
      wireformat: 'mls_welcome',
      welcome: later.welcome,
    });
    assert.deepEqual(c.mls.welcomed(welcome), [own.ref]);
    await assert.rejects(async () => c.mls.joinFounded(welcome, own), refused('bad-welcome', 'just now'));
  });

  test('with a key package that was used and deleted opens nothing', async () => {
    const roll = new Roll(6);
    const [a, b] = [await roll.person(), await roll.person()];
    const own = await b.mls.newKeyPackage();
    const { welcome } = await a.mls.foundWith(utf8('g'), [own.publicBytes]);
    const wiped = { ...own, secret: new Uint8Array(64).fill(1) };
    await assert.rejects(async () => b.mls.joinFounded(welcome, wiped), refused('bad-welcome'));
  });

  test('from outside works, and who lost track comes back the same way', async () => {
    const roll = new Roll(7);
    const [a, b, c] = [await roll.person(), await roll.person(), await roll.person()];
    const [ga, gb] = await foundedBy(a, b);
    assert.ok(ga && gb);
    const coming = await joined(c, ga);
    let group = await ga.process(coming.commit);
    assert.equal(await keyOf(group), await keyOf(coming.group));
    // b misses that one, so it can follow no later one either.
    const missed = await group.commit({});
    group = missed.group;
    await assert.rejects(async () => gb.process(missed.commit), refused('other-epoch'));
    const back = await b.mls.joinExternally(await group.groupInfo(), { resync: true });
    group = await group.process(back.commit);
    assert.equal(await keyOf(group), await keyOf(back.group));
    assert.equal(group.members.filter(({ device }) => device === b.device).length, 1);
  });

  test('over a long history with removals never fails, from any seed', async () => {
    for (const seed of [11, 12]) await fuzzHistory(seed, 25);
  });
});

/** Joins, returns, updates and removals at random; whoever is in always agrees. */
async function fuzzHistory(seed: number, epochs: number): Promise<void> {
  const roll = new Roll(seed);
  const first = await roll.person();
  let inside: { person: Person; group: MlsGroup }[] = [
    { person: first, group: await first.mls.found(utf8(`fuzz ${String(seed)}`)) },
  ];
  const pick = <Item>(items: readonly Item[]): Item => {
    const item = items[roll.rng.below(items.length)];
    assert.ok(item !== undefined);
    return item;
  };
  for (let epoch = 0; epoch < epochs; epoch += 1) {
    const chance = roll.rng.below(10);
    const by = pick(inside);
    let made: Committed;
    let committer = by.person;
    let gone: DeviceKey | undefined;
    if (inside.length < 3 || (chance < 4 && inside.length < 8)) {
      committer = await roll.person();
      made = await joined(committer, by.group);
    } else if (chance < 5) {
      committer = pick(inside.filter((other) => other !== by)).person;
      made = await committer.mls.joinExternally(await by.group.groupInfo(), { resync: true });
    } else if (chance < 8) {
      const out = pick(inside.filter((other) => other !== by));
      gone = out.person.device;
      made = await by.group.commit({ remove: [out.group.ownLeaf] });
    } else {
      made = await by.group.commit({});
    }
    const next: typeof inside = [{ person: committer, group: made.group }];
    for (const { person, group } of inside) {
      if (person === committer) continue;
      const followed = await group.process(made.commit);
      assert.equal(followed.isRemoved, person.device === gone, `seed ${String(seed)} epoch ${String(epoch)}`);
      if (!followed.isRemoved) next.push({ person, group: person.mls.restore(followed.serialise()) });
    }
    const keys = new Set(await Promise.all(next.map(async ({ group }) => keyOf(group))));
    assert.equal(keys.size, 1, `seed ${String(seed)} epoch ${String(epoch)}`);
    inside = next;
  }
}

describe('who may be in a group is ours to say', () => {
  test('a ghost in the tree is noticed by who joins, either way', async () => {
    const roll = new Roll(20);
    const [host, newcomer, ghost] = [
      await roll.person(),
      await roll.person(),
      await roll.person({ certified: false }),
    ];
    const own = await newcomer.mls.newKeyPackage();
    const founder = await lax(host);
    let state = await lib.createGroup(utf8('g'), founder.keyPackage, founder.secret, [], suite);
    const add = (keyPackage: lib.KeyPackage): lib.Proposal => ({ proposalType: 'add', add: { keyPackage } });
    const [mine] = lib.decodeMlsMessage(own.publicBytes, 0) ?? [];
    assert.ok(mine?.wireformat === 'mls_key_package');
    const both = await lib.createCommit(
      { state, cipherSuite: suite },
      {
        extraProposals: [add((await lax(ghost)).keyPackage), add(mine.keyPackage)],
        ratchetTreeExtension: true,
      },
    );
    assert.ok(both.welcome);
    const welcome = lib.encodeMlsMessage({
      version: 'mls10',
      wireformat: 'mls_welcome',
      welcome: both.welcome,
    });
    await assert.rejects(async () => newcomer.mls.joinFounded(welcome, own), refused('bad-welcome'));
    state = (
      await lib.createCommit(
        { state, cipherSuite: suite },
        { extraProposals: [add((await lax(ghost)).keyPackage)] },
      )
    ).newState;
    const groupInfo = await lib.createGroupInfoWithExternalPubAndRatchetTree(state, [], suite);
    const info = lib.encodeMlsMessage({ version: 'mls10', wireformat: 'mls_group_info', groupInfo });
    await assert.rejects(async () => newcomer.mls.joinExternally(info), refused('bad-group-info'));
  });

  test('a key package under the name of another device, or with another key, is refused', async () => {
    const roll = new Roll(21);
    const [a, b, mallory] = [await roll.person(), await roll.person(), await roll.person()];
    const [ga, gb] = await foundedBy(a, b);
    assert.ok(ga && gb);
    for (const forged of [await lax(mallory, b.device), await lax(await roll.person({ certified: false }))]) {
      const bytes = lib.encodeMlsMessage({
        version: 'mls10',
        wireformat: 'mls_key_package',
        keyPackage: forged.keyPackage,
      });
      await assert.rejects(async () => a.mls.readKeyPackage(bytes), refused('bad-key-package'));
      await assert.rejects(async () => a.mls.foundWith(utf8('h'), [bytes]), refused('bad-key-package'));
      const commit = await laxCommit(ga, {
        extraProposals: [{ proposalType: 'add', add: { keyPackage: forged.keyPackage } }],
      });
      await assert.rejects(async () => gb.process(commit), refused('bad-commit'));
    }
  });

  test('a stranger cannot join from outside', async () => {
    const roll = new Roll(22);
    const [a, stranger] = [await roll.person(), await roll.person({ certified: false })];
    const ga = await a.mls.found(utf8('g'));
    const { keyPackage, secret } = await lax(stranger);
    const [info] = lib.decodeMlsMessage(await ga.groupInfo(), 0) ?? [];
    assert.ok(info?.wireformat === 'mls_group_info');
    const { publicMessage } = await lib.joinGroupExternal(info.groupInfo, keyPackage, secret, false, suite);
    const commit = lib.encodeMlsMessage({
      version: 'mls10',
      wireformat: 'mls_public_message',
      publicMessage,
    });
    await assert.rejects(async () => ga.process(commit), refused('bad-commit'));
  });

  test('nobody becomes another device by an update of his leaf', async () => {
    const roll = new Roll(23);
    const [admin, bob, carol] = [await roll.person(), await roll.person(), await roll.person()];
    const [ga, gb] = await foundedBy(admin, bob);
    assert.ok(ga && gb);
    for (const other of [admin, carol]) {
      const state = laxState(gb);
      const ratchetTree = state.ratchetTree.map((node, at) =>
        at === gb.ownLeaf * 2 && node?.nodeType === 'leaf'
          ? {
              ...node,
              leaf: {
                ...node.leaf,
                credential: { credentialType: 'basic' as const, identity: idToBytes(other.device) },
              },
            }
          : node,
      );
      const made = await lib.createCommit(
        { state: { ...state, ratchetTree }, cipherSuite: suite },
        { wireAsPublicMessage: true },
      );
      const commit = lib.encodeMlsMessage(made.commit);
      await assert.rejects(async () => ga.process(commit), refused('unauthorised-commit', 'other-committer'));
    }
  });

  test('a change that membership does not allow is refused by everyone, and by who would write it', async () => {
    const roll = new Roll(24);
    const [admin, bob] = [await roll.person(), await roll.person()];
    const [ga, gb] = await foundedBy(admin, bob);
    assert.ok(ga && gb);
    const asked: GroupChange[] = [];
    roll.refuses = (change) => {
      asked.push(change);
      return change.removed.length > 0 && change.by !== admin.device ? 'not-an-admin' : undefined;
    };
    const commit = await laxCommit(gb, {
      extraProposals: [{ proposalType: 'remove', remove: { removed: 0 } }],
    });
    await assert.rejects(async () => ga.process(commit), refused('unauthorised-commit', 'not-an-admin'));
    assert.deepEqual(asked, [{ by: bob.device, joins: false, added: [], removed: [admin.device] }]);
    await assert.rejects(async () => gb.commit({ remove: [0] }), refused('unauthorised-commit'));
    const honest = await ga.commit({ remove: [1] });
    assert.equal((await gb.process(honest.commit)).isRemoved, true);
  });

  test('who joins from outside removes nobody but its own old leaf', async () => {
    const roll = new Roll(25);
    const [a, b, c] = [await roll.person(), await roll.person(), await roll.person()];
    const [ga] = await foundedBy(a, b);
    assert.ok(ga);
    // The library takes for its own old leaf whichever one it is told to.
    const { keyPackage, secret } = await lax(c);
    const [info] = lib.decodeMlsMessage(await ga.groupInfo(), 0) ?? [];
    assert.ok(info?.wireformat === 'mls_group_info');
    const { publicMessage } = await lib.joinGroupExternal(
      info.groupInfo,
      keyPackage,
      secret,
      true,
      suite,
      undefined,
      {
        ...defaultClientConfig,
        keyPackageEqualityConfig: {
          ...defaultClientConfig.keyPackageEqualityConfig,
          compareKeyPackageToLeafNode: (_, leaf) => toHex(leaf.signaturePublicKey) === b.mlsKey,
        },
      },
    );
    const commit = lib.encodeMlsMessage({
      version: 'mls10',
      wireformat: 'mls_public_message',
      publicMessage,
    });
    await assert.rejects(
      async () => ga.process(commit),
      refused('unauthorised-commit', 'joiner-removes-another'),
    );
  });
});

describe('what kith never writes, it never takes', () => {
  test('GroupContextExtensions, ReInit, and kinds of others', async () => {
    const roll = new Roll(30);
    const [a, b] = [await roll.person(), await roll.person()];
    const [ga, gb] = await foundedBy(a, b);
    assert.ok(ga && gb);
    const proposals: lib.Proposal[] = [
      { proposalType: 'group_context_extensions', groupContextExtensions: { extensions: [] } },
      {
        proposalType: 'reinit',
        reinit: { groupId: utf8('x'), version: 'mls10', cipherSuite: SUITE_NAME, extensions: [] },
      },
    ];
    for (const proposal of proposals) {
      const commit = await laxCommit(ga, { extraProposals: [proposal] });
      await assert.rejects(
        async () => gb.process(commit),
        refused('unauthorised-commit', 'proposal-of-this-kind'),
      );
    }
  });

  test('proposals by reference, and proposals alone', async () => {
    const roll = new Roll(31);
    const [a, b, c] = [await roll.person(), await roll.person(), await roll.person()];
    const [ga, gb] = await foundedBy(a, b, c);
    assert.ok(ga && gb);
    const proposed = await lib.createProposal(
      laxState(ga),
      true,
      { proposalType: 'remove', remove: { removed: 2 } },
      suite,
    );
    await assert.rejects(
      async () => gb.process(lib.encodeMlsMessage(proposed.message)),
      refused('unauthorised-commit', 'not-a-commit'),
    );
    const made = await lib.createCommit(
      { state: proposed.newState, cipherSuite: suite },
      { wireAsPublicMessage: true },
    );
    await assert.rejects(
      async () => gb.process(lib.encodeMlsMessage(made.commit)),
      refused('unauthorised-commit', 'proposal-by-reference'),
    );
  });

  test('private messages, foreign groups, and commits of another epoch', async () => {
    const roll = new Roll(32);
    const [a, b] = [await roll.person(), await roll.person()];
    const [ga, gb] = await foundedBy(a, b);
    const other = await (await a.mls.found(utf8('other'))).commit({});
    assert.ok(ga && gb);
    await assert.rejects(
      async () => gb.process(await laxCommit(ga, { wireAsPublicMessage: false })),
      refused('bad-commit'),
    );
    await assert.rejects(async () => gb.process(other.commit), refused('other-epoch'));
    const { commit } = await ga.commit({});
    const next = await gb.process(commit);
    await assert.rejects(async () => next.process(commit), refused('other-epoch'));
  });
});

test('bytes of any kind are refused with a code, whatever they are', async () => {
  const roll = new Roll(40);
  const [a, b] = [await roll.person(), await roll.person()];
  const [ga, gb] = await foundedBy(a, b);
  assert.ok(ga && gb);
  const own = await b.mls.newKeyPackage();
  const { welcome } = await a.mls.foundWith(utf8('g'), [own.publicBytes]);
  const samples = [(await ga.commit({})).commit, await ga.groupInfo(), own.publicBytes, welcome];
  const codes = new Set<string>();
  for (let round = 0; round < 150; round += 1) {
    const bytes = broken(samples[round % samples.length] ?? welcome, roll.rng);
    const tries: (() => Promise<unknown>)[] = [
      async () => gb.process(bytes),
      async () => b.mls.joinExternally(bytes),
      async () => b.mls.readKeyPackage(bytes),
      async () => b.mls.joinFounded(bytes, own),
    ];
    for (const attempt of tries) {
      await assert.rejects(attempt, (error) => {
        assert.ok(isKithError(error), String(error));
        codes.add(error.code);
        return true;
      });
    }
  }
  assert.ok(codes.size >= 4, [...codes].join());
});

function broken(bytes: Bytes, rng: SeededRng): Bytes {
  const copy = bytes.slice(0, rng.below(3) === 0 ? rng.below(bytes.byteLength) : bytes.byteLength);
  for (let n = 0; n <= rng.below(4); n += 1) {
    const at = rng.below(Math.max(1, copy.byteLength));
    copy[at] = (copy[at] ?? 0) ^ (1 + rng.below(255));
  }
  return copy;
}
