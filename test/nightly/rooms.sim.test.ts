/** All night: as many seeds as R1 asks for, other ones than by day. */
import { playRoomShard } from '../sim/rooms/room-shards.ts';

process.env['KITH_SEEDS'] ??= '100000';
process.env['KITH_FIRST'] ??= '1000001';
playRoomShard(0, 1);
