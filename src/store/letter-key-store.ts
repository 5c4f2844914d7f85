/** Keys of letters: what others published, what this device published, sessions and their one-time keys. */
import { fromHex, toHex, type Bytes } from '../base/bytes.ts';
import { decodeCbor, encodeCbor } from '../base/cbor.ts';
import { idFromBytes, idToBytes, type DeviceKey, type FeedId, type MemberId } from '../base/ids.ts';
import type {
  LetterDirectory,
  LetterKeyStore,
  OutgoingSession,
  OwnKey,
  OwnKeyKind,
  Session,
} from '../sealing/letters/ports.ts';
import type { Database, Row } from './database.ts';
import { damagedData } from './failures.ts';
import { bytesIn, bytesOrNullIn, numberIn, numberOrNullIn, textIn } from './rows.ts';
import { SecretTable, type SecretSealer } from './secret-table.ts';

const KINDS: readonly OwnKeyKind[] = ['box', 'last-resort', 'one-time'];
const NEWEST = 'ORDER BY hlc_ms DESC, hlc_n DESC, feed DESC, seq DESC LIMIT 1';

export function openLetterKeyStore(database: Database, sealer: SecretSealer): LetterKeyStore {
  const secrets = new SecretTable(database, sealer);
  return {
    transact: (work) => database.transact(work),
    settle: () => {
      secrets.settle();
    },
    ...publishedOf(database),
    ...ownKeysIn(database, secrets),
    ...sessionsIn(database, secrets),
  };
}

