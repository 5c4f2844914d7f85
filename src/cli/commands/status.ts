import type { Status } from '../../api/contract.ts';
import { examples, type AddCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { relativeTo } from '../duration.ts';
import { called, counted, localTime, pairs } from '../render.ts';

export const addStatus: AddCommand = (program, run) => {
  program
    .command('status')
    .summary('how this node is')
    .description('Says how the node is: network, neighbours, entries, addresses.')
    .addHelpText('after', examples(['kith status', 'in words'], ['kith status --json', 'for programs']))
    .action(
      run(async (context) => {
        const status = await (await context.client()).call('status', {});
        context.out.result(status, () => statusLines(context, status));
        advise(context, status);
      }),
    );
};

function statusLines({ nowMs, out }: Context, status: Status): string[] {
  const { member, name, role, membershipAsOf } = status;
  return pairs(
    [
      ['network', status.network ?? (status.state === 'empty' ? 'none yet' : '')],
      ['you', member === null || name === null ? '' : `${called({ member, name })}, ${role ?? ''}`],
      ['state', stateOf(status)],
      ['neighbours', status.state === 'running' ? String(status.neighbours) : ''],
      ['members', status.state === 'running' ? String(status.members) : ''],
      ['entries', status.state === 'running' ? status.entries.toLocaleString('en') : ''],
      ['set aside', status.quarantined === 0 ? '' : counted(status.quarantined, 'entry', 'entries')],
      [
        'membership as of',
        membershipAsOf === null
          ? ''
          : `${localTime(membershipAsOf)} (${relativeTo(nowMs, membershipAsOf)}), head ${status.rollHead ?? ''}`,
      ],
      ...status.listening.map((address, index) => [index === 0 ? 'listening' : ' ', address] as const),
      ['data', status.data],
      ['version', status.version],
    ],
    out.paintData,
  );
}

function stateOf({ state, ready, joining, revoked }: Status): string {
  if (revoked) return 'removed from the network';
  if (state === 'locked') return 'locked';
  if (state === 'empty') return joining ? 'joining a network' : 'waiting for a network';
  return ready ? 'ready' : 'starting';
}

function advise(context: Context, { state, joining, quarantined }: Status): void {
  const { out } = context;
  if (state === 'locked') out.say(`Give the passphrase: ${context.command('unlock')}`);
  if (state === 'empty' && !joining)
    out.say(`Found a network: ${context.command('init')} · or join one: ${context.command('join')}`);
  if (quarantined > 0) out.say(`See what is set aside: ${context.command('members accept')}`);
}
