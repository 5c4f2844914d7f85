import { basename, resolve } from 'node:path';
import { isKithError } from '../../../api/contract.ts';
import { lastOf } from '../../client.ts';
import { examples, type AddCommand } from '../../command.ts';
import type { Context } from '../../context.ts';
import { clean, sizeInWords } from '../../render.ts';
import { UsageError } from '../../usage.ts';
import { parseSize } from '../size.ts';

interface GetOptions {
  readonly output?: string;
  readonly stop?: boolean;
}

export const addGet: AddCommand = (files, run) => {
  files
    .command('get')
    .description(
      'Fetches a file from all who hold it at once, checks every piece, and puts it here. Nothing is ever replaced.',
    )
    .argument('<name>', 'its path or name; with @ and the beginning of a version where there are several')
    .option('-o, --output <path>', 'where to put it (left out: under its name, in this folder)')
    .option('--stop', 'give up on a fetch that goes on in the background')
    .addHelpText(
      'after',
      examples(
        ['kith files get report.pdf', 'into this folder'],
        ['kith files get Ada/report.pdf -o /tmp/r.pdf', 'the one that Ada offers, elsewhere'],
        ['kith files get report.pdf@3f2a91c0', 'this version of it'],
      ),
    )
    .action(run<GetOptions, [string]>((context, options, name) => get(context, options, name)));
};

async function get(context: Context, { output, stop = false }: GetOptions, name: string): Promise<void> {
  const client = await context.client();
  const path = resolve(context.terminal.cwd, output ?? basename(name.replace(/@[0-9a-f]{4,64}$/, '')));
  if (stop) {
    const result = await client.call('stopGetting', { name, path });
    context.out.result(result, () => [
      result.stopped ? 'It is no longer fetched.' : 'It was not being fetched.',
    ]);
    return;
  }
  const progress = context.progress();
  try {
    const { step: _, ...result } = await lastOf(client.lines('getFile', { name, path }), 'done', (step) => {
      progress.work(step);
    });
    progress.end();
    context.out.result(result, () => [`${clean(result.path)} (${sizeInWords(result.size)})`]);
  } catch (error) {
    progress.end();
    if (isKithError(error, 'node-gone'))
      context.out.say('What came so far is kept; the node goes on when it starts again.');
    throw error;
  }
}

export const addSendFile: AddCommand = (files, run) => {
  files
    .command('send')
    .description(
      'Offers a file to members. It stays where it is, and they fetch it from there and from each other, as long as it is there and unchanged.',
    )
    .argument('<path-and-to...>', 'the file, and whom it is for')
    .option('--all', 'for all members')
    .addHelpText(
      'after',
      examples(
        ['kith files send photo.jpg Bo', 'to Bo'],
        ['kith files send plan.pdf 3 "Daw Mya"', 'to two'],
        ['kith files send --all map.png', 'to all members'],
      ),
    )
    .action(
      run<{ all?: boolean }, string[]>((context, options, ...operands) => send(context, options, operands)),
    );
};

async function send(
  context: Context,
  { all = false }: { all?: boolean },
  [file = '', ...to]: readonly string[],
): Promise<void> {
  if (to.length === 0 && !all) {
    throw new UsageError('usage', 'It takes a file, and whom it is for.', {
      next: 'For example: kith files send photo.jpg Bo',
    });
  }
  const client = await context.client();
  const progress = context.progress();
  try {
    const steps = client.lines('sendFile', { path: resolve(context.terminal.cwd, file), to: [...to], all });
    const { step: _, ...result } = await lastOf(steps, 'done', (step) => {
      progress.work(step);
    });
    progress.end();
    context.out.result(result, () => [result.version]);
    context.out.say(
      `${clean(result.path)} is offered (${sizeInWords(result.size)}). Leave it where it is until they have it: ${context.command('files list')}`,
    );
  } finally {
    progress.end();
  }
}

export const addLimit: AddCommand = (files, run) => {
  files
    .command('limit')
    .description(
      'Shows or sets how fast files may come and go. Letters, rooms and alarms go before files in any case.',
    )
    .option('--down <bytes>', 'each second, such as 500k or 2M; 0: as fast as it goes', parseSize)
    .option('--up <bytes>', 'the same for what others fetch from here', parseSize)
    .addHelpText('after', examples(['kith files limit --up 200k', 'leave something of a thin line']))
    .action(
      run<{ down?: number; up?: number }>(async (context, { down, up }) => {
        const client = await context.client();
        const before = await client.call('filesSettings', {});
        const wanted = {
          downBytesPerSecond: down ?? before.downBytesPerSecond,
          upBytesPerSecond: up ?? before.upBytesPerSecond,
        };
        const isSame = down === undefined && up === undefined;
        const settings = isSame ? before : await client.call('changeFilesSettings', wanted);
        const inWords = (bytes: number): string =>
          bytes === 0 ? 'as fast as it goes' : `${sizeInWords(bytes)}/s`;
        context.out.result(settings, () => [
          `down: ${inWords(settings.downBytesPerSecond)}`,
          `up:   ${inWords(settings.upBytesPerSecond)}`,
        ]);
      }),
    );
};
