import { RecordKind, RecordSex, RecordStatus } from '../../../api/contract.ts';
import { examples, type AddCommand } from '../../command.ts';
import { UsageError } from '../../usage.ts';
import { erasureLines, historyLines, hitTable, matchTable, recordLines } from './lines.ts';
import { oneOf } from './options.ts';
import { sayAsOf } from './refreshing.ts';

const ID = 'the record, as `kith record search` shows it';

function limitIn(typed: string): number {
  const limit = Number(typed);
  if (Number.isInteger(limit) && limit >= 1 && limit <= 200) return limit;
  throw new UsageError('usage', `“${typed}” is no number from 1 to 200.`, { next: '--limit 20' });
}

interface SearchOptions {
  readonly kind?: RecordKind;
  readonly status?: RecordStatus;
  readonly sex?: RecordSex;
  readonly age?: string;
  readonly region?: string;
  readonly public?: boolean;
  readonly limit?: number;
}

export const addSearch: AddCommand = (record, run) => {
  record
    .command('search')
    .description(
      'Looks for people by name, as it was heard or written, in whatever script; misspelt, in part or in another order.',
    )
    .argument('[text...]', 'a name, or part of one')
    .addOption(oneOf('--kind <kind>', 'only these', RecordKind.options))
    .addOption(oneOf('--status <status>', 'as of the newest note', RecordStatus.options))
    .addOption(oneOf('--sex <sex>', 'only these', RecordSex.options))
    .option('--age <years>', 'an age or two, as 34 or 30-40')
    .option('--region <name>', 'where they are from')
    .option('--public', 'as a reader would see it')
    .option('--limit <n>', 'at most so many (left out: 20)', limitIn)
    .addHelpText(
      'after',
      examples(
        ['kith record search rahima', 'by name'],
        ['kith record search "ma hla" --age 30-40 --status believed_alive', 'with more to go by'],
      ),
    )
    .action(
      run<SearchOptions, string[]>(async (context, options, ...words) => {
        const { records, asOf } = await (
          await context.client()
        ).call('searchRecords', { text: words.join(' '), ...options });
        context.out.list(records, () => hitTable(context, records));
        if (records.length === 0)
          context.out.say('Nobody of that name was found. Try part of it, or another spelling.');
        await sayAsOf(context, asOf);
      }),
    );
};

export const addShow: AddCommand = (record, run) => {
  record
    .command('show')
    .description('Shows one record with its notes.')
    .argument('<id>', ID)
    .addHelpText('after', examples(['kith record show ID', 'all that this node may show']))
    .action(
      run<object, [string]>(async (context, _, id) => {
        const found = await (await context.client()).call('record', { id });
        context.out.result(found, () => recordLines(context, found));
        await sayAsOf(context, found.asOf);
      }),
    );
};

export const addMatches: AddCommand = (record, run) => {
  record
    .command('matches')
    .description('Suggests what may be the same person: duplicates, and who is sought and who was found.')
    .argument('<id>', ID)
    .option('--limit <n>', 'at most so many (left out: 20)', limitIn)
    .addHelpText('after', examples(['kith record matches ID', 'suggestions, with reasons']))
    .action(
      run<{ limit?: number }, [string]>(async (context, { limit }, id) => {
        const { records } = await (
          await context.client()
        ).call('recordMatches', { id, ...(limit === undefined ? {} : { limit }) });
        context.out.list(records, () => matchTable(context, records));
        if (records.length === 0) context.out.say('Nothing here may be the same person.');
        else
          context.out.say(`Sure that it is the same person? ${context.command(`record link ${id} OTHER`)}`);
      }),
    );
};

export const addLink: AddCommand = (record, run) => {
  record
    .command('link')
    .description('Takes two records for one person’s, or takes that back. Nothing is merged.')
    .argument('<id>', ID)
    .argument('<other>', 'the other one')
    .option('--undo', 'they are two people after all')
    .option('--reason <text>', 'why', '')
    .addHelpText(
      'after',
      examples(
        ['kith record link A B --reason "the same scar"', 'one person'],
        ['kith record link A B --undo', 'two people after all'],
      ),
    )
    .action(
      run<{ undo?: boolean; reason: string }, [string, string]>(
        async (context, { undo = false, reason }, id, other) => {
          const found = await (
            await context.client()
          ).call('linkRecords', { id, other, linked: !undo, reason });
          context.out.result(found, () => recordLines(context, found));
        },
      ),
    );
};

export const addHistory: AddCommand = (record, run) => {
  record
    .command('history')
    .description(
      'Shows who changed which fields when, and when what few may see was read on this node. What was read on other nodes is known there alone.',
    )
    .argument('<id>', ID)
    .addHelpText('after', examples(['kith record history ID', 'who, when, which fields']))
    .action(
      run<object, [string]>(async (context, _, id) => {
        const found = await (await context.client()).call('recordHistory', { id });
        context.out.result(found, () => historyLines(context, found));
      }),
    );
};

export const addExpire: AddCommand = (record, run) => {
  record
    .command('expire')
    .description(
      'Ends a record everywhere: a placeholder stays, all else is erased on every node. This cannot be undone.',
    )
    .argument('<id>', ID)
    .option('--yes', 'do not ask')
    .addHelpText('after', examples(['kith record expire ID', 'the person asked for it']))
    .action(
      run<{ yes?: boolean }, [string]>(async (context, { yes = false }, id) => {
        await context.prompt.confirm(`Erase the record ${id} on every node, for good?`, yes);
        const ended = await (await context.client()).call('expireRecord', { id });
        context.out.result(ended, () => erasureLines(ended));
        context.out.say(`Who has erased it: ${context.command(`record erasure ${id}`)}`);
      }),
    );
};

export const addErasure: AddCommand = (record, run) => {
  record
    .command('erasure')
    .description('Shows who has signed that a record that ended is erased, and who has not.')
    .argument('<id>', ID)
    .addHelpText('after', examples(['kith record erasure ID', 'who, and who not yet']))
    .action(
      run<object, [string]>(async (context, _, id) => {
        const found = await (await context.client()).call('recordErasure', { id });
        context.out.result(found, () => erasureLines(found));
      }),
    );
};
