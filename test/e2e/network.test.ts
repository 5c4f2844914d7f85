/**
 * Five nodes as five machines on one switch, where this machine lets a test make network namespaces; on loopback
 * otherwise, without the parts in which a cable is pulled.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { Lan, type Machine } from '../../scripts/nodes/lan.ts';
import type { NodeProcess, Outcome } from '../../scripts/nodes/node-process.ts';
import { until } from '../../scripts/nodes/until.ts';
import { texts, write } from '../../scripts/nodes/entries.ts';
import {
  isKithError,
  type Invite,
  type LogLine,
  type Member,
  type NewInvite,
  type Quarantined,
} from '../../src/api/contract.ts';
import { createLibp2pTransport } from '../../src/net/libp2p/transport.ts';
import { realClock, realTimers } from '../contract/real-timers.ts';
import { admit, scene, step, type Stage } from '../support/stage.ts';

const CAN_PULL_CABLES = Lan.isPossible();
const WHERE = CAN_PULL_CABLES ? 'in network namespaces' : 'on loopback';
const NO_CABLES = CAN_PULL_CABLES ? false : 'this machine allows no network namespaces';
const ENTRIES = 10_000;

function numbered(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, index) => `entry ${String(from + index)}`);
}

async function heightOf(node: NodeProcess): Promise<number> {
  return (await node.call('status', {})).entries;
}

/** Each has a link to somebody, and all know the same roll and as many entries. */
async function agree(nodes: readonly NodeProcess[]): Promise<boolean> {
  const all = await Promise.all(nodes.map((node) => node.call('status', {})));
  const [first] = all;
  return all.every(
    ({ neighbours, entries, rollHead, quarantined }) =>
      neighbours > 0 &&
      entries === first?.entries &&
      rollHead === first.rollHead &&
      quarantined === first.quarantined,
  );
}

/** Until each has at least as many entries, and all agree: two that miss as much of each other are not in step. */
async function reach(nodes: readonly NodeProcess[], height: number): Promise<void> {
  await until(`all have ${String(height)} entries`, async () => {
    const all = await Promise.all(nodes.map(heightOf));
    return all.every((entries) => entries >= height) && agree(nodes);
  });
}

async function sameEntries(nodes: readonly NodeProcess[], expected: readonly string[]): Promise<void> {
  const wanted = [...expected].sort();
  for (const node of nodes) {
    const held = (await texts(node)).sort();
    assert.equal(held.length, wanted.length, `${node.name} holds all, each once`);
    assert.deepEqual(held, wanted, `${node.name} holds the same`);
  }
}

async function quarantineOf(node: NodeProcess): Promise<Quarantined[]> {
  return (await node.call('quarantine', {})).quarantine;
}

function machines(stage: Stage, count: number): (Machine | undefined)[] {
  if (!CAN_PULL_CABLES) return Array.from({ length: count }, () => undefined);
  const lan = stage.lan();
  return Array.from({ length: count }, () => lan.machine());
}

function on(machine: Machine | undefined): { machine?: Machine } {
  return machine === undefined ? {} : { machine };
}

