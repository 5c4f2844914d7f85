/** A room's card as it lies on disk. */
import { fromHex, type Bytes } from '../base/bytes.ts';
import { decodeCbor, encodeCbor, malformed, type CborValue } from '../base/cbor.ts';
import { idFromBytes, type DeviceKey } from '../base/ids.ts';
import { exactly, flagIn, listOf, numberIn, textIn } from './consensus/wire.ts';
import type { Continued, InviteState, Removal, RoomCard, RoomState, SentInvite } from './types.ts';
import { invitationFields, readInvitation, roomIn } from './wire.ts';

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
    [
      card.removals.map(({ device, since }) => [fromHex(device), since]),
      card.continuedAs === undefined ? null : fromHex(card.continuedAs),
      card.continues === undefined
        ? null
        : [fromHex(card.continues.room), card.continues.reached, card.continues.isDone],
    ],
  ]);
}

/** What cards of before did not have. */
const NOTHING_MORE: readonly CborValue[] = [[], null, null];

/** @throws KithError `malformed` */
export function readCard(bytes: Bytes): RoomCard {
  const fields = listOf(decodeCbor(bytes));
  const [id, name, state, life, store, invitation, acquainted, invites] = fields;
  if (fields.length < 8 || fields.length > 9) throw malformed('a card of a room');
  const [removals, continuedAs, continues] = exactly(listOf(fields[8] ?? NOTHING_MORE), 3);
  if (typeof name !== 'string') throw malformed('a card of a room');
  return {
    id: roomIn(id),
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
    removals: listOf(removals).map((one): Removal => {
      const [device, since] = exactly(listOf(one), 2);
      return { device: idFromBytes(device), since: numberIn(since) };
    }),
    continuedAs: continuedAs === null ? undefined : roomIn(continuedAs),
    continues: continues === null ? undefined : continuedIn(continues),
  };
}

function continuedIn(value: CborValue | undefined): Continued {
  const [room, reached, isDone] = exactly(listOf(value), 3);
  return { room: roomIn(room), reached: numberIn(reached), isDone: flagIn(isDone) };
}
