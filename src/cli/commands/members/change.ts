import { Argument } from 'commander';
import { Role } from '../../../api/contract.ts';
import { examples, type AddCommand } from '../../command.ts';
import { called, clean } from '../../render.ts';
import { UsageError } from '../../usage.ts';
import { memberTable, WHO } from './lines.ts';

export const addRename: AddCommand = (members, run) => {
  members
    .command('rename')
    .description('Changes the name, organisation or place of a member: your own, or as an admin anybody’s.')
    .argument('<who>', WHO)
    .argument('[name]', 'the new name')
    .option('--org <org>', 'the new organisation')
    .option('--place <place>', 'the new place')
    .addHelpText(
      'after',
      examples(
        ['kith members rename 3 "Bo Bo"', 'a new name'],
        ['kith members rename 3 --place "Camp South"', 'the same name, another place'],
      ),
    )
    .action(
      run<{ org?: string; place?: string }, [string, string?]>(async (context, { org, place }, who, name) => {
        if (name === undefined && org === undefined && place === undefined) {
          throw new UsageError('nothing-to-change', 'Say what is to be changed.', {
            next: 'Give a name, --org or --place.',
          });
        }
        const change = { name, org, place };
        const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
        const member = await (await context.client()).call('rename', { who, ...given });
        context.out.result(member, () => memberTable(context, [member]));
      }),
    );
};

export const addRole: AddCommand = (members, run) => {
  members
    .command('role')
    .description('Changes what a member may do.')
    .argument('<who>', WHO)
    .addArgument(new Argument('<role>', 'the new role').choices(Role.options))
    .addHelpText('after', examples(['kith members role 3 admin', 'may now invite and remove']))
    .action(
      run<object, [string, string]>(async (context, _, who, role) => {
        const member = await (await context.client()).call('setRole', { who, role: Role.parse(role) });
        context.out.result(member, () => [`${called(member)} is now ${member.role}.`]);
      }),
    );
};

export const addGrant: AddCommand = (members, run) => {
  members
    .command('grant')
    .description('Gives a member a named right, such as medical; or takes it back.')
    .argument('<who>', WHO)
    .argument('<grant>', 'a short lower-case word')
    .option('--take-back', 'take it back')
    .addHelpText(
      'after',
      examples(
        ['kith members grant 3 medical', 'may read medical parts'],
        ['kith members grant 3 medical --take-back', 'no longer'],
      ),
    )
    .action(
      run<{ takeBack?: boolean }, [string, string]>(async (context, { takeBack }, who, grant) => {
        const given = takeBack !== true;
        const member = await (await context.client()).call('setGrant', { who, grant, given });
        context.out.result(member, () => [
          `${called(member)} ${given ? 'now has' : 'no longer has'} the grant ${clean(grant)}.`,
        ]);
      }),
    );
};
