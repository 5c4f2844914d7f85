import { Argument, InvalidArgumentError } from 'commander';
import { Role } from '../../api/contract.ts';
import { examples, type AddCommand } from '../command.ts';
import { UsageError } from '../usage.ts';
import { called, clean, spacedDigits } from '../render.ts';
import { acceptQuarantined } from './members/accept.ts';
import { detailLines, memberTable } from './members/lines.ts';
import { revokeMember } from './members/revoke.ts';
import { verifyMember } from './members/verify.ts';

const WHO = 'peer number, or name';

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
    .action(
      run(async (context) => {
        const list = (await (await context.client()).call('members', {})).members;
        context.out.list(list, () => memberTable(context, list));
      }),
    );

  members
    .command('show')
    .description('Shows one member and their devices.')
    .argument('<who>', WHO)
    .addHelpText('after', examples(['kith members show 3', 'by number'], ['kith members show "Daw Mya"', 'by name']))
    .action(
      run<object, [string]>(async (context, _, who) => {
        const member = await (await context.client()).call('member', { who });
        context.out.result(member, () => detailLines(context, member));
      }),
    );

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

  members
    .command('revoke')
    .description('Removes a member with all devices, and says what the lost devices held.')
    .argument('<who>', WHO)
    .option('--yes', 'do not ask')
    .addHelpText(
      'after',
      examples(
        ['kith members revoke 3', 'remove member 3'],
        ['kith device revoke 3f2a91c0', 'only one device; the member stays'],
      ),
    )
    .action(run<{ yes?: boolean }, [string]>((context, { yes }, who) => revokeMember(context, who, yes === true)));

  members
    .command('verify')
    .description('Shows twelve digits to compare with a member by voice, and remembers that they agreed.')
    .argument('<who>', WHO)
    .option('--confirm', 'say that both of you read the same digits')
    .addHelpText(
      'after',
      examples(
        ['kith members verify Bo', 'show the digits, then ask whether they agree'],
        ['kith members verify Bo --confirm', 'they do'],
      ),
    )
    .action(
      run<{ confirm?: boolean }, [string]>(async (context, { confirm }, who) => {
        const verification = await verifyMember(context, who, confirm === true);
        context.out.result(verification, () => [spacedDigits(verification.digits)]);
      }),
    );

  members
    .command('accept')
    .description('Lets stand what a revoked device wrote past its cut. Without a feed: lists what is set aside.')
    .argument('[feed]', 'the feed, as the list shows it')
    .option('--up-to <seq>', 'accept up to this entry only', parseSeq)
    .option('--yes', 'do not ask')
    .addHelpText(
      'after',
      examples(
        ['kith members accept', 'what is set aside'],
        ['kith members accept 9c01d2e3', 'let all of that feed stand'],
        ['kith members accept 9c01d2e3 --up-to 120', 'only up to entry 120'],
      ),
    )
    .action(
      run<{ upTo?: number; yes?: boolean }, [string?]>((context, { upTo, yes }, feed) =>
        acceptQuarantined(context, feed, { upTo, yes: yes === true }),
      ),
    );
};

function parseSeq(text: string): number {
  const seq = Number(text);
  if (Number.isSafeInteger(seq) && seq >= 1) return seq;
  throw new InvalidArgumentError('The number of an entry: 1, 2, 3 …');
}