/** Computed from the log; the rest is not, and no rebuild touches it. */
export function openLetterDirectory(database: Database): LetterDirectory {
  return {
    put({ device, hlc, feed, seq }, { shared, oneTime }) {
      database
        .sql(
          `INSERT OR REPLACE INTO letter_published
           (feed, seq, device, hlc_ms, hlc_n, box, last_resort, one_time) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
        )
        .run(
          idToBytes(feed as FeedId),
          seq,
          idToBytes(device),
          hlc.ms,
          hlc.n,
          shared?.box ?? null,
          shared?.lastResort ?? null,
          oneTime ?? null,
        );
    },
    remove(feed, seq) {
      database
        .sql('DELETE FROM letter_published WHERE feed = ? AND seq = ?')
        .run(idToBytes(feed as FeedId), seq);
    },
    clear() {
      database.sql('DELETE FROM letter_published').run();
    },
  };
}

function publishedOf(database: Database): Pick<LetterKeyStore, 'published' | 'isSpent' | 'spend'> {
  return {
    published(device) {
      const key = idToBytes(device);
      const shared = database
        .sql(`SELECT box, last_resort FROM letter_published WHERE device = ? AND box IS NOT NULL ${NEWEST}`)
        .get(key);
      if (shared === undefined) return undefined;
      const oneTime = database
        .sql(`SELECT one_time FROM letter_published WHERE device = ? AND one_time IS NOT NULL ${NEWEST}`)
        .all(key);
      return {
        box: bytesIn(shared, 'box'),
        lastResort: bytesIn(shared, 'last_resort'),
        oneTime: oneTime.map((row) => bytesIn(row, 'one_time')),
      };
    },
    isSpent: (ref) => database.sql('SELECT 1 FROM letter_spent WHERE ref = ?').get(ref) !== undefined,
    spend(ref) {
      database.sql('INSERT OR IGNORE INTO letter_spent (ref) VALUES (?)').run(ref);
    },
  };
}

type OwnKeyMethods = 'ownKeys' | 'ownKey' | 'addOwnKey' | 'useUp' | 'dropOwnKey';

function ownKeysIn(database: Database, secrets: SecretTable): Pick<LetterKeyStore, OwnKeyMethods> {
  const rowOf = (ref: Bytes): Row | undefined =>
    database.sql('SELECT * FROM letter_own_keys WHERE ref = ?').get(ref);
  const freeSecret = (ref: Bytes): void => {
    const row = rowOf(ref);
    const secret = row === undefined ? null : numberOrNullIn(row, 'secret');
    if (secret !== null) secrets.free(secret);
  };
  return {
    ownKeys: () =>
      database
        .sql('SELECT * FROM letter_own_keys ORDER BY created_ms, ref')
        .all()
        .map((row) => ownKeyIn(row, secrets)),
    ownKey(ref) {
      const row = rowOf(ref);
      return row === undefined ? undefined : ownKeyIn(row, secrets);
    },
    addOwnKey({ ref, kind, forDevice, createdMs, publicBytes, secret }) {
      database
        .sql(
          `INSERT INTO letter_own_keys (ref, kind, for_device, created_ms, public, secret)
           VALUES (?, ?, ?, ?, ?, ?)`,
        )
        .run(
          ref,
          kind,
          forDevice === null ? null : idToBytes(forDevice),
          createdMs,
          publicBytes,
          secrets.add([secret]),
        );
    },
    useUp(ref) {
      freeSecret(ref);
      database.sql('UPDATE letter_own_keys SET secret = NULL WHERE ref = ?').run(ref);
    },
    dropOwnKey(ref) {
      freeSecret(ref);
      database.sql('DELETE FROM letter_own_keys WHERE ref = ?').run(ref);
    },
  };
}

function ownKeyIn(row: Row, secrets: SecretTable): OwnKey {
  const kind = KINDS.find((one) => one === textIn(row, 'kind'));
  if (kind === undefined) throw damagedData('A key for letters is of an unknown kind.');
  const forDevice = bytesOrNullIn(row, 'for_device');
  const secret = numberOrNullIn(row, 'secret');
  return {
    ref: bytesIn(row, 'ref'),
    kind,
    forDevice: forDevice === null ? null : idFromBytes<DeviceKey>(forDevice),
    createdMs: numberIn(row, 'created_ms'),
    publicBytes: bytesIn(row, 'public'),
    secret: secret === null ? undefined : secrets.at(secret, 0, 1),
  };
}

type SessionMethods = Exclude<
  keyof LetterKeyStore,
  OwnKeyMethods | 'transact' | 'settle' | 'published' | 'isSpent' | 'spend'
>;

function sessionsIn(database: Database, secrets: SecretTable): Pick<LetterKeyStore, SessionMethods> {
  const rowOf = (id: Bytes): Row | undefined =>
    database.sql('SELECT * FROM letter_sessions WHERE id = ?').get(id);
  const book = (id: Bytes): { row: number; count: number } | undefined => {
    const row = rowOf(id);
    return row === undefined ? undefined : { row: numberIn(row, 'secret'), count: numberIn(row, 'keys') };
  };
  return {
    outgoing: (to) =>
      database
        .sql(
          'SELECT * FROM letter_sessions WHERE recipient = ? AND welcome IS NOT NULL ORDER BY founded_ms DESC, id',
        )
        .all(idToBytes(to))
        .map(outgoingIn),
    session(id) {
      const row = rowOf(id);
      return row === undefined ? undefined : sessionIn(row);
    },
    nextKey(id) {
      const found = book(id);
      const slot = found && secrets.first(found.row, found.count);
      const key = found && slot !== undefined ? secrets.at(found.row, slot, found.count) : undefined;
      return slot === undefined || key === undefined ? undefined : { slot, key };
    },
    keyAt(id, slot) {
      const found = book(id);
      return found === undefined || slot >= found.count
        ? undefined
        : secrets.at(found.row, slot, found.count);
    },
    sessionsBefore: (ms) =>
      database
        .sql('SELECT id FROM letter_sessions WHERE founded_ms < ?')
        .all(ms)
        .map((row) => bytesIn(row, 'id')),
    countFrom(device) {
      const row = database
        .sql('SELECT count(*) AS count FROM letter_sessions WHERE sender = ?')
        .get(idToBytes(device));
      return row === undefined ? 0 : numberIn(row, 'count');
    },
    addSession(session, keys) {
      addSession(database, session, secrets.add(keys), keys.length);
    },
    tearOut(id, slot) {
      const found = book(id);
      if (found !== undefined) secrets.wipe(found.row, slot, found.count);
    },
    dropSession(id) {
      const found = book(id);
      if (found !== undefined) secrets.free(found.row);
      database.sql('DELETE FROM letter_sessions WHERE id = ?').run(id);
      database.sql('DELETE FROM letter_uses WHERE session = ?').run(id);
    },
    noteUse(letter, session) {
      database.sql('INSERT OR IGNORE INTO letter_uses (letter, session) VALUES (?, ?)').run(letter, session);
    },
    confirm(letter, device) {
      const used = database.sql('SELECT session FROM letter_uses WHERE letter = ?').all(letter);
      for (const row of used) confirm(database, bytesIn(row, 'session'), device);
    },
  };
}

function addSession(
  database: Database,
  session: Session | OutgoingSession,
  secret: number,
  keys: number,
): void {
  const isOutgoing = 'welcome' in session;
  database
    .sql(
      `INSERT INTO letter_sessions
       (id, sender, recipient, devices, founded_ms, incarnation, welcome, waiting, secret, keys)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(
      session.id,
      idToBytes(session.from),
      idToBytes(session.to),
      encodeDevices(session.devices),
      session.foundedMs,
      fromHex(session.incarnation),
      isOutgoing ? session.welcome : null,
      encodeDevices(isOutgoing ? session.waiting : []),
      secret,
      keys,
    );
}

function confirm(database: Database, session: Bytes, device: DeviceKey): void {
  const row = database.sql('SELECT waiting FROM letter_sessions WHERE id = ?').get(session);
  if (row === undefined) return;
  const waiting = decodeDevices(bytesIn(row, 'waiting')).filter((other) => other !== device);
  database.sql('UPDATE letter_sessions SET waiting = ? WHERE id = ?').run(encodeDevices(waiting), session);
  if (waiting.length === 0) database.sql('DELETE FROM letter_uses WHERE session = ?').run(session);
}

function outgoingIn(row: Row): OutgoingSession {
  return {
    ...sessionIn(row),
    welcome: bytesIn(row, 'welcome'),
    waiting: decodeDevices(bytesIn(row, 'waiting')),
  };
}

function sessionIn(row: Row): Session {
  return {
    id: bytesIn(row, 'id'),
    from: idFromBytes<DeviceKey>(bytesIn(row, 'sender')),
    to: idFromBytes<MemberId>(bytesIn(row, 'recipient')),
    devices: decodeDevices(bytesIn(row, 'devices')),
    foundedMs: numberIn(row, 'founded_ms'),
    incarnation: toHex(bytesIn(row, 'incarnation')),
  };
}

function encodeDevices(devices: readonly DeviceKey[]): Bytes {
  return encodeCbor(devices.map(idToBytes));
}

function decodeDevices(bytes: Bytes): DeviceKey[] {
  const value = decodeCbor(bytes);
  if (!Array.isArray(value)) throw damagedData('The devices of a session cannot be read.');
  return (value as unknown[]).map((device) => idFromBytes<DeviceKey>(device));
}
