import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KithError } from '../base/errors.ts';
import { silentLogger, type Logger } from '../base/ports.ts';
import { BrokenOff, Failure, ROUTES, type RouteName } from './contract.ts';
import type { Asked } from './guard.ts';
import { createApi, type Api } from './server.ts';
import { EVENTS_WAITING, HEARTBEAT_MS } from './streams.ts';
import { ENTRY_ID, fakeNode, type FakeNode, type Overrides } from '../../test/fakes/fake-facade.ts';
import { ManualTimers } from '../../test/sim/manual-timers.ts';

const SOCKET: Asked = { via: 'socket', port: undefined };
const LOOPBACK: Asked = { via: 'loopback', port: 5485 };
const TOKEN = 't'.repeat(43);

interface Setup {
  readonly node: FakeNode;
  readonly api: Api;
  readonly timers: ManualTimers;
  readonly ending: AbortController;
  readonly logged: object[];
}

function setup(options: { overrides?: Overrides; state?: 'empty' | 'locked' | 'running' } = {}): Setup {
  const node = fakeNode(options.overrides, options.state);
  const timers = new ManualTimers();
  const ending = new AbortController();
  const logged: object[] = [];
  const logger: Logger = {
    ...silentLogger,
    error: (fields) => logged.push(fields),
    info: (fields) => logged.push(fields),
  };
  const api = createApi({
    node,
    logger,
    timers,
    ending: ending.signal,
    token: TOKEN,
    tokenFile: '/data/api.token',
    version: '0.1.0',
  });
  return { node, api, timers, ending, logged };
}

async function ask(
  { api }: Setup,
  method: string,
  path: string,
  body?: unknown,
  asked: Asked = SOCKET,
): Promise<Response> {
  const init: RequestInit = { method };
  if (body !== undefined) {
    init.body = typeof body === 'string' ? body : JSON.stringify(body);
    init.headers = { 'content-type': 'application/json' };
  }
  return api.request(path, init, asked);
}

async function failureIn(response: Response): Promise<Failure> {
  return Failure.parse(await response.json());
}

/** One request for each route that gives one answer or a stream that ends. */
const REQUESTS: Readonly<
  Record<Exclude<RouteName, 'events'>, readonly [method: string, path: string, body?: object]>
