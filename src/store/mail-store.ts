/** Letters on disk: what is carried as it is on the wire, what this member wrote and got sealed at rest. */
import { concatBytes, fromHex, toHex, type Bytes } from '../base/bytes.ts';
import { decodeCbor, encodeCbor } from '../base/cbor.ts';
import type { DeviceKey, LinkKey, MemberId } from '../base/ids.ts';
import type { MailSealer, MailStore, WireReaders } from '../mail/ports.ts';
import type {
  CopyId,
  InboxQuery,
  LetterId,
  Received,
  SentCopy,
  SentKey,
  SentLetter,
  SentTo,
} from '../mail/types.ts';
import type { Database, Row } from './database.ts';
import { bytesIn, numberIn, numberOrNullIn, textIn } from './rows.ts';

type Carriage = Pick<
  MailStore,
  | 'letters'
  | 'letterBytes'
  | 'keepLetter'
  | 'settleLetter'
  | 'dropLetter'
  | 'receipts'
  | 'receiptBytes'
  | 'keepReceipt'
  | 'dropReceipt'
  | 'gone'
  | 'bury'
  | 'forget'
>;
type Inbox = Pick<MailStore, 'addReceived' | 'received' | 'inbox' | 'markRead' | 'unread'>;
type Outbox = Omit<MailStore, keyof Carriage | keyof Inbox | 'transact' | 'idsFrom'>;

export function openMailStore(database: Database, sealer: MailSealer, readers: WireReaders): MailStore {
  return {
    transact: (work) => database.transact(work),
    ...carriageIn(database, readers),
    ...outboxIn(database, sealer),
    ...inboxIn(database, sealer),
    idsFrom: (start, limit) =>
      database
        .sql(
          `SELECT id FROM (SELECT id FROM mail_sent UNION SELECT letter AS id FROM mail_inbox)
           WHERE substr(lower(hex(id)), 1, ?) = ? LIMIT ?`,
        )
        .all(start.length, start, limit)
        .map((row) => idIn<LetterId>(row, 'id')),
  };
}

function idIn<Id extends string>(row: Row, column: string): Id {
  return toHex(bytesIn(row, column)) as Id;
}

function carriageIn(database: Database, { readCopy, readReceipt }: WireReaders): Carriage {
  const { sql } = boundTo(database);
  return {
    *letters() {
      for (const row of sql('SELECT bytes, source, ours FROM mail_letters').all()) {
        const ours = numberIn(row, 'ours') !== 0;
        yield { copy: readCopy(bytesIn(row, 'bytes')), source: textIn(row, 'source'), ours };
      }
    },
    letterBytes: (id) => bytesOf(sql('SELECT bytes FROM mail_letters WHERE id = ?').get(fromHex(id))),
    keepLetter({ copy, source, ours }) {
      sql('INSERT OR IGNORE INTO mail_letters (id, bytes, source, ours) VALUES (?, ?, ?, ?)').run(
        fromHex(copy.id),
        copy.bytes,
        source,
        ours ? 1 : 0,
      );
    },
    settleLetter(id) {
      sql('UPDATE mail_letters SET ours = 0 WHERE id = ?').run(fromHex(id));
    },
    dropLetter(id) {
      sql('DELETE FROM mail_letters WHERE id = ?').run(fromHex(id));
    },
    *receipts() {
      for (const row of sql('SELECT bytes FROM mail_receipts').all())
        yield readReceipt(bytesIn(row, 'bytes'));
    },
    receiptBytes: (lock) => bytesOf(sql('SELECT bytes FROM mail_receipts WHERE lock = ?').get(fromHex(lock))),
    keepReceipt({ lock, bytes }) {
      sql('INSERT OR IGNORE INTO mail_receipts (lock, bytes) VALUES (?, ?)').run(fromHex(lock), bytes);
    },
    dropReceipt(lock) {
      sql('DELETE FROM mail_receipts WHERE lock = ?').run(fromHex(lock));
    },
    *gone() {
      for (const row of sql('SELECT id, expiry FROM mail_gone').all())
        yield [idIn<CopyId>(row, 'id'), numberIn(row, 'expiry')];
    },
    bury(id, expiryHours) {
      sql('INSERT OR IGNORE INTO mail_gone (id, expiry) VALUES (?, ?)').run(fromHex(id), expiryHours);
    },
    forget(id) {
      sql('DELETE FROM mail_gone WHERE id = ?').run(fromHex(id));
    },
  };
}

