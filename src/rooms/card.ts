/** A room's card as it lies on disk. */
import { fromHex, type Bytes } from '../base/bytes.ts';
import { decodeCbor, encodeCbor, malformed } from '../base/cbor.ts';
import { idFromBytes, type DeviceKey } from '../base/ids.ts';
import { exactly, listOf, numberIn, textIn } from './consensus/wire.ts';
import type { InviteState, RoomCard, RoomId, RoomState, SentInvite } from './types.ts';
import { invitationFields, readInvitation } from './wire.ts';

const STATES = ['invited', 'joining', 'active', 'left'] as const satisfies readonly RoomState[];
const INVITES = ['waiting', 'accepted', 'declined', 'expired'] as const satisfies readonly InviteState[];

export function encodeCard(card: RoomCard): Bytes {
  return encodeCbor([
    fromHex(card.id),
    card.name,
    STATES.indexOf(card.state),
    card.life,
    card.store,
    card.invitation === undefined ? null : invitationFields(card.invitation),
    card.acquainted.map(fromHex),
    card.invites.map(({ invitation, state, tries, nextMs }) => [
      invitationFields(invitation),
      INVITES.indexOf(state),
      tries,
      Math.floor(nextMs),
    ]),
  ]);
}

/** @throws KithError `malformed` */
export function readCard(bytes: Bytes): RoomCard {
  const [id, name, state, life, store, invitation, acquainted, invites] = exactly(
    listOf(decodeCbor(bytes)),
    8,
  );
  if (typeof name !== 'string') throw malformed('a card of a room');
  return {
    id: idFromBytes(id) as string as RoomId,
    name,
    state: STATES[numberIn(state, STATES.length)] ?? 'left',
    life: textIn(life, /^[0-9a-f]{16}$/),
    store: textIn(store, /^[0-9a-f]*$/),
    invitation: invitation === null ? undefined : readInvitation(invitation),
    acquainted: listOf(acquainted).map((one) => idFromBytes<DeviceKey>(one)),
    invites: listOf(invites).map((one): SentInvite => {
      const [sent, how, tries, nextMs] = exactly(listOf(one), 4);
      return {
        invitation: readInvitation(sent),
        state: INVITES[numberIn(how, INVITES.length)] ?? 'expired',
        tries: numberIn(tries),
        nextMs: numberIn(nextMs),
      };
    }),
  };
}
