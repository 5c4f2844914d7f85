/**
 * Nodes behind two switches with no way from one to the other, and a hub that has a leg in each and forwards nothing.
 * Network namespaces are needed; where this machine allows none, nothing here is shown.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Lan, type Between, type Machine } from '../../scripts/nodes/lan.ts';
import { texts, write } from '../../scripts/nodes/entries.ts';
import type { NodeProcess } from '../../scripts/nodes/node-process.ts';
import { until } from '../../scripts/nodes/until.ts';
import type { Hub, Peer } from '../../src/api/contract.ts';
import { admit, scene, step, type Stage } from '../support/stage.ts';

const skip = Lan.isPossible() ? false : 'this machine allows no network namespaces';
/** What members write and a hub must never hold. */
const MARKER = 'the red door behind the school';

async function linkTo(node: NodeProcess, name: string): Promise<Peer | undefined> {
  return (await node.call('peers', {})).peers.find((peer) => peer.name === name);
}

async function isLinked(node: NodeProcess, name: string, how: Peer['link']): Promise<boolean> {
  return (await linkTo(node, name))?.link === how;
}

async function knowsText(node: NodeProcess, text: string): Promise<boolean> {
  return (await texts(node)).includes(text);
}

interface Site {
  readonly ada: NodeProcess;
  readonly hub: NodeProcess;
  readonly camp: Machine;
  readonly at: Between;
  readonly lan: Lan;
}

/** In Camp North an admin and a hub that is a mere relay; the hub's addresses are listed. */
async function withHub(stage: Stage): Promise<Site> {
  const lan = stage.lan();
  const [camp, at] = [lan.machine('camp'), lan.between()];
  const ada = await stage.founder('Ada', ['--no-mdns'], { machine: camp });
  const hub = stage.node('Hub', { under: at.under });
  await hub.up(['--hub', '--no-mdns', '--listen', ':5484']);
  await admit(ada, hub, 'relay');
  for (const address of (await hub.call('status', {})).listening.filter((own) => own.startsWith('/ip4/')))
    await ada.json(['hubs', 'add', address]);
  await until('the hub serves Ada', async () => (await hubOf(ada))?.serves === true);
  return { ada, hub, camp, at, lan };
}

async function hubOf(node: NodeProcess): Promise<Hub | undefined> {
  return (await node.call('hubs', {})).hubs.find(({ linked }) => linked);
}

/** Everything below a folder, as bytes. */
function held(folder: string): Buffer {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  return Buffer.concat(files.map((file) => readFileSync(join(file.parentPath, file.name))));
}

