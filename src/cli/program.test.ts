/* eslint no-control-regex: off -- terminals are controlled by them */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { KithError } from '../api/contract.ts';
import { FOLDER, type Overrides } from '../../test/fakes/fake-facade.ts';
import { fakeHost, type FakeHost, type Ran } from '../../test/fakes/fake-run.ts';

let host: FakeHost;
beforeEach(async () => {
  host = await fakeHost();
});
afterEach(() => host.close());

async function rehost(options: {
  state?: 'empty' | 'locked' | 'running';
  overrides?: Overrides;
}): Promise<void> {
  await host.close();
  host = await fakeHost(options);
}

function failure({ stderr }: Ran): Record<string, unknown> {
  return JSON.parse(stderr) as Record<string, unknown>;
}

/** What the design promises of `--json`; what these commands print on top of it may change. */
const PROMISED: readonly (readonly [line: string, ...fields: string[]])[] = [
  ['invite', 'link', 'role', 'expires'],
  ['invite --code', 'code', 'role', 'expires'],
  ['invite list', 'id', 'role', 'expires', 'status'],
  ['invite withdraw a1a1', 'id', 'status'],
  ['members', 'member', 'name', 'org', 'place', 'role', 'status', 'lastHeard'],
  ['members list', 'member', 'name', 'org', 'place', 'role', 'status', 'lastHeard'],
  ['members show 2', 'member', 'name', 'org', 'place', 'role', 'status', 'lastHeard', 'devices'],
  ['members rename 2 Bobo', 'member', 'name'],
  ['members role 2 reader', 'member', 'role'],
  ['members grant 2 medical', 'member', 'grants'],
  ['members revoke 2 --yes', 'member', 'name', 'devices', 'held'],
  ['members verify 2', 'member', 'digits', 'verified'],
  ['members accept', 'feed', 'member', 'entries'],
  ['members accept b2b2 --yes', 'feed', 'accepted'],
  ['device list', 'device', 'status', 'here'],
  ['device link', 'link', 'expires'],
  ['device revoke a1a1 --yes', 'member', 'devices', 'held'],
  ['peers', 'member', 'name', 'link', 'rttMs', 'address'],
  ['peers add 10.0.0.1:5484', 'member', 'name', 'link', 'rttMs', 'address'],
  ['peers bye', 'told'],
  ['doctor', 'code', 'severity', 'about', 'message', 'next'],
  ['hubs', 'address', 'member', 'name', 'linked', 'serves'],
  ['status', 'network', 'member', 'ready', 'neighbours', 'entries', 'listening'],
  ['log', 'time', 'level', 'source', 'message', 'fields'],
  ['bundle export a.kith', 'path', 'entries', 'bytes'],
  ['bundle import a.kith', 'path', 'read', 'added', 'refused'],
  ['send Bo Hello', 'id', 'status'],
  ['letter d4d4', 'id', 'status', 'carriers', 'recipients'],
  ['letter --limit 5', 'id', 'status', 'carriers', 'recipients', 'text', 'sentAt'],
  ['inbox', 'id', 'from', 'fromName', 'text', 'sentAt', 'arrivedAt', 'read'],
  ['alarm raise Fire', 'id', 'received', 'seen', 'missing'],
  ['alarm raise Fire --drill --severity extreme --area a b', 'id', 'received', 'seen', 'missing'],
  ['alarm update a1a1 Worse', 'id', 'received', 'seen', 'missing'],
  ['alarm cancel a1a1', 'id', 'cancelled'],
  ['alarm ack a1a1', 'id', 'received', 'seen', 'missing'],
  ['alarm list', 'id', 'phase', 'received', 'seen', 'missing'],
  ['alarm status a1a1', 'id', 'received', 'seen', 'missing'],
  ['alarm status a1a1 --cap', 'cap'],
  ['record add --set full_name=Hla age=34', 'id', 'kind', 'fields', 'home'],
  ['record edit a.org/1 --set age=35', 'id', 'kind', 'fields', 'home'],
  ['record show a.org/1', 'id', 'kind', 'fields', 'home'],
  ['record note a.org/1 seen --status believed_alive', 'id', 'kind', 'fields', 'home'],
  ['record search ma hla --age 30-40 --sex female', 'id', 'kind', 'fields', 'home', 'score', 'reasons'],
  ['record matches a.org/1', 'id', 'kind', 'fields', 'home', 'score', 'reasons'],
  ['record link a.org/1 a.org/2', 'id', 'linked'],
  ['record history a.org/1', 'id', 'items', 'accesses'],
  ['record expire a.org/1 --yes', 'id', 'confirmed', 'missing'],
  ['record import a.xml --map Camp=home_city', 'read', 'added', 'updated', 'skipped', 'errors'],
  ['record export -o a.xml --for readers', 'path', 'bytes', 'written', 'withheld'],
  ['record erasure a.org/1', 'id', 'confirmed', 'missing'],
];

