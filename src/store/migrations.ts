/** The tables, in the order in which versions added to them. A migration that was released is never changed. */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID, STRICT;

  CREATE TABLE feeds (
    row INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    device BLOB NOT NULL,
    incarnation BLOB NOT NULL,
    lane INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL,
    hlc_ms INTEGER NOT NULL,
    hlc_n INTEGER NOT NULL,
    folded INTEGER NOT NULL,
    seen BLOB NOT NULL,
    forked_after INTEGER,
    evidence BLOB
  ) STRICT;

  -- id = feed row * 2^32 + seq: appends go to the end of their feed, and a range of a feed is a range of ids.
  CREATE TABLE entries (
    id INTEGER PRIMARY KEY,
    header BLOB NOT NULL,
    parts BLOB NOT NULL,
    seal BLOB,
    aside INTEGER NOT NULL,
    missing INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX entries_aside ON entries (id) WHERE aside != 0;
  CREATE INDEX entries_missing ON entries (id) WHERE missing != 0;

  CREATE TABLE erasures (
    feed BLOB NOT NULL,
    seq INTEGER NOT NULL,
    part INTEGER NOT NULL,
    hash BLOB NOT NULL,
    by BLOB NOT NULL,
    PRIMARY KEY (feed, seq, part)
  ) WITHOUT ROWID, STRICT;
  `,
];
