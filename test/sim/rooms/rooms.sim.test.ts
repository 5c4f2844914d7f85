import { playRoomShard } from './room-shards.ts';

playRoomShard(0, 2);