describe('--json', () => {
  for (const [line, ...fields] of PROMISED) {
    it(`gives what is promised of: kith ${line}`, async () => {
      await host.open();
      const ran = await host.run([...line.split(' '), '--json']);
      assert.equal(ran.code, 0, ran.stderr);
      assert.equal(ran.stderr, '');
      assert.ok(ran.json.length > 0);
      for (const value of ran.json)
        for (const field of fields) assert.ok(field in value, `${field} in ${JSON.stringify(value)}`);
    });
  }

  it('gives it for init and join, too', async () => {
    for (const line of [
      ['init', 'Camp', '--as', 'Aung'],
      ['join', '417', '302', '998', '215'],
    ]) {
      await rehost({ state: 'empty' });
      const ran = await host.run([...line, '--json']);
      assert.deepEqual(Object.keys(ran.json[0] ?? {}).sort(), [
        'member',
        'name',
        'network',
        'networkId',
        'role',
      ]);
      assert.equal(ran.json.length, 1);
    }
  });

  it('never mixes link and code', async () => {
    await host.open();
    const [link] = (await host.run(['invite', '--json'])).json;
    const [code] = (await host.run(['invite', '--code', '--json'])).json;
    assert.ok(link !== undefined && !('code' in link));
    assert.ok(code !== undefined && !('link' in code));
  });

  it('puts a failure on stderr as one object, and nothing on stdout', async () => {
    await host.open();
    for (const line of [
      'members show a',
      'members show nobody',
      'members bogus',
      'bogus',
      'device',
      'invite --expires soon',
      'invite --role king',
    ]) {
      const ran = await host.run([...line.split(' '), '--json']);
      assert.equal(ran.stdout, '');
      assert.deepEqual(Object.keys(failure(ran)), ['code', 'message', 'next'], line);
    }
  });
});

describe('exit codes', () => {
  const wrongUse = [
    ['bogus'],
    ['members', 'shwo', '3'],
    ['members', 'show'],
    ['members', 'show', '1', '2'],
    ['members', 'role', '2', 'king'],
    ['members', 'rename', '2'],
    ['init', 'Camp'],
    ['invite', '--nonsense'],
    ['invite', '--uses', '0'],
    ['invite', '--expires', '1y'],
    ['log', '--lines', '-3'],
    ['up', '--api-port', '70000'],
    ['device'],
    ['alarm', 'raise'],
    ['alarm', 'raise', 'Fire', '--severity', 'terrible'],
    ['alarm', 'update', 'a1a1'],
    ['record', 'add'],
    ['record', 'import', 'a.csv', '--map', 'Camp'],
    ['record', 'export', '--for', 'readers', '--restricted'],
    ['record', 'export', '--format', 'pdf'],
    ['record', 'note', 'a.org/1'],
    ['record', 'search', 'hla', '--status', 'lost'],
    ['record', 'edit', 'a.org/1', '--set', 'age'],
    ['completion', 'cmd'],
  ];
  for (const line of wrongUse) {
    it(`2 for wrong use: kith ${line.join(' ')}`, async () => {
      await host.open();
      const ran = await host.run(line);
      assert.equal(ran.code, 2);
      assert.equal(ran.stdout, '');
      assert.notEqual(ran.stderr, '');
    });
  }

  it('1 for what the node refuses, with a sentence and the next step', async () => {
    await host.open();
    const ran = await host.run(['members', 'show', 'a']);
    assert.equal(ran.code, 1);
    assert.equal(ran.stderr, '"a" may be 1 Aung or 4 Aye.\nSay the number.\n');
  });

  it('0 for help and version, on stdout', async () => {
    for (const line of [['--help'], ['help', 'invite'], ['members', 'revoke', '--help'], ['--version']]) {
      const ran = await host.run(line);
      assert.equal(ran.code, 0);
      assert.equal(ran.stderr, '');
      assert.notEqual(ran.stdout, '');
    }
  });

  it('suggests what was perhaps meant', async () => {
    assert.match((await host.run(['statsu'])).stderr, /did you mean status/i);
    assert.match((await host.run(['members', 'revok', '2'])).stderr, /Did you mean revoke/);
  });
});

