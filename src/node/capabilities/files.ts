/** Files and folders, as people and programs ask for them: by name, members by their peer numbers. */
import { decodeCbor, encodeCbor } from '../../base/cbor.ts';
import { KithError } from '../../base/errors.ts';
import type { DeviceKey, MemberId } from '../../base/ids.ts';
import type { FilesService } from '../../files/index.ts';
import type { Content, Version, VersionId } from '../../files/types.ts';
import type { FileGot, FileSent, FilesFacade, FilesSettings, ListedFile } from '../facade-files.ts';
import type { Session } from '../session.ts';
import { findMember, iso } from './context.ts';
import { describeVersion, isHeard, numberOf, sizeOf, sureOf, type FilesContext } from './files-describe.ts';
import { keepingRules, setKeepingRules } from '../files-keeping.ts';
import { findVersion, headsNamed } from './files-find.ts';
import { folderNamed, foldersOf } from './folders.ts';
import { withProgress, type Report } from './work.ts';

const SETTINGS = 'files settings';

export function filesOf(context: FilesContext): FilesFacade {
  const session = (): Session => context.session();
  const files = (): FilesService => context.files();
  return {
    ...foldersOf(context),
    list: async ({ folder, after, limit }) => listed(context, folder, after, limit),
    get: async ({ name, path }, signal) => {
      const service = files();
      const version = findVersion(context, name);
      const id = await service.get(version, path);
      return withProgress<FileGot>(signal, async (report) => {
        await fetching(service, id, report);
        return { path, version: version.id, size: sizeOf(version) };
      });
    },
    stop: async ({ name, path }) => {
      const id = `get ${path} ${findVersion(context, name).id}`;
      const stopped = files().transfers.progressOf(id) !== undefined;
      await files().transfers.cancel(id);
      return { stopped };
    },
    send: async ({ path, to, all }, signal) => {
      const members = all ? undefined : recipients(session(), to);
      const service = files();
      return withProgress<FileSent>(signal, async (report) => {
        const said = (done: number): void => {
          report({ step: 'working', unit: 'bytes', done, total: null });
        };
        const version = await service.send(path, members, { signal, report: said });
        const numbers = (members ?? []).map((id) => numberOf(session(), id)).sort((a, b) => a - b);
        return { version: version.id, path: version.path, size: sizeOf(version), to: numbers };
      });
    },
    settings: async () => settingsOf(session()),
    set: async (settings) => {
      const value = encodeCbor([settings.downBytesPerSecond, settings.upBytesPerSecond]);
      context.meta().set(SETTINGS, value);
      applySettings(session(), files());
      return settings;
    },
    keeping: async () => keepingRules(session()),
    keep: async (keeping) => {
      setKeepingRules(session(), keeping);
      files().rulesChanged();
      context.folders().look();
      return keeping;
    },
    versions: async (name) => {
      const [head] = headsNamed(context, name);
      if (head === undefined) return [];
      const heads = new Set(
        files()
          .index.headsAt(head.folder, head.path)
          .map(({ id }) => id),
      );
      const all = files().index.versionsAt(head.folder, head.path);
      // What is said to be here was looked at just now.
      for (const { state } of all) if (state.type === 'file') await files().pieces.look(state.content);
      return [...all].reverse().map((version) => describeVersion(context, version, heads.has(version.id)));
    },
  };
}

/** What was set before the node started counts from its start. */
export function applySettings(session: Session, files: FilesService): void {
  const { downBytesPerSecond, upBytesPerSecond } = settingsOf(session);
  files.transfers.limit(downBytesPerSecond, upBytesPerSecond);
}

function settingsOf({ deps }: Session): FilesSettings {
  const stored = deps.meta.get(SETTINGS);
  if (stored === undefined) return { downBytesPerSecond: 0, upBytesPerSecond: 0 };
  const [down = 0, up = 0] = decodeCbor(stored) as number[];
  return { downBytesPerSecond: down, upBytesPerSecond: up };
}

async function fetching(service: FilesService, id: string, report: Report): Promise<void> {
  await service.watch(id, ({ doneBytes, totalBytes }) => {
    report({ step: 'working', unit: 'bytes', done: doneBytes, total: totalBytes });
  });
}

function recipients(session: Session, to: readonly string[]): MemberId[] {
  const found = [...new Set(to.map((who) => findMember(session, who).id))];
  if (found.length === 0)
    throw new KithError('no-recipients', 'It takes whom the file is for.', {
      next: 'Name somebody, or say --all.',
    });
  if (found.includes(session.ownMemberId))
    throw new KithError('own-file', 'This would offer your own file to yourself.', {
      next: 'Leave yourself out.',
    });
  return found;
}

// ---- listing

async function listed(
  context: FilesContext,
  folder: string | undefined,
  after: string | undefined,
  limit: number,
): ReturnType<FilesFacade['list']> {
  const { index } = context.files();
  const wanted = folder === undefined ? undefined : folderNamed(context, folder).id;
  const files: ListedFile[] = [];
  for (const version of index.heads(wanted, after as VersionId | undefined)) {
    if (version.state.type !== 'file') continue;
    files.push(describeFile(context, version, version.state.content));
    if (files.length >= limit) return { files, after: version.id };
  }
  return { files, after: null };
}

function describeFile(context: FilesContext, version: Version, content: Content): ListedFile {
  const session = context.session();
  const service = context.files();
  const devices = service.index.holders(content.id);
  const reachable = devices.filter((device) => isHeard(session, device));
  return {
    folder: version.folder,
    folderName: folderNameOf(context, version),
    path: version.path,
    version: version.id,
    size: content.sizeBytes,
    modifiedAt: iso(version.state.type === 'file' ? version.state.modifiedMs : version.hlc.ms),
    from: numberOf(session, version.author),
    holders: numbersOf(session, devices),
    reachable: numbersOf(session, reachable),
    sure: sureOf(context, content),
    conflict: service.index.headsAt(version.folder, version.path).length > 1,
  };
}

function folderNameOf(context: FilesContext, version: Version): string {
  const { index } = context.files();
  if (!index.isOffer(version)) return index.folder(version.folder)?.name ?? '';
  const author = context.session().log.membership.members.get(version.author);
  return `offered by ${author?.name ?? 'somebody'}`;
}

function numbersOf(session: Session, devices: readonly DeviceKey[]): number[] {
  const { devices: all } = session.log.membership;
  const members = devices.flatMap((device) => all.get(device)?.member ?? []);
  return [...new Set(members.map((id) => numberOf(session, id)))]
    .filter((no) => no > 0)
    .sort((a, b) => a - b);
}