scene(`five nodes ${WHERE}, without any configuration`, async (stage, t) => {
  const cables = machines(stage, 5);
  const nodes = ['Ada', 'Ben', 'Cho', 'Dao', 'Eli'].map((name, index) => stage.node(name, on(cables[index])));
  const [ada, ben, cho, dao, eli] = nodes as [
    NodeProcess,
    NodeProcess,
    NodeProcess,
    NodeProcess,
    NodeProcess,
  ];
  const staying = [ada, ben, cho, eli];
  const written: string[] = [];

  await step(t, 'are let in by link and by code, and find each other', async () => {
    await Promise.all(nodes.map((node) => node.up()));
    await ada.call('found', { network: 'Camp North', name: 'Ada' });
    await Promise.all([admit(ada, ben), admit(ada, cho), admit(ada, dao)]);
    const { code } = await ada.call('invite', { form: 'code', name: 'Eli' });
    await eli.json(['join', code ?? '', '--as', 'Eli']);
    for (const node of nodes) {
      await until(`${node.name} is linked with the four others`, async () => {
        const peers = await node.call('peers', {});
        return new Set(peers.peers.map(({ member }) => member)).size === 4;
      });
    }
    await until('all know the same roll', () => agree(nodes));
    const { members } = await eli.call('members', {});
    assert.deepEqual(
      members.map(({ member }) => member),
      [1, 2, 3, 4, 5],
    );
    assert.deepEqual(members.map(({ name }) => name).sort(), ['Ada', 'Ben', 'Cho', 'Dao', 'Eli']);
  });

  await step(t, `have the same ${String(ENTRIES)} entries, though one was killed in the middle`, async () => {
    const first = numbered(0, ENTRIES / 2);
    const rest = numbered(ENTRIES / 2, ENTRIES);
    const before = await heightOf(cho);
    await write(ada, first);
    await until('the first of them have come', async () => (await heightOf(cho)) > before);
    await cho.kill();
    await Promise.all([write(ada, rest.slice(0, 2000)), write(ben, rest.slice(2000))]);
    await cho.up();
    written.push(...first, ...rest);
    await reach(nodes, before + ENTRIES);
    await sameEntries(nodes, written);
  });

  if (cables[3] === undefined) {
    t.diagnostic(`no cable is pulled: ${String(NO_CABLES)}`);
    return;
  }
  const cable = cables[3];

  await step(t, 'catch up with each other after one was cut off', async () => {
    const before = await heightOf(ada);
    cable.unplug();
    await Promise.all([write(dao, ['written alone']), write(ada, ['written meanwhile'])]);
    await until('the others have heard', async () => (await texts(eli)).includes('written meanwhile'));
    assert.equal((await texts(dao)).includes('written meanwhile'), false);
    cable.plug();
    written.push('written alone', 'written meanwhile');
    await reach(nodes, before + 2);
    await sameEntries(nodes, written);
  });

  let feed = '';
  await step(t, 'set aside, each alike, what a member wrote while it was revoked out of reach', async () => {
    // Two go on a trip together, out of reach of the others; one of the two is revoked meanwhile.
    cable.carryTo('away');
    cables[4]?.carryTo('away');
    await ada.json(['members', 'revoke', 'Dao', '--yes']);
    await write(dao, ['after the cut 1', 'after the cut 2']);
    await until('who is with it has heard, and trusts it', async () =>
      (await texts(eli)).includes('after the cut 2'),
    );
    assert.equal((await quarantineOf(eli)).length, 0);
    // The other one comes back and brings what it heard.
    cables[4]?.carryTo('camp');
    await until('everybody has set it aside', async () => {
      const all = await Promise.all(staying.map((node) => node.call('status', {})));
      return all.every(({ quarantined }) => quarantined === 2);
    });
    await until('all know the same', () => agree(staying));
    const [first = [], ...others] = await Promise.all(staying.map(quarantineOf));
    assert.deepEqual(
      first.map(({ name, entries }) => ({ name, entries })),
      [{ name: 'Dao', entries: 2 }],
    );
    for (const other of others) assert.deepEqual(other, first);
    feed = first[0]?.feed ?? '';
    await sameEntries(staying, written);
  });

  await step(t, 'let it stand when an admin accepts it', async () => {
    const accepted = await ada.json<{ accepted: number }>(['members', 'accept', feed.slice(0, 12), '--yes']);
    assert.equal(accepted.accepted, 2);
    written.push('after the cut 1', 'after the cut 2');
    await until('nothing is set aside any more', async () => {
      const all = await Promise.all(staying.map((node) => node.call('status', {})));
      return all.every(({ quarantined }) => quarantined === 0);
    });
    await sameEntries(staying, written);
  });

  await step(t, 'have no link with who was revoked, when it comes back', async () => {
    cable.carryTo('camp');
    const refused = await dao.kith(['peers', 'add', addressOf(await ada.call('status', {})), '--json']);
    assert.equal(refused.code, 1);
    assert.equal(failure(refused).code, 'link-refused');
    const { peers } = await ada.call('peers', {});
    assert.deepEqual(peers.map(({ name }) => name).sort(), ['Ben', 'Cho', 'Eli']);
  });
});

// ---- addresses given by hand, and remembered

const ALONE = ['--no-mdns', '--listen', '127.0.0.1:0'];