describe('without a node', () => {
  it('says how to start one', async () => {
    const ran = await host.run(['status', '--json']);
    assert.equal(ran.code, 1);
    assert.deepEqual(failure(ran), {
      code: 'no-node',
      message: 'No kith node is running for this data folder.',
      next: `kith up --data ${host.data}`,
    });
  });

  it('says so after a crash, too', async () => {
    const listener = await host.open();
    const apiFile = join(host.data, 'api.json');
    await listener.close();
    await writeFile(apiFile, JSON.stringify({ socket: join(host.data, 'api.sock'), url: null, pid: 1 }));
    assert.equal(failure(await host.run(['peers', '--json']))['code'], 'no-node');
  });

  it('founds and joins with one that lives for that only', async () => {
    await rehost({ state: 'empty' });
    const init = await host.run(['init', 'Camp', '--as', 'Aung']);
    assert.equal(init.stdout, 'You are in Camp: 1 Aung, admin.\n');
    assert.match(init.stderr, /kith up/);
    assert.deepEqual(host.temporary, [{ data: host.data, purpose: 'offline' }]);
    assert.equal((await host.run(['status'])).code, 1);

    await rehost({ state: 'empty' });
    const joined = await host.run(['join', 'kith:link']);
    assert.equal(joined.stdout, 'You are in Camp: 1 Aung, admin.\n');
    assert.deepEqual(host.temporary, [{ data: host.data, purpose: 'joining' }]);
  });

  it('asks for the name that an invitation leaves open', async () => {
    const needsName = {
      async *'network.join'({ name }: { name: string | undefined }) {
        await Promise.resolve();
        if (name === undefined) throw new KithError('name-needed', 'Who?');
        yield {
          step: 'joined',
          network: 'Camp',
          networkId: 'c3'.repeat(32),
          member: 4,
          name,
          role: 'member',
        };
      },
    };
    await rehost({ state: 'empty', overrides: needsName });
    const ran = await host.run(['join', 'kith:link', '--json']);
    assert.equal(failure(ran)['code'], 'name-needed');
    assert.match(String(failure(ran)['next']), /--as/);
    const { terminal, exit } = host.begin(['join', 'kith:link'], { tty: true });
    await terminal.said('What is your name?');
    terminal.type('Bo');
    assert.equal(await exit, 0);
    assert.equal(terminal.written.stdout, 'You are in Camp: 4 Bo, member.\n');
  });

  it('uses the one that runs, where one does', async () => {
    await rehost({ state: 'empty' });
    await host.open();
    const init = await host.run(['init', 'Camp', '--as', 'Aung', '--org', 'MSF']);
    assert.equal(init.code, 0);
    assert.deepEqual(host.temporary, []);
    assert.deepEqual(host.node.calls.at(-1), [
      'network.found',
      { network: 'Camp', profile: { name: 'Aung', org: 'MSF', place: '' } },
    ]);
  });
});

