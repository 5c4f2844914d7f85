/** Folders, folded from what entries say of them; whatever order they came in. */
import { fromHex, type Bytes } from '../../base/bytes.ts';
import { arrayOf, bytesOf, decodeCbor, encodeCbor, malformed, numberOf } from '../../base/cbor.ts';
import { compareHlc, type Hlc } from '../../base/hlc.ts';
import { idFromBytes, type DeviceKey, type MemberId } from '../../base/ids.ts';
import type { Audience } from '../../identity/roles.ts';
import type { FolderId } from '../types.ts';
import { folderIdOf } from './wire.ts';

export type Fact = { readonly device: DeviceKey; readonly hlc: Hlc; readonly salt: Bytes } & (
  | { readonly type: 'founded'; readonly restricted: boolean; readonly name: string | undefined }
  | { readonly type: 'members'; readonly members: readonly MemberId[] }
);

export interface Folder {
  readonly id: FolderId;
  /** Undefined where it is not for this node. */
  readonly name: string | undefined;
  readonly founder: DeviceKey;
  readonly salt: Bytes;
  readonly restricted: boolean;
  /** Whom it is restricted to now; empty for a folder of all members. */
  readonly members: ReadonlySet<MemberId>;
  /** Every list of members there was, in their order. */
  readonly lists: readonly MemberList[];
  /** Of all that is said of it. */
  readonly audience: Audience;
}

export interface MemberList {
  readonly hlc: Hlc;
  readonly members: ReadonlySet<MemberId>;
}

/**
 * Was this member in the folder when it wrote that? Whoever is taken out has written what it wrote before; what it writes afterwards counts for nobody. Its
 * entries go forward in time, and what it had heard of came before, so it cannot write into the past what it wrote after it knew.
 */
export function wasIn({ restricted, lists }: Folder, member: MemberId, hlc: Hlc): boolean {
  if (!restricted) return true;
  const then = lists.findLast((list) => compareHlc(list.hlc, hlc) <= 0) ?? lists[0];
  return then?.members.has(member) === true;
}

export function encodeFact(fact: Fact): Bytes {
  const { device, hlc, salt } = fact;
  const said =
    fact.type === 'founded'
      ? [fact.restricted, fact.name ?? null]
      : [fact.members.map((member) => fromHex(member))];
  return encodeCbor([fromHex(device), hlc.ms, hlc.n, salt, ...said]);
}

export function decodeFact(bytes: Bytes): Fact {
  const [device, ms, n, salt, said, name] = arrayOf(decodeCbor(bytes));
  const common = {
    device: idFromBytes<DeviceKey>(device),
    hlc: { ms: numberOf(ms), n: numberOf(n) },
    salt: bytesOf(salt),
  };
  if (typeof said === 'boolean')
    return {
      ...common,
      type: 'founded',
      restricted: said,
      name: typeof name === 'string' ? name : undefined,
    };
  if (!Array.isArray(said)) throw malformed('a fact of a folder');
  return { ...common, type: 'members', members: arrayOf(said).map((id) => idFromBytes<MemberId>(id)) };
}

/** The last list of members counts: one device alone writes it, so its entries have one order. */
export function foldFolders(facts: readonly Fact[]): ReadonlyMap<FolderId, Folder> {
  const lists = new Map<FolderId, MemberList[]>();
  for (const fact of facts) {
    if (fact.type !== 'members') continue;
    const id = folderIdOf(fact.device, fact.salt);
    lists.set(id, [...(lists.get(id) ?? []), { hlc: fact.hlc, members: new Set(fact.members) }]);
  }
  for (const some of lists.values()) some.sort((a, b) => compareHlc(a.hlc, b.hlc));
  const folders = new Map<FolderId, Folder>();
  for (const fact of facts) {
    if (fact.type !== 'founded') continue;
    const id = folderIdOf(fact.device, fact.salt);
    const { name, restricted, device: founder, salt } = fact;
    const known = folders.get(id);
    // The same, said twice: a name is known from where it was not withheld.
    if (known?.name !== undefined) continue;
    const own = restricted ? (lists.get(id) ?? []) : [];
    folders.set(id, {
      id,
      name,
      founder,
      salt,
      restricted,
      members: own.at(-1)?.members ?? new Set(),
      lists: own,
      audience: restricted ? `folder:${id}` : 'members',
    });
  }
  return folders;
}