/** Addresses of this machine at which nobody answers, in one way or the other. */
async function deadAddresses(t: TestContext): Promise<{ refusing: string; silent: string }> {
  const [refusing, silent] = await Promise.all([listening(), listening()]);
  const hostPort = (server: Server): string => `127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  const addresses = { refusing: hostPort(refusing), silent: hostPort(silent) };
  refusing.close();
  const sockets: Socket[] = [];
  silent.on('connection', (socket) => sockets.push(socket));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
  return addresses;
}

async function listening(): Promise<Server> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function addressOf({ listening: [first] }: { listening: readonly string[] }): string {
  return first ?? '';
}

async function isLinkedWith(node: NodeProcess, name: string): Promise<boolean> {
  return (await node.call('peers', {})).peers.some((peer) => peer.name === name);
}

scene('a node joins through any of the addresses it was given, dead ones among them', async (stage, t) => {
  const ada = await stage.founder('Ada', ALONE);
  const alive = addressOf(await ada.call('status', {}));
  const { refusing, silent } = await deadAddresses(t);
  const given = {
    one: [alive],
    three: [refusing, silent, alive],
    many: [...Array.from({ length: 20 }, (_, n) => `127.0.0.1:${String(n + 1)}`), refusing, alive],
  };
  for (const [name, addresses] of Object.entries(given)) {
    const node = stage.node(name);
    await node.up([...ALONE, ...addresses.flatMap((address) => ['--peer', address])]);
    // A code names no addresses, so it can only come by those that were given.
    const { code } = await ada.call('invite', { form: 'code' });
    await node.json(['join', code ?? '', '--as', name]);
    await until(`${name} is linked`, () => isLinkedWith(node, 'Ada'));
    await node.stop();
    await until(`${name} is gone`, async () => !(await isLinkedWith(ada, name)));
    await node.up([...ALONE, ...addresses.flatMap((address) => ['--peer', address])]);
    await until(`${name} is linked again`, () => isLinkedWith(node, 'Ada'));
  }
});

scene('a node remembers its neighbours', async (stage) => {
  const ada = stage.node('Ada');
  await ada.up(['--no-mdns']);
  await ada.call('found', { network: 'Camp North', name: 'Ada' });
  const ben = await stage.joiner(ada, 'Ben', ['--no-mdns']);
  await Promise.all([ada.stop(), ben.kill()]);
  await ada.up(['--no-mdns']);
  await ben.up(['--no-mdns']);
  await until('they are linked again', () => isLinkedWith(ben, 'Ada'));
});

scene(
  'a node that never dialled, killed once it has neighbours, finds them from another port',
  async (stage) => {
    const ada = await stage.founder('Ada', ALONE);
    const before = addressOf(await ada.call('status', {}));
    await stage.joiner(ada, 'Ben', [...ALONE, '--peer', before]);
    await until('Ada has heard where Ben is', async () => {
      const { nodes } = await ada.call('map', {});
      return nodes.some(({ you, status }) => !you && status === 'here');
    });
    await ada.kill();
    await ada.up(ALONE);
    assert.notEqual(addressOf(await ada.call('status', {})), before, 'where Ben would look for it');
    await until('they are linked again', () => isLinkedWith(ada, 'Ben'));
  },
);

scene('whoever is linked already can be added again, from either side', async (stage) => {
  const ada = await stage.founder('Ada', ALONE);
  const address = addressOf(await ada.call('status', {}));
  const ben = await stage.joiner(ada, 'Ben', [...ALONE, '--peer', address]);
  for (let round = 0; round < 10; round += 1) {
    for (const [from, to] of [
      [ada, ben],
      [ben, ada],
    ] as const) {
      const { peer } = await from.call('addPeer', { address: addressOf(await to.call('status', {})) });
      assert.equal(peer?.name, to.name);
    }
  }
});

// ---- who is not let in

function failure({ stderr }: Outcome): { code: string; message: string; next: string | null } {
  return JSON.parse(stderr.trimEnd().split('\n').at(-1) ?? '') as {
    code: string;
    message: string;
    next: string | null;
  };
}

scene('a stranger’s connection ends before any of kith’s protocols', async (stage) => {
  const ada = await stage.founder('Ada', ALONE);
  const mallory = await stage.founder('Mallory', ALONE);
  const address = addressOf(await ada.call('status', {}));
  const watching = new AbortController();
  const seen: LogLine[] = [];
  const watched = (async () => {
    for await (const line of ada.client.lines('log', { net: true, follow: true, lines: 0 }, watching.signal))
      seen.push(line);
  })();
  const refused = await mallory.kith(['peers', 'add', address, '--json']);
  assert.equal(refused.code, 1);
  assert.equal(failure(refused).code, 'link-refused');
  // Not held back by a gate of its own, it gets no further.
  const bare = await createLibp2pTransport({
    linkSeed: new Uint8Array(randomBytes(32)),
    listen: ['127.0.0.1:0'],
    mdns: false,
    gate: { mayLink: () => true },
    logger: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
    timers: realTimers,
    clock: realClock,
  });
  await bare.start();
  try {
    await assert.rejects(
      bare.dial(address, {}),
      (error) => isKithError(error) && error.code === 'link-refused',
    );
    assert.equal((await ada.call('peers', {})).peers.length, 0);
  } finally {
    await bare.stop();
  }
  watching.abort();
  await watched;
  assert.deepEqual(
    seen.filter(({ source }) => source === 'frame'),
    [],
  );
});

// ---- invitations

scene('a code closes after five wrong tries', async (stage) => {
  const ada = await stage.founder('Ada', ALONE);
  const address = addressOf(await ada.call('status', {}));
  const { code = '' } = await ada.call('invite', { form: 'code' });
  const wrong = code.slice(0, 11) + String((Number(code.slice(11)) + 1) % 10);
  const ben = stage.node('Ben');
  await ben.up([...ALONE, '--peer', address]);
  for (let tries = 1; tries <= 5; tries += 1) {
    const refused = await ben.kith(['join', wrong, '--as', 'Ben', '--json']);
    assert.equal(refused.code, 1);
    assert.equal(failure(refused).code, 'wrong-code', `try ${String(tries)}`);
    assert.notEqual(failure(refused).next, null);
  }
  const closed = await ben.kith(['join', code, '--as', 'Ben', '--json']);
  assert.equal(failure(closed).code, 'invitation-withdrawn');
  const { invites } = await ada.call('invites', {});
  assert.deepEqual(
    invites.map(({ status }) => status),
    ['withdrawn'],
  );
  const { code: another = '' } = await ada.call('invite', { form: 'code' });
  await ben.json(['join', another, '--as', 'Ben']);
});

scene('an invitation that is over is refused, and why is said', async (stage) => {
  const ada = await stage.founder('Ada', ALONE);
  const refusal = async (name: string, link: string): Promise<string> => {
    const outcome = await stage.node(name).kith(['join', link, '--as', name, '--json']);
    assert.equal(outcome.code, 1);
    assert.equal(outcome.stdout, '');
    return failure(outcome).code;
  };
  const used = await ada.json<NewInvite>(['invite']);
  await stage.node('Ben').json(['join', used.link ?? '', '--as', 'Ben']);
  assert.equal(await refusal('Replay', used.link ?? ''), 'invitation-used-up');

  const withdrawn = await ada.json<NewInvite>(['invite']);
  await ada.json(['invite', 'withdraw', withdrawn.id.slice(0, 8)]);
  assert.equal(await refusal('Late', withdrawn.link ?? ''), 'invitation-withdrawn');

  const short = await ada.json<NewInvite>(['invite', '--expires', '1s']);
  await until('it has expired', async () => {
    const invites = await ada.list<Invite>(['invite', 'list']);
    return invites.find(({ id }) => id === short.id)?.status === 'expired';
  });
  assert.equal(await refusal('Later', short.link ?? ''), 'invitation-expired');
  const names = (await ada.list<Member>(['members'])).map(({ name }) => name);
  assert.deepEqual(names, ['Ada', 'Ben']);
});

scene('joining works with no node running, and says what it waits for', async (stage) => {
  const cables = machines(stage, 2);
  const ada = await stage.founder('Ada', [], on(cables[0]));
  const ben = stage.node('Ben', on(cables[1]));
  const { code } = await ada.json<NewInvite>(['invite', '--code']);
  const typed = (code ?? '').replace(/(...)(?=.)/g, '$1 ').split(' ');
  const { code: exit, stdout, stderr } = await ben.kith(['join', ...typed, '--as', 'Ben']);
  assert.equal(exit, 0, stderr);
  assert.match(stdout, /^You are in Camp North: 2 Ben, member\.\n$/);
  assert.match(stderr, /^Looking for a node of the network\.\n/);
  assert.match(stderr, /kith up/);
  await ben.up();
  await until('they find each other', () => isLinkedWith(ben, 'Ada'));
});
