import { examples, type AddCommand } from '../command.ts';
import { addAccept, addAdd, addCreate, addLeave, addRemove } from './room/membership.ts';
import { addFollow, addPost, addRead } from './room/talk.ts';
import { addContinue } from './room/continuing.ts';
import { addList, addStatus } from './room/show.ts';

const VERBS = [
  addCreate,
  addList,
  addAccept,
  addPost,
  addRead,
  addFollow,
  addStatus,
  addAdd,
  addRemove,
  addLeave,
  addContinue,
];

export const addRoom: AddCommand = (program, run) => {
  const room = program
    .command('room')
    .summary('talk in rooms: one order, whoever puts it in order')
    .description(
      'Rooms are kept by a host that their members elect. What is said waits until a majority has it, and then never changes.',
    )
    .addHelpText(
      'after',
      examples(
        ['kith room create Doctors Bo "Daw Mya"', 'start one, and invite two'],
        ['kith room accept Doctors', 'come in'],
        ['kith room post Doctors "Water is back"', 'say something'],
        ['kith room follow Doctors', 'read, and go on reading'],
        ['kith room status Doctors', 'who puts in order, who is in, what waits'],
      ),
    );
  for (const add of VERBS) add(room, run);
};
