import type { ListedFile } from '../../../api/contract.ts';
import { examples, type AddCommand } from '../../command.ts';
import type { Context } from '../../context.ts';
import { clean, localTime, shortId, sizeInWords, table } from '../../render.ts';

export const addFilesList: AddCommand = (files, run) => {
  files
    .command('list')
    .description('Lists files of all nodes, with who holds each and how sure that is.')
    .option('--folder <folder>', 'of this folder alone')
    .addHelpText(
      'after',
      examples(
        ['kith files list', 'all that this node knows of'],
        ['kith files list --folder Reports', 'what stands in one folder'],
      ),
    )
    .action(
      run<{ folder?: string }>(async (context, { folder }) => {
        const client = await context.client();
        const wanted = folder === undefined ? {} : { folder };
        let shown = 0;
        for (let after: string | null | undefined; after !== null;) {
          const page = await client.call('files', { ...wanted, ...(after === undefined ? {} : { after }) });
          context.out.list(page.files, () => lines(context, page.files));
          shown += page.files.length;
          ({ after } = page);
        }
        if (shown === 0) context.out.say('Nobody shares a file so far.');
      }),
    );
};

function lines({ out }: Context, files: readonly ListedFile[]): string[] {
  const rows = files.map((file) => [
    clean(file.path) + (file.conflict ? ` (conflict, @${shortId(file.version)})` : ''),
    clean(file.folderName),
    sizeInWords(file.size),
    localTime(file.modifiedAt),
    file.holders.join(', '),
    SURE[file.sure],
  ]);
  return table(['FILE', 'FOLDER', 'SIZE', 'CHANGED', 'HELD BY', 'HOW SURE'], rows, out.paintData);
}

const SURE: Readonly<Record<ListedFile['sure'], string>> = {
  here: 'on this node',
  reachable: 'its holder is heard now',
  said: 'they said so, and are not heard now',
  nobody: 'nobody says to have it any more',
};
