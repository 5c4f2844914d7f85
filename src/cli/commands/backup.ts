import { resolve } from 'node:path';
import { lastOf } from '../client.ts';
import { examples, type AddCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { joinedLine } from '../joining.ts';
import { counted, sizeInWords } from '../render.ts';
import { replacing } from '../replacing.ts';
import { restoreInto } from '../restoring.ts';

export const addBackup: AddCommand = (program, run) => {
  program
    .command('backup')
    .summary('write everything of this node to a sealed file')
    .description(
      'Writes everything of this node, its keys included, to a file that only the passphrase opens.',
    )
    .argument('<file>', 'the file to write')
    .option('--yes', 'replace the file without asking')
    .addHelpText(
      'after',
      examples(
        ['kith backup /media/usb/kith.backup', 'asks for a passphrase'],
        ['KITH_PASSPHRASE=… kith backup kith.backup', 'without a terminal'],
      ),
    )
    .action(
      run<{ yes?: boolean }, [string]>((context, { yes }, file) => backup(context, file, yes === true)),
    );
};

export const addRestore: AddCommand = (program, run) => {
  program
    .command('restore')
    .summary('fill a data folder from a backup')
    .description('Fills a data folder from a backup. What was in the folder is put aside, never deleted.')
    .argument('<file>', 'the backup')
    .option('--yes', 'put aside what is in the data folder without asking')
    .addHelpText(
      'after',
      examples(
        ['kith restore /media/usb/kith.backup', 'asks for the passphrase of the backup'],
        ['kith restore kith.backup --data ~/other', 'into another folder'],
      ),
    )
    .action(
      run<{ yes?: boolean }, [string]>(async (context, { yes }, file) => {
        const path = resolve(context.terminal.cwd, file);
        const { joined, aside } = await restoreInto(context, path, yes === true);
        context.out.result({ ...joined, aside: aside ?? null }, () => [joinedLine(joined)]);
        if (aside !== undefined) context.out.say(`What was in the folder before is in ${aside}.`);
        context.out.say(
          `Do not run the old device beside this one. Now start the node: ${context.command('up')}`,
        );
      }),
    );
};

async function backup(context: Context, file: string, yes: boolean): Promise<void> {
  const client = await context.client();
  const path = resolve(context.terminal.cwd, file);
  const passphrase = await context.prompt.newPassphrase('A passphrase for the backup:');
  const progress = context.progress();
  const { step: _, ...result } = await replacing(context, path, yes, async (replace) => {
    try {
      return await lastOf(client.lines('backup', { path, passphrase, replace }), 'done', (step) => {
        progress.work(step);
      });
    } finally {
      progress.end();
    }
  });
  context.out.result(result, () => [
    `Wrote ${sizeInWords(result.bytes)} with ${counted(result.entries, 'entry', 'entries')} to ${result.path}.`,
  ]);
  context.out.say('Without the passphrase nobody can open it, you neither.');
}
