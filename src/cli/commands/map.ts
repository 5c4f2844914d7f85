import type { MapNode, NetworkPath } from '../../api/contract.ts';
import { examples, type AddCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { relativeTo } from '../duration.ts';
import { called, clean, counted, table } from '../render.ts';

interface MapOptions {
  readonly to?: string;
}

export const addMap: AddCommand = (program, run) => {
  program
    .command('map')
    .summary('who is linked to whom')
    .description(
      'Every node of the network: how it stands, seen from here, and whom it is linked to. `here`: there is a way to ' +
        'it. `quiet`: its signs of life are overdue. `dead`: its neighbours have lost it. `left`: it said good-bye. ' +
        '`away`: out of reach, perhaps together with others.',
    )
    .option('--to <who>', 'the way that a letter to that member would go: peer number, or name')
    .addHelpText(
      'after',
      examples(['kith map', 'everybody'], ['kith map --to Bo', 'through whom a letter to Bo goes']),
    )
    .action(
      run<MapOptions>((context, { to }) => (to === undefined ? showMap(context) : showPath(context, to))),
    );
};

async function showMap(context: Context): Promise<void> {
  const { nodes } = await (await context.client()).call('map', {});
  context.out.list(nodes, () => [...mapTable(context, nodes), ...troubles(nodes)]);
  if (context.out.json) return;
  const here = nodes.filter(({ status }) => status === 'here').length;
  const links = nodes.reduce((sum, { neighbours }) => sum + neighbours.length, 0) / 2;
  context.out.say(`${counted(here, 'node')} of ${String(nodes.length)} in reach, ${counted(links, 'link')}.`);
}

function mapTable({ nowMs, out }: Context, nodes: readonly MapNode[]): string[] {
  return table(
    ['#', 'NAME', 'PLACE', 'STATUS', 'LAST HEARD', 'LINKED TO'],
    nodes.map((node) => [
      String(node.member),
      node.you ? `${node.name} (you)` : node.name,
      node.place,
      node.status,
      node.status === 'here' ? 'now' : node.lastHeard === null ? 'never' : relativeTo(nowMs, node.lastHeard),
      node.neighbours
        .map(({ member }) => member)
        .sort((a, b) => a - b)
        .join(' '),
    ]),
    out.paintData,
  );
}

function troubles(nodes: readonly MapNode[]): string[] {
  return nodes.flatMap(({ conduct, ...node }) =>
    conduct === null || conduct.standing === 'good'
      ? []
      : [
          `${called(node)} is ${conduct.standing === 'cut' ? 'cut off' : 'slowed down'}: ${clean(conduct.reason)}`,
        ],
  );
}

async function showPath(context: Context, to: string): Promise<void> {
  const found = await (await context.client()).call('path', { to });
  context.out.result(found, () => [inWords(found)]);
}

function inWords({ path, ...to }: NetworkPath): string {
  const [, ...way] = path ?? [];
  const whom = called({ member: to.to, name: to.name });
  if (path === null) return `No way to ${whom} is known now.`;
  if (way.length === 0) return `${whom} is here.`;
  if (way.length === 1) return `${whom} is a neighbour.`;
  return `you → ${way.map(called).join(' → ')}`;
}
