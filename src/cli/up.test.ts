import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { KithError } from '../api/contract.ts';
import { fakeHost, type FakeHost } from '../../test/fakes/fake-run.ts';

let host: FakeHost;
afterEach(() => host.close());

describe('kith up', () => {
  it('says on one JSON line that it is ready, and stays until it is asked to end', async () => {
    host = await fakeHost();
    const { terminal, exit } = host.begin([
      'up',
      '--json',
      '--listen',
      ':0',
      '--peer',
      'a:1',
      'b:2',
      '--no-mdns',
      '--api-port',
      '0',
    ]);
    await terminal.said('\n');
    const ready = JSON.parse(terminal.written.stdout) as Record<string, unknown>;
    for (const field of ['network', 'member', 'ready', 'neighbours', 'entries', 'listening', 'api'])
      assert.ok(field in ready);
    assert.deepEqual(host.started, [
      {
        data: host.data,
        listen: [':0'],
        peers: ['a:1', 'b:2'],
        hub: false,
        mdns: false,
        apiPort: 0,
        desk: undefined,
        temporary: undefined,
      },
    ]);
    assert.equal((await host.run(['status', '--json'])).json[0]?.['state'], 'running');
    terminal.askToEnd();
    assert.equal(await exit, 0);
    assert.equal(terminal.written.stderr, '');
  });

  it('says in words where it is, and what happens', async () => {
    host = await fakeHost();
    const { terminal, exit } = host.begin(['up']);
    await terminal.said('/data/kith');
    assert.match(terminal.written.stderr, /Camp · you are 1 Aung \(admin\)/);
    assert.match(terminal.written.stderr, /listening +\/ip4/);
    await Promise.race([until(() => host.node.listeners.size === 1), exit]);
    host.node.emit({ type: 'peer', change: 'linked', member: 2, name: 'Bo', device: 'a1'.repeat(32) });
    await terminal.said('Linked with 2 Bo.');
    terminal.askToEnd();
    assert.equal(await exit, 0);
    assert.equal(terminal.written.stdout, '');
  });

  it('says where phones find the public desk', async () => {
    host = await fakeHost();
    const { terminal, exit } = host.begin(['up', '--desk', ':8080']);
    await terminal.said('what everybody may know');
    assert.match(terminal.written.stderr, /desk +http:\/\/192\.168\.1\.7:8080\//);
    assert.equal(host.started[0]?.desk, ':8080');
    terminal.askToEnd();
    assert.equal(await exit, 0);
  });

  it('ends at once when it is asked twice', async () => {
    host = await fakeHost();
    const { terminal, exit } = host.begin(['up']);
    await terminal.said('/data/kith');
    terminal.askToEnd();
    // npm passes one Ctrl-C on a second time: that is the same one.
    terminal.askToEnd();
    assert.equal(terminal.exited, undefined);
    terminal.later(2000);
    terminal.askToEnd();
    assert.equal(terminal.exited, 130);
    await exit;
  });

  it('ends when somebody stops the node', async () => {
    host = await fakeHost();
    const { terminal, exit } = host.begin(['up', '--json']);
    await terminal.said('\n');
    host.node.onStop();
    assert.equal(await exit, 0);
  });

  it('says what kept it from starting', async () => {
    host = await fakeHost();
    await host.open();
    const ran = await host.run(['up', '--json']);
    assert.equal(ran.code, 1);
    assert.equal((JSON.parse(ran.stderr) as { code: string }).code, 'already-running');
  });

  it('tells how to begin where nobody is there to be asked', async () => {
    host = await fakeHost({ state: 'empty' });
    const { terminal, exit } = host.begin(['up']);
    await terminal.said('kith join');
    assert.match(terminal.written.stderr, /kith init/);
    terminal.askToEnd();
    assert.equal(await exit, 0);
  });

  it('ends with its input when it is temporary', async () => {
    host = await fakeHost({ state: 'empty' });
    const { terminal, exit } = host.begin(['up', '--temporary', 'offline', '--json']);
    await terminal.said('\n');
    assert.equal(host.started[0]?.temporary, 'offline');
    terminal.stdin.push(null);
    assert.equal(await exit, 0);
  });
});

describe('kith up on an empty data folder, with somebody there', () => {
  it('founds a network', async () => {
    host = await fakeHost({ state: 'empty' });
    const { terminal, exit } = host.begin(['up'], { tty: true });
    await terminal.said('1, 2 or 3?');
    terminal.type('what?');
    await terminal.said('1, 2 or 3?');
    terminal.type('1');
    await terminal.said('What is the network called?');
    terminal.type('Camp North');
    await terminal.said('What is your name?');
    terminal.type('Daw Mya');
    await terminal.said('Your organisation?');
    terminal.type('');
    await terminal.said('Where is this node?');
    terminal.type('Sittwe');
    await terminal.said('You are in Camp North: 1 Daw Mya, admin.');
    await terminal.said('kith invite');
    terminal.askToEnd();
    assert.equal(await exit, 0);
  });

  it('joins one, and asks again after a refusal', async () => {
    let tries = 0;
    host = await fakeHost({
      state: 'empty',
      overrides: {
        async *'network.join'() {
          await Promise.resolve();
          tries += 1;
          if (tries === 1)
            throw new KithError('wrong-code', 'The code is not right.', { next: 'Ask for it again.' });
          yield {
            step: 'joined',
            network: 'Camp',
            networkId: 'c3'.repeat(32),
            member: 4,
            name: 'Bo',
            role: 'member',
          };
        },
      },
    });
    const { terminal, exit } = host.begin(['up'], { tty: true });
    const answers = [
      ['1, 2 or 3?', '2'],
      ['Paste the link', '417 302 998 215'],
      ['What is your name?', 'Bo'],
      ['Your organisation?', ''],
      ['Where is this node?', ''],
    ] as const;
    for (const [question, answer] of [...answers, ['Ask for it again.', undefined] as const, ...answers]) {
      await terminal.said(question);
      if (answer !== undefined) terminal.type(answer);
    }
    await terminal.said('You are in Camp: 4 Bo, member.');
    terminal.askToEnd();
    assert.equal(await exit, 0);
    assert.equal(tries, 2);
  });

  it('just waits', async () => {
    host = await fakeHost({ state: 'empty' });
    const { terminal, exit } = host.begin(['up'], { tty: true });
    await terminal.said('1, 2 or 3?');
    terminal.type('3');
    await terminal.said('Waiting.');
    terminal.askToEnd();
    assert.equal(await exit, 0);
  });

  it('ends at Ctrl-C, and when the node is stopped while it asks', async () => {
    host = await fakeHost({ state: 'empty' });
    const asked = host.begin(['up'], { tty: true });
    await asked.terminal.said('1, 2 or 3?');
    asked.terminal.stdin.push('\u0003');
    assert.equal(await asked.exit, 0);
    const stopped = host.begin(['up'], { tty: true });
    await stopped.terminal.said('1, 2 or 3?');
    host.node.onStop();
    assert.equal(await stopped.exit, 0);
  });
});

describe('kith up on a locked data folder', () => {
  it('asks for the passphrase until it is right', async () => {
    host = await fakeHost({ state: 'locked' });
    host.node.passphrase = 'right';
    const { terminal, exit } = host.begin(['up'], { tty: true });
    await terminal.said('Passphrase:');
    terminal.type('wrong');
    await terminal.said('does not open');
    terminal.type('right');
    await terminal.said('Unlocked.');
    terminal.askToEnd();
    assert.equal(await exit, 0);
  });

  it('takes it from the environment before it says that it is ready', async () => {
    host = await fakeHost({ state: 'locked' });
    host.node.passphrase = 'right';
    const { terminal, exit } = host.begin(['up', '--json'], { env: { KITH_PASSPHRASE: 'right' } });
    await terminal.said('"state":"running"');
    terminal.askToEnd();
    assert.equal(await exit, 0);
  });

  it('lets a temporary node be: the passphrase may be that of a backup', async () => {
    host = await fakeHost({ state: 'locked' });
    host.node.passphrase = 'right';
    const { terminal, exit } = host.begin(['up', '--temporary', 'offline', '--json'], {
      env: { KITH_PASSPHRASE: 'other' },
    });
    await terminal.said('"state":"locked"');
    terminal.stdin.push(null);
    assert.equal(await exit, 0);
  });

  it('stops when that one is wrong: nobody is there to try again', async () => {
    host = await fakeHost({ state: 'locked' });
    host.node.passphrase = 'right';
    const ran = await host.run(['up', '--json'], { env: { KITH_PASSPHRASE: 'wrong' } });
    assert.equal(ran.code, 1);
    assert.equal((JSON.parse(ran.stderr) as { code: string }).code, 'wrong-passphrase');
  });
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
