import { InvalidArgumentError } from 'commander';
import type { Quarantined } from '../../../api/contract.ts';
import { examples, type AddCommand } from '../../command.ts';
import type { Context } from '../../context.ts';
import { called, counted, localTime, shortId, sizeInWords, table } from '../../render.ts';

export const addAccept: AddCommand = (members, run) => {
  members
    .command('accept')
    .description(
      'Lets stand what a revoked device wrote past its cut. Without a feed: lists what is set aside.',
    )
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

async function acceptQuarantined(
  context: Context,
  feed: string | undefined,
  { upTo, yes }: { readonly upTo: number | undefined; readonly yes: boolean },
): Promise<void> {
  const { out } = context;
  const client = await context.client();
  const { quarantine } = await client.call('quarantine', {});
  if (feed === undefined) {
    out.list(quarantine, () => quarantineTable(context, quarantine));
    if (quarantine.length === 0) out.say('Nothing is set aside.');
    return;
  }
  const row = quarantine.find((one) => one.feed.startsWith(feed));
  const what = row === undefined ? 'these entries' : `what ${called(row)} wrote after the cut`;
  await context.prompt.confirm(`Let ${what} stand, on every node?`, yes);
  const accepted = await client.call('acceptQuarantined', { feed, ...(upTo === undefined ? {} : { upTo }) });
  out.result(accepted, () => [`Accepted ${counted(accepted.accepted, 'entry', 'entries')}.`]);
}

function quarantineTable({ out }: Context, rows: readonly Quarantined[]): string[] {
  return table(
    ['FEED', 'MEMBER', 'LANE', 'ENTRIES', 'SIZE', 'FROM', 'TO'],
    rows.map((row) => [
      shortId(row.feed),
      called(row),
      row.lane,
      `${String(row.from)}–${String(row.to)}`,
      sizeInWords(row.bytes),
      localTime(row.firstAt),
      localTime(row.lastAt),
    ]),
    out.paintData,
  );
}

function parseSeq(text: string): number {
  const seq = Number(text);
  if (Number.isSafeInteger(seq) && seq >= 1) return seq;
  throw new InvalidArgumentError('The number of an entry: 1, 2, 3 …');
}
