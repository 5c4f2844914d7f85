import { Option } from 'commander';
import { KithError, type LetterDetail, type Role } from '../../api/contract.ts';
import type { Client } from '../client.ts';
import { examples, type AddCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { parseDuration } from '../duration.ts';
import { UsageError } from '../usage.ts';

interface SendOptions {
  readonly all?: boolean;
  readonly role?: Role;
  readonly org?: string;
  readonly expires?: number;
  readonly wait?: boolean;
}

export const addSend: AddCommand = (program, run) => {
  program
    .command('send')
    .summary('send a letter, whoever is there')
    .description(
      'Sends a letter, sealed for whom it is for. Others carry it until they come; who is away gets it later.',
    )
    .argument('<to-and-text...>', 'whom it is for, and last the text, or - to read it from standard input')
    .option('--all', 'to everybody who can receive letters')
    .addOption(new Option('--role <role>', 'to all who have it').choices(['admin', 'member']))
    .option('--org <org>', 'to all who belong to it')
    .option('--expires <time>', 'how long it may travel, up to 90d (left out: 30d)', parseDuration)
    .option('--wait', 'wait until it has arrived at all of them')
    .addHelpText(
      'after',
      examples(
        ['kith send 3 "The truck comes at noon"', 'to member 3; prints the id'],
        ['kith send Bo "Daw Mya" "Meet at the gate"', 'to two'],
        ['kith send --all "Water is back"', 'to everybody'],
        ['kith send --org MSF --wait "Please confirm"', 'and wait until all have it'],
        ['kith send Bo - < report.txt', 'text from a file'],
        ['kith letter 3f2a91c0', 'where it is now'],
      ),
    )
    .action(run<SendOptions, string[]>((context, options, ...operands) => send(context, options, operands)));
};

async function send(context: Context, options: SendOptions, operands: readonly string[]): Promise<void> {
  const { all = false, role, org, expires, wait = false } = options;
  const to = operands.slice(0, -1);
  if (to.length === 0 && !all && role === undefined && org === undefined) {
    throw new UsageError('usage', 'It takes whom the letter is for, and its text.', {
      next: 'For example: kith send Bo "See you at noon"',
    });
  }
  const client = await context.client();
  const text = await textOf(context, operands.at(-1) ?? '');
  const sent = await client.call('sendLetter', {
    to: [...to],
    all,
    text,
    ...(role === undefined ? {} : { role }),
    ...(org === undefined ? {} : { org }),
    ...(expires === undefined ? {} : { lastsMs: expires }),
  });
  const result = wait ? await arrival(context, client, sent.id) : sent;
  context.out.result(result, () => [result.id]);
  if (!wait)
    context.out.say(
      `It is kept, and goes as soon as it can. Where it is: ${context.command(`letter ${sent.id.slice(0, 8)}`)}`,
    );
}

async function textOf({ terminal }: Context, operand: string): Promise<string> {
  if (operand !== '-') return operand;
  const chunks: Buffer[] = [];
  for await (const chunk of terminal.stdin) chunks.push(Buffer.from(chunk as Uint8Array | string));
  return Buffer.concat(chunks).toString('utf8');
}

/** @throws KithError `letter-expired`; `interrupted` when the node stops or the reader goes. */
async function arrival(
  context: Context,
  client: Client,
  id: string,
): Promise<Pick<LetterDetail, 'id' | 'status'>> {
  context.out.say(`${id} is kept. Waiting until it has arrived …`);
  for await (const event of client.events(context.out.readerGone)) {
    // The first one says that we listen: what came before is asked for.
    if (event.type === 'letter' && event.id !== id) continue;
    if (!['letter', 'state', 'missed'].includes(event.type)) continue;
    const { status } = await client.call('letter', { id });
    if (status === 'arrived' || status === 'read') return { id, status };
    if (status === 'expired') {
      throw new KithError('letter-expired', 'The letter did not arrive in its time.', {
        next: 'Send it again.',
      });
    }
  }
  throw new KithError('interrupted', 'The node stopped before the letter arrived; the letter is kept.', {
    next: `Start the node again, then see: kith letter ${id.slice(0, 8)}`,
  });
}