describe('what is for good', () => {
  it('is not done unasked: without a terminal it wants --yes', async () => {
    await host.open();
    for (const line of [
      ['members', 'revoke', '2'],
      ['device', 'revoke', 'a1a1'],
      ['members', 'accept', 'b2b2'],
    ]) {
      const ran = await host.run([...line, '--json']);
      assert.equal(ran.code, 2);
      assert.equal(failure(ran)['code'], 'needs-yes');
    }
    assert.ok(
      !host.node.calls.some(([name]) =>
        ['members.revoke', 'devices.revoke', 'members.accept'].includes(name),
      ),
    );
  });

  it('is asked on a terminal', async () => {
    await host.open();
    for (const [answer, code] of [
      ['n', 1],
      ['', 1],
      ['y', 0],
      ['YES', 0],
    ] as const) {
      const { terminal, exit } = host.begin(['members', 'revoke', '2'], { tty: true });
      await terminal.said('Remove 2 Bo with 1 device, for good? [y/N]');
      terminal.type(answer);
      assert.equal(await exit, code);
    }
    assert.deepEqual(
      host.node.calls.filter(([name]) => name === 'members.revoke'),
      [
        ['members.revoke', '2'],
        ['members.revoke', '2'],
      ],
    );
  });

  it('asks before it replaces a file', async () => {
    const replaced: boolean[] = [];
    await rehost({
      overrides: {
        async *'bundles.export'({ path, replace }: { path: string; replace: boolean }) {
          await Promise.resolve();
          replaced.push(replace);
          if (!replace) throw new KithError('file-exists', 'It exists.');
          yield { step: 'done', path, entries: 1, letters: 0, bytes: 1 };
        },
      },
    });
    await host.open();
    const refused = await host.run(['bundle', 'export', 'a']);
    assert.equal(refused.code, 2);
    const { terminal, exit } = host.begin(['bundle', 'export', 'a'], { tty: true });
    await terminal.said('exists. Replace it?');
    terminal.type('y');
    assert.equal(await exit, 0);
    assert.equal((await host.run(['bundle', 'export', 'a', '--yes'])).code, 0);
    assert.deepEqual(replaced, [false, false, true, true]);
  });
});

describe('passphrases', () => {
  it('come from the environment, never from an argument', async () => {
    await host.open();
    const ran = await host.run(['backup', 'b.kith', '--json'], {
      env: { KITH_PASSPHRASE: 'four words of mine' },
    });
    assert.deepEqual(Object.keys(ran.json[0] ?? {}), ['path', 'bytes', 'entries']);
    const [, request] = host.node.calls.find(([name]) => name === 'safety.backup') ?? [];
    assert.equal((request as { passphrase: string }).passphrase, 'four words of mine');
    assert.equal((await host.run(['backup', 'b.kith', '--passphrase', 'x'])).code, 2);
  });

  it('are needed', async () => {
    await host.open();
    const ran = await host.run(['backup', 'b.kith', '--json']);
    assert.equal(ran.code, 1);
    assert.equal(failure(ran)['code'], 'passphrase-needed');
  });

  it('are typed twice, and not shown', async () => {
    await host.open();
    const { terminal, exit } = host.begin(['lock'], { tty: true });
    await terminal.said('The new passphrase:');
    terminal.type('sécret ééé');
    await terminal.said('The same once more:');
    terminal.type('sécret ééé');
    assert.equal(await exit, 0);
    assert.doesNotMatch(terminal.written.stderr + terminal.written.stdout, /cret/);
    assert.equal(host.node.passphrase, 'sécret ééé');
    assert.equal(host.node.state, 'locked');

    const wrong = await host.run(['unlock', '--json'], { env: { KITH_PASSPHRASE: 'other' } });
    assert.equal(failure(wrong)['code'], 'wrong-passphrase');
    const right = await host.run(['unlock', '--json'], { env: { KITH_PASSPHRASE: 'sécret ééé' } });
    assert.equal(right.json[0]?.['state'], 'running');
  });

  it('change nothing when they differ, or at Ctrl-C', async () => {
    await host.open();
    const differ = host.begin(['lock'], { tty: true });
    await differ.terminal.said('The new passphrase:');
    differ.terminal.type('one');
    await differ.terminal.said('The same once more:');
    differ.terminal.type('other');
    assert.equal(await differ.exit, 1);
    const broken = host.begin(['lock'], { tty: true });
    await broken.terminal.said('The new passphrase:');
    broken.terminal.type('on\u0003');
    assert.equal(await broken.exit, 1);
    assert.equal(host.node.state, 'running');
  });
});

describe('members verify', () => {
  it('asks whether the digits agree, and names those that were compared', async () => {
    await host.open();
    const { terminal, exit } = host.begin(['members', 'verify', 'bo'], { tty: true });
    await terminal.said('[y/N]');
    assert.match(terminal.written.stderr, /1234 5678 9012/);
    terminal.type('y');
    assert.equal(await exit, 0);
    assert.deepEqual(host.node.calls.at(-1), ['members.confirmVerification', '2', '123456789012']);
  });

  it('marks nobody as verified without an answer', async () => {
    await host.open();
    const ran = await host.run(['members', 'verify', 'bo', '--json']);
    assert.equal(ran.json[0]?.['verified'], false);
    assert.ok(!host.node.calls.some(([name]) => name === 'members.confirmVerification'));
  });
});

