import { examples, type AddCommand } from '../command.ts';
import { joinedLine } from '../joining.ts';

interface InitOptions {
  readonly as: string;
  readonly org?: string;
  readonly place?: string;
}

export const addInit: AddCommand = (program, run) => {
  program
    .command('init')
    .summary('found a network')
    .description('Founds a network, with you as its first member and admin.')
    .argument('<name>', 'what the network is called')
    .requiredOption('--as <who>', 'your name')
    .option('--org <org>', 'your organisation')
    .option('--place <place>', 'where this node is')
    .addHelpText(
      'after',
      examples(
        ['kith init "Camp North" --as Aung', 'found a network'],
        ['kith init Relief --as "Dr. Mya" --org MSF --place "Sittwe hospital"', 'and say who you are'],
      ),
    )
    .action(
      run<InitOptions, [string]>(async (context, { as, org = '', place = '' }, network) => {
        const { result, temporary } = await context.withNode('offline', (client) =>
          client.call('found', { network, name: as, org, place }),
        );
        context.out.result(result, () => [joinedLine(result)]);
        if (temporary) context.out.say(`Now start the node: ${context.command('up')}`);
        context.out.say(`Then invite others, in another terminal: ${context.command('invite')}`);
      }),
    );
};
