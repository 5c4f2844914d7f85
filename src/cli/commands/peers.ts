import type { Peer } from '../../api/contract.ts';
import { examples, type AddCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { called, counted, table } from '../render.ts';

export const addPeers: AddCommand = (program, run) => {
  const peers = program
    .command('peers')
    .summary('whom this node has a link to')
    .description('The nodes that this one has a link to now.')
    .addHelpText(
      'after',
      examples(
        ['kith peers', 'who is linked'],
        ['kith peers add 192.168.1.20:5484', 'link with a node that cannot be found by itself'],
        ['kith peers bye', 'say good-bye and end all links'],
      ),
    )
    .action(run(listPeers));

  peers
    .command('list')
    .description('Lists whom this node has a link to, like `kith peers` alone.')
    .addHelpText('after', examples(['kith peers list', 'who is linked']))
    .action(run(listPeers));

  peers
    .command('add')
    .description('Remembers an address, and links with the node there.')
    .argument('<address>', 'host:port, or a multiaddr')
    .addHelpText('after', examples(['kith peers add 192.168.1.20:5484', 'by address and port']))
    .action(
      run<object, [string]>(async (context, _, address) => {
        const { peer } = await (await context.client()).call('addPeer', { address });
        const nobody = { member: null, name: null, link: null, rttMs: null, address };
        context.out.result(peer ?? nobody, () => [
          peer === null ? `A node answers at ${address}.` : `Linked with ${called(peer)} at ${peer.address}.`,
        ]);
      }),
    );

  peers
    .command('bye')
    .description(
      'Says good-bye to all neighbours and ends the links; `peers add` or a new start takes them up again.',
    )
    .addHelpText('after', examples(['kith peers bye', 'before moving house']))
    .action(
      run(async (context) => {
        const bye = await (await context.client()).call('bye', {});
        context.out.result(bye, () => [`Said good-bye to ${counted(bye.told, 'neighbour')}.`]);
      }),
    );
};

async function listPeers(context: Context): Promise<void> {
  const { peers } = await (await context.client()).call('peers', {});
  context.out.list(peers, () => peerTable(context, peers));
  if (peers.length > 0) return;
  context.out.say('Nobody is linked. Nodes find each other on a local network by themselves;');
  context.out.say(`one that is elsewhere: ${context.command('peers add ADDRESS')}`);
}

function peerTable({ out }: Context, peers: readonly Peer[]): string[] {
  return table(
    ['#', 'NAME', 'STATUS', 'LINK', 'ROUND TRIP', 'ADDRESS'],
    peers.map((peer) => [
      String(peer.member),
      peer.name,
      statusOf(peer),
      peer.link,
      peer.rttMs === null ? '' : `${peer.rttMs.toFixed(1)} ms`,
      peer.address,
    ]),
    out.paintData,
  );
}

function statusOf({ status, conduct }: Peer): string {
  return conduct === null || conduct.standing === 'good'
    ? status
    : `${status}, ${conduct.standing}: ${conduct.reason}`;
}
