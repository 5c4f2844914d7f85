/** What the capabilities about files and folders share: the node's side of it, and versions in words. */
import type { DeviceKey, MemberId } from '../../base/ids.ts';
import type { FilesService } from '../../files/index.ts';
import type { Folders } from '../../files/ports.ts';
import type { Content, Version } from '../../files/types.ts';
import type { FileVersion, ListedFile } from '../facade-files.ts';
import type { Session } from '../session.ts';
import { iso, type NodeContext } from './context.ts';

export interface FilesContext extends NodeContext {
  /** @throws KithError `no-network` | `locked` */
  files(): FilesService;
  /** @throws KithError `no-network` | `locked` */
  folders(): Folders;
}

export function numberOf(session: Session, member: MemberId): number {
  return session.log.membership.members.get(member)?.number ?? 0;
}

export function sizeOf({ state }: Version): number {
  return state.type === 'file' ? state.content.sizeBytes : 0;
}

export function describeVersion(context: FilesContext, version: Version, current: boolean): FileVersion {
  const session = context.session();
  const { state } = version;
  return {
    version: version.id,
    path: version.path,
    state: state.type,
    size: sizeOf(version),
    modifiedAt: iso(state.type === 'file' ? state.modifiedMs : version.hlc.ms),
    from: numberOf(session, version.author),
    fromName: session.log.membership.members.get(version.author)?.name ?? '',
    current,
    here: state.type === 'file' && context.files().isHere(state.content),
    sure: state.type === 'file' ? sureOf(context, state.content) : null,
  };
}

/** Who can give it, and how sure that is. */
export function sureOf(context: FilesContext, content: Content): ListedFile['sure'] {
  const [session, files] = [context.session(), context.files()];
  if (files.isHere(content)) return 'here';
  const others = files.index.holders(content.id).filter((device) => device !== session.device);
  if (others.some((device) => isHeard(session, device))) return 'reachable';
  return others.length > 0 ? 'said' : 'nobody';
}

/** Heard over the mesh now, or this node itself. */
export function isHeard(session: Session, device: DeviceKey): boolean {
  if (device === session.device) return true;
  const link = session.log.membership.devices.get(device)?.link;
  return link !== undefined && session.links.statusOf(link) === 'here';
}
