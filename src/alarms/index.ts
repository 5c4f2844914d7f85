/** What the rest of the program may use of alarms. */
export { readCap } from './cap-read.ts';
export { writeCap } from './cap-write.ts';
export type { AlarmChange, AlarmState } from './desk.ts';
export { expiresMs, isDrill, type Alarm } from './fold.ts';
export {
  alertFromCap,
  alertFromWords,
  cancelWithWords,
  documentOf,
  isAbout,
  updateFromWords,
  type Words,
} from './making.ts';
export type { AckStore, AlertIndex } from './ports.ts';
export { alertProjection } from './projection.ts';
export { noSuchAlarm } from './refusals.ts';
export { AlarmService } from './service.ts';
export type { AlertMessage } from './types.ts';