> = {
  status: ['GET', '/v1/status'],
  stop: ['POST', '/v1/stop'],
  metrics: ['GET', '/metrics'],
  found: ['POST', '/v1/network', { network: 'Camp', name: 'Aung' }],
  join: ['POST', '/v1/network/join', { invitation: 'kith:x' }],
  invite: ['POST', '/v1/invites'],
  invites: ['GET', '/v1/invites'],
  withdrawInvite: ['DELETE', '/v1/invites/a1a1'],
  members: ['GET', '/v1/members'],
  member: ['GET', '/v1/members/Bo'],
  rename: ['PATCH', '/v1/members/2', { name: 'Bo Bo' }],
  setRole: ['PUT', '/v1/members/2/role', { role: 'reader' }],
  setGrant: ['PUT', '/v1/members/2/grants/medical', { given: true }],
  revokeMember: ['POST', '/v1/members/2/revoke'],
  verification: ['GET', '/v1/members/2/verification'],
  confirmVerification: ['POST', '/v1/members/2/verification', { digits: '123456789012' }],
  quarantine: ['GET', '/v1/quarantine'],
  acceptQuarantined: ['POST', '/v1/quarantine/b2b2/accept', {}],
  devices: ['GET', '/v1/devices'],
  linkDevice: ['POST', '/v1/devices/link'],
  revokeDevice: ['POST', '/v1/devices/a1a1/revoke'],
  peers: ['GET', '/v1/peers'],
  addPeer: ['POST', '/v1/peers', { address: '10.0.0.1:5484' }],
  bye: ['POST', '/v1/peers/bye'],
  map: ['GET', '/v1/map'],
  path: ['GET', '/v1/map/path?to=Bo'],
  hubs: ['GET', '/v1/hubs'],
  addHub: ['POST', '/v1/hubs', { address: '/ip4/192.0.2.7/tcp/5484/p2p/12D3KooW' }],
  removeHub: ['POST', '/v1/hubs/remove', { address: '/ip4/192.0.2.7/tcp/5484/p2p/12D3KooW' }],
  doctor: ['GET', '/v1/doctor?who=2'],
  log: ['GET', '/v1/log?net=true&lines=5'],
  exportBundle: ['POST', '/v1/bundles/export', { path: '/tmp/a' }],
  importBundle: ['POST', '/v1/bundles/import', { path: '/tmp/a' }],
  backup: ['POST', '/v1/backup', { path: '/tmp/a', passphrase: 'p' }],
  restore: ['POST', '/v1/restore', { path: '/tmp/a', passphrase: 'p' }],
  lock: ['POST', '/v1/lock', { newPassphrase: 'p' }],
  unlock: ['POST', '/v1/unlock', { passphrase: 'p' }],
  appendEntries: [
    'POST',
    '/v1/entries',
    { entries: [{ kind: 'x-test', audience: 'members', payload: Buffer.from('hi').toString('base64') }] },
  ],
  entries: ['GET', '/v1/entries?kind=x-test&limit=2'],
  eraseEntries: ['POST', '/v1/entries/erase', { ids: [ENTRY_ID] }],
  sendLetter: ['POST', '/v1/letters', { to: ['Bo'], text: 'See you at noon' }],
  letter: ['GET', '/v1/letters/d4d4'],
  sentLetters: ['GET', `/v1/letters?limit=5&before=${'d4'.repeat(16)}`],
  inbox: ['GET', '/v1/inbox?unread=true&limit=5'],
  markRead: ['POST', '/v1/inbox/read', { ids: ['d4d4d4d4'] }],
  mailSettings: ['GET', '/v1/mail/settings'],
  changeMailSettings: ['PUT', '/v1/mail/settings', { readReceipts: false }],
  createRoom: ['POST', '/v1/rooms', { name: 'Doctors', who: ['Bo'] }],
  rooms: ['GET', '/v1/rooms'],
  room: ['GET', '/v1/rooms/Doctors'],
  acceptRoom: ['POST', '/v1/rooms/Doctors/accept'],
  postToRoom: ['POST', '/v1/rooms/Doctors/messages', { text: 'Water is back' }],
  readRoom: ['GET', '/v1/rooms/Doctors/messages?before=9&limit=5'],
  addToRoom: ['POST', '/v1/rooms/Doctors/members', { who: ['Bo'] }],
  removeFromRoom: ['POST', '/v1/rooms/Doctors/remove', { who: 'Bo' }],
  leaveRoom: ['POST', '/v1/rooms/Doctors/leave'],
  continueRoom: ['POST', '/v1/rooms/Doctors/continue'],
  raiseAlarm: ['POST', '/v1/alarms', { text: 'Fire at gate 2' }],
  raiseCap: ['POST', '/v1/alarms/cap', { document: Buffer.from('<alert/>').toString('base64') }],
  alarms: ['GET', '/v1/alarms?all=true'],
  alarm: ['GET', '/v1/alarms/a1a1'],
  alarmCap: ['GET', '/v1/alarms/a1a1/cap'],
  updateAlarm: ['PATCH', '/v1/alarms/a1a1', { text: 'It spreads' }],
  cancelAlarm: ['POST', '/v1/alarms/a1a1/cancel', { text: 'It is out' }],
  ackAlarm: ['POST', '/v1/alarms/a1a1/ack'],
  addRecord: ['POST', '/v1/records', { kind: 'person', fields: { full_name: 'Ma Hla', age: 34 } }],
  searchRecords: ['GET', '/v1/records?text=hla&age=30-40&limit=5'],
  record: ['GET', '/v1/records/example.org%2F1'],
  editRecord: ['PATCH', '/v1/records/example.org%2F1', { fields: { age: '' } }],
  noteRecord: ['POST', '/v1/records/example.org%2F1/notes', { fields: { text: 'seen' } }],
  recordMatches: ['GET', '/v1/records/example.org%2F1/matches'],
  linkRecords: ['POST', '/v1/records/example.org%2F1/links', { other: 'example.org/2' }],
  recordHistory: ['GET', '/v1/records/example.org%2F1/history'],
  expireRecord: ['POST', '/v1/records/example.org%2F1/expire'],
  importRecords: ['POST', '/v1/records/import', { path: '/tmp/a.xml', columns: { Camp: 'home_city' } }],
  exportRecords: ['POST', '/v1/records/export', { format: 'csv', audience: 'readers' }],
  refreshRecords: ['POST', '/v1/records/refresh', { attempts: 3 }],
  recordErasure: ['GET', '/v1/records/example.org%2F1/erasure'],
  files: ['GET', '/v1/files?folder=Reports&limit=5'],
  getFile: ['POST', '/v1/files/get', { name: 'a.txt', path: '/tmp/a' }],
  stopGetting: ['POST', '/v1/files/stop', { name: 'a.txt', path: '/tmp/a' }],
  sendFile: ['POST', '/v1/files/send', { path: '/tmp/a.txt', to: ['Bo'] }],
  filesSettings: ['GET', '/v1/files/settings'],
  changeFilesSettings: ['PUT', '/v1/files/settings', { downBytesPerSecond: 0, upBytesPerSecond: 9 }],
  fileVersions: ['GET', '/v1/files/versions?name=a.txt'],
  restoreFile: ['POST', '/v1/files/restore', { name: 'a.txt@abcd' }],
  filesKeeping: ['GET', '/v1/files/keeping'],
  changeFilesKeeping: ['PUT', '/v1/files/keeping', { days: 7, bytes: 1000 }],
  folders: ['GET', '/v1/folders'],
  folder: ['GET', '/v1/folders/Reports'],
  addFolder: ['POST', '/v1/folders', { name: 'Reports', mode: 'list' }],
  joinFolder: ['POST', '/v1/folders/Reports/join', { mode: 'list' }],
  changeFolderMembers: ['POST', '/v1/folders/Reports/members', { add: ['Bo'], remove: ['3'] }],
  leaveFolder: ['POST', '/v1/folders/Reports/leave'],
  resumeFolder: ['POST', '/v1/folders/Reports/resume'],
  folderConflicts: ['GET', '/v1/conflicts?folder=Reports'],
};

