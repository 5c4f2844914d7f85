import { Option } from 'commander';
import { basename, resolve } from 'node:path';
import { examples, type AddCommand } from '../../command.ts';
import type { Context } from '../../context.ts';
import { called } from '../../render.ts';
import { folderTable } from './lines.ts';
import type { FolderStatus } from '../../../api/contract.ts';

type Mode = NonNullable<FolderStatus['mode']>;

interface AddOptions {
  readonly name?: string;
  readonly mode: Mode;
  readonly only?: string[];
}

function modeOption(): Option {
  return new Option('--mode <mode>', 'sync: keep in step · list: see it, fetch single files · receive · send')
    .choices(['sync', 'list', 'receive', 'send'])
    .default('sync');
}

export const addFolderAdd: AddCommand = (folder, run) => {
  folder
    .command('add')
    .description('Shares a folder of this machine.')
    .argument('<path>', 'the folder')
    .option('--name <name>', 'how others call it (left out: as it is called here)')
    .option('--only <who...>', 'for these members alone (left out: all)')
    .addOption(modeOption())
    .addHelpText(
      'after',
      examples(
        ['kith folder add ~/Reports', 'with all members'],
        ['kith folder add ~/Patients --only Bo 3', 'with two'],
      ),
    )
    .action(
      run<AddOptions, [string]>(async (context, { name, mode, only }, given) => {
        const path = resolve(context.terminal.cwd, given);
        const added = await (
          await context.client()
        ).call('addFolder', { name: name ?? basename(path), path, mode, only: only ?? [] });
        show(context, added);
      }),
    );
};

export const addFolderJoin: AddCommand = (folder, run) => {
  folder
    .command('join')
    .description('Takes part in a folder. What is in yours already stays.')
    .argument('<folder>', 'its name')
    .argument('[path]', 'where on this machine; not needed with --mode list')
    .addOption(modeOption())
    .addHelpText(
      'after',
      examples(
        ['kith folder join Reports ~/Reports', 'keep it in step'],
        ['kith folder join Reports --mode list', 'see it, and fetch single files'],
      ),
    )
    .action(
      run<{ mode: Mode }, [string, string | undefined]>(async (context, { mode }, name, given) => {
        const path = given === undefined ? {} : { path: resolve(context.terminal.cwd, given) };
        show(context, await (await context.client()).call('joinFolder', { folder: name, ...path, mode }));
      }),
    );
};

export const addFolderMembers: AddCommand = (folder, run) => {
  folder
    .command('members')
    .description('Who may have a folder that is for some: lets members in, or takes them out.')
    .argument('<folder>', 'its name')
    .option('--add <who...>', 'let these in')
    .option('--remove <who...>', 'take these out: they keep what they have, and get nothing new')
    .addHelpText(
      'after',
      examples(
        ['kith folder members Patients', 'who is in'],
        ['kith folder members Patients --add Bo --remove 3', 'on the device that shared it'],
      ),
    )
    .action(
      run<{ add?: string[]; remove?: string[] }, [string]>(async (context, { add, remove }, name) => {
        const client = await context.client();
        const isQuestion = add === undefined && remove === undefined;
        const said = isQuestion
          ? await client.call('folder', { folder: name })
          : await client.call('changeFolderMembers', { folder: name, add: add ?? [], remove: remove ?? [] });
        const { members } = await client.call('members', {});
        const names = new Map(members.map(({ member, name: known }) => [member, known]));
        context.out.result(said, () =>
          said.members.length === 0
            ? ['all members']
            : said.members.map((member) => called({ member, name: names.get(member) ?? '' })),
        );
      }),
    );
};

export const addFolderLeave: AddCommand = (folder, run) => {
  folder
    .command('leave')
    .description('Takes no part any more. Nothing is erased, here or elsewhere.')
    .argument('<folder>', 'its name')
    .addHelpText('after', examples(['kith folder leave Reports', 'your files stay where they are']))
    .action(
      run<object, [string]>(async (context, _, name) => {
        show(context, await (await context.client()).call('leaveFolder', { folder: name }));
      }),
    );
};

export const addFolderResume: AddCommand = (folder, run) => {
  folder
    .command('resume')
    .description(
      'Goes on where a brake stopped it, because so much was deleted or rewritten at once. Where none did: a disk inside of it is gone for good.',
    )
    .argument('<folder>', 'its name')
    .addHelpText('after', examples(['kith folder resume Reports', 'when it was meant so']))
    .action(
      run<object, [string]>(async (context, _, name) => {
        show(context, await (await context.client()).call('resumeFolder', { folder: name }));
      }),
    );
};

function show(context: Context, folder: FolderStatus): void {
  context.out.result(folder, () => folderTable(context, [folder]));
}
