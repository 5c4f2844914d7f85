import { resolve } from 'node:path';
import type { RecordsImported, WriteFormat } from '../../../api/contract.ts';
import { isKithError } from '../../../api/contract.ts';
import { lastOf } from '../../client.ts';
import { examples, type AddCommand } from '../../command.ts';
import type { Context } from '../../context.ts';
import { clean, counted, grouped } from '../../render.ts';
import { replacing } from '../../replacing.ts';
import { withInput } from '../../spool.ts';
import { UsageError } from '../../usage.ts';
import { oneOf } from './options.ts';

interface ImportOptions {
  readonly format?: 'pfif' | 'csv' | 'fhir';
  readonly domain?: string;
  readonly only?: string;
  readonly map?: readonly string[];
  readonly check?: boolean;
}

interface ExportOptions {
  readonly format?: WriteFormat;
  readonly for?: 'readers' | 'members';
  readonly restricted?: boolean;
  readonly count?: 'census' | 'person';
  readonly out?: string;
  readonly yes?: boolean;
}

/** Errors and notices that a terminal shows; with `--json` there are all of them. */
const SHOWN = 20;

export const addImport: AddCommand = (record, run) => {
  record
    .command('import')
    .description(
      'Takes in a file: PFIF 1.1 to 1.4 (XML, Atom or CSV), a list as CSV, or a FHIR bundle. Bad records are reported with their line and skipped. Stopped, it goes on where it was when it is started again.',
    )
    .argument('<file>', 'the file to read (-: standard input)')
    .addOption(oneOf('--format <format>', 'left out: what it looks like', ['pfif', 'csv', 'fhir']))
    .option('--domain <domain>', 'goes before ids that have none (left out: your organisation’s)')
    .option('--only <domain>', 'refuse records of other domains')
    .option('--map <heading=field...>', 'what headings of a list mean')
    .option('--check', 'say what is wrong with a PFIF file, and take nothing in')
    .addHelpText(
      'after',
      examples(
        ['kith record import people.xml', 'a PFIF file'],
        ['kith record import list.csv --map "Father name=description"', 'a list with a heading of its own'],
        ['kith record import people.xml --check', 'is it right?'],
        ['gunzip -c people.xml.gz | kith record import -', 'from another program'],
      ),
    )
    .action(
      run<ImportOptions, [string]>((context, options, file) =>
        file === '-'
          ? withInput(context.terminal, (path) => importFile(context, options, path, file))
          : importFile(context, options, resolve(context.terminal.cwd, file), undefined),
      ),
    );
};

export const addExport: AddCommand = (record, run) => {
  record
    .command('export')
    .description(
      'Writes records to stdout or to a file. Without more words it holds what every member may see; what few may see goes out with --restricted alone, and that is written down.',
    )
    .addOption(oneOf('--format <format>', 'left out: pfif', ['pfif', 'atom', 'csv', 'fhir', 'hxl']))
    .addOption(oneOf('--for <whom>', 'left out: members', ['readers', 'members']))
    .option('--restricted', 'all that this node holds')
    .addOption(oneOf('--count <kind>', 'what HXL counts (left out: census)', ['census', 'person']))
    .option('-o, --out <file>', 'the file to write (left out: stdout)')
    .option('--yes', 'replace the file without asking')
    .addHelpText(
      'after',
      examples(
        ['kith record export > people.xml', 'PFIF 1.4'],
        ['kith record export --format csv --for readers -o public.csv', 'what the public may see'],
        ['kith record export --format hxl', 'counts of households, none below five'],
      ),
    )
    .action(run<ExportOptions>((context, options) => exportRecords(context, options)));
};