describe('every route', () => {
  for (const [name, [method, path, body]] of Object.entries(REQUESTS)) {
    const spec = ROUTES[name as RouteName];
    it(`${name} answers as its schema says`, async () => {
      const state = (spec.states as readonly string[]).includes('running') ? 'running' : 'empty';
      const response = await ask(setup({ state }), method, path, body);
      const text = await response.text();
      assert.equal(response.status, 200, text);
      if (spec.form === 'text') return;
      const values: unknown[] =
        spec.form === 'lines'
          ? text
              .trimEnd()
              .split('\n')
              .map((line): unknown => JSON.parse(line))
          : [JSON.parse(text)];
      for (const value of values) assert.deepEqual(spec.answer.parse(value), value);
      assert.ok(values.length > 0);
    });

    it(`${name} refuses in the states that are not its own`, async () => {
      for (const state of ['empty', 'locked', 'running'] as const) {
        if ((spec.states as readonly string[]).includes(state)) continue;
        const response = await ask(setup({ state }), method, path, body);
        const wanted = { empty: 'no-network', locked: 'locked', running: 'already-in-network' }[state];
        assert.equal((await failureIn(response)).code, wanted);
        assert.equal(response.status, state === 'locked' ? 423 : 409);
      }
    });
  }
});

describe('input', () => {
  it('reaches the node parsed, with defaults', async () => {
    const at = setup();
    await ask(at, 'POST', '/v1/invites');
    assert.deepEqual(at.node.calls.at(-1), [
      'invites.create',
      { role: 'member', name: '', lastsMs: 86_400_000, uses: 1, form: 'link' },
    ]);
    await ask(at, 'GET', '/v1/log?follow=false&net=true');
    assert.deepEqual(at.node.calls.at(-1), ['log.lines', { net: true, follow: false, lines: 100 }]);
  });

  it('takes any name in a path', async () => {
    const seen: string[] = [];
    const at = setup({
      overrides: {
        'members.show': (who: string) => {
          seen.push(who);
          throw new KithError('unknown-member', 'Nobody.');
        },
      },
    });
    const names = ['ဒေါ်မြ', 'a/b', '50% off?', 'Dr. #1 & Co', 'محمد'];
    for (const name of names)
      assert.equal((await ask(at, 'GET', `/v1/members/${encodeURIComponent(name)}`)).status, 404);
    assert.deepEqual(seen, names);
  });

  it('turns payloads from base64 into bytes and back', async () => {
    const at = setup();
    const payload = Buffer.from([0, 1, 254, 255]).toString('base64');
    await ask(at, 'POST', '/v1/entries', { entries: [{ kind: 'x-a', audience: 'public', payload }] });
    assert.deepEqual(at.node.calls.at(-1), [
      'entries.append',
      [{ kind: 'x-a', audience: 'public', payload: Uint8Array.of(0, 1, 254, 255) }],
    ]);
    const page = (await (await ask(at, 'GET', '/v1/entries')).json()) as {
      entries: { payload: string | null }[];
    };
    assert.deepEqual(
      page.entries.map((entry) => entry.payload),
      [Buffer.from('hello').toString('base64'), null],
    );
  });

  const wrong: readonly (readonly [what: string, method: string, path: string, body?: unknown])[] = [
    ['text that is not JSON', 'POST', '/v1/network', '{'],
    ['a field that is missing', 'POST', '/v1/network', { name: 'Aung' }],
    ['a field too much', 'POST', '/v1/network', { network: 'n', name: 'a', admin: true }],
    ['a field of the wrong kind', 'POST', '/v1/invites', { uses: 'many' }],
    ['no object', 'POST', '/v1/invites', '[]'],
    ['a name that is too long', 'POST', '/v1/network', { network: 'n'.repeat(121), name: 'a' }],
    ['a relative path', 'POST', '/v1/bundles/import', { path: 'a/b' }],
    ['an unknown parameter', 'GET', '/v1/log?nett=true'],
    ['a number out of range', 'GET', '/v1/entries?limit=0'],
    ['a number that is none', 'GET', '/v1/entries?limit=x'],
    ['a kind that is kith’s own', 'GET', '/v1/entries?kind=record'],
    [
      'the audience of the roll',
      'POST',
      '/v1/entries',
      { entries: [{ kind: 'x-a', audience: 'roll', payload: '' }] },
    ],
    ['an id that is none', 'POST', '/v1/entries/erase', { ids: ['zz'] }],
  ];
  for (const [what, method, path, body] of wrong) {
    it(`is refused for ${what}`, async () => {
      const response = await ask(setup({ state: 'running' }), method, path, body);
      assert.equal(response.status, 400);
      assert.equal((await failureIn(response)).code, 'bad-request');
    });
  }

  it('is refused when it is too large, whatever it claims', async () => {
    const large = JSON.stringify({ network: 'n', name: 'a'.repeat(70_000) });
    const response = await ask(setup({ state: 'empty' }), 'POST', '/v1/network', large);
    assert.equal(response.status, 413);
    assert.equal((await failureIn(response)).code, 'too-large');
    const entries = [{ kind: 'x-a', audience: 'public', payload: 'A'.repeat(200_000) }];
    assert.equal((await ask(setup(), 'POST', '/v1/entries', { entries })).status, 200);
  });
});

