import { examples, type AddCommand } from '../../command.ts';
import { roomLines, roomTable } from './lines.ts';

export const addList: AddCommand = (room, run) => {
  room
    .command('list')
    .description('Lists the rooms that you are in, and those that you are invited to.')
    .addHelpText('after', examples(['kith room list', 'all of them']))
    .action(
      run(async (context) => {
        const { rooms } = await (await context.client()).call('rooms', {});
        context.out.list(rooms, () => roomTable(context, rooms));
        if (rooms.length === 0)
          context.out.say('You are in no room yet. Start one: kith room create NAME WHO');
      }),
    );
};

export const addStatus: AddCommand = (room, run) => {
  room
    .command('status')
    .description('Shows who puts a room in order and why, who comes next, who is in, and what waits.')
    .argument('<room>', 'the room')
    .addHelpText('after', examples(['kith room status Doctors', 'how it stands']))
    .action(
      run<object, [string]>(async (context, _, name) => {
        const status = await (await context.client()).call('room', { room: name });
        context.out.result(status, () => roomLines(context, status));
      }),
    );
};
