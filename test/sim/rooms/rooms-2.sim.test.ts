import { playRoomShard } from './room-shards.ts';

playRoomShard(1, 2);
