/** Leaves of a group as devices. A leaf names its device by the credential, 32 bytes; the key beside it is the certified one. */
import type { ClientState, Credential, Proposal, PublicMessage, Commit, RatchetTree } from 'ts-mls';
import { toHex } from '../../base/bytes.ts';
import { KithError } from '../../base/errors.ts';
import { idFromBytes, type DeviceKey } from '../../base/ids.ts';
import type { GroupAuthority, GroupChange, GroupMember } from './types.ts';

export function deviceOf(credential: Credential): DeviceKey | undefined {
  if (credential.credentialType !== 'basic' || !('identity' in credential)) return undefined;
  return credential.identity.byteLength === 32 ? idFromBytes<DeviceKey>(credential.identity) : undefined;
}

export function isCertified(authority: GroupAuthority, credential: Credential, key: Uint8Array): boolean {
  const device = deviceOf(credential);
  return device !== undefined && authority.certifies(device, toHex(key));
}

export function membersOf(tree: RatchetTree): GroupMember[] {
  return tree.flatMap((node, index) => {
    const device = node?.nodeType === 'leaf' ? deviceOf(node.leaf.credential) : undefined;
    return device === undefined ? [] : [{ leaf: index / 2, device }];
  });
}

function deviceAt(tree: RatchetTree, leaf: number): DeviceKey | undefined {
  const node = tree[leaf * 2];
  return node?.nodeType === 'leaf' ? deviceOf(node.leaf.credential) : undefined;
}

/**
 * What a commit does, from its bytes. Refused here, whoever wrote it: proposals by reference, and all kinds but add,
 * remove and, of somebody who joins, external init. GroupContextExtensions and ReInit trip the library; a pre-shared
 * key, an update by proposal and kinds of other programs are nothing that kith ever writes.
 */
export function changeOf(state: ClientState, message: PublicMessage): GroupChange {
  const { content } = message;
  if (content.contentType !== 'commit') throw refusedCommit('not-a-commit');
  const joins = content.sender.senderType === 'new_member_commit';
  const proposals = content.commit.proposals.map((proposal) => {
    if (proposal.proposalOrRefType !== 'proposal') throw refusedCommit('proposal-by-reference');
    return proposal.proposal;
  });
  const by = joins ? pathDevice(content.commit) : committerOf(state, content.sender, content.commit);
  if (by === undefined) throw refusedCommit('other-committer');
  const change = { by, joins, added: [...added(proposals)], removed: [...removed(state, proposals)] };
  mustBeOfOurKinds(proposals, change);
  return change;
}

function committerOf(
  state: ClientState,
  sender: PublicMessage['content']['sender'],
  commit: Commit,
): DeviceKey | undefined {
  if (sender.senderType !== 'member') return undefined;
  const device = deviceAt(state.ratchetTree, sender.leafIndex);
  // A leaf stays one device's for good: no commit makes another one of it. Adds alone come without a new leaf.
  return commit.path === undefined || pathDevice(commit) === device ? device : undefined;
}

function pathDevice({ path }: Commit): DeviceKey | undefined {
  return path === undefined ? undefined : deviceOf(path.leafNode.credential);
}

function* added(proposals: readonly Proposal[]): Generator<DeviceKey> {
  for (const proposal of proposals) {
    if (proposal.proposalType !== 'add' || !('add' in proposal)) continue;
    const device = deviceOf(proposal.add.keyPackage.leafNode.credential);
    if (device === undefined) throw refusedCommit('ghost');
    yield device;
  }
}

function* removed(state: ClientState, proposals: readonly Proposal[]): Generator<DeviceKey> {
  for (const proposal of proposals) {
    if (proposal.proposalType !== 'remove' || !('remove' in proposal)) continue;
    const device = deviceAt(state.ratchetTree, proposal.remove.removed);
    if (device === undefined) throw refusedCommit('nobody-there');
    yield device;
  }
}

function mustBeOfOurKinds(proposals: readonly Proposal[], change: GroupChange): void {
  const kinds = change.joins ? ['external_init', 'remove'] : ['add', 'remove'];
  if (!proposals.every(({ proposalType }) => kinds.includes(String(proposalType))))
    throw refusedCommit('proposal-of-this-kind');
  // Whoever joins may take out its own old leaf and nobody else's.
  if (change.joins && change.removed.some((device) => device !== change.by))
    throw refusedCommit('joiner-removes-another');
}

export function refusedCommit(code: string): KithError {
  return new KithError('unauthorised-commit', `A change of a group's keys was refused: ${code}.`);
}
