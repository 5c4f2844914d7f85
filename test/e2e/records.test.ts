/** The registry over real nodes: found by all, edited by its home, seen by readers in part, and erased down to the disk. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, openSync, readSync, closeSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  isKithError,
  type RecordDetail,
  type RecordErasure,
  type RecordHit,
} from '../../src/api/contract.ts';
import type { NodeProcess } from '../../scripts/nodes/node-process.ts';
import { until } from '../../scripts/nodes/until.ts';
import { admit, scene, step, type Stage } from '../support/stage.ts';

const ALONE = ['--no-mdns', '--listen', '127.0.0.1:0'];

async function addressOf(node: NodeProcess): Promise<string> {
  return (await node.call('status', {})).listening[0] ?? '';
}

async function joined(
  stage: Stage,
  admin: NodeProcess,
  name: string,
  role: 'member' | 'reader' = 'member',
): Promise<NodeProcess> {
  const node = stage.node(name);
  await node.up(ALONE);
  await admit(admin, node, role);
  return node;
}

async function search(node: NodeProcess, text: string): Promise<readonly RecordHit[]> {
  return (await node.call('searchRecords', { text })).records;
}

/** Undefined while the node has not heard of it. */
async function show(node: NodeProcess, id: string): Promise<RecordDetail | undefined> {
  try {
    return await node.call('record', { id });
  } catch (error) {
    if (isKithError(error, 'unknown-record')) return undefined;
    throw error;
  }
}

async function held(node: NodeProcess, id: string): Promise<RecordDetail> {
  return until(`${node.name} has ${id}`, async () => show(node, id));
}

