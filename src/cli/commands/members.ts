import { examples, type AddCommand } from '../command.ts';
import { addAccept } from './members/accept.ts';
import { addGrant, addRename, addRole } from './members/change.ts';
import { addRevoke } from './members/revoke.ts';
import { addList, addShow, listMembers } from './members/show.ts';
import { addVerify } from './members/verify.ts';

const VERBS = [addList, addShow, addRename, addRole, addGrant, addRevoke, addVerify, addAccept];

export const addMembers: AddCommand = (program, run) => {
  const members = program
    .command('members')
    .summary('who is in, and what they may do')
    .description('The roll of the network. Without a verb: everybody in it.')
    .addHelpText(
      'after',
      examples(
        ['kith members', 'everybody'],
        ['kith members show 3', 'one of them, with devices'],
        ['kith members verify Bo', 'compare digits by voice'],
        ['kith members revoke 3', 'remove a member whose device was lost'],
      ),
    )
    .action(run(listMembers));
  for (const add of VERBS) add(members, run);
};
