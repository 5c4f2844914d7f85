/** A reader asks members for news: the next one when one is dead, and plain words when nobody is there. */
import assert from 'node:assert/strict';
import { isKithError, type Answer } from '../../src/api/contract.ts';
import type { NodeProcess } from '../../scripts/nodes/node-process.ts';
import { until } from '../../scripts/nodes/until.ts';
import { admit, scene, step } from '../support/stage.ts';

const ALONE = ['--no-mdns', '--listen', '127.0.0.1:0'];

async function refresh(node: NodeProcess, attempts: number): Promise<Answer<'refreshRecords'>[]> {
  const steps: Answer<'refreshRecords'>[] = [];
  for await (const one of node.client.lines('refreshRecords', { attempts })) steps.push(one);
  return steps;
}

async function names(node: NodeProcess, text: string): Promise<string[]> {
  return (await node.call('searchRecords', { text })).records.map(({ fields }) => fields['full_name'] ?? '');
}

scene('a reader asks for news', async (stage, t) => {
  const ada = await stage.founder('Ada', ALONE);
  const [ben, ray] = [stage.node('Ben'), stage.node('Ray')];
  await ben.up(ALONE);
  await admit(ada, ben);
  await ray.up(ALONE);
  await admit(ada, ray, 'reader');
  await ada.call('addRecord', { fields: { full_name: 'Rahima Begum', age: 30 } });
  await until('Ray is linked with both, and up to date', async () => {
    const { peers } = await ray.call('peers', {});
    return peers.length === 2 && (await names(ray, 'rahima')).length === 1;
  });

  await step(t, 'a member that is linked answers at once, and says that nothing is new', async () => {
    const done = (await refresh(ray, 3)).at(-1);
    assert.ok(done?.step === 'done' && done.entries === 0 && done.asked.length === 1);
    assert.ok(['Ada', 'Ben'].includes(done.name));
    assert.ok(Math.abs(Date.parse(done.asOf ?? '') - Date.now()) < 60_000);
  });

  await step(t, 'of two members one is dead: the other one brings what is new', async () => {
    await ray.stop();
    await ben.kill();
    await ada.call('addRecord', { fields: { full_name: 'Karim Rahman', age: 41 } });
    await ray.up(ALONE);
    const done = (await refresh(ray, 6)).at(-1);
    assert.ok(done?.step === 'done');
    assert.equal(done.name, 'Ada');
    assert.ok(done.asked.every(({ name, outcome }) => (name === 'Ben') === (outcome !== 'answered')));
    assert.deepEqual(await names(ray, 'karim'), ['Karim Rahman']);
  });

  await step(t, 'when none is alive it says so, and as of when is what it has', async () => {
    await ada.kill();
    const failed = await refresh(ray, 2).then(
      () => undefined,
      (error: unknown) => error,
    );
    assert.ok(isKithError(failed, 'nobody-answered'), String(failed));
    assert.match(failed.message, /No member answered.*(Ada|Ben).*as of 20\d\d-/);
    assert.ok(failed.next !== undefined);
    const { records, asOf } = await ray.call('searchRecords', { text: 'karim' });
    assert.equal(records.length, 1);
    assert.ok(asOf !== null && Date.parse(asOf) <= Date.now());
    const { code, stderr } = await ray.kith(['record', 'refresh', '--attempts', '1']);
    assert.equal(code, 1);
    assert.match(stderr, /No member answered/);
    assert.match((await ray.kith(['record', 'search', 'karim'])).stderr, /As of \d{4}-/);
  });

  await step(t, 'it knows as of when after it was killed, too', async () => {
    const before = (await ray.call('searchRecords', { text: 'karim' })).asOf ?? '';
    await ray.stop();
    await ray.up(ALONE);
    const { asOf } = await ray.call('searchRecords', { text: 'karim' });
    assert.equal(asOf, before);
  });
});
