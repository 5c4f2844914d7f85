/** One room as it is shown. */
import { NOBODY } from './consensus/chain.ts';
import type { ReplicaId } from './consensus/types.ts';
import type { Room } from './room.ts';
import type { RoomCard, RoomView } from './types.ts';

/** @param confirmed how many messages. */
export function viewOf(card: RoomCard, room: Room | undefined, confirmed: number): RoomView {
  const { id, name, state, invites, invitation, removals, continuedAs, continues } = card;
  return {
    id,
    name,
    state,
    invites,
    confirmed,
    continuedAs,
    ...(room === undefined ? CLOSED : liveOf(room)),
    invitedBy: invitation?.by,
    leaving: removals.map(({ device }) => device),
    continues: continues?.room ?? invitation?.continues,
  };
}

type Live = Pick<
  RoomView,
  'voters' | 'joining' | 'learners' | 'host' | 'term' | 'quorum' | 'waiting' | 'lacking' | 'order' | 'keys'
>;

const CLOSED: Live = {
  ...NOBODY,
  host: undefined,
  term: 0,
  quorum: 0,
  waiting: 0,
  lacking: 0,
  order: [],
  keys: undefined,
};

function liveOf(room: Room): Live {
  const { core, waiting, lacking, keys } = room;
  const { host, term, agreedRoster } = core;
  const { voters } = agreedRoster;
  const quorum = voters.length === 0 ? 0 : room.quorum;
  return { ...agreedRoster, host, term, quorum, waiting, lacking, keys, order: orderOf(core, voters) };
}

/** Those who count, as they are measured; as they came, while nothing is. */
function orderOf(core: Room['core'], voters: readonly ReplicaId[]): readonly ReplicaId[] {
  const best = core.order;
  return best.length === 0 ? voters : best.filter((one) => voters.includes(one));
}
