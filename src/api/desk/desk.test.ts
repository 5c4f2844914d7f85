import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { silentLogger } from '../../base/ports.ts';
import { KithError } from '../../base/errors.ts';
import type { RecordDetail, RecordHit } from '../../node/facade-records.ts';
import { createDesk, type PublicRecords } from './desk.ts';
import { PAGE } from './page.ts';

const FOUND: RecordHit = {
  id: 'a.kith/1',
  kind: 'person',
  fields: { full_name: 'Daw Mya', age: '30-34', home_state: 'Yangon', photo_url: 'http://elsewhere/x.jpg' },
  home: 'Aung Aung',
  status: 'believed_alive',
  gone: false,
  conflicts: [],
  score: 0.9,
  reasons: ['names: alike'],
  linked: ['b.kith/2'],
};

function desk(overrides: Partial<PublicRecords> = {}) {
  const asked: unknown[] = [];
  const time = { nowMs: 0 };
  const records: PublicRecords = {
    search: async (question) => {
      asked.push(question);
      return [FOUND];
    },
    asOf: async () => '2026-11-27T10:00:00Z',
    show: async (): Promise<RecordDetail> => ({
      ...FOUND,
      public: true,
      asOf: null,
      notes: [{ ...FOUND, kind: 'note', fields: { status: 'believed_alive', text: 'not for readers' } }],
    }),
    ...overrides,
  };
  const app = createDesk({
    records,
    clock: { monotonicMs: () => time.nowMs },
    logger: silentLogger,
  });
  const get = (path: string, address = '10.0.0.1', init: RequestInit = {}): Promise<Response> =>
    Promise.resolve(app.request(path, init, { address }));
  return { asked, time, get };
}

test('a name is looked for on the public side, and only what a phone shows goes out', async () => {
  const { asked, get } = desk();
  const response = await get('/people/search?name=%20mya%20');
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('cache-control'), 'no-store');
  const { people, asOf } = (await response.json()) as { people: object[]; asOf: string };
  assert.equal(asOf, '2026-11-27T10:00:00Z', 'when this node last heard, and not now');
  assert.deepEqual(people, [
    {
      id: 'a.kith/1',
      status: 'believed_alive',
      fields: { full_name: 'Daw Mya', age: '30-34', home_state: 'Yangon' },
    },
  ]);
  assert.deepEqual(asked, [
    {
      kind: 'person',
      text: 'mya',
      limit: 10,
      status: undefined,
      sex: undefined,
      age: undefined,
      region: undefined,
    },
  ]);
});

test('places, letters and nothing are refused: people are looked for by name', async () => {
  const { asked, get } = desk();
  for (const name of ['', 'a', '%20%20', '12', '--', 'x'.repeat(101)]) {
    const response = await get(`/people/search?name=${name}`);
    assert.equal(response.status, 400, name);
  }
  assert.equal((await get('/people/search?region=Yangon')).status, 400);
  assert.deepEqual(asked, []);
});

test('of one person the notes are told, as readers see them', async () => {
  const { get } = desk();
  const told = (await (await get('/people/one?id=a.kith/1')).json()) as { notes: { fields: object }[] };
  assert.deepEqual(told.notes[0]?.fields, { status: 'believed_alive' });
});

test('what readers do not see is not there', async () => {
  const { get } = desk({
    show: async () => {
      throw new KithError('unknown-record', 'There is no such record here.');
    },
  });
  assert.equal((await get('/people/one?id=x/y')).status, 404);
});

test('who asks too often waits, and others do not', async () => {
  const { time, get } = desk();
  const statuses: number[] = [];
  for (let n = 0; n < 20; n += 1) statuses.push((await get('/people/search?name=mya')).status);
  assert.equal(statuses.filter((status) => status === 200).length, 15);
  const refused = await get('/people/search?name=mya');
  assert.equal(refused.status, 429);
  assert.equal(refused.headers.get('retry-after'), '2');
  assert.equal((await get('/people/search?name=mya', '10.0.0.2')).status, 200);
  assert.equal((await get('/')).status, 200, 'the page itself costs nothing');
  time.nowMs += 2000;
  assert.equal((await get('/people/search?name=mya')).status, 200);
});

test('many together wait, too', async () => {
  const { get } = desk();
  let answered = 0;
  for (let n = 0; n < 200; n += 1)
    if ((await get('/people/search?name=mya', `10.0.1.${String(n)}`)).status === 200) answered += 1;
  assert.equal(answered, 60);
});

test('nothing can be written, and nothing else is there', async () => {
  const { get } = desk();
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'])
    assert.equal((await get('/people/search?name=mya', '10.0.0.1', { method })).status, 404, method);
  for (const path of ['/v1/status', '/v1/records', '/metrics', '/people', '/../api.token'])
    assert.equal((await get(path)).status, 404, path);
});

test('the page is light, and takes nothing from elsewhere', async () => {
  const { get } = desk();
  const response = await get('/', '10.0.0.1', { headers: { 'accept-encoding': 'gzip' } });
  assert.equal(response.headers.get('content-encoding'), 'gzip');
  assert.ok((await response.arrayBuffer()).byteLength <= 60 * 1024);
  assert.ok(gzipSync(PAGE).byteLength <= 60 * 1024);
  assert.doesNotMatch(PAGE, /https?:\/\/|src=|@import|url\(/);
  const policy = response.headers.get('content-security-policy') ?? '';
  assert.match(policy, /default-src 'none'/);
  assert.doesNotMatch(policy, /unsafe/);
});

test('a node that is locked or empty says so', async () => {
  const { get } = desk({
    search: async () => {
      throw new KithError('locked', 'This node is locked.');
    },
  });
  assert.equal((await get('/people/search?name=mya')).status, 503);
});
