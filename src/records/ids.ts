/**
 * Names of records. One that is begun here carries its home in its domain, so that who may edit it follows from the name
 * alone, for everybody alike; others' records keep the names that they came with.
 */
import { toHex, utf8, type Bytes } from '../base/bytes.ts';
import type { MemberId, NetworkId } from '../base/ids.ts';
import type { Audience } from '../identity/roles.ts';
import { sha256 } from '../log/wire.ts';
import type { RecordId } from './types.ts';

/** Who writes: an organisation by its name, or a member that says none. */
export interface Author {
  readonly member: MemberId;
  readonly org: string;
}

const ENDING = '.kith';
const HOME_BYTES = 8;
/** Crockford's letters: none is taken for another one when they are read aloud. */
const LETTERS = '0123456789abcdefghjkmnpqrstvwxyz';
const LOCAL_LETTERS = 12;
export const LOCAL_BYTES = LOCAL_LETTERS;

/** The same for all members that say the same organisation. */
function homeKey(network: NetworkId, { member, org }: Author): string {
  const name = org.normalize('NFKC').trim().toLowerCase();
  const text = name === '' ? `member\n${member}` : `organisation\n${name}`;
  return toHex(sha256(utf8(`kith home\n${network}\n${text}`)).subarray(0, HOME_BYTES));
}

/** @param random LOCAL_BYTES of it. */
export function newRecordId(network: NetworkId, author: Author, random: Bytes): RecordId {
  const letters = [...random.subarray(0, LOCAL_LETTERS)].map((byte) => LETTERS[byte % LETTERS.length] ?? '');
  const local = letters.join('').replace(/^(.{4})(.{4})/, '$1-$2-');
  return ownRecordId(network, author, local);
}

/** @param local what stands behind the slash: all that a colleague has to say aloud. */
export function ownRecordId(network: NetworkId, author: Author, local: string): RecordId {
  return `${homeKey(network, author)}${ENDING}/${local}`;
}

/** Begun in a network of kith, and so edited by its home alone. */
export function hasHome(id: RecordId): boolean {
  return /^[0-9a-f]{16}\.kith\//.test(id);
}

export function isHome(network: NetworkId, id: RecordId, author: Author): boolean {
  return id.startsWith(`${homeKey(network, author)}${ENDING}/`);
}

/** Those of the same organisation to whom an admin gave this grant; of a member without one, its own devices. */
export function homeAudience(network: NetworkId, author: Author): Audience {
  if (author.org.trim() === '') return `member:${author.member}`;
  return `grant:${homeGrant(network, author)}`;
}

export function homeGrant(network: NetworkId, author: Author): string {
  return `home-${homeKey(network, author)}`;
}
