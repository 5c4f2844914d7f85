export { RoomService, ROOMS_QUOTA } from './service.ts';
export { deviceOf } from './consensus/roster.ts';
export { whyRanked } from './order/rank.ts';
export { markInWords, markOf } from './timeline/timeline.ts';
export type { RoomChange, RoomId, RoomName, RoomView, ShownMessage } from './types.ts';
export type { RoomRelay } from './ports.ts';
