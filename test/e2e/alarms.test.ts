/** Alarms over five real nodes: an admin, two members, a reader, and one that is off when it matters. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import type { Alarm } from '../../src/api/contract.ts';
import type { NodeProcess, Outcome } from '../../scripts/nodes/node-process.ts';
import { until } from '../../scripts/nodes/until.ts';
import { admit, scene, step, type Stage } from '../support/stage.ts';

const ALONE = ['--no-mdns', '--listen', '127.0.0.1:0'];

interface Five {
  readonly ada: NodeProcess;
  readonly ben: NodeProcess;
  readonly cho: NodeProcess;
  /** A reader. */
  readonly rea: NodeProcess;
  readonly dao: NodeProcess;
  /** How to start one of them again so that it finds the others. */
  readonly peers: readonly string[];
}

async function five(stage: Stage): Promise<Five> {
  const ada = await stage.founder('Ada', ALONE);
  const address = (await ada.call('status', {})).listening[0] ?? '';
  const peers = [...ALONE, '--peer', address];
  const others = ['Ben', 'Cho', 'Rea', 'Dao'].map((name) => stage.node(name));
  const [ben, cho, rea, dao] = others as [NodeProcess, NodeProcess, NodeProcess, NodeProcess];
  for (const node of others) {
    await node.up(peers);
    await admit(ada, node, node === rea ? 'reader' : 'member');
  }
  await until('all are in step', async () => {
    const all = await Promise.all([ada, ...others].map((node) => node.call('status', {})));
    return all.every(({ neighbours, rollHead }) => neighbours > 0 && rollHead === all[0]?.rollHead);
  });
  // The reader and Ben know each other's address, so that no alarm hangs on the founder alone.
  const { listening } = await ben.call('status', {});
  for (const node of [cho, rea]) await node.call('addPeer', { address: listening[0] ?? '' });
  return { ada, ben, cho, rea, dao, peers };
}

function alarmOn(node: NodeProcess, id: string): Promise<Alarm> {
  return until(`${node.name} has the alarm`, () => node.call('alarm', { id }));
}

function status(
  node: NodeProcess,
  what: string,
  id: string,
  fits: (alarm: Alarm) => boolean,
): Promise<Alarm> {
  return until(`${node.name}: ${what}`, async () => {
    const alarm = await node.call('alarm', { id });
    return fits(alarm) ? alarm : undefined;
  });
}

async function refuses(run: Promise<Outcome>, code: string): Promise<void> {
  const { stderr, code: exit } = await run;
  assert.equal(exit, 1, stderr);
  assert.equal((JSON.parse(stderr) as { code: string }).code, code);
}

