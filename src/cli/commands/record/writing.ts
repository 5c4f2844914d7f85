import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { KithError, RecordKind, RecordStatus, type Input, type RecordDetail } from '../../../api/contract.ts';
import { examples, type AddCommand } from '../../command.ts';
import type { Context } from '../../context.ts';
import { UsageError } from '../../usage.ts';
import { clean } from '../../render.ts';
import { oneOf } from './options.ts';
import { recordLines } from './lines.ts';

type Fields = Input<'addRecord'>['fields'];

interface Written {
  readonly kind: RecordKind | undefined;
  readonly id: string | undefined;
  readonly fields: Fields;
}

const MOST_FILE_BYTES = 16 * 1024 * 1024;

export const addAdd: AddCommand = (record, run) => {
  record
    .command('add')
    .description('Begins a record, from fields or from a JSON file: an object of fields, or one a line.')
    .argument('[file]', 'a JSON file (-: standard input)')
    .addOption(oneOf('--kind <kind>', 'what it is of', RecordKind.options))
    .option('--id <id>', 'its name elsewhere, as example.org/1234 (left out: a new one)')
    .option('--set <field=value...>', 'fields, by PFIF’s names')
    .addHelpText(
      'after',
      examples(
        ['kith record add --set full_name="Ma Hla" age=34 sex=female', 'a person'],
        ['kith record add hla.json', 'from a file: {"full_name": "Ma Hla", "age": 34}'],
        ['kith record add --kind census households.jsonl', 'one record a line'],
      ),
    )
    .action(
      run<{ kind?: RecordKind; id?: string; set?: readonly string[] }, [string?]>(
        async (context, { kind, id, set }, file) => {
          const items = await given(context, set, file);
          const client = await context.client();
          for (const item of items) {
            const named = id ?? item.id;
            const added = await client.call('addRecord', {
              kind: kind ?? item.kind ?? 'person',
              fields: item.fields,
              ...(named === undefined ? {} : { id: named }),
            });
            context.out.result(added, () => [
              `${clean(added.fields['full_name'] ?? added.kind)}  ${added.id}`,
            ]);
          }
        },
      ),
    );
};

export const addEdit: AddCommand = (record, run) => {
  record
    .command('edit')
    .description(
      'Changes a record of your own organisation. What is not named stays; an empty value takes one back.',
    )
    .argument('<id>', 'the record')
    .argument('[file]', 'a JSON file with an object of fields (-: standard input)')
    .option('--set <field=value...>', 'fields, by PFIF’s names')
    .addHelpText(
      'after',
      examples(['kith record edit ID --set age=35 home_city=', 'one value anew, one taken back']),
    )
    .action(
      run<{ set?: readonly string[] }, [string, string?]>(async (context, { set }, id, file) => {
        const [item] = await given(context, set, file);
        const client = await context.client();
        shown(context, await client.call('editRecord', { id, fields: item?.fields ?? {} }));
      }),
    );
};

export const addNote: AddCommand = (record, run) => {
  record
    .command('note')
    .description('Says what you know of a person; anybody’s record may be noted.')
    .argument('<id>', 'the person’s record')
    .argument('[text]', 'what you know')
    .addOption(oneOf('--status <status>', 'what you believe', RecordStatus.options))
    .option('--location <place>', 'where the person was seen last')
    .option('--set <field=value...>', 'other fields, by PFIF’s names')
    .addHelpText(
      'after',
      examples(['kith record note ID "seen at the bridge" --status believed_alive', 'somebody has seen her']),
    )
    .action(
      run<{ status?: RecordStatus; location?: string; set?: readonly string[] }, [string, string?]>(
        async (context, { status, location, set }, id, text) => {
          const fields: Fields = {
            ...pairsIn(set ?? []),
            ...(text === undefined ? {} : { text }),
            ...(status === undefined ? {} : { status }),
            ...(location === undefined ? {} : { last_known_location: location }),
          };
          if (Object.keys(fields).length === 0) {
            throw new UsageError('usage', 'A note says something: a text, or a status.', {
              next: 'kith record note ID "seen at the bridge"',
            });
          }
          shown(context, await (await context.client()).call('noteRecord', { id, fields }));
        },
      ),
    );
};

function shown(context: Context, record: RecordDetail): void {
  context.out.result(record, () => recordLines(context, record));
}

/** @throws UsageError | KithError `cannot-read` | `bad-record` */
async function given(
  context: Context,
  set: readonly string[] | undefined,
  file: string | undefined,
): Promise<readonly Written[]> {
  const pairs = pairsIn(set ?? []);
  if (file === undefined) {
    if (Object.keys(pairs).length > 0) return [{ kind: undefined, id: undefined, fields: pairs }];
    throw new UsageError('usage', 'Say what to write: fields, or a file.', {
      next: 'kith record add --set full_name="Ma Hla" age=34',
    });
  }
  return readItems(await readText(context, file), file).map((item) => ({
    ...item,
    fields: { ...item.fields, ...pairs },
  }));
}

function pairsIn(set: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    set.map((pair) => {
      const at = pair.indexOf('=');
      if (at > 0) return [pair.slice(0, at).trim(), pair.slice(at + 1)];
      throw new UsageError('usage', `“${pair}” is no field with a value.`, { next: 'Write it as age=34' });
    }),
  );
}

async function readText({ terminal }: Context, file: string): Promise<string> {
  try {
    if (file !== '-') return await readFile(resolve(terminal.cwd, file), 'utf8');
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of terminal.stdin as AsyncIterable<Buffer | string>) {
      chunks.push(Buffer.from(chunk));
      bytes += chunk.length;
      if (bytes > MOST_FILE_BYTES) throw new Error('too long');
    }
    return Buffer.concat(chunks).toString('utf8');
  } catch (cause) {
    throw new KithError('cannot-read', `The file ${file} cannot be read.`, {
      next: 'Check its name.',
      cause,
    });
  }
}

/** One value, a list of them, or one a line. */
function readItems(text: string, file: string): readonly Written[] {
  const lines = (): readonly unknown[] =>
    text
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => JSON.parse(line) as unknown);
  let values: unknown;
  try {
    values = JSON.parse(text);
  } catch {
    try {
      values = lines();
    } catch (cause) {
      throw new KithError('bad-record', `${file} is no JSON.`, {
        next: /^\s*</.test(text) ? `Import it: kith record import ${file}` : 'Write {"full_name": "Ma Hla"}',
        cause,
      });
    }
  }
  return (Array.isArray(values) ? (values as unknown[]) : [values]).map((value) => itemOf(value, file));
}

/** Fields, or an object that holds them under `fields`, as `kith record show --json` prints them. */
function itemOf(value: unknown, file: string): Written {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new KithError('bad-record', `${file} holds something else than a record.`, {
      next: 'Write {"full_name": "Ma Hla"}',
    });
  }
  const { kind, id, fields, ...others } = value as Record<string, unknown>;
  const known = RecordKind.safeParse(kind);
  const inner = typeof fields === 'object' && fields !== null ? fields : others;
  return {
    kind: known.success ? known.data : undefined,
    id: typeof id === 'string' ? id : undefined,
    fields: inner as Fields,
  };
}