async function importFile(
  context: Context,
  options: ImportOptions,
  path: string,
  called: string | undefined,
): Promise<void> {
  const { format, domain, only, check = false } = options;
  const client = await context.client();
  const progress = context.progress();
  try {
    const steps = client.lines('importRecords', {
      path,
      ...(format === undefined ? {} : { format }),
      ...(domain === undefined ? {} : { domain }),
      ...(only === undefined ? {} : { only }),
      columns: columnsIn(options.map ?? []),
      check,
    });
    const { step: _, ...done } = await lastOf(steps, 'done', (step) => {
      progress.work(step);
    });
    const result = called === undefined ? done : { ...done, path: called };
    progress.end();
    context.out.result(result, () => importLines(result, check));
  } catch (error) {
    progress.end();
    if (isKithError(error, 'node-gone'))
      context.out.say('What was taken in so far is kept; import it again, and it goes on from there.');
    throw error;
  }
}

/** @throws UsageError */
function columnsIn(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.lastIndexOf('=');
      const [heading, field] = [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
      if (at > 0 && heading !== '' && field !== '') return [heading, field];
      throw new UsageError('usage', `“${pair}” is not HEADING=FIELD.`, {
        next: 'kith record import list.csv --map "Father name=description"',
      });
    }),
  );
}

function importLines(result: Omit<RecordsImported, 'step'>, check: boolean): string[] {
  const { read, added, updated, skipped, errors, notices, errorsLeftOut, noticesLeftOut } = result;
  const wrong = errors.length + errorsLeftOut;
  const head = check
    ? `Looked at ${counted(read, 'record')}; ${wrong === 0 ? 'nothing is wrong' : counted(wrong, 'fault')}.`
    : `Read ${counted(read, 'record')}: ${grouped(added)} new, ${grouped(updated)} changed, ${grouped(skipped)} skipped.`;
  return [
    head,
    ...faultLines(errors, errorsLeftOut),
    ...(notices.length === 0 ? [] : ['Left out of records that were taken:']),
    ...faultLines(notices, noticesLeftOut),
  ];
}

function faultLines(faults: RecordsImported['errors'], leftOut: number): string[] {
  const more = faults.length + leftOut - SHOWN;
  return [
    ...faults.slice(0, SHOWN).map(({ message }) => `  ${clean(message)}`),
    ...(more > 0 ? [`  … and ${grouped(more)} more; --json lists them.`] : []),
  ];
}

async function exportRecords(context: Context, options: ExportOptions): Promise<void> {
  if (options.restricted === true && options.for !== undefined) {
    throw new UsageError('usage', '--restricted is for nobody but those who may see all of it.', {
      next: 'Leave out --for.',
    });
  }
  if (options.out === undefined) {
    await toStdout(context, options);
    return;
  }
  const path = resolve(context.terminal.cwd, options.out);
  const client = await context.client();
  const result = await replacing(context, path, options.yes === true, async (replace) => {
    const steps = client.lines('exportRecords', { ...wanted(options), path, replace });
    const { step: _, ...written } = await lastOf(steps, 'done', () => undefined);
    return written;
  });
  context.out.result(result, () => [
    `Wrote ${counted(result.written, 'record')} to ${path}.`,
    ...withheldLines(result.withheld),
  ]);
}

/** What stdout gets is the file itself, whoever reads it. */
async function toStdout(context: Context, options: ExportOptions): Promise<void> {
  const client = await context.client();
  for await (const step of client.lines('exportRecords', wanted(options))) {
    if (step.step === 'piece') context.out.text(step.text);
    else for (const line of withheldLines(step.withheld)) context.out.say(line);
  }
}

function withheldLines(withheld: number): string[] {
  return withheld === 0 ? [] : [`Of ${counted(withheld, 'record')} nothing went out: not for whom it is.`];
}

function wanted({
  format = 'pfif',
  for: whom = 'members',
  restricted = false,
  count = 'census',
}: ExportOptions): {
  readonly format: WriteFormat;
  readonly audience: 'readers' | 'members' | 'all';
  readonly counted: 'census' | 'person';
} {
  return { format, audience: restricted ? 'all' : whom, counted: count };
}
