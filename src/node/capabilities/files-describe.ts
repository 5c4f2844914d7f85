/** What the capabilities about files and folders share: the node's side of it, and versions in words. */
import type { MemberId } from '../../base/ids.ts';
import type { FilesService } from '../../files/index.ts';
import type { Folders } from '../../files/ports.ts';
import type { Version } from '../../files/types.ts';
import type { FileVersion } from '../facade-files.ts';
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
  };
}