describe('failures', () => {
  it('carry code, sentence and next step', async () => {
    const response = await ask(setup(), 'GET', '/v1/members/a');
    assert.equal(response.status, 409);
    assert.deepEqual(await response.json(), {
      code: 'ambiguous',
      message: '"a" may be 1 Aung or 4 Aye.',
      next: 'Say the number.',
    });
  });

  it('never show what went wrong inside, and log it', async () => {
    const bug = new Error('secret detail');
    const at = setup({
      overrides: {
        'members.list': () => {
          throw bug;
        },
      },
    });
    const response = await ask(at, 'GET', '/v1/members');
    const text = await response.text();
    assert.equal(response.status, 500);
    assert.equal(Failure.parse(JSON.parse(text)).code, 'internal');
    assert.doesNotMatch(text, /secret|server\.test/);
    assert.deepEqual(at.logged, [{ err: bug, route: 'GET /v1/members' }]);
  });

  it('log a cause and keep it', async () => {
    const at = setup({
      overrides: {
        'links.add': () => {
          throw new KithError('unreachable', 'Nobody answers.', { cause: new Error('ECONNREFUSED') });
        },
      },
    });
    const response = await ask(at, 'POST', '/v1/peers', { address: 'x' });
    assert.equal(response.status, 502);
    assert.deepEqual(await response.json(), { code: 'unreachable', message: 'Nobody answers.', next: null });
    assert.equal(at.logged.length, 1);
  });

  it('count an answer that breaks the contract as a bug', async () => {
    const at = setup({ overrides: { 'members.list': () => [{ member: 'one' }] } });
    assert.equal((await failureIn(await ask(at, 'GET', '/v1/members'))).code, 'internal');
  });

  it('let nothing out that the contract does not name', async () => {
    const at = setup({ overrides: { 'links.bye': () => ({ told: 1, secretKey: 'x' }) } });
    assert.deepEqual(await (await ask(at, 'POST', '/v1/peers/bye')).json(), { told: 1 });
  });

  it('name what is not there', async () => {
    const response = await ask(setup(), 'GET', '/v1/nothing');
    assert.equal(response.status, 404);
    assert.equal((await failureIn(response)).code, 'not-found');
  });
});