scene(
  'two nodes that share no network meet through a hub that reads nothing',
  async (stage, t) => {
    const { ada, hub, at, lan } = await withHub(stage);
    const ben = stage.node('Ben', { machine: lan.machine('away') });
    const nobody = lan.machine('away');

    await step(t, 'there is no way but the hub', async () => {
      const [direct = ''] = (await ada.call('status', {})).listening;
      assert.match(direct, /^\/ip4\/10\.77\./);
      assert.throws(() => {
        nobody.run('ping', '-c1', '-W1', /10\.77[.\d]+/.exec(direct)?.[0] ?? '');
      });
    });

    await step(t, 'one joins with a link that names the hub, though the hub can admit nobody', async () => {
      await ben.up(['--no-mdns']);
      const joined = await admit(ada, ben);
      assert.equal(joined.name, 'Ben');
    });

    await step(t, 'both have a relayed link, and say so', async () => {
      await until('Ben is linked with Ada', () => isLinked(ben, 'Ada', 'relayed'));
      await until('Ada is linked with Ben', () => isLinked(ada, 'Ben', 'relayed'));
      assert.equal((await linkTo(ben, 'Hub'))?.link, 'direct');
      const { listening } = await ben.call('status', {});
      assert.ok(
        listening.some((address) => address.includes('/p2p-circuit/')),
        listening.join('\n'),
      );
      const peers = await ben.json<Peer>(['peers']);
      assert.ok(['relayed', 'direct'].includes(peers.link));
    });

    await step(t, 'what each writes is with the other, and a round trip is measured', async () => {
      await write(ada, [`${MARKER} from Ada`], { audience: 'public' });
      await write(ada, ['for members']);
      await write(ben, [`${MARKER} from Ben`]);
      await until('Ben has it', () => knowsText(ben, `${MARKER} from Ada`));
      await until('Ada has it', () => knowsText(ada, `${MARKER} from Ben`));
      await until('pings go there and back', async () => ((await linkTo(ben, 'Ada'))?.rttMs ?? 0) > 0);
    });

    await step(t, 'the hub holds nothing of it', async () => {
      assert.deepEqual(await texts(hub), []);
      assert.equal(held(hub.data).includes(MARKER), false);
      assert.equal(held(ben.data).includes(MARKER), true, 'the scan would find it');
    });

    await step(
      t,
      'the hub is killed and comes back: so do the links, and what was written meanwhile',
      async () => {
        await hub.kill();
        await until('they have lost each other', async () => (await linkTo(ben, 'Ada')) === undefined);
        await write(ada, ['while the hub was down']);
        await hub.up(['--hub', '--no-mdns', '--listen', ':5484']);
        await until('Ben is linked with Ada again', () => isLinked(ben, 'Ada', 'relayed'));
        await until('Ben has caught up', () => knowsText(ben, 'while the hub was down'));
      },
    );

    await step(t, 'a hub that passes nothing on, and nobody at its address, are said in words', async () => {
      const { listening } = await ada.call('status', {});
      const through = listening.find((address) => address.includes(at.away)) ?? '';
      await hub.stop();
      const closed = await ben.kith(['peers', 'add', through, '--json']);
      assert.match(closed.stderr, /"code":"unreachable"/);
      await hub.up(['--no-mdns', '--listen', ':5484']);
      await until('the hub is linked, as a plain node', () => isLinked(ben, 'Hub', 'direct'));
      const wrong = await ben.kith(['peers', 'add', through, '--json']);
      assert.match(wrong.stderr, /"code":"unreachable".*passes nothing on/);
      assert.match(wrong.stderr, /kith up --hub/);
    });
  },
  { skip },
);

scene(
  'a relayed link gives way to a direct one as soon as there is a way',
  async (stage) => {
    const { ada, camp, lan } = await withHub(stage);
    const machine = lan.machine('away');
    const ben = await stage.joiner(ada, 'Ben', ['--no-mdns'], { machine });
    await until('Ben is linked with Ada', () => isLinked(ben, 'Ada', 'relayed'));
    // A cable from switch to switch; nothing announces itself over it.
    lan.joinRooms();
    machine.run('ip', 'route', 'add', camp.address, 'dev', 'eth0');
    camp.run('ip', 'route', 'add', machine.address, 'dev', 'eth0');
    await until('they need the hub no more', () => isLinked(ben, 'Ada', 'direct'));
    await until('nor on the other side', () => isLinked(ada, 'Ben', 'direct'));
  },
  { skip },
);

scene('a hub is listed by an admin, and says so where it is none', async (stage) => {
  const ada = await stage.founder('Ada', ['--no-mdns', '--listen', '127.0.0.1:0', '--hub']);
  const { hubs } = await ada.call('hubs', {});
  assert.deepEqual(
    hubs.map(({ self, name }) => [self, name]),
    [[true, 'Ada']],
  );
  const ben = await stage.joiner(ada, 'Ben', ['--no-mdns', '--listen', '127.0.0.1:0']);
  const [own = ''] = (await ben.call('status', {})).listening;
  const refused = await ben.kith(['hubs', 'add', own, '--json']);
  assert.match(refused.stderr, /"code":"not-an-admin"/);
  const vague = await ada.kith(['hubs', 'add', 'hub.example.org', '--json']);
  assert.match(vague.stderr, /"code":"bad-address".*which device/);
  await ada.json(['hubs', 'add', own]);
  await until('Ben hears that it is a hub', async () => (await ben.call('hubs', {})).hubs.length === 2);
  await ada.kith(['hubs', 'remove', own]);
  assert.equal((await ada.call('hubs', {})).hubs.length, 1);
  const unknown = await ada.kith(['hubs', 'remove', own, '--json']);
  assert.match(unknown.stderr, /"code":"unknown-hub"/);
});