function outboxIn(database: Database, sealer: MailSealer): Outbox {
  const { sql } = boundTo(database);
  const copyOf = (row: Row): SentCopy => {
    const id = idIn<CopyId>(row, 'id');
    const opened = sealer.open(`copy ${id}`, bytesIn(row, 'keys'));
    return { id, letter: idIn(row, 'letter'), expiryHours: numberIn(row, 'expiry'), ...readKeys(opened) };
  };
  const sentIn = (row: Row): SentLetter => {
    const id = idIn<LetterId>(row, 'id');
    const [sentMs, text] = decodeCbor(sealer.open(`sent ${id}`, bytesIn(row, 'body'))) as [number, string];
    const to = readTo(sealer.open(`to ${id}`, bytesIn(row, 'recipients')));
    return { id, sentMs, text, expiryHours: numberIn(row, 'expiry'), to };
  };
  return {
    addSent(letter) {
      const body = encodeCbor([letter.sentMs, letter.text]);
      sql('INSERT INTO mail_sent (id, expiry, waiting, body, recipients) VALUES (?, ?, ?, ?, ?)').run(
        fromHex(letter.id),
        letter.expiryHours,
        isWaiting(letter.to) ? 1 : 0,
        sealer.seal(`sent ${letter.id}`, body),
        sealer.seal(`to ${letter.id}`, encodeTo(letter.to)),
      );
    },
    sent(id) {
      const row = sql('SELECT * FROM mail_sent WHERE id = ?').get(fromHex(id));
      return row === undefined ? undefined : sentIn(row);
    },
    lastSent(limit, before) {
      const rows =
        before === undefined
          ? sql('SELECT * FROM mail_sent ORDER BY rowid DESC LIMIT ?').all(limit)
          : sql(
              `SELECT * FROM mail_sent WHERE rowid < (SELECT rowid FROM mail_sent WHERE id = ?)
               ORDER BY rowid DESC LIMIT ?`,
            ).all(fromHex(before), limit);
      return rows.map(sentIn);
    },
    waiting: () =>
      sql('SELECT id FROM mail_sent WHERE waiting != 0')
        .all()
        .map((row) => idIn<LetterId>(row, 'id')),
    setSentTo(letter, to) {
      sql('UPDATE mail_sent SET waiting = ?, recipients = ? WHERE id = ?').run(
        isWaiting(to) ? 1 : 0,
        sealer.seal(`to ${letter}`, encodeTo(to)),
        fromHex(letter),
      );
    },
    addCopy(copy) {
      sql('INSERT OR IGNORE INTO mail_copies (id, letter, expiry, keys) VALUES (?, ?, ?, ?)').run(
        fromHex(copy.id),
        fromHex(copy.letter),
        copy.expiryHours,
        sealer.seal(`copy ${copy.id}`, encodeKeys(copy)),
      );
    },
    sentCopy(id) {
      const row = sql('SELECT * FROM mail_copies WHERE id = ?').get(fromHex(id));
      return row === undefined ? undefined : copyOf(row);
    },
    copiesOf: (letter) =>
      sql('SELECT * FROM mail_copies WHERE letter = ? ORDER BY rowid').all(fromHex(letter)).map(copyOf),
    *ownCopies() {
      for (const row of sql('SELECT id FROM mail_copies').all()) yield idIn<CopyId>(row, 'id');
    },
    *carriers() {
      for (const row of sql('SELECT copy, link FROM mail_carriers').all())
        yield { copy: idIn<CopyId>(row, 'copy'), link: idIn<LinkKey>(row, 'link') };
    },
    setCarrier({ copy, link }, carries) {
      const text = carries
        ? 'INSERT OR IGNORE INTO mail_carriers (copy, link) VALUES (?, ?)'
        : 'DELETE FROM mail_carriers WHERE copy = ? AND link = ?';
      sql(text).run(fromHex(copy), fromHex(link));
    },
    outboxBytes() {
      const row = sql(
        `SELECT (SELECT coalesce(sum(length(bytes)), 0) FROM mail_letters WHERE source = '')
              + (SELECT coalesce(sum(length(body)), 0) FROM mail_sent WHERE waiting != 0) AS total`,
      ).get();
      return row === undefined ? 0 : numberIn(row, 'total');
    },
  };
}

