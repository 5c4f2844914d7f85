/** Long work on files: bundles, backups. Streams of how far it is, and at last the result. */
import { z } from 'zod';
import { Count, Joined, Passphrase, Path, Who } from './common.ts';
import { route } from './route.ts';

export const Progress = z
  .object({
    step: z.literal('working'),
    unit: z.enum(['entries', 'bytes']),
    done: Count,
    total: Count.nullable(),
  })
  .meta({ id: 'Progress' });
export type Progress = z.infer<typeof Progress>;

const done = { step: z.literal('done') };

export const ExportStep = z
  .discriminatedUnion('step', [
    Progress,
    z.object({ ...done, path: z.string(), entries: Count, letters: Count, bytes: Count }),
  ])
  .meta({ id: 'ExportStep' });

export const ImportStep = z
  .discriminatedUnion('step', [
    Progress,
    z.object({
      ...done,
      path: z.string(),
      read: Count,
      added: Count,
      refused: z
        .record(z.string(), Count)
        .meta({ description: 'why entries were not taken: code and count' }),
      letters: Count,
    }),
  ])
  .meta({ id: 'ImportStep' });

export const BackupStep = z
  .discriminatedUnion('step', [
    Progress,
    z.object({ ...done, path: z.string(), bytes: Count, entries: Count }),
  ])
  .meta({ id: 'BackupStep' });

export const RestoreStep = z
  .discriminatedUnion('step', [Progress, Joined.extend({ ...done, entries: Count })])
  .meta({ id: 'RestoreStep' });

export const workRoutes = {
  exportBundle: route({
    method: 'post',
    path: '/v1/bundles/export',
    tag: 'bundles',
    summary: 'Write what others may lack to a file, to be carried by hand',
    states: ['running'],
    body: z.strictObject({
      path: Path,
      for: Who.optional().meta({ description: 'left out: what any member may hold' }),
      replace: z.boolean().default(false),
    }),
    form: 'lines',
    answer: ExportStep,
    failures: ['unknown-member', 'ambiguous', 'file-exists', 'cannot-write'],
  }),
  importBundle: route({
    method: 'post',
    path: '/v1/bundles/import',
    tag: 'bundles',
    summary: 'Take in what a bundle brings',
    states: ['running'],
    body: z.strictObject({ path: Path }),
    form: 'lines',
    answer: ImportStep,
    failures: ['cannot-read', 'malformed', 'other-network'],
  }),
  backup: route({
    method: 'post',
    path: '/v1/backup',
    tag: 'safety',
    summary: 'Write everything of this node to a file, sealed under a passphrase',
    states: ['running'],
    body: z.strictObject({ path: Path, passphrase: Passphrase, replace: z.boolean().default(false) }),
    form: 'lines',
    answer: BackupStep,
    failures: ['file-exists', 'cannot-write', 'bad-passphrase'],
  }),
  restore: route({
    method: 'post',
    path: '/v1/restore',
    tag: 'safety',
    summary: 'Fill an empty node from a backup',
    states: ['empty'],
    body: z.strictObject({ path: Path, passphrase: Passphrase }),
    form: 'lines',
    answer: RestoreStep,
    failures: ['cannot-read', 'wrong-passphrase', 'malformed', 'damaged-backup'],
  }),
};
