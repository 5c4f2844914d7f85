/** Where alerts stand in the log, and who said to have them. */
import { idFromBytes, idToBytes, type DeviceKey, type EntryHash, type FeedId } from '../base/ids.ts';
import type { AckStore, AlertIndex } from '../alarms/ports.ts';
import type { Ack, AlertPlace } from '../alarms/types.ts';
import type { Database, Row } from './database.ts';
import { damagedData } from './failures.ts';
import { bytesIn, numberIn } from './rows.ts';

const PLACES = 'SELECT id, alarm, feed, seq, hlc_ms, hlc_n FROM alerts';

export function openAlertIndex(database: Database): AlertIndex {
  return {
    add({ id, alarm, feed, seq, hlc }) {
      database
        .sql('INSERT OR IGNORE INTO alerts (id, alarm, feed, seq, hlc_ms, hlc_n) VALUES (?, ?, ?, ?, ?, ?)')
        .run(idToBytes(id), idToBytes(alarm), idToBytes(feed), seq, hlc.ms, hlc.n);
    },
    remove(id) {
      database.sql('DELETE FROM alerts WHERE id = ?').run(idToBytes(id));
    },
    clear() {
      database.sql('DELETE FROM alerts').run();
    },
    since(fromMs, limit) {
      return database
        .sql(`${PLACES} WHERE hlc_ms >= ? ORDER BY hlc_ms DESC, hlc_n DESC, id DESC LIMIT ?`)
        .all(fromMs, limit)
        .map(placeIn)
        .reverse();
    },
    ofAlarm(alarm) {
      return database
        .sql(`${PLACES} WHERE alarm = ? ORDER BY hlc_ms, hlc_n, id`)
        .all(idToBytes(alarm))
        .map(placeIn);
    },
  };
}

function placeIn(row: Row): AlertPlace {
  return {
    id: idFromBytes<EntryHash>(bytesIn(row, 'id')),
    alarm: idFromBytes<EntryHash>(bytesIn(row, 'alarm')),
    feed: idFromBytes<FeedId>(bytesIn(row, 'feed')),
    seq: numberIn(row, 'seq'),
    hlc: { ms: numberIn(row, 'hlc_ms'), n: numberIn(row, 'hlc_n') },
  };
}

const STATES = ['received', 'seen'] as const satisfies readonly Ack['state'][];

export function openAckStore(database: Database): AckStore {
  const holds = ({ alert, device, state }: Ack): boolean =>
    database
      .sql('SELECT 1 FROM alarm_acks WHERE alert = ? AND device = ? AND state = ?')
      .get(idToBytes(alert), idToBytes(device), STATES.indexOf(state)) !== undefined;
  const insert = (ack: Ack): void => {
    database
      .sql('INSERT INTO alarm_acks (alert, device, state, at_ms, signature) VALUES (?, ?, ?, ?, ?)')
      .run(idToBytes(ack.alert), idToBytes(ack.device), STATES.indexOf(ack.state), ack.atMs, ack.signature);
  };
  return {
    add(acks, keeping) {
      if (acks.every(holds)) return [];
      return database.transact(
        () =>
          acks.filter((ack) => {
            if (holds(ack)) return false;
            insert(ack);
            return true;
          }),
        keeping,
      );
    },
    of(alert) {
      return database
        .sql('SELECT device, state, at_ms, signature FROM alarm_acks WHERE alert = ? ORDER BY device, state')
        .all(idToBytes(alert))
        .map((row) => ({
          alert,
          device: idFromBytes<DeviceKey>(bytesIn(row, 'device')),
          state: STATES[numberIn(row, 'state')] ?? unknownState(),
          atMs: numberIn(row, 'at_ms'),
          signature: bytesIn(row, 'signature'),
        }));
    },
  };
}

function unknownState(): never {
  throw damagedData('An acknowledgement of an alarm says what no acknowledgement says.');
}
