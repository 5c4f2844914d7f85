/** Rooms and what is said in them, for people. */
import type { RoomMessage, RoomStatus } from '../../../api/contract.ts';
import type { Context } from '../../context.ts';
import { called, clean, localTime, pairs, shortId, table } from '../../render.ts';

export function roomLines({ out }: Context, room: RoomStatus): string[] {
  const host = room.members.find(({ member }) => member === room.host);
  const head = pairs(
    [
      ['room', `${clean(room.name)}  ${shortId(room.room)}`],
      ['state', clean(room.words)],
      ['host', host === undefined ? '' : called(host)],
      ['quorum', room.state === 'active' ? `${String(room.quorum)} of ${String(room.voters)}` : ''],
      ['said', `${String(room.confirmed)} confirmed, ${String(room.waiting)} waiting`],
      ['order', room.order.join(', ')],
    ],
    out.paintData,
  );
  const members = room.members.map((member) => [called(member), member.state]);
  const candidates = room.candidates.map((one, at) => [
    String(at + 1),
    String(one.member),
    one.centrality.toFixed(2),
    one.why,
  ]);
  return [
    ...head,
    ...(members.length === 0 ? [] : ['', ...table(['MEMBER', 'STATE'], members, out.paintData)]),
    ...(candidates.length === 0
      ? []
      : ['', ...table(['RANK', '#', 'CENTRALITY', 'WHY'], candidates, out.paintData)]),
  ];
}

export function roomTable({ out }: Context, rooms: readonly RoomStatus[]): string[] {
  const rows = rooms.map((room) => [
    shortId(room.room),
    clean(room.name),
    room.state,
    room.host === null ? '-' : String(room.host),
    String(room.confirmed),
    String(room.waiting),
  ]);
  return rooms.length === 0
    ? []
    : table(['ID', 'NAME', 'STATE', 'HOST', 'SAID', 'WAITING'], rows, out.paintData);
}

export function messageLines({ out }: Context, message: RoomMessage): string[] {
  const from = called({ member: message.from, name: message.fromName });
  const said = `${localTime(message.sentAt)}  ${from}`;
  const isWaiting = message.state === 'waiting';
  const before = message.carriedBy === null ? '' : '  (from the room of before)';
  const head = `${said}${before}`;
  const isNews = message.mark !== 'confirmed';
  return [
    out.paintData(isWaiting ? 'dim' : 'bold', isNews ? `${head}  (${message.mark})` : head),
    ...message.text.split('\n').map((line) => `    ${clean(line)}`),
  ];
}
