import type { Verification } from '../../../api/contract.ts';
import { examples, type AddCommand } from '../../command.ts';
import type { Context } from '../../context.ts';
import { called, spacedDigits } from '../../render.ts';
import { WHO } from './lines.ts';

export const addVerify: AddCommand = (members, run) => {
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
};

/** Shows the digits, and lets the person say whether they agree. */
async function verifyMember(context: Context, who: string, confirmed: boolean): Promise<Verification> {
  const { out, prompt } = context;
  const client = await context.client();
  const shown = await client.call('verification', { who });
  const confirm = () =>
    client.call('confirmVerification', { who: String(shown.member), digits: shown.digits });
  if (confirmed) return confirm();
  if (shown.verified) {
    out.say(`You compared these digits with ${called(shown)} before.`);
    return shown;
  }
  out.say(`Call ${called(shown)}, who runs kith members verify with your number. Read to each other:`);
  if (!prompt.possible) {
    out.say('If both read the same, run this again with --confirm.');
    return shown;
  }
  out.say('');
  out.say(`  ${out.paintTalk('bold', spacedDigits(shown.digits))}`);
  out.say('');
  if (await prompt.agrees('Do both of you read the same twelve digits?')) {
    const verified = await confirm();
    out.say('Verified.');
    return verified;
  }
  out.say(`Then somebody may stand between you: trust nothing from ${called(shown)} until it is cleared up.`);
  return shown;
}