describe('over loopback', () => {
  const request = async (headers: Record<string, string>): Promise<Response> =>
    setup().api.request('/v1/status', { headers }, LOOPBACK);
  const good = { host: '127.0.0.1:5485', authorization: `Bearer ${TOKEN}` };

  it('answers to the token, by any name of this host', async () => {
    for (const host of ['127.0.0.1:5485', 'localhost:5485', 'LOCALHOST:5485', '[::1]:5485']) {
      assert.equal((await request({ ...good, host })).status, 200);
    }
    assert.equal((await request({ ...good, origin: 'http://127.0.0.1:5485' })).status, 200);
  });

  it('refuses without the token', async () => {
    for (const authorization of [
      '',
      'Bearer ',
      `Bearer ${TOKEN}x`,
      `Bearer ${TOKEN.slice(1)}`,
      `Basic ${TOKEN}`,
      TOKEN,
    ]) {
      const response = await request({ ...good, authorization });
      assert.equal(response.status, 401);
      const { code, next } = await failureIn(response);
      assert.equal(code, 'no-token');
      assert.match(next ?? '', /api\.token/);
    }
  });

  it('refuses another host, and pages of other sites', async () => {
    for (const host of ['evil.example', 'evil.example:5485', '127.0.0.1', '127.0.0.1:80', 'localhost:5486']) {
      const response = await request({ ...good, host });
      assert.equal(response.status, 403);
      assert.equal((await failureIn(response)).code, 'bad-host');
    }
    for (const origin of ['http://evil.example', 'null', 'http://localhost:5485']) {
      const response = await request({ ...good, origin });
      assert.equal(response.status, 403);
      assert.equal((await failureIn(response)).code, 'bad-origin');
    }
  });

  it('guards every path, and allows no other site to read', async () => {
    const { api } = setup();
    for (const path of ['/v1/openapi.json', '/metrics', '/nothing', '/v1/events']) {
      const response = await api.request(path, { headers: { host: '127.0.0.1:5485' } }, LOOPBACK);
      assert.equal(response.status, 401);
      assert.equal(response.headers.get('access-control-allow-origin'), null);
    }
  });
});

