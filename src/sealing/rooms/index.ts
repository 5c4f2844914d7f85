export {
  digestOf,
  messageKey,
  openBytes,
  opens,
  openText,
  ROOM_BOOT_BYTES,
  ROOM_SECRET_BYTES,
  sealBytes,
  sealText,
  senderKey,
} from './message.ts';
export { PAIR_SEAL_BYTES, PairSealer } from './pair.ts';
