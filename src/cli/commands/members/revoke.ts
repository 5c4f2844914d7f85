import type { Revoked } from '../../../api/contract.ts';
import { examples, type AddCommand } from '../../command.ts';
import type { Context } from '../../context.ts';
import { called, counted, shortId, table } from '../../render.ts';
import { WHO } from './lines.ts';

export const addRevoke: AddCommand = (members, run) => {
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
    .action(
      run<{ yes?: boolean }, [string]>((context, { yes }, who) => revokeMember(context, who, yes === true)),
    );
};

async function revokeMember(context: Context, who: string, yes: boolean): Promise<void> {
  const client = await context.client();
  const member = await client.call('member', { who });
  const devices = counted(member.devices.length, 'device');
  await context.prompt.confirm(`Remove ${called(member)} with ${devices}, for good?`, yes);
  // By number: the name may come to fit somebody else while the question stands.
  const revoked = await client.call('revokeMember', { who: String(member.member) });
  context.out.result(revoked, () => revokedLines(context, revoked));
  advise(context);
}

export async function revokeDevice(context: Context, device: string, yes: boolean): Promise<void> {
  const client = await context.client();
  await context.prompt.confirm(`Remove the device ${device}, for good?`, yes);
  const revoked = await client.call('revokeDevice', { device });
  context.out.result(revoked, () => revokedLines(context, revoked));
  advise(context);
}

function revokedLines({ out }: Context, revoked: Revoked): string[] {
  const { scope, devices, held } = revoked;
  return [
    scope === 'member'
      ? `${called(revoked)} is out, with ${counted(devices.length, 'device')}.`
      : `${counted(devices.length, 'device')} of ${called(revoked)} ${devices.length === 1 ? 'is' : 'are'} out; the member stays.`,
    `Whoever has the ${devices.length === 1 ? 'device' : 'devices'} may read what was there: up to ${counted(held.entries, 'entry', 'entries')} of the network.`,
    ...table(
      ['WROTE', 'LANE', 'ENTRIES THAT STAND'],
      held.feeds.map(({ feed, lane, entries }) => [shortId(feed), lane, String(entries)]),
      out.paintData,
    ),
  ];
}

function advise(context: Context): void {
  const { out } = context;
  out.say('Nodes that are out of reach go on trusting it until they hear of this.');
  out.say(`What it writes after that is set aside everywhere; see: ${context.command('members accept')}`);
}
