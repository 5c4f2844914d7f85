/**
 * What keeps nodes apart, produced for real and then explained: by cables, switches and routes in network namespaces
 * where this machine allows them, by peers with another clock or version that speak kith's own transport.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { Lan } from '../../scripts/nodes/lan.ts';
import type { NodeProcess } from '../../scripts/nodes/node-process.ts';
import { until } from '../../scripts/nodes/until.ts';
import type { Finding, Status } from '../../src/api/contract.ts';
import { clockAhead, NO_FAKE_CLOCK } from '../support/fake-clock.ts';
import { FakePeer } from '../support/fake-peer.ts';
import { admit, scene } from '../support/stage.ts';

const skip = Lan.isPossible() ? false : 'this machine allows no network namespaces';
const ALONE = ['--no-mdns', '--listen', '127.0.0.1:0'];

interface Told {
  readonly code: number | null;
  readonly findings: readonly Finding[];
  readonly stderr: string;
}

async function doctor(node: NodeProcess, ...who: string[]): Promise<Told> {
  const { code, stdout, stderr } = await node.kith(['doctor', ...who, '--json']);
  const lines = stdout.split('\n').filter((line) => line !== '');
  return { code, stderr, findings: lines.map((line) => JSON.parse(line) as Finding) };
}

/** Until the doctor says it, and then: as a fault, with exit code 1, and in words to a person. */
async function finds(node: NodeProcess, code: string, ...who: string[]): Promise<Finding> {
  const isMeant = (finding: Finding): boolean =>
    finding.code === code && (who.length === 0 || who.includes(finding.about));
  const told = await until(`the doctor says ${code}`, async () => {
    const now = await doctor(node, ...who);
    return now.findings.some(isMeant) && now;
  });
  const found = told.findings.find(isMeant);
  assert.ok(found !== undefined);
  assert.equal(found.severity, 'wrong', JSON.stringify(found));
  assert.equal(told.code, 1);
  const people = await node.kith(['doctor', ...who]);
  assert.ok(people.stdout.includes(found.message), people.stdout);
  assert.ok(people.stdout.includes(found.next));
  return found;
}

function addressOf({ listening: [first] }: Status): string {
  return first ?? '';
}

scene('port closed: nothing listens there any more', async (stage) => {
  const ada = await stage.founder('Ada', ALONE);
  const squatter = createServer();
  squatter.listen(0, '127.0.0.1');
  await once(squatter, 'listening');
  const { port } = squatter.address() as AddressInfo;
  squatter.close();
  const found = await finds(ada, 'port-closed', `127.0.0.1:${String(port)}`);
  assert.match(found.message, new RegExp(String(port)));
  // It says the same of its own accord, of an address that it tries by itself.
  await stage.node('Ben').up([...ALONE, '--peer', `127.0.0.1:${String(port)}`]);
  const tried = await ada.kith(['peers', 'add', `127.0.0.1:${String(port)}`]);
  assert.equal(tried.code, 1);
  await finds(ada, 'port-closed');
});

scene('not a member: a node of another network', async (stage) => {
  const ada = await stage.founder('Ada', ALONE);
  const mallory = await stage.founder('Mallory', ALONE);
  await finds(ada, 'not-a-member', addressOf(await mallory.call('status', {})));
  // With an invitation out, her own gate lets strangers knock: now it is Mallory's that refuses.
  await ada.call('invite', {});
  const refused = await finds(ada, 'not-a-member', addressOf(await mallory.call('status', {})));
  assert.match(refused.message, /lets this device not in/);
  const { findings } = await doctor(mallory);
  assert.ok(
    findings.some(({ code, severity }) => code === 'stranger' && severity === 'notice'),
    JSON.stringify(findings),
  );
});