scene(
  'an alarm is raised with nothing but a text, and everybody is accounted for by name',
  async (stage, t) => {
    const { ada, ben, cho, rea, dao, peers } = await five(stage);
    const heard = new AbortController();
    const events: string[] = [];
    void (async () => {
      for await (const event of rea.client.events(heard.signal))
        if (event.type === 'alarm') events.push(`${event.change} ${event.headline}`);
    })();
    let id = '';

    await step(t, 'members and a reader have it, whoever is off is missing', async () => {
      await dao.stop();
      const raised = await ben.json<Alarm>(['alarm', 'raise', 'Fire at gate 2']);
      id = raised.id;
      assert.match(id, /^[0-9a-f]{64}$/);
      assert.equal(raised.by, 2);
      assert.ok(!raised.received.includes(5) && raised.missing.includes(5));
      const all = await status(ben, 'three have it', id, ({ received }) => received.length === 3);
      assert.deepEqual([all.received, all.seen, all.missing], [[1, 3, 4], [], [5]]);
      assert.deepEqual(
        all.members.map(({ member, name }) => `${String(member)} ${name}`),
        ['1 Ada', '3 Cho', '4 Rea', '5 Dao'],
      );
      await until('the reader was told', () => events.includes('raised Fire at gate 2'));
    });

    await step(t, 'who has seen it is known to all by name, a reader too', async () => {
      await rea.json(['alarm', 'ack', id.slice(0, 8)]);
      await cho.json(['alarm', 'ack', id]);
      for (const node of [ada, ben, cho, rea])
        assert.deepEqual(
          (await status(node, 'two saw it', id, ({ seen }) => seen.length === 2)).seen,
          [3, 4],
        );
      const [listed] = await ada.list<Alarm>(['alarm', 'list']);
      assert.equal(listed?.id, id);
      const { stdout } = await ada.kith(['alarm', 'status', id.slice(0, 8)]);
      assert.match(stdout, /3 of 4 have it, 2 have seen it, 1 missing/);
      assert.match(stdout, /4 +Rea/);
    });

    await step(t, 'who was away gets it on coming back, and is named', async () => {
      await dao.up(peers);
      const there = await alarmOn(dao, id);
      assert.deepEqual([there.headline, there.seenHere], ['Fire at gate 2', false]);
      await status(ben, 'nobody is missing', id, ({ missing }) => missing.length === 0);
    });

    await step(t, 'only who raised it or an admin can change it', async () => {
      await refuses(cho.kith(['alarm', 'cancel', id, '--json']), 'not-entitled');
      await refuses(cho.kith(['alarm', 'update', id, 'All is well', '--json']), 'not-entitled');
      await refuses(rea.kith(['alarm', 'raise', 'I am a reader', '--json']), 'role-writes-nothing');
      await refuses(cho.kith(['alarm', 'status', 'ffff', '--json']), 'unknown-alarm');
      const updated = await ben.json<Alarm>([
        'alarm',
        'update',
        id,
        'It has reached gate 3',
        '--severity',
        'extreme',
      ]);
      assert.deepEqual([updated.id, updated.severity, updated.seen], [id, 'Extreme', []]);
      await status(rea, 'the update is there', id, ({ headline }) => headline === 'It has reached gate 3');
      await ada.json(['alarm', 'cancel', id, 'The fire is out']);
      for (const node of [ben, cho, rea, dao]) {
        const over = await status(node, 'it is called off', id, ({ phase }) => phase === 'cancelled');
        assert.deepEqual([over.cancelled?.by, over.cancelled?.text], [1, 'The fire is out']);
      }
      await refuses(ben.kith(['alarm', 'update', id, 'Again', '--json']), 'alarm-over');
      assert.deepEqual(await ben.list(['alarm', 'list']), []);
    });

    await step(t, 'a drill is one everywhere', async () => {
      const drill = await ada.json<Alarm>(['alarm', 'raise', 'Fire drill', '--drill']);
      const there = await alarmOn(rea, drill.id);
      assert.deepEqual([there.drill, there.status], [true, 'Exercise']);
      assert.match((await rea.kith(['alarm', 'list'])).stdout, /DRILL/);
      const { stdout } = await rea.kith(['alarm', 'status', drill.id, '--cap']);
      assert.match(stdout, /<status>Exercise<\/status>/);
      await ada.json(['alarm', 'cancel', drill.id]);
    });

    await step(t, 'CAP goes in and out; a DTD does not', async () => {
      const { stdout: cap } = await ben.kith(['alarm', 'status', id, '--cap']);
      assert.match(cap, /<msgType>Cancel<\/msgType>/);
      const file = stage.path('warning.xml');
      await writeFile(file, CAP);
      const raised = await ada.json<Alarm>(['alarm', 'raise', '--cap', file]);
      assert.deepEqual(
        [raised.headline, raised.severity, raised.cap?.identifier],
        ['Hohe Gefahr', 'Severe', 'warn-7'],
      );
      await alarmOn(rea, raised.id);
      await refuses(ada.kith(['alarm', 'raise', '--cap', file, '--json']), 'already-raised');
      await writeFile(file, CAP.replace('<alert', '<!DOCTYPE alert [<!ENTITY x "y">]><alert'));
      await refuses(ada.kith(['alarm', 'raise', '--cap', file, '--json']), 'dtd-refused');
      await writeFile(file, CAP.replace('Severe', 'Terrible'));
      await refuses(ada.kith(['alarm', 'raise', '--cap', file, '--json']), 'bad-cap');
    });
    heard.abort();
  },
);

scene('an alarm outlives who raised it', async (stage) => {
  const { ada, ben, cho, rea, dao } = await five(stage);
  const raised = await ben.call('raiseAlarm', { text: 'The dam breaks' });
  await ben.kill();
  // The answer named at least one who had it; it goes on from there, whoever is gone.
  assert.ok(raised.received.length > 0);
  for (const node of [ada, cho, rea, dao])
    await until(
      `${node.name} has it`,
      async () => (await alarmOn(node, raised.id)).headline === 'The dam breaks',
    );
  await status(ada, 'all four have it', raised.id, ({ received }) => received.length === 4);
});

scene('what was not seen in time is told to the admins', async (stage) => {
  const { ada, cho, rea } = await five(stage);
  const told: string[] = [];
  const heard = new AbortController();
  void (async () => {
    for await (const event of ada.client.events(heard.signal))
      if (event.type === 'alarm') told.push(event.change);
  })();
  const raised = await cho.json<Alarm>(['alarm', 'raise', 'Snake in tent 4', '--escalate-after', '1s']);
  await until('the admin was told that some have not seen it', () => told.includes('escalated'));
  const { escalated } = await rea.call('alarm', { id: raised.id });
  assert.deepEqual([escalated?.to, escalated?.unseen], [[1], [1, 2, 4, 5]]);
  heard.abort();
});

const CAP = `<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
  <identifier>warn-7</identifier>
  <sender>weather@example.org</sender>
  <sent>2026-11-28T10:00:00+06:30</sent>
  <status>Actual</status>
  <msgType>Alert</msgType>
  <scope>Public</scope>
  <info>
    <category>Met</category>
    <event>Storm</event>
    <urgency>Expected</urgency>
    <severity>Severe</severity>
    <certainty>Likely</certainty>
    <expires>2099-01-01T00:00:00+00:00</expires>
    <headline>Hohe Gefahr</headline>
    <area><areaDesc>Coast</areaDesc><circle>20.1,92.9 25</circle></area>
  </info>
</alert>
`;
