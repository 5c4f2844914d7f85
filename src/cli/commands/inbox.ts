import { InvalidArgumentError, Option } from 'commander';
import type { InboxLetter } from '../../api/contract.ts';
import { isKithError } from '../../api/contract.ts';
import type { Client } from '../client.ts';
import { examples, type AddCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { parseDuration } from '../duration.ts';
import { parseLimit } from '../limit.ts';
import { called, clean, counted, localTime, shortId } from '../render.ts';

interface InboxOptions {
  readonly unread?: boolean;
  readonly since?: string;
  readonly until?: string;
  readonly search?: string;
  readonly limit: number;
  readonly before?: string;
  readonly markRead?: boolean;
  readonly follow?: boolean;
  readonly readReceipts?: 'on' | 'off';
}

export const addInbox: AddCommand = (program, run) => {
  program
    .command('inbox')
    .summary('letters that arrived')
    .description(
      'Shows the newest letters. Looking at them changes nothing: `kith letter ID` and --mark-read mark them as read.',
    )
    .option('--unread', 'only those that nobody has read')
    .option('--since <time>', 'arrived since then: 2h, 7d, or a date and time')
    .option('--until <time>', 'arrived before then')
    .option('--search <text>', 'with this in the text or in the name of who wrote')
    .option('-n, --limit <count>', 'how many at most', parseLimit, 50)
    .option('--before <place>', 'the page before, as the last one said')
    .option('--mark-read', 'mark what is shown as read')
    .option('-f, --follow', 'go on with new ones, until Ctrl-C')
    .addOption(
      new Option('--read-receipts <on-or-off>', 'whether senders are told what you read').choices([
        'on',
        'off',
      ]),
    )
    .addHelpText(
      'after',
      examples(
        ['kith inbox', 'the newest letters'],
        ['kith inbox --unread --mark-read', 'read what is new'],
        ['kith inbox --since 2h -f', 'the last two hours, and what comes'],
        ['kith inbox --search "truck" --limit 5', 'the last five about the truck'],
        ['kith inbox --read-receipts off', 'tell nobody what you read'],
      ),
    )
    .action(run<InboxOptions>(showInbox));
};

async function showInbox(context: Context, options: InboxOptions): Promise<void> {
  const client = await context.client();
  if (options.readReceipts !== undefined)
    return setReadReceipts(context, client, options.readReceipts === 'on');
  const filter = {
    unread: options.unread === true,
    ...(options.since === undefined ? {} : { since: timeOf(context, options.since) }),
    ...(options.until === undefined ? {} : { until: timeOf(context, options.until) }),
    ...(options.search === undefined ? {} : { search: options.search }),
  };
  const show = async (letters: readonly InboxLetter[]): Promise<void> => {
    context.out.list(letters, () => letters.flatMap((letter) => linesOf(context, letter)));
    if (options.markRead === true && letters.length > 0)
      await client.call('markRead', { ids: letters.map(({ id }) => id) });
  };
  const { limit, before } = options;
  const first = await client.call('inbox', { ...filter, limit, ...(before === undefined ? {} : { before }) });
  await show(first.letters);
  if (options.follow === true) return follow(context, client, filter, first.after, show);
  if (first.letters.length === 0) context.out.say('No letters.');
  else if (first.unread > 0) context.out.say(`${counted(first.unread, 'unread letter')} in all.`);
  if (first.before !== null)
    context.out.say(`Older ones: ${context.command(`inbox --before ${first.before}`)}`);
}

async function follow(
  context: Context,
  client: Client,
  filter: object,
  from: string,
  show: (letters: readonly InboxLetter[]) => Promise<void>,
): Promise<void> {
  let after = from;
  for await (const event of client.events(context.out.readerGone)) {
    const isNews = event.type === 'letter' && event.change === 'arrived';
    if (!isNews && event.type !== 'missed' && event.type !== 'state') continue;
    try {
      const page = await client.call('inbox', { ...filter, limit: 1000, after });
      after = page.after;
      await show(page.letters);
    } catch (error) {
      if (!isKithError(error, 'locked')) throw error;
    }
  }
}

async function setReadReceipts(context: Context, client: Client, readReceipts: boolean): Promise<void> {
  const settings = await client.call('changeMailSettings', { readReceipts });
  context.out.result(settings, () => [
    settings.readReceipts
      ? 'Senders are told when you have read their letters.'
      : 'Nobody is told what you read.',
  ]);
}

function linesOf({ out }: Context, letter: InboxLetter): string[] {
  const mark = letter.read ? ' ' : '*';
  const head = `${mark} ${shortId(letter.id)}  ${localTime(letter.sentAt)}  ${called({ member: letter.from, name: letter.fromName })}`;
  return [
    out.paintData(letter.read ? 'dim' : 'bold', head),
    ...letter.text.split('\n').map((line) => `    ${clean(line)}`),
  ];
}

/** A length of time before now, or a date. */
function timeOf({ nowMs }: Context, text: string): string {
  if (/^\d+\s*[smhd]$/.test(text.trim())) return new Date(nowMs - parseDuration(text)).toISOString();
  const ms = Date.parse(text);
  if (!Number.isNaN(ms)) return new Date(ms).toISOString();
  throw new InvalidArgumentError(`"${text}" is no time: write 2h, 7d, or 2026-11-21T10:00.`);
}
