import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { Certainty, KithError, Severity, Urgency, type Alarm } from '../../../api/contract.ts';
import { examples, type AddCommand } from '../../command.ts';
import type { Context } from '../../context.ts';
import { parseDuration } from '../../duration.ts';
import { shortId } from '../../render.ts';
import { UsageError } from '../../usage.ts';
import { sayWhoHasIt } from './lines.ts';

interface WordOptions {
  readonly headline?: string;
  readonly severity?: Severity;
  readonly urgency?: Urgency;
  readonly certainty?: Certainty;
  readonly instruction?: string;
  readonly area?: readonly string[];
  readonly expires?: number;
}

interface RaiseOptions extends WordOptions {
  readonly drill?: boolean;
  readonly membersOnly?: boolean;
  readonly escalateAfter?: number;
  readonly escalateTo?: readonly string[];
  readonly cap?: string;
}

/** An option with the words of CAP, in whatever case they are typed. */
function chosen(flags: string, about: string, values: readonly string[]): Option {
  return new Option(flags, `${about}: ${values.join(', ')}`).argParser((typed: string) => {
    const value = values.find((known) => known.toLowerCase() === typed.toLowerCase());
    if (value !== undefined) return value;
    throw new UsageError('usage', `“${typed}” is none of ${values.join(', ')}.`, {
      next: `Use one of them: ${flags}`,
    });
  });
}

function withWords(command: Command): Command {
  return command
    .option('--headline <text>', 'a short title (left out: the first line)')
    .addOption(chosen('--severity <how>', 'how bad', Severity.options))
    .addOption(chosen('--urgency <when>', 'how soon', Urgency.options))
    .addOption(chosen('--certainty <sure>', 'how sure', Certainty.options))
    .option('--instruction <text>', 'what people should do')
    .option('--area <place...>', 'where: a name, or "latitude,longitude kilometres"')
    .option('--expires <time>', 'how long it is true (left out: 24h)', parseDuration);
}

export const addRaise: AddCommand = (alarm, run) => {
  withWords(
    alarm
      .command('raise')
      .description('Raises an alarm: everybody who can be reached gets it, before all else.')
      .argument('[text]', 'what has happened'),
  )
    .option('--drill', 'an exercise; it is shown as one everywhere')
    .option('--members-only', 'not for readers')
    .option(
      '--escalate-after <time>',
      'tell the admins when somebody has not seen it by then (left out: 10m)',
      parseDuration,
    )
    .option('--escalate-to <who...>', 'tell these instead of the admins')
    .option('--cap <file>', 'take it from a CAP 1.2 file (-: from standard input)')
    .addHelpText(
      'after',
      examples(
        ['kith alarm raise "Fire at gate 2"', 'to everybody'],
        [
          'kith alarm raise "Flood at the bridge" --severity Extreme --area "Camp North"',
          'with more to go by',
        ],
        ['kith alarm raise "Fire drill" --drill', 'an exercise'],
        ['kith alarm raise --cap warning.xml', 'a CAP document'],
      ),
    )
    .action(run<RaiseOptions, [string?]>(raise));
};

async function raise(context: Context, options: RaiseOptions, text?: string): Promise<void> {
  const { cap, drill = false, membersOnly = false, escalateAfter, escalateTo, ...words } = options;
  if ((text === undefined) === (cap === undefined)) {
    throw new UsageError('usage', 'An alarm needs a text, or a CAP file.', {
      next: 'kith alarm raise "Fire at gate 2"',
    });
  }
  const escalating = escalateAfter === undefined ? {} : { escalateAfterMs: escalateAfter };
  const client = await context.client();
  const raised =
    cap === undefined
      ? await client.call('raiseAlarm', {
          text: text ?? '',
          ...wordsOf(words),
          ...escalating,
          ...(escalateTo === undefined ? {} : { escalateTo: [...escalateTo] }),
          drill,
          membersOnly,
        })
      : await client.call('raiseCap', { document: await readDocument(context, cap), ...escalating });
  sayRaised(context, raised);
}

function wordsOf({ headline, severity, urgency, certainty, instruction, area, expires }: WordOptions) {
  return {
    headline,
    severity,
    urgency,
    certainty,
    instruction,
    ...(area === undefined ? {} : { areas: [...area] }),
    ...(expires === undefined ? {} : { lastsMs: expires }),
  };
}

function sayRaised(context: Context, raised: Alarm): void {
  const { drill, headline, id, cancelled } = raised;
  const kind = drill ? 'Drill' : 'Alarm';
  context.out.result(raised, () => [
    cancelled === null ? `${kind} ${shortId(id)}: ${headline}` : `${kind} ${shortId(id)} was called off.`,
  ]);
  sayWhoHasIt(context, raised);
}

/** @throws KithError `cannot-read` */
async function readDocument({ terminal }: Context, file: string): Promise<string> {
  try {
    const bytes = file === '-' ? await readAll(terminal.stdin) : await readFile(resolve(terminal.cwd, file));
    return bytes.toString('base64');
  } catch (cause) {
    throw new KithError('cannot-read', `The file ${file} cannot be read.`, {
      next: 'Check its name and its rights.',
      cause,
    });
  }
}

async function readAll(input: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of input) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks);
}

export const addUpdate: AddCommand = (alarm, run) => {
  withWords(
    alarm
      .command('update')
      .description('Says something newer; everybody gets it, and is asked again whether they have seen it.')
      .argument('<id>', 'the alarm, as `kith alarm list` shows it')
      .argument('<text>', 'what is so now'),
  )
    .addHelpText(
      'after',
      examples(['kith alarm update 3f2a91c0 "The fire has reached gate 3"', 'what it says is replaced']),
    )
    .action(
      run<WordOptions, [string, string]>(async (context, words, id, text) => {
        const updated = await (await context.client()).call('updateAlarm', { id, text, ...wordsOf(words) });
        sayRaised(context, updated);
      }),
    );
};

export const addCancel: AddCommand = (alarm, run) => {
  alarm
    .command('cancel')
    .description('Calls an alarm off. Only who raised it, or an admin, can do that.')
    .argument('<id>', 'the alarm, as `kith alarm list` shows it')
    .argument('[text]', 'why')
    .addHelpText('after', examples(['kith alarm cancel 3f2a91c0 "The fire is out"', 'call it off']))
    .action(
      run<object, [string, string?]>(async (context, _, id, text) => {
        const input = text === undefined ? { id } : { id, text };
        const cancelled = await (await context.client()).call('cancelAlarm', input);
        const { length } = cancelled.cancelled?.received ?? [];
        context.out.result(cancelled, () => [
          `${cancelled.drill ? 'Drill' : 'Alarm'} ${shortId(cancelled.id)} was called off.`,
        ]);
        context.out.say(
          `${String(length)} of ${String(cancelled.members.length)} know so far; the others will as soon as they can be reached.`,
        );
      }),
    );
};
