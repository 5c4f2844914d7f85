import { examples, type AddCommand } from '../../command.ts';
import { roomLines } from './lines.ts';

const QUESTION =
  'Go on as a new room, with what was said and those who can be reached? Only when the others are gone for good: if they come back, there are two rooms, which never become one again.';

export const addContinue: AddCommand = (room, run) => {
  room
    .command('continue')
    .description(
      'Goes on as a new room of the same name, where a majority is gone for good. What was said is carried over as it was signed, and those who can be reached are invited. The old room stays.',
    )
    .argument('<room>', 'the room whose majority is gone')
    .option('--yes', 'do not ask')
    .addHelpText(
      'after',
      examples(
        ['kith room status Doctors', 'see first who is missing, and how many are needed'],
        ['kith room continue Doctors', 'go on without them'],
      ),
    )
    .action(
      run<{ yes?: boolean }, [string]>(async (context, { yes = false }, name) => {
        await context.prompt.confirm(QUESTION, yes);
        const made = await (await context.client()).call('continueRoom', { room: name });
        context.out.result(made, () => roomLines(context, made));
        context.out.say('What was said before is carried over now. Who is invited has to accept.');
      }),
    );
};
