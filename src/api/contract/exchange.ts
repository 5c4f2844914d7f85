/** Files of records. The node reads and writes them where they lie; what is asked for piece by piece comes as a stream. */
import { z } from 'zod';
import { Count, Path } from './common.ts';
import { route } from './route.ts';
import { Progress } from './work.ts';

export const ReadFormat = z.enum(['pfif', 'csv', 'fhir']);
export const WriteFormat = z.enum(['pfif', 'atom', 'csv', 'fhir', 'hxl']);
export type WriteFormat = z.infer<typeof WriteFormat>;
export const ExportAudience = z
  .enum(['readers', 'members', 'all'])
  .meta({ description: 'what the public may see, what every member may, or all that this node holds' });

const Domain = z
  .string()
  .max(120)
  .regex(/^[A-Za-z0-9][A-Za-z0-9.-]*$/, 'must be a domain, like example.org');

const Fault = z.object({ line: Count, code: z.string(), message: z.string() }).meta({ id: 'ImportFault' });

const done = { step: z.literal('done') };

export const RecordsImportStep = z
  .discriminatedUnion('step', [
    Progress,
    z.object({
      ...done,
      path: z.string(),
      format: ReadFormat,
      read: Count.meta({ description: 'records in the file: added, updated and skipped together' }),
      added: Count,
      updated: Count,
      skipped: Count,
      errors: z.array(Fault).meta({ description: 'what was not taken, and why' }),
      notices: z.array(Fault).meta({ description: 'what was left out of records that were taken' }),
      errorsLeftOut: Count.meta({ description: 'beyond those that are listed' }),
      noticesLeftOut: Count,
    }),
  ])
  .meta({ id: 'RecordsImportStep' });
export type RecordsImported = Extract<z.infer<typeof RecordsImportStep>, { step: 'done' }>;

export const RecordsExportStep = z
  .discriminatedUnion('step', [
    z.object({ step: z.literal('piece'), text: z.string() }),
    z.object({
      ...done,
      path: z.string().nullable(),
      bytes: Count,
      written: Count,
      withheld: Count.meta({ description: 'records of which nothing went out: not for whom it is' }),
    }),
  ])
  .meta({ id: 'RecordsExportStep' });

export const exchangeRoutes = {
  importRecords: route({
    method: 'post',
    path: '/v1/records/import',
    tag: 'records',
    summary: 'Take in a file of records; goes on where it was stopped',
    states: ['running'],
    body: z.strictObject({
      path: Path,
      format: ReadFormat.optional().meta({ description: 'left out: what the file looks like' }),
      domain: Domain.optional().meta({
        description: 'goes before ids that have none; left out: this home’s own',
      }),
      only: Domain.optional().meta({ description: 'records of another domain are refused' }),
      columns: z
        .record(z.string().min(1).max(200), z.string().min(1).max(60))
        .default({})
        .meta({ description: 'headings of a list, and the fields that they mean' }),
      check: z
        .boolean()
        .default(false)
        .meta({ description: 'says what is wrong with a PFIF file, and takes nothing in' }),
    }),
    form: 'lines',
    answer: RecordsImportStep,
    failures: [
      'cannot-read',
      'role-writes-nothing',
      'not-a-member',
      'bad-csv',
      'bad-encoding',
      'dtd-refused',
      'no-header',
      'not-fhir',
      'not-pfif',
      'not-xml',
      'too-large',
      'unknown-field',
      'unknown-version',
    ],
  }),
  exportRecords: route({
    method: 'post',
    path: '/v1/records/export',
    tag: 'records',
    summary: 'Records as a file, or as its pieces',
    states: ['running'],
    body: z.strictObject({
      format: WriteFormat.default('pfif'),
      audience: ExportAudience.default('members'),
      counted: z.enum(['census', 'person']).default('census').meta({ description: 'what HXL counts' }),
      path: Path.optional().meta({ description: 'left out: the pieces are the answer' }),
      replace: z.boolean().default(false),
    }),
    form: 'lines',
    answer: RecordsExportStep,
    failures: ['not-a-member', 'file-exists', 'cannot-write'],
  }),
};
