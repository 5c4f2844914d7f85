/** Files of one network: what there is, offering, fetching, and telling what this node holds. */
import { hash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { KithError } from '../base/errors.ts';
import type { DeviceKey, MemberId } from '../base/ids.ts';
import type { Logger, Timer, Timers } from '../base/ports.ts';
import { FileIndex, type FileIndexDeps } from './index/file-index.ts';
import type { IndexNews } from './index/projection.ts';
import { whyNoPath } from './index/paths.ts';
import type { AddOptions } from './pieces/reading.ts';
import { folderOwner, type PieceService } from './pieces/service.ts';
import type { KeepingRows, KeepingRules } from './ports-keeping.ts';
import { Retention } from './retention.ts';
import type { Fetch } from './transfer/fetch.ts';
import { TransferService, type FetchProgress, type TransferDeps } from './transfer/service.ts';
import type { Content, ContentId, Version, VersionId } from './types.ts';

/** What others offer is fetched without asking up to here: to all, and to this member. */
const AUTO_BYTES = { all: 4 * 1024 * 1024, own: 64 * 1024 * 1024 };
/** What this node keeps in its own store; and of that what any one member brought. */
const KEPT_BYTES = 1024 * 1024 * 1024;
const KEPT_PER_MEMBER_BYTES = 256 * 1024 * 1024;
const SAY_MS = 200;
const AUDIT_MS = 30_000;
const AUDIT_FILES = 500;

export interface FilesChange {
  readonly versions: readonly VersionId[];
  readonly contents: readonly ContentId[];
}

export interface FilesDeps extends FileIndexDeps {
  readonly pieces: PieceService;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly transfer: Omit<
    TransferDeps,
    'pieces' | 'timers' | 'logger' | 'rng' | 'mayRead' | 'holders' | 'changed'
  >;
  memberOf(link: Parameters<TransferDeps['mayRead']>[0]): MemberId | undefined;
  linkOf(device: DeviceKey): Parameters<TransferDeps['reach']>[0] | undefined;
  readonly keeping: {
    readonly rows: KeepingRows;
    /** Time as it counts for what is kept. */
    nowMs(): number;
    rules(): KeepingRules;
  };
  /** Old versions are let go; what else was made for them goes, too. */
  letGo(contents: readonly ContentId[]): void;
  changed(change: FilesChange): void;
}

export class FilesService {
  readonly index: FileIndex;
  readonly pieces: PieceService;
  readonly transfers: TransferService;
  readonly #retention: Retention;
  readonly #deps: FilesDeps;
  readonly #watchers = new Map<string, Set<(progress: FetchProgress) => void>>();
  readonly #toSay = new Map<ContentId, boolean>();
  readonly #keptBy = new Map<MemberId, number>();
  #sayTimer: Timer | undefined;
  #auditTimer: Timer | undefined;
  #isStopped = false;

  constructor(deps: FilesDeps) {
    this.#deps = deps;
    this.pieces = deps.pieces;
    this.index = new FileIndex(deps);
    this.transfers = new TransferService({
      ...deps.transfer,
      pieces: deps.pieces,
      timers: deps.timers,
      logger: deps.logger,
      rng: deps.rng,
      mayRead: (link, content) => {
        const member = deps.memberOf(link);
        return member !== undefined && this.index.mayRead(member, content);
      },
      holders: (content) =>
        this.index
          .holders(content)
          .filter((device) => device !== deps.roll.device)
          .flatMap((device) => deps.linkOf(device) ?? []),
      changed: (fetch, progress) => {
        this.#progressed(fetch, progress);
      },
    });
    this.#retention = new Retention({
      ...deps.keeping,
      timers: deps.timers,
      logger: deps.logger,
      inUse: (content) => this.transfers.isMoving(content),
      letGo: (contents, andThen) => {
        this.#letGo(contents, andThen);
      },
    });
    this.#audit(0, 0);
  }

  // ---- what is kept

  /** Other rules count for what is here already. */
  rulesChanged(): void {
    this.#retention.look();
  }

  /** Does this node alone say to have it, as far as is known? */
  isAlone({ id }: Content): boolean {
    return this.index.holders(id).every((device) => device === this.#deps.roll.device);
  }

  #letGo(contents: readonly ContentId[], andThen: () => void): void {
    const { rows } = this.pieces;
    rows.transact(() => {
      for (const content of contents) for (const owner of this.#keepersOf(content)) rows.release(owner);
      andThen();
    });
    this.pieces.collect();
    this.#deps.letGo(contents);
    for (const content of contents) if (rows.listOf(content) === undefined) this.#say(content, false);
  }

  /** Whoever holds it for a version's sake; what somebody fetched or offers is kept until that one says otherwise. */
  #keepersOf(content: ContentId): readonly string[] {
    return [
      ...this.index.folderIds().map((folder) => folderOwner(folder, content)),
      ...this.index.versionsOf(content).map(({ id }) => `kept ${id}`),
    ];
  }

  // ---- offering

  /**
   * Offers a file to members, or to all. It stays where it is: as long as it does, and is not changed, others fetch it
   * from there.
   * @throws KithError `cannot-read` | `file-changed` | `too-large` | `bad-name` and as `Log.append`.
   */
  async send(path: string, to: readonly MemberId[] | undefined, options: AddOptions = {}): Promise<Version> {
    const name = basename(path).normalize('NFC');
    const why = whyNoPath(name);
    if (why !== undefined)
      throw new KithError('bad-name', `“${name}” cannot be sent under that name: ${why}.`, {
        next: 'Rename it.',
      });
    const content = await this.pieces.add(path, `sent ${path}`, options);
    const { mtimeMs, mode } = await stat(path);
    const state = {
      type: 'file',
      content,
      modifiedMs: Math.max(0, Math.floor(mtimeMs)),
      executable: (mode & 0o100) !== 0,
    } as const;
    return this.index.offer({ path: name, state, renamedFrom: undefined }, to);
  }

  // ---- fetching

  /** Begins to fetch a version into a file of that path; nothing there is ever replaced. @returns what `watch` takes. */
  async get(version: Version, path: string): Promise<string> {
    const { state } = version;
    if (state.type !== 'file')
      throw new KithError('not-a-file', `${version.path} is no file now.`, { next: 'kith files list' });
    const id = `get ${path} ${version.id}`;
    const partial = join(dirname(path), `.kith-${hash('sha256', id).slice(0, 16)}.part`);
    const { content, modifiedMs, executable } = state;
    await this.transfers.fetch({ id, content, target: { path, partial, modifiedMs, executable } });
    return id;
  }

  /** Resolves when it is there. @throws what it failed with; `interrupted` when the node stops before. */
  async watch(id: string, report: (progress: FetchProgress) => void): Promise<void> {
    const watchers = this.#watchers.get(id) ?? new Set();
    this.#watchers.set(id, watchers.add(report));
    try {
      const progress = this.transfers.progressOf(id);
      if (progress !== undefined) report(progress);
      await this.transfers.ended(id);
      if (this.#isStopped) throw interrupted();
    } finally {
      watchers.delete(report);
      if (watchers.size === 0) this.#watchers.delete(id);
    }
  }

  isHere({ id, sizeBytes }: Content): boolean {
    if (sizeBytes === 0) return true;
    const here = this.pieces.rows.hereOf(id);
    return here.length > 0 && here.every((is) => is);
  }

  // ---- what the log brings

  news({ versions, holders, folders }: IndexNews): void {
    if (folders) this.index.refresh();
    this.index.learned(versions.flatMap(({ state }) => (state.type === 'file' ? [state.content.id] : [])));
    for (const version of versions) if (this.index.isOffer(version)) this.#takeOffer(version.id);
    this.transfers.changed([...new Set(holders)]);
    if (folders) this.transfers.rightsChanged();
    if (versions.length > 0 || holders.length > 0)
      this.#deps.changed({ versions: versions.map(({ id }) => id), contents: holders });
  }

  /** Something that was here is here no more. */
  lost(contents: readonly ContentId[]): void {
    for (const content of contents) {
      const here = this.pieces.rows.hereOf(content);
      if (here.length === 0 || here.every((is) => is)) continue;
      this.#say(content, false);
    }
    this.transfers.changed(contents);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#auditTimer?.cancel();
    this.#retention.stop();
    await this.transfers.stop();
    if (this.#sayTimer !== undefined) this.#tellHeld();
  }

  /** What others send to this member is kept, within limits; larger things are fetched when somebody asks for them. */
  #takeOffer(id: VersionId): void {
    const version = this.index.version(id);
    if (version?.state.type !== 'file' || !this.index.isOffer(version)) return;
    const { self, device } = this.#deps.roll;
    if (version.device === device || version.author === self) return;
    const audiences = this.index.audiencesOf(id);
    const { content } = version.state;
    const isOwn = audiences.includes(`member:${self}`);
    const kept = this.#keptBy.get(version.author) ?? 0;
    const mostBytes = isOwn ? AUTO_BYTES.own : AUTO_BYTES.all;
    if (!isOwn && !audiences.includes('members')) return;
    if (content.sizeBytes > mostBytes || kept + content.sizeBytes > KEPT_PER_MEMBER_BYTES) return;
    if (this.isHere(content) || this.pieces.rows.blobBytes() + content.sizeBytes > KEPT_BYTES) return;
    this.#keptBy.set(version.author, kept + content.sizeBytes);
    this.transfers.fetch({ id: `kept ${id}`, content, target: undefined }).catch((error: unknown) => {
      this.#deps.logger.warn({ version: id, error }, 'an offer is not fetched');
    });
  }

  #progressed(fetch: Fetch, progress: FetchProgress): void {
    if (progress.state === 'done') {
      this.#say(fetch.content.id, true);
      this.#deps.changed({ versions: [], contents: [fetch.content.id] });
    }
    for (const report of this.#watchers.get(fetch.id) ?? []) report(progress);
  }

  // ---- what this node says of itself

  /** Many are said in one entry. */
  #say(content: ContentId, held: boolean): void {
    this.#toSay.set(content, held);
    this.#sayTimer ??= this.#deps.timers.after(SAY_MS, () => {
      this.#tellHeld();
    });
  }

  #tellHeld(): void {
    this.#sayTimer?.cancel();
    this.#sayTimer = undefined;
    const all = [...this.#toSay];
    this.#toSay.clear();
    const those = (held: boolean): ContentId[] =>
      all.filter(([, is]) => is === held).map(([content]) => content);
    try {
      this.index.say(those(true), those(false));
    } catch (error) {
      // A reader writes nothing: that it holds something, nobody hears.
      this.#deps.logger.debug({ error }, 'what this node holds is not said');
    }
  }

  /** Files that were shared, and changed or went without anybody asking for them since; and what a crash left in the store. */
  #audit(after: number, part: number): void {
    const look = async (): Promise<number> => {
      await this.pieces.tidy(part);
      return this.pieces.audit(after, AUDIT_FILES);
    };
    this.#auditTimer = this.#deps.timers.after(AUDIT_MS, () => {
      look().then(
        (next) => {
          if (!this.#isStopped) this.#audit(next, part + 1);
        },
        (error: unknown) => {
          this.#deps.logger.error({ error }, 'shared files could not be looked at');
        },
      );
    });
  }
}

function interrupted(): KithError {
  return new KithError(
    'interrupted',
    'The node stopped before all was there; it goes on when it starts again.',
    {
      next: 'Start it, and run the same command again.',
    },
  );
}