scene('version too old, on either side', async (stage, t) => {
  const ada = await stage.founder('Ada', ALONE);
  await ada.call('invite', {});
  const older = await FakePeer.start(t, { version: 0, seed: randomBytes(32) });
  const newer = await FakePeer.start(t, { version: 2, seed: randomBytes(32) });
  assert.match((await finds(ada, 'version-mismatch', older.address)).next, /other one/);
  assert.match((await finds(ada, 'version-mismatch', newer.address)).message, /This kith is too old/);
  // And the other way round: who comes hears of it too.
  assert.equal(await newer.greet(addressOf(await ada.call('status', {}))), 1);
  const { findings } = await doctor(ada);
  assert.ok(findings.filter(({ code }) => code === 'version-mismatch').length >= 3);
});

scene(
  'clock off: members whose machines are half an hour and three hours ahead',
  async (stage) => {
    const ada = await stage.founder('Ada', ALONE);
    const ben = stage.node('Ben', { env: clockAhead('+30m') });
    await ben.up(ALONE);
    await ada.call('status', {});
    await admit(ada, ben);
    assert.match((await finds(ada, 'clock-off')).message, /Ben is 30 minutes ahead/);
    assert.match((await finds(ben, 'clock-off')).message, /Ada is 30 minutes behind/);
    // However far off: no clock has to be right for a link.
    await ben.stop();
    await ben.up(ALONE, clockAhead('+3h'));
    assert.match((await finds(ada, 'clock-off')).message, /Ben is 3 hours ahead/);
  },
  { skip: NO_FAKE_CLOCK },
);

scene(
  'no route: a machine on a network to which no way leads',
  async (stage) => {
    const lan = stage.lan();
    const [camp, away] = [lan.machine('camp'), lan.machine('away')];
    const ada = await stage.founder('Ada', [], { machine: camp });
    const found = await finds(ada, 'no-route', `${away.address}:5484`);
    assert.match(found.next, /hub/);
    // A neighbour on the same wire that is gone is something else.
    const gone = lan.machine('camp');
    gone.unplug();
    await finds(ada, 'neighbour-silent', `${gone.address}:5484`);
    // Nor does a machine without any network blame the others.
    camp.run('ip', 'address', 'flush', 'dev', 'eth0');
    await finds(ada, 'no-network-interface');
  },
  { skip },
);

scene(
  'multicast blocked: by the switch, and by the machine itself',
  async (stage) => {
    const lan = stage.lan();
    const machines = [lan.machine(), lan.machine()] as const;
    for (const machine of machines) machine.deafen();
    const ada = await stage.founder('Ada', [], { machine: machines[0] });
    const ben = await stage.joiner(ada, 'Ben', [], { machine: machines[1] });
    assert.match((await finds(ada, 'multicast-blocked')).message, /^Ben is on the same network/);
    await finds(ben, 'multicast-blocked');
    // A machine that refuses to be in any multicast group, as some hardened ones do.
    await ben.stop();
    machines[1].set('net/ipv4/igmp_max_memberships', 0);
    await ben.up();
    await until('Ben says that it is this machine', async () =>
      (await doctor(ben)).findings.some(({ message }) =>
        message.startsWith('This machine does not let kith look'),
      ),
    );
  },
  { skip },
);

scene('all is well, nobody is there, and no node runs', async (stage) => {
  const node = stage.node('Ada');
  const down = await node.kith(['doctor', '--json']);
  assert.equal(down.code, 1);
  assert.match(down.stderr, /"code":"no-node".*kith up/);
  await node.up(ALONE);
  const empty = await doctor(node);
  assert.deepEqual([empty.code, empty.findings.map(({ code }) => code)], [0, ['no-network']]);
  await node.call('found', { network: 'Camp North', name: 'Ada' });
  assert.deepEqual(
    (await doctor(node)).findings.map(({ code }) => code),
    ['alone'],
  );
  const ben = await stage.joiner(node, 'Ben', ALONE);
  await until('all is well', async () => (await doctor(node)).findings.length === 0);
  const well = await ben.kith(['doctor', 'Ada']);
  assert.equal(well.code, 0);
  assert.match(well.stdout, /^ok .*Ada is linked/);
  assert.match((await ben.kith(['doctor', 'Nobody', '--json'])).stderr, /"code":"unknown-member"/);
});
