import { examples, type AddCommand } from '../command.ts';
import { addGet, addLimit, addSendFile } from './files/moving.ts';
import { addFilesList } from './files/list.ts';

export const addFiles: AddCommand = (program, run) => {
  const files = program
    .command('files')
    .summary('what everybody shares: list, fetch, offer')
    .description(
      'Lists what members offer and share, fetches it from whoever holds it, and offers files to others.',
    )
    .addHelpText(
      'after',
      examples(
        ['kith files list', 'what there is, and who has it'],
        ['kith files get report.pdf', 'fetch it into this folder'],
        ['kith files send photo.jpg Bo', 'offer a file to Bo'],
      ),
    );
  for (const add of [addFilesList, addGet, addSendFile, addLimit]) add(files, run);
};