describe('streams of lines', () => {
  it('end with what broke them off', async () => {
    async function* broken() {
      await Promise.resolve();
      yield { step: 'working', unit: 'bytes', done: 1, total: null };
      throw new KithError('damaged-backup', 'This backup was changed.');
    }
    const at = setup({ state: 'empty', overrides: { 'safety.restore': broken } });
    const response = await ask(at, 'POST', '/v1/restore', { path: '/a', passphrase: 'p' });
    assert.equal(response.headers.get('content-type'), 'application/x-ndjson');
    const lines = (await response.text())
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    assert.equal(lines.length, 2);
    assert.deepEqual(BrokenOff.parse(lines[1]).error, {
      code: 'damaged-backup',
      message: 'This backup was changed.',
      next: null,
    });
  });

  it('refuse before they begin with a status of their own', async () => {
    const at = setup({
      state: 'empty',
      overrides: {
        'network.join': () => {
          throw new KithError('bad-code', 'A code has twelve digits.');
        },
      },
    });
    const response = await ask(at, 'POST', '/v1/network/join', { invitation: '123' });
    assert.equal(response.status, 400);
    assert.equal((await failureIn(response)).code, 'bad-code');
  });

  it('tell the node when the reader goes', async () => {
    const at = setup();
    const response = await ask(at, 'GET', '/v1/log?follow=true');
    const reader = response.body?.getReader();
    await reader?.read();
    await reader?.cancel();
    assert.equal(at.node.aborted, 1);
  });

  it('end when the API does', async () => {
    const at = setup();
    const response = await ask(at, 'GET', '/v1/log?follow=true');
    at.ending.abort();
    assert.equal((await response.text()).trimEnd().split('\n').length, 1);
    assert.equal(at.node.aborted, 1);
  });
});

describe('events', () => {
  async function open(at: Setup) {
    const response = await ask(at, 'GET', '/v1/events');
    assert.equal(response.headers.get('content-type'), 'text/event-stream');
    assert.ok(response.body);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    return { read: async () => (await reader.read()).value, reader };
  }

  it('begin with the state, then tell what changes', async () => {
    const at = setup();
    const { read } = await open(at);
    assert.equal(await read(), 'event: state\ndata: {"type":"state","state":"running","ready":true}\n\n');
    at.node.emit({ type: 'entries', added: 2, total: 44, kinds: ['x-test'] });
    assert.equal(
      await read(),
      'event: entries\ndata: {"type":"entries","added":2,"total":44,"kinds":["x-test"]}\n\n',
    );
  });

  it('beat while nothing happens', async () => {
    const at = setup();
    const { read } = await open(at);
    await read();
    at.timers.advance(HEARTBEAT_MS);
    assert.equal(await read(), ': still here\n\n');
    at.timers.advance(HEARTBEAT_MS);
    assert.equal(await read(), ': still here\n\n');
  });

  it('let go of the node when the reader goes, or the API ends', async () => {
    const at = setup();
    const { reader } = await open(at);
    assert.equal(at.node.listeners.size, 1);
    await reader.cancel();
    assert.equal(at.node.listeners.size, 0);
    assert.equal(at.timers.waiting, 0);
    const { read } = await open(at);
    await read();
    at.ending.abort();
    assert.equal(await read(), undefined);
    assert.equal(at.node.listeners.size, 0);
  });

  it('tell a slow reader that it missed some, and hold no more than so many', async () => {
    const at = setup();
    const response = await ask(at, 'GET', '/v1/events');
    for (let total = 1; total <= 10 * EVENTS_WAITING; total += 1) {
      at.node.emit({ type: 'entries', added: 1, total, kinds: [] });
    }
    assert.ok(response.body);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let read = 0;
    for (;;) {
      const { value = '' } = await reader.read();
      read += 1;
      if (value.includes('"missed"')) break;
      assert.ok(read < 2 * EVENTS_WAITING);
    }
    await reader.cancel();
  });
});

describe('stop', () => {
  it('answers, and then the node stops', async () => {
    const at = setup();
    assert.deepEqual(await (await ask(at, 'POST', '/v1/stop')).json(), { stopping: true });
    assert.deepEqual(at.node.calls, [['stop']]);
  });
});
