/** Files over this node's store, roll and links. */
import { join } from 'node:path';
import { assert } from '../base/errors.ts';
import type { Bytes } from '../base/bytes.ts';
import type { DeviceKey, LinkKey, MemberId } from '../base/ids.ts';
import type { Logger } from '../base/ports.ts';
import { Recent } from '../base/recent.ts';
import {
  fileProjection,
  FilesService,
  PieceService,
  versionCodec,
  type FilesChange,
  type IndexNews,
} from '../files/index.ts';
import type { FileSealer } from '../files/ports-pieces.ts';
import type { LogStore, Projection } from '../log/ports.ts';
import type { Database } from '../store/database.ts';
import { openFileIndex } from '../store/file-store.ts';
import { openKeepingRows } from '../store/keeping-store.ts';
import { openPieceRows } from '../store/piece-store.ts';
import { NodeFolders } from './folders.ts';
import { takeInTurns } from './frame-turns.ts';
import type { FilesEvent } from './facade-files.ts';
import { keepingOf } from './files-keeping.ts';
import type { FolderKeeping } from '../files/folder/ports.ts';
import type { DeviceKeys } from './keys.ts';
import { makeRoomForBulk } from './quiet-memory.ts';
import { reasonOf } from '../net/conduct/reasons.ts';
import type { Session } from './session.ts';

const TABLE = 'files';
/** Keys of rows: what is looked at is looked at several times in a moment. */
const KEYS_KEPT = 8192;
/** Between two tries to reach the same holder. */
const REACH_MS = 15_000;

export interface NodeFilesDeps {
  readonly database: Database;
  readonly sealer: DeviceKeys['sealer'];
  readonly store: LogStore;
  /** Where pieces lie. */
  readonly folder: string;
  /** Of this node; no folder in step lies in there. */
  readonly data: string;
  readonly logger: Logger;
}

export interface NodeFiles {
  readonly projection: Projection;
  /** Restricted folders that list this member, as of now. */
  foldersOf(member: MemberId): ReadonlySet<string>;
  /** Once the session is there that the projection belongs to. */
  open(session: Session, emit: (event: FilesEvent) => void): FilesService;
  /** Folders in step, from where they were. */
  openFolders(session: Session, files: FilesService, emit: (event: FilesEvent) => void): NodeFolders;
}

export function openNodeFiles({ database, sealer, store, folder, data, logger }: NodeFilesDeps): NodeFiles {
  const keys = new Recent<string, Bytes>(KEYS_KEPT);
  const fileSealer: FileSealer = {
    seal: (key, bytes) => sealer.seal({ table: TABLE, key }, bytes),
    open: (key, sealed) => sealer.open({ table: TABLE, key }, sealed),
    indexKey: (value) =>
      typeof value === 'string'
        ? keys.of(value, () => sealer.indexKey(TABLE, value))
        : sealer.indexKey(TABLE, value),
  };
  const rows = openFileIndex(database, fileSealer, versionCodec);
  let service: FilesService | undefined;
  let folders: NodeFolders | undefined;
  let keeping: FolderKeeping | undefined;
  let rightsChanged = (): void => undefined;
  const changed = (news: IndexNews): void => {
    service?.news(news);
    folders?.news(news);
    if (news.folders) rightsChanged();
  };
  return {
    projection: fileProjection({ log: store, rows, changed }),
    foldersOf: (member) => service?.index.restrictedTo(member) ?? new Set(),
    open(session, emit) {
      const { timers, rng } = session.deps;
      const pieces = new PieceService({
        rows: openPieceRows(database, fileSealer),
        sealer: fileSealer,
        folder,
        logger,
        lost: (contents) => service?.lost(contents),
      });
      keeping = keepingOf(session);
      service = new FilesService({
        keeping: { rows: openKeepingRows(database, fileSealer), ...keeping },
        letGo: (contents) => folders?.letGo(contents),
        rows,
        pieces,
        timers,
        rng,
        logger,
        append: (drafts) => session.log.append(drafts),
        roll: rollOf(session),
        memberOf: (link) => session.memberOf(link)?.id,
        linkOf: (device) => session.log.membership.devices.get(device)?.link,
        changed: (change) => {
          emit(eventOf(change));
        },
        transfer: transferOf(session),
      });
      rightsChanged = () => {
        session.sync.driver.lookForParts();
      };
      session.sync.driver.lookForParts();
      return service;
    },
    openFolders(session, files, emit) {
      assert(keeping !== undefined, 'files are opened before folders');
      const incoming = join(folder, 'incoming');
      const changed = (): void => {
        emit({ type: 'files', versions: [] });
      };
      folders = new NodeFolders({
        database,
        sealer: fileSealer,
        store,
        session,
        files,
        data,
        incoming,
        logger,
        keeping,
        changed,
      });
      return folders;
    },
  };
}

function transferOf(session: Session): ConstructorParameters<typeof FilesService>[0]['transfer'] {
  const { transport, clock } = session.deps;
  return {
    transport,
    clock,
    mayLink: (peer) => session.isMember(peer),
    reach: reaching(session),
    bulk: makeRoomForBulk,
    listen: (channel, to) => {
      takeInTurns(channel, { ...to, later: (run) => void setImmediate(run) });
    },
    misbehaved: (peer, code) => {
      session.links.conduct.report(peer, 'bad-frame', reasonOf('files', code));
    },
  };
}

function rollOf(session: Session): ConstructorParameters<typeof FilesService>[0]['roll'] {
  return {
    self: session.ownMemberId,
    device: session.device,
    memberOf: (device: DeviceKey) => {
      const known = session.log.membership.devices.get(device);
      return known?.active === true ? known.member : undefined;
    },
    standingOf: (member: MemberId) => {
      const known = session.log.membership.members.get(member);
      if (known?.status !== 'active') return undefined;
      return { member: known.id, role: known.role, grants: new Set(known.grants) };
    },
  };
}

/** Dials a holder where the mesh has not; topology may let the link go again when it is used no more. */
function reaching(session: Session): (peer: LinkKey) => void {
  const triedMs = new Map<LinkKey, number>();
  const { transport, clock, nodeLog } = session.deps;
  const logger = nodeLog.logger('files');
  const dial = async (peer: LinkKey): Promise<void> => {
    for (const address of [...session.links.addressesOf(peer), ...session.addressesOf(peer)]) {
      try {
        await transport.dial(address, { expect: peer });
        return;
      } catch (error) {
        logger.debug({ peer, address, error }, 'a holder is not reached there');
      }
    }
  };
  return (peer) => {
    const nowMs = clock.monotonicMs();
    if (transport.links().some((link) => link.peer === peer)) return;
    if (nowMs - (triedMs.get(peer) ?? -REACH_MS) < REACH_MS || !session.isMember(peer)) return;
    triedMs.set(peer, nowMs);
    void dial(peer);
  };
}

function eventOf({ versions }: FilesChange): FilesEvent {
  return { type: 'files', versions: versions.slice(0, 100) };
}
