import type { LetterDetail } from '../../api/contract.ts';
import { examples, type AddCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { relativeTo } from '../duration.ts';
import { called, clean, counted, localTime, pairs, table } from '../render.ts';

export const addLetter: AddCommand = (program, run) => {
  program
    .command('letter')
    .summary('one letter: its text, and where it is')
    .description(
      'Shows one letter. Of one that you sent: who carries it, and at whom it has arrived. One that you got counts as read.',
    )
    .argument('<id>', 'the letter, or how its id begins')
    .option('--peek', 'do not mark it as read')
    .addHelpText(
      'after',
      examples(
        ['kith letter 3f2a91c0', 'read it, or see where it is'],
        ['kith letter 3f2a91c0 --peek', 'without marking it as read'],
      ),
    )
    .action(
      run<{ peek?: boolean }, [string]>(async (context, { peek = false }, id) => {
        const client = await context.client();
        let letter = await client.call('letter', { id });
        if (letter.direction === 'received' && !letter.read && !peek) {
          await client.call('markRead', { ids: [letter.id] });
          letter = await client.call('letter', { id: letter.id });
        }
        context.out.result(letter, () => linesOf(context, letter));
      }),
    );
};

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
