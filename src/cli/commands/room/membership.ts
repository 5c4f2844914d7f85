import { examples, type AddCommand } from '../../command.ts';
import { roomLines } from './lines.ts';

export const addCreate: AddCommand = (room, run) => {
  room
    .command('create')
    .description(
      'Starts a room and invites people into it. They are asked again until they answer, for a week.',
    )
    .argument('<name>', 'what it is called')
    .argument('[who...]', 'whom to invite: peer numbers or names')
    .addHelpText('after', examples(['kith room create Doctors 2 "Daw Mya"', 'with two others']))
    .action(
      run<object, string[]>(async (context, _, name = '', ...who) => {
        const made = await (await context.client()).call('createRoom', { name, who });
        context.out.result(made, () => roomLines(context, made));
      }),
    );
};

export const addAccept: AddCommand = (room, run) => {
  room
    .command('accept')
    .description('Accepts an invitation.')
    .argument('<room>', 'the room, as `kith room list` shows it')
    .addHelpText('after', examples(['kith room accept Doctors', 'come in']))
    .action(
      run<object, [string]>(async (context, _, name) => {
        const joined = await (await context.client()).call('acceptRoom', { room: name });
        context.out.result(joined, () => roomLines(context, joined));
      }),
    );
};

export const addAdd: AddCommand = (room, run) => {
  room
    .command('add')
    .description('Invites more people into a room. Who comes in can read what was said there before.')
    .argument('<room>', 'the room')
    .argument('<who...>', 'peer numbers or names')
    .addHelpText('after', examples(['kith room add Doctors 4', 'invite member 4']))
    .action(
      run<object, string[]>(async (context, _, name = '', ...who) => {
        const changed = await (await context.client()).call('addToRoom', { room: name, who });
        context.out.result(changed, () => roomLines(context, changed));
        context.out.say('Who accepts can read what was said in this room before.');
      }),
    );
};

export const addRemove: AddCommand = (room, run) => {
  room
    .command('remove')
    .description(
      'Takes somebody out of a room, as soon as a majority agrees. What they have they keep; what you say from now on they do not get.',
    )
    .argument('<room>', 'the room')
    .argument('<who>', 'a peer number or a name')
    .addHelpText('after', examples(['kith room remove Doctors 4', 'take member 4 out']))
    .action(
      run<object, [string, string]>(async (context, _, name, who) => {
        const changed = await (await context.client()).call('removeFromRoom', { room: name, who });
        context.out.result(changed, () => roomLines(context, changed));
        context.out.say(
          changed.leaving.length === 0
            ? 'They are out, and read nothing that is said from now on.'
            : 'They are still in. This node goes on until a majority has agreed; what you say meanwhile waits.',
        );
      }),
    );
};

export const addLeave: AddCommand = (room, run) => {
  room
    .command('leave')
    .description('Leaves a room, or declines an invitation.')
    .argument('<room>', 'the room')
    .addHelpText('after', examples(['kith room leave Doctors', 'leave it']))
    .action(
      run<object, [string]>(async (context, _, name) => {
        const left = await (await context.client()).call('leaveRoom', { room: name });
        context.out.result(left, () => [`You leave ${left.name} as soon as its host knows.`]);
      }),
    );
};
