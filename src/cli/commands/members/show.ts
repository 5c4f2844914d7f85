import { examples, type AddCommand } from '../../command.ts';
import type { Context } from '../../context.ts';
import { detailLines, memberTable, WHO } from './lines.ts';

export const addList: AddCommand = (members, run) => {
  members
    .command('list')
    .description('Lists everybody, like `kith members` alone.')
    .addHelpText('after', examples(['kith members list', 'everybody']))
    .action(run(listMembers));
};

export const addShow: AddCommand = (members, run) => {
  members
    .command('show')
    .description('Shows one member and their devices.')
    .argument('<who>', WHO)
    .addHelpText(
      'after',
      examples(['kith members show 3', 'by number'], ['kith members show "Daw Mya"', 'by name']),
    )
    .action(
      run<object, [string]>(async (context, _, who) => {
        const member = await (await context.client()).call('member', { who });
        context.out.result(member, () => detailLines(context, member));
      }),
    );
};

export async function listMembers(context: Context): Promise<void> {
  const { members } = await (await context.client()).call('members', {});
  context.out.list(members, () => memberTable(context, members));
}
