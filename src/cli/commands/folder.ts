import { examples, type AddCommand } from '../command.ts';
import {
  addFolderAdd,
  addFolderJoin,
  addFolderLeave,
  addFolderMembers,
  addFolderResume,
} from './folder/taking-part.ts';
import {
  addConflicts,
  addKeep,
  addFolderList,
  addFolderStatus,
  addRestore,
  addVersions,
} from './folder/looking.ts';

const VERBS = [
  addFolderAdd,
  addFolderList,
  addFolderJoin,
  addFolderStatus,
  addFolderMembers,
  addVersions,
  addRestore,
  addConflicts,
  addKeep,
  addFolderResume,
  addFolderLeave,
];

export const addFolder: AddCommand = (program, run) => {
  const folder = program
    .command('folder')
    .summary('folders that members share')
    .description(
      'Folders that members share, kept in step or listed. Starting, joining and leaving never erase anything.',
    )
    .addHelpText(
      'after',
      examples(
        ['kith folder add ~/Reports', 'share a folder with all members'],
        ['kith folder join Reports ~/Reports', 'take part'],
        ['kith folder status', 'how far each is in step'],
      ),
    );
  for (const add of VERBS) add(folder, run);
};
