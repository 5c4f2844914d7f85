/** A member's device that somebody took over, with keys that are real and frames that are not; and who sees it. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { NodeProcess } from '../../scripts/nodes/node-process.ts';
import { until } from '../../scripts/nodes/until.ts';
import { ALARM_CHANNEL } from '../../src/alarms/service.ts';
import type { MapNode } from '../../src/api/contract.ts';
import { silentLogger } from '../../src/base/ports.ts';
import { createLibp2pTransport } from '../../src/net/libp2p/transport.ts';
import type { Transport } from '../../src/net/ports.ts';
import { openKeys } from '../../src/node/keys.ts';
import { system } from '../../src/node/system.ts';
import { openDatabase } from '../../src/store/database.ts';
import { openMetaStore } from '../../src/store/meta-store.ts';
import { scene, step } from '../support/stage.ts';

const ALONE = ['--no-mdns', '--listen', '127.0.0.1:0'];

/** Speaks with the keys that lie in a node's folder. */
async function impostor(folder: string): Promise<Transport> {
  const database = openDatabase(join(folder, 'kith.db'));
  const { linkSeed } = await openKeys(openMetaStore(database), system.rng, undefined);
  database.close();
  const transport = await createLibp2pTransport({
    ...system,
    linkSeed,
    listen: ['127.0.0.1:0'],
    mdns: false,
    gate: { mayLink: () => true },
    logger: silentLogger,
  });
  await transport.start();
  return transport;
}

/** Each frame ends the channel; so there is a new one for each. */
async function annoy(transport: Transport, address: string): Promise<void> {
  const link = await transport.dial(address, {});
  while (transport.links().includes(link)) {
    const channel = await link.open(ALARM_CHANNEL).catch(() => undefined);
    channel?.send(new Uint8Array(randomBytes(64)));
    await setImmediate();
  }
}

async function seenBy(node: NodeProcess, name: string): Promise<MapNode | undefined> {
  return (await node.call('map', {})).nodes.find((one) => one.name === name);
}

scene('a member’s device that misbehaves', async (stage, t) => {
  const ada = await stage.founder('Ada', ALONE);
  const mal = stage.node('Mal');
  await mal.up(ALONE);
  const { link } = await ada.call('invite', { role: 'member' });
  const asked = { invitation: link ?? '', name: 'Mal', org: 'Red Crescent', place: 'Gate 3' };
  for await (const joining of mal.client.lines('join', asked)) if (joining.step === 'joined') break;
  const { listening } = await ada.call('status', {});
  const address = listening[0] ?? '';

  await step(t, 'is there, with its organisation, place and role', async () => {
    await until('Ada sees it', async () => (await seenBy(ada, 'Mal'))?.status === 'here');
    const { org, place, role, conduct } = (await seenBy(ada, 'Mal')) ?? {};
    assert.deepEqual([org, place, role, conduct], ['Red Crescent', 'Gate 3', 'member', null]);
  });

  await mal.kill();
  const transport = await impostor(mal.data);
  t.after(() => transport.stop());

  await step(t, 'is cut off, and an admin reads why', async () => {
    await annoy(transport, address);
    const conduct = (await seenBy(ada, 'Mal'))?.conduct;
    assert.equal(conduct?.standing, 'cut');
    assert.ok(conduct.until !== null && new Date(conduct.until) > new Date());
    const { stdout } = await ada.kith(['map']);
    assert.match(stdout, /Mal.* is cut off: it sends what cannot be read/);
    await assert.rejects(transport.dial(address, {}), 'and not let in again meanwhile');
  });

  await step(t, 'is removed by that admin', async () => {
    await ada.json(['members', 'revoke', 'Mal', '--yes']);
    const { members } = await ada.call('members', {});
    assert.equal(members.find(({ name }) => name === 'Mal')?.status, 'revoked');
  });
});
