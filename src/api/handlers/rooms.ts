import type { NodeFacade } from '../../node/facade.ts';
import type { roomRoutes } from '../contract/rooms.ts';
import type { Handlers } from '../handler.ts';

export function roomHandlers({ rooms }: NodeFacade): Handlers<typeof roomRoutes> {
  return {
    createRoom: (request) => rooms.create(request),
    rooms: async () => ({ rooms: await rooms.list() }),
    room: ({ room }) => rooms.status(room),
    acceptRoom: ({ room }) => rooms.accept(room),
    postToRoom: ({ room, text, waitMs }) => rooms.post(room, text, waitMs),
    readRoom: ({ room, before, limit }) => rooms.read(room, { before, limit }),
    addToRoom: ({ room, who }) => rooms.add(room, who),
    removeFromRoom: ({ room, who }) => rooms.remove(room, who),
    leaveRoom: ({ room }) => rooms.leave(room),
    continueRoom: ({ room }) => rooms.continue(room),
  };
}
