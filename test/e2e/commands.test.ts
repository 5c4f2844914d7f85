/** Every command of the network, typed as a user types it, on real nodes: what `--json` promises, and how it refuses. */
import assert from 'node:assert/strict';
import { readFile, stat, truncate, writeFile } from 'node:fs/promises';
import type {
  Answer,
  Device,
  Invite,
  Joined,
  LogLine,
  Member,
  MemberDetail,
  NewInvite,
  Peer,
  Quarantined,
  Revoked,
  Status,
  Verification,
} from '../../src/api/contract.ts';
import { texts, write } from '../../scripts/nodes/entries.ts';
import { Command, runKith, type NodeProcess, type Outcome } from '../../scripts/nodes/node-process.ts';
import { runCli } from '../../src/cli/program.ts';
import { until } from '../../scripts/nodes/until.ts';
import { fakeTerminal } from '../fakes/fake-terminal.ts';
import { scene, step } from '../support/stage.ts';

const ALONE = ['--no-mdns', '--listen', '127.0.0.1:0'];
const PASSPHRASE = { KITH_PASSPHRASE: 'correct horse battery staple' };
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

function promises(value: object, fields: readonly string[]): void {
  assert.deepEqual(
    fields.filter((field) => !(field in value)),
    [],
    `missing in ${JSON.stringify(value)}`,
  );
}

