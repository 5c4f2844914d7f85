import { KithError } from '../../api/contract.ts';
import { readApiFile } from '../client.ts';
import { examples, type AddCommand } from '../command.ts';
import type { Context } from '../context.ts';

/** How often, and how long, to look whether the process has gone. */
const LOOK_MS = 50;
const LOOKS = 600;

export const addStop: AddCommand = (program, run) => {
  program
    .command('stop')
    .summary('stop the node')
    .description('Stops the node that runs on this data folder, and returns when it has gone.')
    .addHelpText('after', examples(['kith stop', 'say good-bye to the neighbours and stop']))
    .action(
      run(async (context) => {
        const client = await context.client();
        const pid = (await readApiFile(context.data))?.pid;
        await client.call('stop', {});
        await gone(context, pid);
        context.out.result({ stopped: true }, () => ['Stopped.']);
      }),
    );
};

/** Stopped is what has stopped: not what has promised to. */
async function gone({ terminal, data }: Context, pid: number | undefined): Promise<void> {
  for (let look = 0; look < LOOKS; look += 1) {
    if (pid === undefined ? (await readApiFile(data)) === undefined : !isAlive(pid)) return;
    await terminal.pause(LOOK_MS);
  }
  throw new KithError('still-stopping', 'The node has not stopped yet.', {
    next: pid === undefined ? 'Try again.' : `Wait, or end the process ${String(pid)} by force.`,
  });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
