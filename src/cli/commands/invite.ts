import { InvalidArgumentError, Option } from 'commander';
import { INVITE_LIMITS, Role, type Invite, type NewInvite } from '../../api/contract.ts';
import { examples, type AddCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { parseDuration, relativeTo } from '../duration.ts';
import { sayQr } from '../qr.ts';
import { clean, counted, localTime, shortId, spacedCode, table } from '../render.ts';

interface InviteOptions {
  readonly role: Role;
  readonly name?: string;
  readonly expires: number;
  readonly uses: number;
  readonly code?: boolean;
  readonly qr?: boolean;
}

export const addInvite: AddCommand = (program, run) => {
  const invite = program
    .command('invite')
    .summary('invite somebody: a link and QR code, or twelve digits')
    .description('Makes an invitation for one person: a link with its QR code, or twelve digits to read out.')
    .addOption(new Option('--role <role>', 'what they will be').choices(Role.options).default('member'))
    .option('--name <who>', 'whom it is for; they take that name unless they say otherwise')
    .option('--expires <time>', 'how long it is good for', parseDuration, parseDuration('24h'))
    .option('--uses <count>', 'how many may use it', parseUses, 1)
    .option('--code', 'twelve digits instead of a link: for people on the same local network')
    .option('--qr', 'show the QR code even when this is no terminal')
    .addHelpText(
      'after',
      examples(
        ['kith invite', 'a link for one new member, good for a day'],
        ['kith invite --code --name Bo', 'twelve digits for Bo'],
        ['kith invite --role reader --uses 50 --expires 7d', 'one link for fifty readers'],
        ['kith invite withdraw 3f2a91c0', 'take an invitation back'],
      ),
    )
    .action(run<InviteOptions>(makeInvite));
  // The default is a number; help shows what one would type.
  invite.options.find(({ long }) => long === '--expires')?.default(parseDuration('24h'), '24h');

  invite
    .command('list')
    .description('Lists the invitations that were made.')
    .addHelpText('after', examples(['kith invite list', 'open and closed ones']))
    .action(
      run(async (context) => {
        const { invites } = await (await context.client()).call('invites', {});
        context.out.list(invites, () => inviteTable(context, invites));
        if (invites.length === 0) context.out.say(`Nobody was invited yet: ${context.command('invite')}`);
      }),
    );

  invite
    .command('withdraw')
    .description('Takes an invitation back; who joined with it stays.')
    .argument('<id>', 'the invitation, as `kith invite list` shows it')
    .addHelpText('after', examples(['kith invite withdraw 3f2a91c0', 'take it back']))
    .action(
      run<object, [string]>(async (context, _, id) => {
        const withdrawn = await (await context.client()).call('withdrawInvite', { id });
        context.out.result(withdrawn, () => [`Invitation ${shortId(withdrawn.id)} was withdrawn.`]);
      }),
    );
};

async function makeInvite(context: Context, options: InviteOptions): Promise<void> {
  const { role, name = '', expires: lastsMs, uses } = options;
  const form = options.code === true ? 'code' : 'link';
  const made = await (await context.client()).call('invite', { role, name, lastsMs, uses, form });
  const { out } = context;
  out.result(made, () => [made.link ?? spacedCode(made.code ?? '')]);
  if (made.link !== undefined) sayQr(out, made.link, options.qr === true);
  out.say(goodFor(context, made));
  out.say(
    made.link === undefined
      ? 'They type it on the same local network: kith join …'
      : 'They run: kith join LINK',
  );
}

function goodFor({ nowMs }: Context, { role, name, uses, expires }: NewInvite): string {
  const whom = name === '' ? '' : ` for ${clean(name)}`;
  const times = uses === 1 ? 'good once' : `good ${counted(uses, 'time')}`;
  return `An invitation${whom} as ${role}, ${times}, until ${localTime(expires)} (${relativeTo(nowMs, expires)}). Give it to nobody else.`;
}

function inviteTable({ nowMs, out }: Context, invites: readonly Invite[]): string[] {
  return table(
    ['ID', 'FORM', 'ROLE', 'FOR', 'STATUS', 'USED', 'EXPIRES', 'BY'],
    invites.map((invite) => [
      shortId(invite.id),
      invite.form,
      invite.role,
      invite.name,
      invite.status,
      `${String(invite.used)} of ${String(invite.uses)}`,
      relativeTo(nowMs, invite.expires),
      String(invite.by),
    ]),
    out.paintData,
  );
}

function parseUses(text: string): number {
  const uses = Number(text);
  if (Number.isInteger(uses) && uses >= 1 && uses <= INVITE_LIMITS.uses) return uses;
  throw new InvalidArgumentError(`A whole number from 1 to ${String(INVITE_LIMITS.uses)}.`);
}
