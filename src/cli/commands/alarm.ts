import { examples, type AddCommand } from '../command.ts';
import { shortId } from '../render.ts';
import { alarmLines, alarmTable } from './alarm/lines.ts';
import { addCancel, addRaise, addUpdate } from './alarm/raise.ts';

export const addAlarm: AddCommand = (program, run) => {
  const alarm = program
    .command('alarm')
    .summary('raise an alarm, and see who has it')
    .description('Alarms reach everybody who can be reached, before all else, and count who has seen them.')
    .addHelpText(
      'after',
      examples(
        ['kith alarm raise "Fire at gate 2"', 'tell everybody, now'],
        ['kith alarm list', 'what is going on'],
        ['kith alarm ack 3f2a91c0', 'say that you have seen it'],
        ['kith alarm status 3f2a91c0', 'who has it, who has seen it, who is missing'],
      ),
    );
  for (const add of [addRaise, addUpdate, addCancel, addAck, addList, addStatus]) add(alarm, run);
};

const addAck: AddCommand = (alarm, run) => {
  alarm
    .command('ack')
    .description('Says, signed by this device, that you have seen an alarm.')
    .argument('<id>', 'the alarm, as `kith alarm list` shows it')
    .addHelpText('after', examples(['kith alarm ack 3f2a91c0', 'you have seen it']))
    .action(
      run<object, [string]>(async (context, _, id) => {
        const seen = await (await context.client()).call('ackAlarm', { id });
        context.out.result(seen, () => [`Seen: ${shortId(seen.id)} ${seen.headline}`]);
        if (seen.instruction !== '') context.out.say(seen.instruction);
      }),
    );
};

const addList: AddCommand = (alarm, run) => {
  alarm
    .command('list')
    .description('Lists the alarms that are active, newest first.')
    .option('--all', 'those that are over, too')
    .addHelpText(
      'after',
      examples(['kith alarm list', 'active ones'], ['kith alarm list --all', 'all of them']),
    )
    .action(
      run<{ all?: boolean }>(async (context, { all = false }) => {
        const { alarms } = await (await context.client()).call('alarms', { all });
        context.out.list(alarms, () => alarmTable(context, alarms));
        if (alarms.length === 0) context.out.say(all ? 'There was no alarm yet.' : 'No alarm is active.');
      }),
    );
};

const addStatus: AddCommand = (alarm, run) => {
  alarm
    .command('status')
    .description('Shows one alarm: who has received it, who has seen it, who is missing.')
    .argument('<id>', 'the alarm, as `kith alarm list` shows it')
    .option('--cap', 'as a CAP 1.2 document')
    .addHelpText(
      'after',
      examples(
        ['kith alarm status 3f2a91c0', 'who has it'],
        ['kith alarm status 3f2a91c0 --cap > fire.xml', 'for other systems'],
      ),
    )
    .action(
      run<{ cap?: boolean }, [string]>(async (context, { cap = false }, id) => {
        const client = await context.client();
        if (cap) {
          const document = await client.call('alarmCap', { id });
          context.out.value(document);
          if (!context.out.json) context.out.text(document.cap);
          return;
        }
        const found = await client.call('alarm', { id });
        context.out.result(found, () => alarmLines(context, found));
      }),
    );
};
