/** The tables, in the order in which versions added to them. A migration that was released is never changed. */
export const MIGRATIONS: readonly string[] = [
  `
  -- crc: CRC-32 of what a row says; SQLite itself has no checksums.
  CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL, crc INTEGER NOT NULL) STRICT;

  CREATE TABLE feeds (
    row INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    device BLOB NOT NULL,
    incarnation BLOB NOT NULL,
    lane TEXT NOT NULL,
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL,
    hlc_ms INTEGER NOT NULL,
    hlc_n INTEGER NOT NULL,
    folded INTEGER NOT NULL,
    seen BLOB NOT NULL,
    forked_after INTEGER,
    evidence BLOB,
    crc INTEGER NOT NULL
  ) STRICT;

  -- id = feed row * 2^32 + seq: appends go to the end of their feed, and a range of a feed is a range of ids.
  -- Nothing in here is ever erased.
  CREATE TABLE entries (
    id INTEGER PRIMARY KEY,
    header BLOB NOT NULL,
    hash BLOB NOT NULL,
    seal BLOB,
    parts INTEGER NOT NULL,
    body INTEGER,
    crc INTEGER NOT NULL,
    aside INTEGER NOT NULL,
    missing INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX entries_aside ON entries (id) WHERE aside != 0;
  CREATE INDEX entries_missing ON entries (id) WHERE missing != 0;

  -- The parts of an entry in one row. Rows are added at the end, never deleted and never change their size: that keeps
  -- SQLite from moving them, and what was never moved has left no copies (docs/decisions/erasing-from-sqlite.md).
  CREATE TABLE bodies (row INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;

  CREATE TABLE erasures (
    feed BLOB NOT NULL,
    seq INTEGER NOT NULL,
    part INTEGER NOT NULL,
    by BLOB NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (feed, seq, part, by)
  ) STRICT, WITHOUT ROWID;

  -- Entries of programs that are built on kith, in the order of their time. What they say is in the log alone.
  CREATE TABLE extension_entries (
    kind TEXT NOT NULL,
    hlc_ms INTEGER NOT NULL,
    hlc_n INTEGER NOT NULL,
    feed BLOB NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (kind, hlc_ms, hlc_n, feed, seq)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- Where alerts stand in the log; what they say is there alone.
  CREATE TABLE alerts (
    id BLOB PRIMARY KEY,
    alarm BLOB NOT NULL,
    feed BLOB NOT NULL,
    seq INTEGER NOT NULL,
    hlc_ms INTEGER NOT NULL,
    hlc_n INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX alerts_by_alarm ON alerts (alarm, hlc_ms, hlc_n, id);
  CREATE INDEX alerts_by_time ON alerts (hlc_ms, hlc_n, id);

  -- Signed words of devices that they hold an alert (state 0), or that a person there has seen it (1).
  CREATE TABLE alarm_acks (
    alert BLOB NOT NULL,
    device BLOB NOT NULL,
    state INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    signature BLOB NOT NULL,
    PRIMARY KEY (alert, device, state)
  ) STRICT, WITHOUT ROWID;
  `,
];