/** Refused: exit 1 (2 for wrong use), nothing on stdout, one failure on stderr with a sentence and what to do. */
async function refuses(run: Promise<Outcome>, expected: string, exit = 1): Promise<void> {
  const { code, stdout, stderr } = await run;
  assert.equal(code, exit, stderr);
  assert.equal(stdout, '');
  const lines = stderr.trimEnd().split('\n');
  assert.equal(lines.length, 1, stderr);
  const failure = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
  promises(failure, ['code', 'message', 'next']);
  assert.equal(failure['code'], expected);
  assert.match(String(failure['message']), /^[A-Z“"/].*[.?]$/s);
}

/** To be refused: by the real node, where one runs, of a command that runs in this process, as it takes a second to start one. */
async function json(node: NodeProcess, ...args: string[]): Promise<Outcome> {
  const line = [...args, '--json'];
  if (!node.isUp) return node.kith(line);
  const terminal = fakeTerminal({ cwd: process.cwd() });
  const up = (): Promise<never> => Promise.reject(new Error('a node runs there'));
  const code = await runCli(['node', 'kith', ...line, '--data', node.data], { up, terminal });
  return { code, signal: null, ...terminal.written };
}

async function addressOf(node: NodeProcess): Promise<string> {
  return (await node.call('status', {})).listening[0] ?? '';
}

async function linked(node: NodeProcess, name: string): Promise<Peer> {
  return until(`${node.name} is linked with ${name}`, async () =>
    (await node.call('peers', {})).peers.find((peer) => peer.name === name && peer.rttMs !== null),
  );
}

scene(
  'a network, command by command',
  async (stage, t) => {
    const [ada, ben, cho, bens] = ['Ada', 'Ben', 'Cho', 'Ben, too'].map((name) => stage.node(name)) as [
      NodeProcess,
      NodeProcess,
      NodeProcess,
      NodeProcess,
    ];
    const all = [ada, ben, cho];

    await step(t, 'init', async () => {
      await refuses(json(ada, 'init', 'Camp North'), 'usage', 2);
      await refuses(json(ada, 'init', 'Camp North', '--as', ' '), 'bad-name');
      const founded = await ada.json<Joined>([
        'init',
        'Camp North',
        '--as',
        'Ada',
        '--org',
        'Hospital',
        '--place',
        'Tent 4',
      ]);
      promises(founded, ['network', 'member', 'name', 'role']);
      assert.deepEqual(
        [founded.network, founded.member, founded.name, founded.role],
        ['Camp North', 1, 'Ada', 'admin'],
      );
      await refuses(json(ada, 'init', 'Another', '--as', 'Ada'), 'already-in-network');
    });

    await step(t, 'commands with no node running say how to start one', async () => {
      for (const command of [['status'], ['members'], ['peers'], ['invite'], ['log'], ['stop'], ['unlock']]) {
        await refuses(json(ada, ...command), 'no-node');
      }
      const { stderr } = await ada.kith(['status']);
      assert.match(stderr, /kith up/);
    });

    await step(t, 'up, status', async () => {
      await Promise.all(all.map((node) => node.up(ALONE)));
      const status = await ada.json<Status>(['status']);
      promises(status, ['network', 'member', 'ready', 'neighbours', 'entries', 'listening']);
      assert.deepEqual(
        [status.network, status.member, status.ready, status.neighbours, status.state],
        ['Camp North', 1, true, 0, 'running'],
      );
      assert.match(status.listening[0] ?? '', /^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/12D3Koo/);
      const empty = await ben.json<Status>(['status']);
      assert.deepEqual([empty.state, empty.network, empty.member], ['empty', null, null]);
      await refuses(json(ben, 'members'), 'no-network');
    });

    await step(t, 'invite and join, by link', async () => {
      const invite = await ada.json<NewInvite>([
        'invite',
        '--role',
        'admin',
        '--name',
        'Ben',
        '--expires',
        '2h',
      ]);
      promises(invite, ['link', 'role', 'expires']);
      assert.equal(invite.role, 'admin');
      assert.match(invite.expires, ISO);
      assert.ok(Math.abs(Date.parse(invite.expires) - Date.now() - 7_200_000) < 600_000);
      await refuses(json(ben, 'join', 'kith://join/AAAA', '--as', 'Ben'), 'bad-link');
      await refuses(json(ben, 'join', '123 456', '--as', 'Ben'), 'bad-code');
      // The invitation says what to call him.
      const joined = await ben.json<Joined>(['join', invite.link ?? '', '--org', 'Clinic']);
      promises(joined, ['network', 'member', 'name', 'role']);
      assert.deepEqual(
        [joined.network, joined.member, joined.name, joined.role],
        ['Camp North', 2, 'Ben', 'admin'],
      );
      await refuses(json(ben, 'join', invite.link ?? '', '--as', 'Ben'), 'already-in-network');
      await refuses(json(ada, 'invite', '--role', 'king'), 'usage', 2);
      await refuses(json(ada, 'invite', '--expires', 'soon'), 'bad-duration', 2);
    });

    await step(t, 'invite --code and join by it, at an address', async () => {
      const invite = await ada.json<NewInvite>(['invite', '--code']);
      promises(invite, ['code', 'role', 'expires']);
      assert.match(invite.code ?? '', /^\d{12}$/);
      await refuses(
        json(cho, 'join', invite.code ?? '', '--as', 'Cho', '--peer', 'not an address'),
        'bad-address',
      );
      await refuses(json(cho, 'join', invite.code ?? ''), 'name-needed');
      const joined = await cho.json<Joined>([
        'join',
        invite.code ?? '',
        '--as',
        'Cho',
        '--place',
        'Gate',
        '--peer',
        await addressOf(ada),
      ]);
      assert.deepEqual([joined.member, joined.name, joined.role], [3, 'Cho', 'member']);
      await refuses(json(cho, 'invite'), 'not-an-admin');
      const invites = await ada.list<Invite>(['invite', 'list']);
      assert.deepEqual(invites.map(({ form, status }) => [form, status]).sort(), [
        ['code', 'used-up'],
        ['link', 'used-up'],
      ]);
      await refuses(json(ada, 'invite', 'withdraw', 'ffffffff'), 'unknown-invitation');
    });

    await step(t, 'members: list, show, rename, role, grant', async () => {
      const members = await ada.list<Member>(['members']);
      for (const member of members)
        promises(member, ['member', 'name', 'org', 'place', 'role', 'status', 'lastHeard']);
      assert.deepEqual(
        members.map(({ member, name, org, place, role, status }) => [member, name, org, place, role, status]),
        [
          [1, 'Ada', 'Hospital', 'Tent 4', 'admin', 'active'],
          [2, 'Ben', 'Clinic', '', 'admin', 'active'],
          [3, 'Cho', '', 'Gate', 'member', 'active'],
        ],
      );
      for (const { lastHeard } of members) assert.match(lastHeard ?? '', ISO);
      const shown = await ada.json<MemberDetail>(['members', 'show', 'cho']);
      assert.deepEqual([shown.member, shown.devices.length], [3, 1]);
      await refuses(json(ada, 'members', 'show', 'Nobody'), 'unknown-member');

      const renamed = await ada.json<Member>(['members', 'rename', '3', 'Cho Cho', '--place', 'North gate']);
      assert.deepEqual([renamed.name, renamed.place], ['Cho Cho', 'North gate']);
      await refuses(json(ada, 'members', 'rename', '3'), 'nothing-to-change', 2);
      await until('Cho has heard of it', async () => (await cho.call('status', {})).name === 'Cho Cho');
      await refuses(json(cho, 'members', 'rename', '1', 'Adele'), 'not-an-admin');

      const reader = await ada.json<Member>(['members', 'role', '3', 'reader']);
      assert.equal(reader.role, 'reader');
      await refuses(json(ada, 'members', 'role', '3', 'boss'), 'usage', 2);
      await until('Cho has heard', async () => (await cho.call('status', {})).role === 'reader');
      await refuses(json(cho, 'device', 'link'), 'role-writes-nothing');
      await ada.json(['members', 'role', '3', 'member']);

      const granted = await ada.json<Member>(['members', 'grant', '3', 'medical']);
      assert.deepEqual(granted.grants, ['medical']);
      assert.deepEqual(
        (await ada.json<Member>(['members', 'grant', '3', 'medical', '--take-back'])).grants,
        [],
      );
      await refuses(json(ada, 'members', 'grant', '3', 'Not Good'), 'bad-grant');
      await refuses(json(ada, 'members', 'fire', '3'), 'usage', 2);
    });

    await step(t, 'members verify', async () => {
      const here = await ada.json<Verification>(['members', 'verify', 'Ben']);
      const there = await ben.json<Verification>(['members', 'verify', 'Ada']);
      assert.match(here.digits, /^\d{12}$/);
      assert.equal(here.digits, there.digits);
      assert.equal(here.verified, false);
      assert.equal((await ada.json<Verification>(['members', 'verify', 'Ben', '--confirm'])).verified, true);
      assert.equal((await ada.json<Member>(['members', 'show', 'Ben'])).verified, true);
      await refuses(json(ada, 'members', 'verify', '1'), 'own-digits');
    });

    await step(t, 'peers: list, add, bye', async () => {
      await linked(ben, 'Ada');
      const peer = (await ben.list<Peer>(['peers'])).find(({ name }) => name === 'Ada');
      assert.ok(peer !== undefined);
      promises(peer, ['member', 'name', 'link', 'rttMs', 'address']);
      assert.deepEqual([peer.member, peer.link], [1, 'direct']);
      assert.ok((peer.rttMs ?? -1) >= 0);
      const added = await cho.json<Peer>(['peers', 'add', await addressOf(ben)]);
      assert.equal(added.name, 'Ben');
      await refuses(json(cho, 'peers', 'add', '127.0.0.1:1'), 'unreachable');
      await refuses(json(cho, 'peers', 'add', '1.2.3'), 'bad-address');
      const bye = await cho.json<{ told: number }>(['peers', 'bye']);
      assert.ok(bye.told >= 1);
      await until('nobody is linked with Cho', async () => {
        const [own, ...others] = await Promise.all([cho, ada, ben].map((node) => node.call('peers', {})));
        return (
          own?.peers.length === 0 &&
          others.every(({ peers }) => peers.every(({ name }) => name !== 'Cho Cho'))
        );
      });
      await cho.json<Peer>(['peers', 'add', await addressOf(ben)]);
      await linked(cho, 'Ben');
    });

    await step(t, 'device link, list, and join with it', async () => {
      const link = await ben.json<Answer<'linkDevice'>>(['device', 'link']);
      promises(link, ['link', 'expires', 'member', 'name']);
      assert.deepEqual([link.member, link.name], [2, 'Ben']);
      const joined = await bens.json<Joined>(['join', link.link]);
      assert.deepEqual([joined.member, joined.name, joined.role], [2, 'Ben', 'admin']);
      await refuses(json(stage.node('Thief'), 'join', link.link), 'invitation-used-up');
      const devices = await ben.list<Device>(['device', 'list']);
      assert.deepEqual(devices.map(({ here, status }) => [here, status]).sort(), [
        [false, 'active'],
        [true, 'active'],
      ]);
      assert.equal((await ada.list<Member>(['members'])).length, 3, 'no member more');
      assert.equal(
        (await ada.json<Member>(['members', 'show', 'Ben'])).verified,
        false,
        'to be compared anew',
      );
      await bens.up(ALONE);
      await until('both devices have the same roll', async () => {
        const [one, other] = await Promise.all([ben, bens].map((node) => node.call('status', {})));
        return one?.rollHead === other?.rollHead;
      });
      const id = devices.find(({ here }) => !here)?.device ?? '';
      await refuses(json(ada, 'device', 'revoke', id.slice(0, 8)), 'needs-yes', 2);
      const revoked = await ada.json<Revoked>(['device', 'revoke', id.slice(0, 8), '--yes']);
      assert.deepEqual([revoked.scope, revoked.devices], ['device', [id]]);
      await until('it has heard', async () => (await bens.call('status', {})).revoked);
      await refuses(json(ada, 'device', 'revoke', id, '--yes'), 'already-revoked');
      await bens.stop();
    });

    await step(t, 'log, log --net -f', async () => {
      const lines = await ada.list<LogLine>(['log', '-n', '5']);
      assert.ok(lines.length > 0 && lines.length <= 5);
      for (const line of lines) promises(line, ['time', 'level', 'source', 'message', 'fields']);
      const following = new Command(['log', '--net', '-f', '--json', '--data', ada.data], {});
      try {
        const frame = await until('a frame was shown', () =>
          following.said.stdout
            .split('\n')
            .slice(0, -1)
            .map((line) => JSON.parse(line) as LogLine)
            .find(({ source }) => source === 'frame'),
        );
        promises(frame.fields, ['direction', 'peer', 'member', 'channel', 'sizeBytes']);
      } finally {
        following.child.kill('SIGINT');
        await following.ended;
      }
    });

    await step(t, 'bundle export, import', async () => {
      await ben.stop();
      await until('Ada knows that he is gone', async () =>
        (await ada.call('peers', {})).peers.every(({ name }) => name !== 'Ben'),
      );
      await cho.stop();
      await write(ada, ['news', 'more news']);
      const [everybody, forBen] = [stage.path('all.kith'), stage.path('ben.kith')];
      const written = await ada.json<{ path: string; entries: number; bytes: number }>([
        'bundle',
        'export',
        everybody,
      ]);
      assert.equal(written.path, everybody);
      assert.equal(written.bytes, (await stat(everybody)).size);
      await refuses(json(ada, 'bundle', 'export', everybody), 'needs-yes', 2);
      await ada.json(['bundle', 'export', everybody, '--yes']);
      await ada.json(['bundle', 'export', forBen, '--for', 'Ben']);

      await ben.up(['--no-mdns', '--listen', '127.0.0.1:0']);
      await cho.up(['--no-mdns', '--listen', '127.0.0.1:0']);
      await ada.stop();
      const eve = await stage.founder('Eve', ALONE);
      await refuses(json(eve, 'bundle', 'import', everybody), 'not-for-you');
      await refuses(json(cho, 'bundle', 'import', forBen), 'not-for-you');
      await refuses(json(cho, 'bundle', 'import', stage.path('nothing.kith')), 'cannot-read');
      await writeFile(stage.path('no.kith'), 'this is no bundle at all');
      await refuses(json(cho, 'bundle', 'import', stage.path('no.kith')), 'malformed');
      const cut = stage.path('cut.kith');
      await writeFile(cut, await readFile(everybody));
      await truncate(cut, Math.floor((await stat(cut)).size / 2));
      await refuses(json(cho, 'bundle', 'import', cut), 'damaged-bundle');

      const imported = await ben.json<{ read: number; added: number }>(['bundle', 'import', forBen]);
      promises(imported, ['read', 'added', 'refused']);
      assert.deepEqual((await texts(ben)).sort(), ['more news', 'news']);
      assert.equal(
        (await ben.json<{ added: number }>(['bundle', 'import', forBen])).added,
        0,
        'again does no harm',
      );
      await cho.json(['bundle', 'import', everybody]);
      assert.deepEqual((await texts(cho)).sort(), ['more news', 'news']);
      await ada.up(ALONE);
    });

    await step(t, 'backup, restore', async () => {
      const file = stage.path('ada.backup');
      await refuses(json(ada, 'backup', file), 'passphrase-needed');
      const made = await ada.json<{ path: string; bytes: number; entries: number }>(
        ['backup', file],
        PASSPHRASE,
      );
      promises(made, ['path', 'bytes', 'entries']);
      assert.equal(made.bytes, (await stat(file)).size);
      await refuses(ada.kith(['backup', file, '--json'], PASSPHRASE), 'needs-yes', 2);
      await refuses(ada.kith(['restore', file, '--json'], PASSPHRASE), 'node-running');
      const elsewhere = stage.node('Ada, restored');
      await refuses(
        elsewhere.kith(['restore', file, '--json'], { KITH_PASSPHRASE: 'wrong' }),
        'wrong-passphrase',
      );
      await refuses(elsewhere.kith(['restore', stage.path('none'), '--json'], PASSPHRASE), 'cannot-read');
      const restored = await elsewhere.json<Joined>(['restore', file], PASSPHRASE);
      assert.deepEqual([restored.member, restored.name, restored.network], [1, 'Ada', 'Camp North']);
    });

    await step(t, 'lock, unlock', async () => {
      await refuses(json(ada, 'lock'), 'passphrase-needed');
      assert.equal((await ada.json<Status>(['lock'], PASSPHRASE)).state, 'locked');
      await refuses(json(ada, 'members'), 'locked');
      await refuses(ada.kith(['unlock', '--json'], { KITH_PASSPHRASE: 'wrong' }), 'wrong-passphrase');
      assert.equal((await ada.json<Status>(['unlock'], PASSPHRASE)).state, 'running');
      const changed = { ...PASSPHRASE, KITH_NEW_PASSPHRASE: 'another one, just as long' };
      assert.equal((await ada.json<Status>(['lock', '--change'], changed)).state, 'locked');
      await refuses(ada.kith(['unlock', '--json'], PASSPHRASE), 'wrong-passphrase');
      const open = await ada.json<Status>(['unlock'], { KITH_PASSPHRASE: changed.KITH_NEW_PASSPHRASE });
      assert.deepEqual([open.state, open.member], ['running', 1]);
    });

    await step(t, 'members revoke, accept', async () => {
      assert.deepEqual(await ada.list<Quarantined>(['members', 'accept']), []);
      await refuses(json(ada, 'members', 'accept', 'ffffffff', '--yes'), 'nothing-quarantined');
      await refuses(json(ada, 'members', 'revoke', 'Cho Cho'), 'needs-yes', 2);
      const revoked = await ada.json<Revoked>(['members', 'revoke', 'Cho Cho', '--yes']);
      promises(revoked, ['member', 'name', 'scope', 'devices', 'held']);
      assert.deepEqual([revoked.member, revoked.scope, revoked.devices.length], [3, 'member', 1]);
      await refuses(json(ada, 'members', 'revoke', '3', '--yes'), 'already-revoked');
      assert.equal((await ada.json<Member>(['members', 'show', '3'])).status, 'revoked');
    });

    await step(t, 'stop', async () => {
      for (const node of all) {
        const stopping = node.pid;
        assert.deepEqual(await node.json(['stop']), { stopped: true });
        assert.throws(() => process.kill(stopping, 0), 'when it returns, the process has gone');
        assert.equal((await node.stop())?.code, 0);
      }
    });
  },
  { hangingMs: 600_000 },
);

scene('what a revoked member is told, and what its node does not get any more', async (stage) => {
  const ada = await stage.founder('Ada', ALONE);
  const ben = await stage.joiner(ada, 'Ben', ALONE);
  await write(ada, ['before']);
  await until('Ben has it', async () => (await texts(ben)).length === 1);
  await ada.json(['members', 'revoke', 'Ben', '--yes']);
  await until('Ben has heard', async () => (await ben.call('status', {})).revoked);
  await write(ada, ['after']);
  await until('the link has ended', async () => (await ada.call('peers', {})).peers.length === 0);
  await refuses(json(ben, 'peers', 'add', await addressOf(ada)), 'link-refused');
  assert.deepEqual(await texts(ben), ['before']);
  const { code, stdout } = await ben.kith(['status']);
  assert.equal(code, 0);
  assert.match(stdout, /removed from the network/);
});

scene('talk is for people: on stderr, in words, with the next step', async (stage) => {
  const ada = stage.node('Ada');
  const founded = await ada.kith(['init', 'Camp North', '--as', 'Ada']);
  assert.equal(founded.stdout, 'You are in Camp North: 1 Ada, admin.\n');
  assert.match(founded.stderr, /kith up .*\n.*kith invite/);
  const none = await ada.kith(['status']);
  assert.deepEqual([none.code, none.stdout], [1, '']);
  assert.match(none.stderr, /^No kith node is running for this data folder\.\nkith up --data /);
  await ada.up(ALONE);
  const invite = await ada.kith(['invite']);
  assert.match(invite.stdout, /^kith:\/\/join\/[\w-]+\n$/, 'stdout is data alone');
  assert.match(invite.stderr, /good once, until/);
  const code = await ada.kith(['invite', '--code']);
  assert.match(code.stdout, /^\d{3} \d{3} \d{3} \d{3}\n$/);
  for (const args of [[], ['--help'], ['members', '--help'], ['help', 'up']]) {
    const help = await runKith(args);
    assert.equal(help.code, 0);
    assert.equal(help.stderr, '');
    assert.match(help.stdout, /Usage: kith/);
  }
  const wrong = await runKith(['membres']);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /did you mean members/i);
});
