import { examples, type AddCommand } from '../command.ts';
import { addAdd, addEdit, addNote } from './record/writing.ts';
import { addExport, addImport } from './record/exchange.ts';
import { addRefresh } from './record/refreshing.ts';
import {
  addErasure,
  addExpire,
  addHistory,
  addLink,
  addMatches,
  addSearch,
  addShow,
} from './record/reading.ts';

export const addRecord: AddCommand = (program, run) => {
  const record = program
    .command('record')
    .summary('the registry: people missing and found, patients, households')
    .description(
      'The registry of people who are missing, found or dead, of patients, vaccinations and households. Your own organisation edits its records; others add notes.',
    )
    .addHelpText(
      'after',
      examples(
        ['kith record add --set full_name="Ma Hla" age=34 sex=female', 'begin a record'],
        ['kith record search rahima', 'by a name, in whatever script'],
        ['kith record show 3f2a91c0aa10b4c2.kith/k7q2-m9xd-04tz', 'all that is known of somebody'],
        ['kith record note ID "seen at the bridge" --status believed_alive', 'say what you know'],
      ),
    );
  for (const add of [
    addAdd,
    addEdit,
    addShow,
    addNote,
    addSearch,
    addMatches,
    addLink,
    addHistory,
    addExpire,
    addErasure,
    addRefresh,
    addImport,
    addExport,
  ])
    add(record, run);
};
