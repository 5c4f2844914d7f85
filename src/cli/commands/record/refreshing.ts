import type { Refreshed } from '../../../api/contract.ts';
import { lastOf } from '../../client.ts';
import { examples, type AddCommand } from '../../command.ts';
import type { Context } from '../../context.ts';
import { called, counted, localTime } from '../../render.ts';
import { UsageError } from '../../usage.ts';

const OUTCOMES = {
  answered: 'answered',
  'no-way': 'cannot be reached',
  silent: 'does not answer',
  'broke-off': 'broke off half-way',
} as const;

function attemptsIn(typed: string): number {
  const attempts = Number(typed);
  if (Number.isInteger(attempts) && attempts >= 1 && attempts <= 20) return attempts;
  throw new UsageError('usage', `“${typed}” is no number from 1 to 20.`, { next: '--attempts 6' });
}

export const addRefresh: AddCommand = (record, run) => {
  record
    .command('refresh')
    .description(
      'Asks members at random for news until one has answered, or the attempts are used up. Nodes that are linked hear of news by themselves; this is for being sure.',
    )
    .option('--attempts <n>', 'at most so many (left out: 6)', attemptsIn)
    .addHelpText(
      'after',
      examples(
        ['kith record refresh', 'is what is here the newest?'],
        ['kith record refresh --attempts 2', 'without waiting for long'],
      ),
    )
    .action(
      run<{ attempts?: number }>(async (context, { attempts }) => {
        const client = await context.client();
        const progress = context.progress();
        try {
          const steps = client.lines('refreshRecords', attempts === undefined ? {} : { attempts });
          const { step: _, ...done } = await lastOf(steps, 'done', (step) => {
            progress.message(
              step.step === 'asking'
                ? `Asking ${called(step)} …`
                : `${called(step)} ${OUTCOMES[step.outcome]}.`,
            );
          });
          progress.end();
          context.out.result(done, () => refreshedLines(done));
        } catch (error) {
          progress.end();
          throw error;
        }
      }),
    );
};

function refreshedLines(done: Omit<Refreshed, 'step'>): string[] {
  const news = done.entries === 0 ? 'nothing new' : counted(done.entries, 'new entry', 'new entries');
  return [`${called(done)} answered: ${news}.${done.asOf === null ? '' : ` As of ${localTime(done.asOf)}.`}`];
}

/** A reader writes nothing itself: what it has is as old as the last word of a member. */
export async function sayAsOf(context: Context, asOf: string | null): Promise<void> {
  const { out } = context;
  if (out.json) return;
  const { role } = await (await context.client()).call('status', {});
  if (role !== 'reader') return;
  out.say(
    asOf === null
      ? 'This node has not heard from a member yet: kith record refresh'
      : `As of ${localTime(asOf)}, when this node last heard from a member.`,
  );
}
