import type { Quarantined } from '../../../api/contract.ts';
import type { Context } from '../../context.ts';
import { called, counted, localTime, shortId, sizeInWords, table } from '../../render.ts';

export async function acceptQuarantined(
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
