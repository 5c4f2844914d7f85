/** Rooms: who is in, what was said, and who puts it in order. */
import { z } from 'zod';
import { LIMITS } from '../../base/limits.ts';
import { Count, Id, LetterId, PeerNumber, queryInt, Time, Who } from './common.ts';
import { route } from './route.ts';

const RoomMember = z
  .object({
    member: PeerNumber,
    name: z.string(),
    state: z.enum(['voter', 'joining', 'learner', 'invited', 'declined', 'expired']),
  })
  .meta({ id: 'RoomMember' });

const RoomCandidate = z
  .object({
    member: Count,
    reached: Count.meta({ description: 'voters that it reaches, itself included' }),
    meanMs: z.number().nullable().meta({ description: 'there and back, on average' }),
    closeness: z.number(),
    centrality: z.number(),
    why: z.string(),
  })
  .meta({ id: 'RoomCandidate' });

export const RoomStatus = z
  .object({
    room: Id,
    name: z.string(),
    state: z.enum(['invited', 'joining', 'active', 'left']),
    host: Count.nullable().meta({
      description: 'peer number of who puts in order; null when nobody is heard',
    }),
    term: Count,
    quorum: Count.meta({ description: 'how many voters have to have a message' }),
    voters: Count,
    confirmed: Count,
    waiting: Count,
    order: z.array(PeerNumber).meta({ description: 'best candidate first' }),
    members: z.array(RoomMember),
    candidates: z.array(RoomCandidate),
    leaving: z.array(PeerNumber).meta({
      description: 'who is to go and is still in: this node goes on until it is agreed on',
    }),
    invitedBy: PeerNumber.nullable(),
    continuedAs: Id.nullable().meta({
      description: 'the room as which people here went on without the others',
    }),
    continues: Id.nullable().meta({ description: 'the older room that this one continues' }),
    keys: z.object({
      state: z.enum(['in', 'coming', 'behind']),
      epoch: Count.nullable().meta({ description: 'changes of keys so far; null without keys' }),
      differing: z.array(PeerNumber).meta({ description: 'members who said that they have other keys' }),
    }),
    words: z.string(),
  })
  .meta({ id: 'RoomStatus' });
export type RoomStatus = z.infer<typeof RoomStatus>;

const PostState = z.enum(['waiting', 'confirmed']);

export const RoomMessage = z
  .object({
    index: Count.nullable().meta({ description: 'its place in the one order; null while it waits' }),
    id: LetterId,
    from: Count,
    fromName: z.string(),
    text: z.string(),
    state: PostState,
    mark: z.string(),
    sentAt: Time,
    carriedBy: Count.nullable().meta({
      description: 'who carried it over from an older room, as its author had signed it there',
    }),
  })
  .meta({ id: 'RoomMessage' });
export type RoomMessage = z.infer<typeof RoomMessage>;

export const RoomEvent = z.object({
  type: z.literal('room'),
  room: Id,
  change: z.enum(['state', 'message', 'host']),
});

const Room = z
  .string()
  .min(1)
  .max(LIMITS.roomNameChars)
  .meta({ description: 'a name, or a beginning of an id that fits one alone' });

const common = { tag: 'rooms', states: ['running'], form: 'json' } as const;
const one = z.object({ room: Room });
const FINDING = ['unknown-room', 'ambiguous'] as const;
const INSIDE = [...FINDING, 'not-in-room'] as const;
const NAMING = ['unknown-member', 'not-a-member', 'role-writes-nothing'] as const;

export const roomRoutes = {
  createRoom: route({
    ...common,
    method: 'post',
    path: '/v1/rooms',
    summary: 'Start a room, and invite people into it',
    body: z.strictObject({ name: z.string(), who: z.array(Who).max(LIMITS.roomMembers).default([]) }),
    answer: RoomStatus,
    failures: [...NAMING, 'ambiguous', 'bad-name'],
  }),
  rooms: route({
    ...common,
    method: 'get',
    path: '/v1/rooms',
    summary: 'The rooms that this member is in, or invited to',
    answer: z.object({ rooms: z.array(RoomStatus) }),
    failures: [],
  }),
  room: route({
    ...common,
    method: 'get',
    path: '/v1/rooms/{room}',
    summary: 'One room: host, candidate order with its figures, who is in',
    params: one,
    answer: RoomStatus,
    failures: FINDING,
  }),
  acceptRoom: route({
    ...common,
    method: 'post',
    path: '/v1/rooms/{room}/accept',
    summary: 'Accept an invitation',
    params: one,
    answer: RoomStatus,
    failures: [...FINDING, 'invitation-expired'],
  }),
  postToRoom: route({
    ...common,
    method: 'post',
    path: '/v1/rooms/{room}/messages',
    summary: 'Say something; answers when it is on disk, or confirmed, if it is waited for',
    params: one,
    body: z.strictObject({
      text: z.string(),
      waitMs: z.int().min(0).max(LIMITS.roomWaitMs).default(0).meta({
        description: 'how long to wait for a majority; after that it is answered as waiting',
      }),
    }),
    answer: z.object({ id: LetterId, state: PostState }),
    failures: [...INSIDE, 'empty-message', 'too-large', 'outbox-full'],
  }),
  readRoom: route({
    ...common,
    method: 'get',
    path: '/v1/rooms/{room}/messages',
    summary: 'The newest confirmed messages, oldest first, and after them those that wait',
    params: one,
    query: z.strictObject({
      before: z.coerce
        .number()
        .int()
        .min(1)
        .optional()
        .meta({ description: '`before` of a page: what is older' }),
      limit: queryInt('messages on the page', { min: 1, max: LIMITS.roomPage, default: 50 }),
    }),
    answer: z.object({
      messages: z.array(RoomMessage),
      before: Count.nullable(),
      coming: z.boolean().meta({ description: 'what is older is on its way from others: ask again' }),
    }),
    failures: FINDING,
  }),
  addToRoom: route({
    ...common,
    method: 'post',
    path: '/v1/rooms/{room}/members',
    summary: 'Invite more people',
    params: one,
    body: z.strictObject({ who: z.array(Who).min(1).max(LIMITS.roomMembers) }),
    answer: RoomStatus,
    failures: [...INSIDE, ...NAMING],
  }),
  removeFromRoom: route({
    ...common,
    method: 'post',
    path: '/v1/rooms/{room}/remove',
    summary: 'Take somebody out; waits a moment until it is agreed on, and goes on where it is not',
    params: one,
    body: z.strictObject({ who: Who }),
    answer: RoomStatus,
    failures: [...INSIDE, 'unknown-member'],
  }),
  leaveRoom: route({
    ...common,
    method: 'post',
    path: '/v1/rooms/{room}/leave',
    summary: 'Leave, or decline an invitation',
    params: one,
    answer: RoomStatus,
    failures: FINDING,
  }),
  continueRoom: route({
    ...common,
    method: 'post',
    path: '/v1/rooms/{room}/continue',
    summary:
      'Where the majority is gone for good: go on as a new room, with what was said and who can be reached',
    params: one,
    answer: RoomStatus,
    failures: [...INSIDE, 'not-a-member', 'role-writes-nothing', 'room-goes-on', 'continued-already'],
  }),
};