/** Files of a data folder, the write-ahead log among them, in which one of these stands. */
function filesWith(node: NodeProcess, secrets: readonly string[]): string[] {
  const names = readdirSync(node.data, { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => statSync(join(node.data, name)).isFile())
    .flatMap((name) => {
      const bytes = readFileSync(join(node.data, name));
      return secrets
        .filter((secret) => bytes.includes(secret))
        .map((secret) => `${node.name}/${name}: ${secret}`);
    });
}

/** What lies in a process's memory; undefined where this machine does not let us look. */
function memoryWith(node: NodeProcess, secrets: readonly string[]): string[] | undefined {
  let memory: number;
  try {
    memory = openSync(`/proc/${String(node.pid)}/mem`, 'r');
  } catch {
    return undefined;
  }
  const found = new Set<string>();
  const spellings = secrets.flatMap((secret) =>
    (['utf8', 'utf16le'] as const).map((encoding) => ({ secret, bytes: Buffer.from(secret, encoding) })),
  );
  try {
    for (const line of readFileSync(`/proc/${String(node.pid)}/maps`, 'utf8').split('\n')) {
      const [, from, to, rights] = /^([0-9a-f]+)-([0-9a-f]+) (\S+)/.exec(line) ?? [];
      if (from === undefined || to === undefined || rights?.startsWith('rw') !== true) continue;
      const sizeBytes = parseInt(to, 16) - parseInt(from, 16);
      if (sizeBytes > 256 * 1024 * 1024) continue;
      const bytes = Buffer.alloc(sizeBytes);
      try {
        readSync(memory, bytes, 0, sizeBytes, parseInt(from, 16));
      } catch {
        continue;
      }
      for (const { secret, bytes: spelt } of spellings) if (bytes.includes(spelt)) found.add(secret);
    }
  } finally {
    closeSync(memory);
  }
  return [...found];
}

const SECRETS = {
  home_street: 'Lane of the Seven Wells',
  home_city: 'Buthidaung-Secret',
  description: 'scar-below-left-ear',
  author_phone: '+95 9 4711 0815',
  phones: '+95 9 5522 3344',
  document_numbers: 'NRC-998877',
  case_notes: 'hides-from-her-uncle',
  date_of_birth: '1991-07-23',
};
const MARKS = Object.values(SECRETS);
/** Searching gigabytes takes its time. */
const MARKED = [SECRETS.description, SECRETS.author_phone];

scene(
  'a registry over five nodes',
  async (stage, t) => {
    const ada = await stage.founder('Ada', ALONE);
    const ben = await joined(stage, ada, 'Ben');
    const cho = await joined(stage, ada, 'Cho');
    const dan = await joined(stage, ada, 'Dan');
    const ray = await joined(stage, ada, 'Ray', 'reader');
    const all = [ada, ben, cho, dan, ray];
    let id = '';

    await step(t, 'is found by every node, in whatever script', async () => {
      const added = await ada.call('addRecord', {
        fields: { full_name: 'Rahima Begum', sex: 'female', home_state: 'Rakhine', ...SECRETS },
      });
      id = added.id;
      for (const node of all) await held(node, id);
      for (const node of all) assert.equal((await search(node, 'রহিমা'))[0]?.id, id, node.name);
    });

    await step(t, 'shows readers the public part alone, and their nodes hold nothing else', async () => {
      const { fields } = await held(ray, id);
      assert.deepEqual(Object.keys(fields).sort(), [
        'age',
        'entry_date',
        'full_name',
        'home_state',
        'sex',
        'source_date',
      ]);
      await assert.rejects(ray.call('searchRecords', { text: '' }), (error) =>
        isKithError(error, 'name-needed'),
      );
      await assert.rejects(ray.call('addRecord', { fields: { full_name: 'X' } }), (error) =>
        isKithError(error, 'role-writes-nothing'),
      );
      assert.deepEqual(filesWith(ray, MARKS), []);
      const memory = memoryWith(ray, MARKED);
      if (memory === undefined) t.diagnostic('this machine does not let us look into its memory');
      else assert.deepEqual(memory, [], 'not even for a moment on its way');
      const theirs = memoryWith(ada, MARKED);
      assert.ok(theirs === undefined || theirs.length > 0, 'the search would find it');
    });

    await step(t, 'takes notes of others, and refuses their edits', async () => {
      await assert.rejects(ben.call('editRecord', { id, fields: { age: 40 } }), (error) =>
        isKithError(error, 'not-home'),
      );
      await ben.call('noteRecord', { id, fields: { text: 'in camp 3', status: 'believed_alive' } });
      await until('Ada knows', async () => (await show(ada, id))?.status === 'believed_alive');
      await until('Ray knows', async () => (await show(ray, id))?.status === 'believed_alive');
    });

    await step(t, 'goes on offline, survives kill -9, and merges when they meet again', async () => {
      const address = await addressOf(ada);
      await ben.stop();
      await ben.up(ALONE);
      const offline = await ben.call('addRecord', { fields: { full_name: 'Ko Thura', age: 51 } });
      await ben.kill();
      await ben.up([...ALONE, '--peer', address]);
      assert.equal((await show(ben, offline.id))?.fields['age'], '51');
      for (const node of all) await held(node, offline.id);
    });

    await step(
      t,
      'ends: a placeholder everywhere, all else erased on every disk, and signed for',
      async () => {
        await ada.call('expireRecord', { id });
        for (const node of all)
          await until(`${node.name} heard`, async () => (await show(node, id))?.gone === true);
        const erasure = await until('all have signed, the reader among them', async () => {
          const now = await ada.json<RecordErasure>(['record', 'erasure', id]);
          return now.missing.length === 0 && now.waiting === 0 ? now : undefined;
        });
        const members = await Promise.all(all.map(async (node) => (await node.call('status', {})).member));
        assert.deepEqual(erasure.confirmed, members);
        await until(
          'the reader knows as well who has signed',
          async () => (await ray.call('recordErasure', { id })).missing.length === 0,
        );
        const told = [...MARKS, 'Rahima Begum', 'in camp 3'];
        await until('nothing is left on any disk', async () =>
          all.every((node) => filesWith(node, told).length === 0),
        );
        for (const node of all) {
          assert.equal((await search(node, 'rahima')).length, 0);
          await node.stop();
          assert.deepEqual(filesWith(node, told), []);
        }
      },
    );
  },
  { hangingMs: 600_000 },
);