function inboxIn(database: Database, sealer: MailSealer): Inbox {
  const { sql } = boundTo(database);
  const receivedIn = (row: Row): Received => {
    const name = bytesIn(row, 'name');
    return {
      row: numberIn(row, 'row'),
      id: idIn(row, 'letter'),
      arrivedMs: numberIn(row, 'arrived_ms'),
      readMs: numberOrNullIn(row, 'read_ms'),
      ...readReceived(sealer.open(`inbox ${toHex(name)}`, bytesIn(row, 'body'))),
    };
  };
  return {
    addReceived(letter) {
      const name = sealer.indexKey(concatBytes(fromHex(letter.from), fromHex(letter.id)));
      if (sql('SELECT 1 FROM mail_inbox WHERE name = ?').get(name) !== undefined) return undefined;
      const row = sql(
        `INSERT INTO mail_inbox (letter, name, arrived_ms, read_ms, body) VALUES (?, ?, ?, ?, ?) RETURNING row`,
      ).get(
        fromHex(letter.id),
        name,
        letter.arrivedMs,
        letter.readMs,
        sealer.seal(`inbox ${toHex(name)}`, encodeReceived(letter)),
      );
      return row === undefined ? undefined : numberIn(row, 'row');
    },
    received(id) {
      const row = sql('SELECT * FROM mail_inbox WHERE letter = ? ORDER BY row').get(fromHex(id));
      return row === undefined ? undefined : receivedIn(row);
    },
    inbox: (query) => inboxRows(database, query).map(receivedIn),
    markRead(row, readMs) {
      sql('UPDATE mail_inbox SET read_ms = ? WHERE row = ? AND read_ms IS NULL').run(readMs, row);
    },
    unread() {
      const row = sql('SELECT count(*) AS count FROM mail_inbox WHERE read_ms IS NULL').get();
      return row === undefined ? 0 : numberIn(row, 'count');
    },
  };
}

function inboxRows(database: Database, query: InboxQuery): Row[] {
  const { before, after, sinceMs, untilMs, unread, limit } = query;
  const forward = after !== undefined;
  const rows = database
    .sql(
      `SELECT * FROM mail_inbox
       WHERE row > ? AND row < ? AND arrived_ms >= ? AND arrived_ms < ? AND (? = 0 OR read_ms IS NULL)
       ORDER BY row ${forward ? 'ASC' : 'DESC'} LIMIT ?`,
    )
    .all(
      after ?? 0,
      before ?? Number.MAX_SAFE_INTEGER,
      sinceMs ?? -Number.MAX_SAFE_INTEGER,
      untilMs ?? Number.MAX_SAFE_INTEGER,
      unread ? 1 : 0,
      limit,
    );
  return forward ? rows : rows.reverse();
}

function boundTo(database: Database): { sql: Database['sql'] } {
  return { sql: (text) => database.sql(text) };
}

function bytesOf(row: Row | undefined): Bytes | undefined {
  return row === undefined ? undefined : bytesIn(row, 'bytes');
}

// ---- sealed columns

const STATES: readonly SentTo['state'][] = ['waiting', 'sealed', 'arrived', 'read'];

function isWaiting(to: readonly SentTo[]): boolean {
  return to.some(({ state }) => state === 'waiting');
}

function encodeTo(to: readonly SentTo[]): Bytes {
  return encodeCbor(to.map((one) => [fromHex(one.member), STATES.indexOf(one.state), one.atMs, one.tries]));
}

function readTo(bytes: Bytes): SentTo[] {
  const value = decodeCbor(bytes) as [Bytes, number, number, number][];
  return value.map(([member, state, atMs, tries]) => ({
    member: toHex(member) as MemberId,
    state: STATES[state] ?? 'waiting',
    atMs,
    tries,
  }));
}

function encodeKeys({ nonce, members, keys }: SentCopy): Bytes {
  return encodeCbor([
    nonce,
    members.map(fromHex),
    keys.map((key) => [
      fromHex(key.device),
      fromHex(key.member),
      fromHex(key.lock),
      fromHex(key.readLock),
      key.wordKey,
    ]),
  ]);
}

function readKeys(bytes: Bytes): Pick<SentCopy, 'nonce' | 'members' | 'keys'> {
  const [nonce, members, keys] = decodeCbor(bytes) as [Bytes, Bytes[], Bytes[][]];
  return {
    nonce,
    members: members.map((member) => toHex(member) as MemberId),
    keys: keys.map(([device = EMPTY, member = EMPTY, lock = EMPTY, readLock = EMPTY, wordKey = EMPTY]) => ({
      device: toHex(device) as DeviceKey,
      member: toHex(member) as MemberId,
      lock: toHex(lock) as SentKey['lock'],
      readLock: toHex(readLock) as SentKey['readLock'],
      wordKey,
    })),
  };
}

const EMPTY = new Uint8Array(0);

type SealedReceived = Omit<Received, 'row' | 'id' | 'arrivedMs' | 'readMs'>;

function encodeReceived(letter: SealedReceived): Bytes {
  return encodeCbor([
    letter.sentMs,
    letter.text,
    fromHex(letter.from),
    fromHex(letter.device),
    fromHex(letter.copy),
    letter.ephemeral,
    letter.expiryHours,
  ]);
}

function readReceived(bytes: Bytes): SealedReceived {
  const value = decodeCbor(bytes) as [number, string, Bytes, Bytes, Bytes, Bytes, number];
  const [sentMs, text, from, device, copy, ephemeral, expiryHours] = value;
  return {
    sentMs,
    text,
    from: toHex(from) as MemberId,
    device: toHex(device) as DeviceKey,
    copy: toHex(copy) as CopyId,
    ephemeral,
    expiryHours,
  };
}
