import { InvalidArgumentError } from 'commander';
import { isKithError, KithError, type RoomMessage } from '../../../api/contract.ts';
import type { Client } from '../../client.ts';
import { examples, type AddCommand } from '../../command.ts';
import type { Context } from '../../context.ts';
import { messageLines } from './lines.ts';

const PAGE = 200;

export const addPost: AddCommand = (room, run) => {
  room
    .command('post')
    .description('Says something in a room. It is kept at once, and confirmed as soon as a majority has it.')
    .argument('<room>', 'the room')
    .argument('<text>', 'what to say, at most 2,048 characters, or - to read it from standard input')
    .option('--wait', 'wait until it is confirmed')
    .addHelpText(
      'after',
      examples(
        ['kith room post Doctors "Water is back"', 'say it'],
        ['kith room post Doctors --wait "Truck left"', 'and wait until a majority has it'],
        ['kith room post Doctors - < note.txt', 'text from a file'],
      ),
    )
    .action(
      run<{ wait?: boolean }, [string, string]>(async (context, { wait = false }, name, operand) => {
        const client = await context.client();
        const text = await textOf(context, operand);
        const posted = await client.call('postToRoom', { room: name, text });
        const result: Posted = wait ? await confirmation(context, client, name, posted.id) : posted;
        context.out.result(result, () => [result.id]);
        if (result.mark !== undefined) context.out.say(`It is ${result.mark}.`);
        if (!wait) context.out.say('It is kept, and confirmed as soon as a majority has it.');
      }),
    );
};

export const addRead: AddCommand = (room, run) => {
  room
    .command('read')
    .description('Shows the newest messages, those that wait for a majority last.')
    .argument('<room>', 'the room')
    .option('-n, --limit <count>', 'how many confirmed ones at most', parseCount, 50)
    .option('--before <place>', 'the page before, as the last one said', parseCount)
    .addHelpText(
      'after',
      examples(
        ['kith room read Doctors', 'the newest'],
        ['kith room read Doctors --before 120 --limit 20', 'twenty older ones'],
      ),
    )
    .action(
      run<{ limit: number; before?: number }, [string]>(async (context, { limit, before }, name) => {
        const client = await context.client();
        const page = await client.call('readRoom', {
          room: name,
          limit,
          ...(before === undefined ? {} : { before }),
        });
        context.out.list(page.messages, () => page.messages.flatMap((one) => messageLines(context, one)));
        if (page.before !== null)
          context.out.say(
            `Older ones: ${context.command(`room read ${name} --before ${String(page.before)}`)}`,
          );
        if (page.coming) context.out.say('Older ones are on their way from the others: read again later.');
      }),
    );
};

export const addFollow: AddCommand = (room, run) => {
  room
    .command('follow')
    .description(
      'Shows the newest messages and goes on, until Ctrl-C. One that waited is shown again when it is confirmed.',
    )
    .argument('<room>', 'the room')
    .addHelpText('after', examples(['kith room follow Doctors', 'read along']))
    .action(run<object, [string]>(async (context, _, name) => follow(context, name)));
};

async function follow(context: Context, name: string): Promise<void> {
  const client = await context.client();
  const { room } = await client.call('room', { room: name });
  const shown = new Map<string, RoomMessage['state']>();
  for await (const event of client.events(context.out.readerGone)) {
    // The first one says that we listen: what came before is asked for.
    if (event.type === 'room' && event.room !== room) continue;
    if (!['room', 'state', 'missed'].includes(event.type)) continue;
    const { messages } = await client.call('readRoom', { room, limit: PAGE });
    const news = messages.filter(({ id, state }) => shown.get(id) !== state && shown.get(id) !== 'confirmed');
    for (const { id, state } of news) shown.set(id, state);
    context.out.list(news, () => news.flatMap((one) => messageLines(context, one)));
  }
}

type Posted = Pick<RoomMessage, 'id' | 'state'> & Partial<Pick<RoomMessage, 'mark'>>;

/** @throws KithError `interrupted` when the node stops or the reader goes. */
async function confirmation(context: Context, client: Client, name: string, id: string): Promise<Posted> {
  for await (const event of client.events(context.out.readerGone)) {
    if (!['room', 'state', 'missed'].includes(event.type)) continue;
    try {
      const { messages } = await client.call('readRoom', { room: name, limit: PAGE });
      const found = messages.find((one) => one.id === id);
      if (found?.state === 'confirmed') return { id, state: 'confirmed', mark: found.mark };
    } catch (error) {
      if (!isKithError(error, 'locked')) throw error;
    }
  }
  throw new KithError('interrupted', 'The node stopped before it was confirmed; the message is kept.', {
    next: `Start the node again, then see: kith room read ${name}`,
  });
}

async function textOf({ terminal }: Context, operand: string): Promise<string> {
  if (operand !== '-') return operand;
  const chunks: Buffer[] = [];
  for await (const chunk of terminal.stdin) chunks.push(Buffer.from(chunk as Uint8Array | string));
  return Buffer.concat(chunks).toString('utf8').trimEnd();
}

function parseCount(text: string): number {
  const count = Number(text);
  if (/^\d{1,9}$/.test(text) && count >= 1) return count;
  throw new InvalidArgumentError('A whole number from 1 on.');
}
