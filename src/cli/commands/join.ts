import { isKithError, KithError, type Input, type Joined } from '../../api/contract.ts';
import type { Client } from '../client.ts';
import { examples, type AddCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { joinNetwork, joinedLine } from '../joining.ts';

interface JoinOptions {
  readonly as?: string;
  readonly org?: string;
  readonly place?: string;
  readonly peer?: readonly string[];
}

export const addJoin: AddCommand = (program, run) => {
  program
    .command('join')
    .summary('join a network with a link or a code')
    .description(
      'Joins a network with a link or a twelve-digit code, and waits until somebody lets this node in.',
    )
    .argument('<link-or-code...>', 'the link, or the twelve digits')
    .option('--as <who>', 'your name (left out: the one in the invitation)')
    .option('--org <org>', 'your organisation')
    .option('--place <place>', 'where this node is')
    .option('--peer <address...>', 'a node of the network can be reached at this address')
    .addHelpText(
      'after',
      examples(
        ['kith join kith:…', 'with a link'],
        ['kith join 417 302 998 215 --as Bo --place "Camp South"', 'with a code, on the same local network'],
      ),
    )
    .action(run<JoinOptions, string[]>(join));
};

async function join(context: Context, options: JoinOptions, ...typed: string[]): Promise<void> {
  const { as, org = '', place = '', peer = [] } = options;
  const request = { invitation: typed.join(' '), org, place };
  const { result, temporary } = await context.withNode('joining', async (client) => {
    for (const address of peer) await addPeer(context, client, address);
    return as === undefined
      ? joinUnnamed(context, client, request)
      : joinNetwork(context, client, { ...request, name: as });
  });
  context.out.result(result, () => [joinedLine(result)]);
  if (temporary) context.out.say(`Now start the node: ${context.command('up')}`);
}

/** Most invitations leave it to the one who joins to say who that is. */
async function joinUnnamed(context: Context, client: Client, request: Input<'join'>): Promise<Joined> {
  try {
    return await joinNetwork(context, client, request);
  } catch (error) {
    if (!isKithError(error, 'name-needed') && !isKithError(error, 'bad-name')) throw error;
    if (context.prompt.possible) {
      return joinNetwork(context, client, {
        ...request,
        name: await context.prompt.mustAsk('What is your name?'),
      });
    }
    throw new KithError('name-needed', 'The invitation does not say who you are.', {
      next: 'Add your name: --as "Your name"',
    });
  }
}

/** An address that does not answer now may do so later; one that is none never will. */
async function addPeer({ out }: Context, client: Client, address: string): Promise<void> {
  try {
    await client.call('addPeer', { address });
  } catch (error) {
    if (!isKithError(error, 'unreachable') && !isKithError(error, 'link-refused')) throw error;
    out.say(error.message);
  }
}
