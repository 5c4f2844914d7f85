import { resolve } from 'node:path';
import { isKithError } from '../../api/contract.ts';
import { lastOf } from '../client.ts';
import { examples, type AddCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { counted, sizeInWords } from '../render.ts';
import { replacing } from '../replacing.ts';

export const addBundle: AddCommand = (program, run) => {
  const bundle = program
    .command('bundle')
    .summary('carry news by hand: on a USB stick, say')
    .description('Carries what nodes have to tell each other in a file, where no link is possible.')
    .addHelpText(
      'after',
      examples(
        ['kith bundle export /media/usb/news.kith', 'on one node'],
        ['kith bundle import /media/usb/news.kith', 'on another one'],
      ),
    );

  bundle
    .command('export')
    .description(
      'Writes what others may lack to a file. It is signed; only members can read what is not public.',
    )
    .argument('<file>', 'the file to write')
    .option('--for <who>', 'what this member may hold (left out: what any member may)')
    .option('--yes', 'replace the file without asking')
    .addHelpText(
      'after',
      examples(
        ['kith bundle export /media/usb/news.kith', 'for any member'],
        ['kith bundle export news.kith --for Bo', 'for one member'],
      ),
    )
    .action(
      run<{ for?: string; yes?: boolean }, [string]>((context, options, file) =>
        exportBundle(context, options, file),
      ),
    );

  bundle
    .command('import')
    .description('Takes in what a bundle brings. Doing it again does no harm.')
    .argument('<file>', 'the file to read')
    .addHelpText('after', examples(['kith bundle import /media/usb/news.kith', 'take in the news']))
    .action(run<object, [string]>((context, _, file) => importBundle(context, file)));
};

async function exportBundle(
  context: Context,
  options: { for?: string; yes?: boolean },
  file: string,
): Promise<void> {
  const client = await context.client();
  const path = resolve(context.terminal.cwd, file);
  const whom = options.for === undefined ? {} : { for: options.for };
  const progress = context.progress();
  const { step: _, ...result } = await replacing(context, path, options.yes === true, async (replace) => {
    try {
      const steps = client.lines('exportBundle', { path, ...whom, replace });
      return await lastOf(steps, 'done', (step) => {
        progress.work(step);
      });
    } finally {
      progress.end();
    }
  });
  context.out.result(result, () => [
    `Wrote ${counted(result.entries, 'entry', 'entries')} and ${counted(result.letters, 'letter')} (${sizeInWords(result.bytes)}) to ${result.path}.`,
  ]);
}

async function importBundle(context: Context, file: string): Promise<void> {
  const client = await context.client();
  const progress = context.progress();
  try {
    const steps = client.lines('importBundle', { path: resolve(context.terminal.cwd, file) });
    const { step: _, ...result } = await lastOf(steps, 'done', (step) => {
      progress.work(step);
    });
    progress.end();
    context.out.result(result, () => [
      `Read ${counted(result.read, 'entry', 'entries')}; ${result.added === 0 ? 'nothing was new' : `${result.added.toLocaleString('en')} new`}.`,
      ...Object.entries(result.refused).map(([code, count]) => `Not taken: ${String(count)} (${code}).`),
    ]);
  } catch (error) {
    progress.end();
    if (isKithError(error, 'node-gone'))
      context.out.say('What was read so far is kept; import it again for the rest.');
    throw error;
  }
}
