/** What alarms need of a store. `store/alarm-store.ts` is the real one, `test/sim/memory-alarm-store.ts` the twin. */
import type { Ack, AlertId, AlertPlace } from './types.ts';

/** Where alerts stand in the log; what they say stays in the log alone, where it is sealed and erased. */
export interface AlertIndex {
  // Inside the log's transaction.
  /** Adding a place again changes nothing. */
  add(place: AlertPlace): void;
  remove(id: AlertId): void;
  clear(): void;
  // At any time.
  /** Messages written at `fromMs` or later, oldest first: at most `limit` of them, the newest ones. */
  since(fromMs: number, limit: number): readonly AlertPlace[];
  /** All messages of an alarm, oldest first. */
  ofAlarm(alarm: AlertId): readonly AlertPlace[];
}

/** Acknowledgements: no entries of the log, since readers write none. One a device, message and state; the first one stays. */
export interface AckStore {
  /**
   * In one transaction. @param keeping `replaceable`: a power cut may undo it, never what it confirms.
   * @returns those that were news.
   */
  add(acks: readonly Ack[], keeping: 'lasting' | 'replaceable'): readonly Ack[];
  of(alert: AlertId): readonly Ack[];
}
