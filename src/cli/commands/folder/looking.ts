import { InvalidArgumentError } from 'commander';
import { examples, type AddCommand } from '../../command.ts';
import { clean, counted, sizeInWords } from '../../render.ts';
import { parseSize } from '../size.ts';
import { folderTable, problemLines, versionTable } from './lines.ts';

export const addFolderList: AddCommand = (folder, run) => {
  folder
    .command('list')
    .description('Lists the folders that this member may see.')
    .addHelpText('after', examples(['kith folder list', 'all of them']))
    .action(
      run(async (context) => {
        const { folders } = await (await context.client()).call('folders', {});
        context.out.list(folders, () => folderTable(context, folders));
        if (folders.length === 0)
          context.out.say(`Nobody shares a folder so far: ${context.command('folder add PATH')}`);
      }),
    );
};

export const addFolderStatus: AddCommand = (folder, run) => {
  folder
    .command('status')
    .description('How far folders are in step.')
    .argument('[folder]', 'this one alone')
    .addHelpText('after', examples(['kith folder status', 'all'], ['kith folder status Reports', 'one']))
    .action(
      run<object, [string | undefined]>(async (context, _, name) => {
        const client = await context.client();
        const folders =
          name === undefined
            ? (await client.call('folders', {})).folders
            : [await client.call('folder', { folder: name })];
        context.out.list(folders, () => [
          ...folderTable(context, folders),
          ...problemLines(context, folders),
        ]);
      }),
    );
};

export const addVersions: AddCommand = (folder, run) => {
  folder
    .command('versions')
    .description('Every version of a file, the newest first.')
    .argument('<file>', 'its path or name')
    .addHelpText('after', examples(['kith folder versions plan.txt', 'who changed it, and when']))
    .action(
      run<object, [string]>(async (context, _, name) => {
        const { versions } = await (await context.client()).call('fileVersions', { name });
        context.out.list(versions, () => versionTable(context, versions));
      }),
    );
};

export const addRestore: AddCommand = (folder, run) => {
  folder
    .command('restore')
    .description('Puts an earlier version back, as a new one: what is there now is kept as a version.')
    .argument('<file@version>', 'which')
    .addHelpText('after', examples(['kith folder restore plan.txt@3f2a91c0', 'as it was then']))
    .action(
      run<object, [string]>(async (context, _, name) => {
        const restored = await (await context.client()).call('restoreFile', { name });
        context.out.result(restored, () => [clean(restored.path)]);
      }),
    );
};

export const addKeep: AddCommand = (folder, run) => {
  folder
    .command('keep')
    .description(
      'Shows or sets how long what was replaced or deleted can be had back, and how much of it: the oldest goes first.',
    )
    .option('--days <days>', 'so long', parseDays)
    .option(
      '--size <bytes>',
      'no more than that, in this node’s store and in each folder, such as 500M or 20G',
      parseSize,
    )
    .addHelpText('after', examples(['kith folder keep --size 2G', 'on a small disk']))
    .action(
      run<{ days?: number; size?: number }>(async (context, { days, size }) => {
        const client = await context.client();
        const before = await client.call('filesKeeping', {});
        const isQuestion = days === undefined && size === undefined;
        const wanted = { days: days ?? before.days, bytes: size ?? before.bytes };
        const now = isQuestion ? before : await client.call('changeFilesKeeping', wanted);
        context.out.result(now, () => [`${counted(now.days, 'day')}, up to ${sizeInWords(now.bytes)}`]);
      }),
    );
};

function parseDays(text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw new InvalidArgumentError('A number of days.');
  return Number(text);
}

export const addConflicts: AddCommand = (folder, run) => {
  folder
    .command('conflicts')
    .description('Files that several changed without knowing of each other, with what each made of them.')
    .argument('[folder]', 'of this folder alone')
    .addHelpText('after', examples(['kith folder conflicts', 'all']))
    .action(
      run<object, [string | undefined]>(async (context, _, name) => {
        const wanted = name === undefined ? {} : { folder: name };
        const { versions } = await (await context.client()).call('folderConflicts', wanted);
        context.out.list(versions, () => versionTable(context, versions));
        if (versions.length === 0) context.out.say('There are none.');
      }),
    );
};
