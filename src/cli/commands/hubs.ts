import type { Hub } from '../../api/contract.ts';
import { examples, type AddCommand, type Run } from '../command.ts';
import type { Context } from '../context.ts';
import { called, table } from '../render.ts';

export const addHubs: AddCommand = (program, run) => {
  const hubs = program
    .command('hubs')
    .summary('nodes that are reachable from outside and introduce the others')
    .description(
      'Hubs: nodes that the network lists as reachable from outside. They introduce nodes to each other that share no local network, and pass their connections on, unread. Start one with `kith up --hub`.',
    )
    .addHelpText(
      'after',
      examples(
        ['kith hubs', 'which there are, and whether this node uses them'],
        ['kith hubs add /dns/hub.example.org/tcp/5484/p2p/12D3KooW…', 'list one, as an admin'],
        ['kith hubs remove ADDRESS', 'list it no more'],
      ),
    )
    .action(run(listHubs));

  hubs
    .command('list')
    .description('Lists the hubs, like `kith hubs` alone.')
    .addHelpText('after', examples(['kith hubs list', 'which there are']))
    .action(run(listHubs));

  change(hubs.command('add'), run, {
    call: 'addHub',
    does: 'Lists an address at which a hub is reachable from outside; for admins.',
    example: 'kith hubs add /ip4/192.0.2.7/tcp/5484/p2p/12D3KooW…',
  });
  change(hubs.command('remove'), run, {
    call: 'removeHub',
    does: 'Lists an address of a hub no more; for admins.',
    example: 'kith hubs remove /ip4/192.0.2.7/tcp/5484/p2p/12D3KooW…',
  });
};

interface Change {
  readonly call: 'addHub' | 'removeHub';
  readonly does: string;
  readonly example: string;
}

function change(command: ReturnType<Parameters<AddCommand>[0]['command']>, run: Run, how: Change): void {
  command
    .description(how.does)
    .argument('<address>', 'a multiaddr with /p2p/… at its end, as `kith status` prints it on the hub')
    .addHelpText('after', examples([how.example, 'by its address']))
    .action(
      run<object, [string]>(async (context, _, address) => {
        const { hubs } = await (await context.client()).call(how.call, { address });
        context.out.list(hubs, () => hubTable(context, hubs));
      }),
    );
}

async function listHubs(context: Context): Promise<void> {
  const { hubs } = await (await context.client()).call('hubs', {});
  context.out.list(hubs, () => hubTable(context, hubs));
  if (hubs.length > 0) return;
  context.out.say('No hub is listed. On a machine that is reachable from outside:');
  context.out.say(`  ${context.command('up --hub')}`);
}

function hubTable({ out }: Context, hubs: readonly Hub[]): string[] {
  return table(
    ['HUB', 'STATE', 'ADDRESS'],
    hubs.map((hub) => [nameOf(hub), stateOf(hub), hub.address]),
    out.paintData,
  );
}

function nameOf({ member, name }: Hub): string {
  return member === null || name === null ? 'not a member' : called({ member, name });
}

function stateOf({ self, linked, serves }: Hub): string {
  if (self) return 'this node';
  if (serves) return 'passes on';
  return linked ? 'linked' : 'not linked';
}
