/** What people see without asking again: letters as they come, and alarms where the node runs. */
import assert from 'node:assert/strict';
import type { InboxLetter } from '../../src/api/contract.ts';
import { Command, type NodeProcess } from '../../scripts/nodes/node-process.ts';
import { until } from '../../scripts/nodes/until.ts';
import { scene, step, type Stage } from '../support/stage.ts';

const ALONE = ['--no-mdns', '--listen', '127.0.0.1:0'];

async function two(stage: Stage): Promise<{ ada: NodeProcess; ben: NodeProcess; address: string }> {
  const ada = await stage.founder('Ada', ALONE);
  const ben = await stage.joiner(ada, 'Ben', ALONE);
  const address = (await ada.call('status', {})).listening[0] ?? '';
  return { ada, ben, address };
}

/** A command that goes on until it is asked to end; when the play fails, it is killed. */
async function during(command: Command, play: () => Promise<void>): Promise<void> {
  try {
    await play();
  } catch (error) {
    command.child.kill('SIGKILL');
    const { stdout, stderr } = await command.ended;
    throw new Error(`it had said: ${stdout}${stderr}`, { cause: error });
  }
}

scene('who looks on sees what comes', async (stage, t) => {
  const { ada, ben, address } = await two(stage);
  await ada.json(['send', 'Ben', 'Before', '--wait']);
  const followed = (args: readonly string[]): Command =>
    new Command(['inbox', '--follow', '--data', ben.data, ...args], {});

  await step(t, 'letters in an inbox that is followed, each once; following reads nothing', async () => {
    const command = followed(['--json']);
    const lines = (): InboxLetter[] =>
      command.said.stdout
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as InboxLetter);
    await during(command, async () => {
      await until('it shows what is there', () => lines().length === 1);
      for (const text of ['One', 'Two']) await ada.json(['send', 'Ben', text, '--wait']);
      await until('it shows what came', () => lines().length === 3);
      command.child.kill('SIGINT');
      assert.equal((await command.ended).signal, 'SIGINT');
    });
    assert.deepEqual(
      lines().map(({ text, fromName, read }) => [text, fromName, read]),
      ['Before', 'One', 'Two'].map((text) => [text, 'Ada', false]),
    );
    assert.equal((await ben.call('inbox', { unread: true })).letters.length, 3);
  });

  await step(t, 'letters in words, what is wanted alone, marked as read as it is shown', async () => {
    const command = followed(['--unread', '--search', 'truck', '--mark-read']);
    await during(command, async () => {
      for (const text of ['The bus is late', 'The truck is here'])
        await ada.json(['send', 'Ben', text, '--wait']);
      await until('it shows the truck', () => command.said.stdout.includes('    The truck is here\n'));
      await until('Ada knows that it was read', async () => {
        const [newest] = (await ben.call('inbox', { limit: 1 })).letters;
        return newest !== undefined && (await ada.call('letter', { id: newest.id })).status === 'read';
      });
      command.child.kill('SIGINT');
      await command.ended;
    });
    assert.match(command.said.stdout, /\* [0-9a-f]{8} .*1 Ada/);
    assert.doesNotMatch(command.said.stdout, /bus/);
  });

  await step(t, 'alarms where the node runs', async () => {
    await ben.stop();
    const up = new Command(['up', '--api-port', '0', '--data', ben.data, ...ALONE, '--peer', address], {});
    await during(up, async () => {
      await until('it is linked', async () => (await ada.call('status', {})).neighbours === 1);
      // Nothing tells from outside that it listens by now, so another one is raised until it is heard.
      await until('it says that there is an alarm', async () => {
        await ada.json(['alarm', 'raise', 'Fire at gate 2', '--severity', 'extreme']);
        return /^ALARM \(Extreme\) from 1 Ada: Fire at gate 2 — seen\? kith alarm ack [0-9a-f]{8}$/m.test(
          up.said.stderr,
        );
      });
      await ada.json(['alarm', 'raise', 'Only a test', '--drill']);
      await until('it says that it is a drill', () =>
        /^DRILL .*: Only a test — seen\?/m.test(up.said.stderr),
      );
      up.child.kill('SIGTERM');
      const { code, stdout } = await up.ended;
      assert.equal(code, 0);
      assert.equal(stdout, '', 'talk is no data, and there is no bell where nobody watches');
      assert.match(up.said.stderr, /Stopped\.\s*$/);
    });
  });
});