describe('text', () => {
  it('has colours on terminals only, and not with NO_COLOR', async () => {
    await host.open();
    assert.match((await host.run(['members'], { tty: true })).stdout, /\u001b\[/);
    assert.doesNotMatch((await host.run(['members'])).stdout, /\u001b/);
    assert.doesNotMatch(
      (await host.run(['members'], { tty: true, env: { NO_COLOR: '1' } })).stdout,
      /\u001b/,
    );
  });

  it('shows a code in four groups, a link with its QR code to whoever watches', async () => {
    await host.open();
    assert.equal((await host.run(['invite', '--code'])).stdout, '417 302 998 215\n');
    const piped = await host.run(['invite']);
    assert.equal(piped.stdout, 'kith:invite-link\n');
    assert.doesNotMatch(piped.stderr, /█/);
    assert.match((await host.run(['invite', '--qr'])).stderr, /█/);
    assert.match((await host.run(['invite'], { tty: true })).stderr, /█/);
    assert.match((await host.run(['invite'], { tty: true, columns: 20 })).stderr, /too narrow/);
  });

  it('says which paths of a folder are not in step, and why, and of many the first', async () => {
    const problems = [
      { path: '', problem: 'too-many' },
      { path: 'media/stick', problem: 'disk-gone' },
      { path: 'd/d\u001b', problem: 'too-deep' },
      ...Array.from({ length: 20 }, (_, n) => ({ path: `x${String(n)}`, problem: 'of a later kith' })),
    ];
    const folder = { ...FOLDER, path: '/reports', mode: 'sync' as const, inStep: false, problems };
    await rehost({ overrides: { 'files.folders': () => [folder] } });
    await host.open();
    const { stdout } = await host.run(['folder', 'status']);
    assert.match(stdout, /too many files/);
    assert.match(stdout, /Reports\/media\/stick: its disk is not there, .*kith folder resume/);
    assert.match(stdout, /Reports\/d\/d.*: too many folders deep/);
    assert.match(stdout, /Reports\/x7: of a later kith\nReports: 12 more, see kith folder status --json/);
    assert.doesNotMatch(stdout, /x8|\u001b/);
  });

  it('lets no control character of others through', async () => {
    await rehost({
      overrides: {
        'links.peers': () => [
          {
            member: 2,
            name: 'B\u001b[31mo\u202e',
            device: 'a1'.repeat(32),
            link: 'direct',
            rttMs: null,
            address: 'x',
            direction: 'inbound',
            since: '2026-11-21T10:00:00.000Z',
          },
        ],
      },
    });
    await host.open();
    const ran = await host.run(['peers']);
    assert.doesNotMatch(ran.stdout, /[\u001b\u202e]/);
  });
});

describe('streams', () => {
  it('print a line as it comes, and end when the node stops', async () => {
    const listener = await host.open();
    const { terminal, exit } = host.begin(['log', '-f', '--json']);
    await terminal.said('"message":"linked"');
    await listener.close();
    assert.equal(await exit, 0);
    assert.equal(host.node.aborted, 1);
  });

  it('end quietly when the reader of stdout has gone', async () => {
    await host.open();
    const { terminal, exit } = host.begin(['log', '-f']);
    await terminal.said('linked');
    terminal.stdout.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    assert.equal(await exit, 0);
  });

  it('say when the node goes before the end', async () => {
    const { promise: never } = Promise.withResolvers<never>();
    await rehost({
      overrides: {
        async *'bundles.import'() {
          yield { step: 'working', unit: 'entries', done: 1, total: 2 };
          await never;
        },
      },
    });
    const listener = await host.open();
    const { terminal, exit } = host.begin(['bundle', 'import', 'a'], { tty: true });
    await terminal.said('of 2 entries');
    await listener.close();
    assert.equal(await exit, 1);
    assert.match(terminal.written.stderr, /The node stopped/);
  });
});

describe('kith stop', () => {
  it('returns when the node has gone', async () => {
    // The fake's process is this one and goes on: so the file without a pid.
    const listener = await host.open();
    const path = join(host.data, 'api.json');
    await writeFile(path, JSON.stringify({ socket: listener.socket, url: null, pid: 2 ** 30 }));
    host.node.onStop = () => void listener.close();
    const ran = await host.run(['stop', '--json']);
    assert.deepEqual(ran.json, [{ stopped: true }]);
  });
});
