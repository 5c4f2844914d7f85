import type { LetterDetail } from '../../api/contract.ts';
import { examples, type AddCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { relativeTo } from '../duration.ts';
import type { Client } from '../client.ts';
import { parseLimit } from '../limit.ts';
import { called, clean, counted, localTime, pairs, shortId, table } from '../render.ts';
import { UsageError } from '../usage.ts';

interface LetterOptions {
  readonly peek?: boolean;
  readonly limit: number;
  readonly before?: string;
}

/** Of the text, in a list. */
const SHOWN_CHARS = 40;

export const addLetter: AddCommand = (program, run) => {
  program
    .command('letter')
    .summary('one letter, or those that you sent: where they are')
    .description(
      'Shows one letter. Of one that you sent: who carries it, and at whom it has arrived. One that you got counts as read. Without an id: the letters that you sent, the newest first.',
    )
    .argument('[id]', 'the letter, or how its id begins')
    .option('--peek', 'do not mark it as read')
    .option('-n, --limit <count>', 'without an id: how many at most', parseLimit, 20)
    .option('--before <id>', 'without an id: those sent before this one')
    .addHelpText(
      'after',
      examples(
        ['kith letter', 'what you sent lately, and what is proven of it'],
        ['kith letter --limit 5', 'the last five'],
        ['kith letter 3f2a91c0', 'read it, or see where it is'],
        ['kith letter 3f2a91c0 --peek', 'without marking it as read'],
      ),
    )
    .action(
      run<LetterOptions, [string | undefined]>(async (context, { peek = false, limit, before }, id) => {
        const client = await context.client();
        if (id === undefined) return listSent(context, client, limit, before);
        if (before !== undefined) {
          throw new UsageError('usage', 'One letter has no page before it.', {
            next: 'Leave out the id, or --before.',
          });
        }
        let letter = await client.call('letter', { id });
        if (letter.direction === 'received' && !letter.read && !peek) {
          await client.call('markRead', { ids: [letter.id] });
          letter = await client.call('letter', { id: letter.id });
        }
        context.out.result(letter, () => linesOf(context, letter));
      }),
    );
};

async function listSent(
  context: Context,
  client: Client,
  limit: number,
  before: string | undefined,
): Promise<void> {
  const page = await client.call('sentLetters', { limit, ...(before === undefined ? {} : { before }) });
  const { letters } = page;
  context.out.list(letters, () => {
    const rows = letters.map((letter) => [
      shortId(letter.id),
      localTime(letter.sentAt),
      inOneWord(letter),
      recipientsInWords(letter),
      firstWords(letter.text),
    ]);
    return table(['LETTER', 'SENT', 'STATUS', 'TO', 'TEXT'], rows, context.out.paintData);
  });
  if (letters.length === 0)
    context.out.say(before === undefined ? 'You have sent no letters.' : 'No older ones.');
  if (page.before !== null)
    context.out.say(`Older ones: ${context.command(`letter --before ${page.before}`)}`);
}

function inOneWord({ status, carriers }: LetterDetail): string {
  return status === 'carried' && carriers.length > 0 ? `carried by ${String(carriers.length)}` : status;
}

function recipientsInWords({ recipients }: LetterDetail): string {
  const [first, ...others] = recipients;
  if (first === undefined) return '';
  return others.length === 0 ? called(first) : `${called(first)} and ${counted(others.length, 'other')}`;
}

function firstWords(text: string): string {
  const line = clean(text.split('\n')[0] ?? '');
  const chars = [...line];
  return chars.length <= SHOWN_CHARS && line.length === text.length
    ? line
    : `${chars.slice(0, SHOWN_CHARS).join('')} …`;
}

function linesOf(context: Context, letter: LetterDetail): string[] {
  const { paintData } = context.out;
  const text = letter.text.split('\n').map(clean);
  const from = called({ member: letter.from, name: letter.fromName });
  const head = pairs(
    [
      ['letter', letter.id],
      ['from', letter.direction === 'received' ? from : ''],
      ['sent', localTime(letter.sentAt)],
      ['status', statusInWords(letter)],
      ['expires', isUnderWay(letter) ? relativeTo(context.nowMs, letter.expires) : ''],
    ],
    paintData,
  );
  if (letter.direction === 'received') return [...head, '', ...text];
  const rows = letter.recipients.map((to) => [called(to), to.status, relativeTo(context.nowMs, to.at)]);
  return [...head, '', ...text, '', ...table(['TO', 'STATUS', 'SINCE'], rows, paintData)];
}

function isUnderWay({ direction, status }: LetterDetail): boolean {
  return direction === 'sent' && (status === 'saved' || status === 'carried');
}

function statusInWords({ status, carriers }: LetterDetail): string {
  if (status === 'saved') return 'saved here, and with nobody else yet';
  if (carriers.length === 0 || status !== 'carried') return status;
  return `carried by ${counted(carriers.length, 'other')}: ${carriers.join(', ')}`;
}
