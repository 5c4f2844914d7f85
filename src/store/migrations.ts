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
  -- Entries with keys for letters, as far as they are for this device; computed from the log.
  CREATE TABLE letter_published (
    feed BLOB NOT NULL,
    seq INTEGER NOT NULL,
    device BLOB NOT NULL,
    hlc_ms INTEGER NOT NULL,
    hlc_n INTEGER NOT NULL,
    box BLOB,
    last_resort BLOB,
    one_time BLOB,
    PRIMARY KEY (feed, seq)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX letter_published_device ON letter_published (device);

  -- Packages of others that this device has used.
  CREATE TABLE letter_spent (ref BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;

  -- What must be gone when it is deleted. Rows are added at the end, never deleted and never change their size.
  CREATE TABLE letter_secrets (row INTEGER PRIMARY KEY, bytes BLOB NOT NULL, used INTEGER NOT NULL) STRICT;
  CREATE INDEX letter_secrets_free ON letter_secrets (row) WHERE used = 0;

  CREATE TABLE letter_own_keys (
    ref BLOB PRIMARY KEY,
    kind TEXT NOT NULL,
    for_device BLOB,
    created_ms INTEGER NOT NULL,
    public BLOB NOT NULL,
    secret INTEGER
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE letter_sessions (
    id BLOB PRIMARY KEY,
    sender BLOB NOT NULL,
    recipient BLOB NOT NULL,
    devices BLOB NOT NULL,
    founded_ms INTEGER NOT NULL,
    incarnation BLOB NOT NULL,
    welcome BLOB,
    waiting BLOB NOT NULL,
    secret INTEGER NOT NULL,
    keys INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX letter_sessions_recipient ON letter_sessions (recipient);
  CREATE INDEX letter_sessions_sender ON letter_sessions (sender);

  CREATE TABLE letter_uses (
    letter BLOB NOT NULL,
    session BLOB NOT NULL,
    PRIMARY KEY (letter, session)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX letter_uses_session ON letter_uses (session);
  `,
  `
  -- Sealed letters that are carried, as they are on the wire. source: whose they count as; empty: this node's own.
  CREATE TABLE mail_letters (
    id BLOB PRIMARY KEY,
    bytes BLOB NOT NULL,
    source TEXT NOT NULL,
    ours INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX mail_letters_own ON mail_letters (id) WHERE source = '';
  CREATE TABLE mail_receipts (lock BLOB PRIMARY KEY, bytes BLOB NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE mail_gone (id BLOB PRIMARY KEY, expiry INTEGER NOT NULL) STRICT, WITHOUT ROWID;

  -- What this member sent. body, recipients and keys are sealed.
  CREATE TABLE mail_sent (
    id BLOB PRIMARY KEY,
    expiry INTEGER NOT NULL,
    waiting INTEGER NOT NULL,
    body BLOB NOT NULL,
    recipients BLOB NOT NULL
  ) STRICT;
  CREATE INDEX mail_sent_waiting ON mail_sent (id) WHERE waiting != 0;
  CREATE TABLE mail_copies (
    id BLOB PRIMARY KEY,
    letter BLOB NOT NULL,
    expiry INTEGER NOT NULL,
    keys BLOB NOT NULL
  ) STRICT;
  CREATE INDEX mail_copies_letter ON mail_copies (letter);
  CREATE TABLE mail_carriers (
    copy BLOB NOT NULL,
    link BLOB NOT NULL,
    PRIMARY KEY (copy, link)
  ) STRICT, WITHOUT ROWID;

  -- name: sender and letter, hashed under a key of this disk. body is sealed.
  CREATE TABLE mail_inbox (
    row INTEGER PRIMARY KEY AUTOINCREMENT,
    letter BLOB NOT NULL,
    name BLOB NOT NULL UNIQUE,
    arrived_ms INTEGER NOT NULL,
    read_ms INTEGER,
    body BLOB NOT NULL
  ) STRICT;
  CREATE INDEX mail_inbox_letter ON mail_inbox (letter);
  CREATE INDEX mail_inbox_unread ON mail_inbox (row) WHERE read_ms IS NULL;
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
  `
  -- The registry. brief is sealed; what entries say is in the log alone. Numbers of feeds: record_feeds;
  -- a place is such a number times 2^32, plus the sequence number.
  CREATE TABLE records (
    row INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    kind INTEGER NOT NULL,
    gone INTEGER NOT NULL,
    due INTEGER NOT NULL,
    expiry_ms INTEGER,
    brief BLOB NOT NULL,
    -- Its first entry; the others are in record_entries.
    place INTEGER,
    slot INTEGER
  ) STRICT;
  CREATE INDEX records_expiry ON records (expiry_ms) WHERE expiry_ms IS NOT NULL AND gone = 0;
  CREATE INDEX records_due ON records (row) WHERE due = 1;
  -- Names of records, hashed under a key of this disk, so that the index is of small numbers.
  CREATE TABLE record_ids (hash INTEGER PRIMARY KEY, row INTEGER NOT NULL) STRICT;
  CREATE INDEX record_ids_row ON record_ids (row);
  CREATE TABLE record_feeds (no INTEGER PRIMARY KEY, feed BLOB NOT NULL UNIQUE) STRICT;
  CREATE TABLE record_entries (
    record INTEGER NOT NULL,
    place INTEGER NOT NULL,
    PRIMARY KEY (record, place)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE record_places (place INTEGER PRIMARY KEY, record INTEGER NOT NULL) STRICT;
  CREATE TABLE record_refs (
    target INTEGER NOT NULL,
    record INTEGER NOT NULL,
    PRIMARY KEY (target, record)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX record_refs_record ON record_refs (record);
  CREATE TABLE record_links (
    one INTEGER NOT NULL,
    place INTEGER NOT NULL,
    PRIMARY KEY (one, place)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX record_links_place ON record_links (place);

  -- The index of keys: hashed, under slots that stand for records.
  CREATE TABLE record_slots (slot INTEGER PRIMARY KEY, record INTEGER NOT NULL) STRICT;
  CREATE TABLE record_pending (slot INTEGER PRIMARY KEY, keys BLOB NOT NULL) STRICT;
  CREATE TABLE record_segments (no INTEGER PRIMARY KEY, level INTEGER NOT NULL, firsts BLOB NOT NULL) STRICT;
  CREATE TABLE record_postings (row INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;

  -- Erasures that the log demands, and devices that say to have overwritten what they name.
  CREATE TABLE record_erasures (erasure BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
  CREATE TABLE record_confirmations (
    erasure BLOB NOT NULL,
    device BLOB NOT NULL,
    PRIMARY KEY (erasure, device)
  ) STRICT, WITHOUT ROWID;

  -- Of this node alone: who read what few may see, and how far files were taken in.
  CREATE TABLE record_accesses (
    row INTEGER PRIMARY KEY,
    record INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    action INTEGER NOT NULL,
    fields TEXT NOT NULL
  ) STRICT;
  CREATE INDEX record_accesses_record ON record_accesses (record, row);
  CREATE TABLE record_imports (
    source TEXT PRIMARY KEY,
    line INTEGER NOT NULL,
    read INTEGER NOT NULL,
    added INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    skipped INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- Rooms: a card each, what this device's replica has promised, and how far it knows things to be confirmed. All sealed
  -- but the numbers.
  CREATE TABLE rooms (
    row INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    card BLOB NOT NULL,
    promise BLOB,
    committed INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE room_entries (
    room INTEGER NOT NULL,
    place INTEGER NOT NULL,
    shown INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (room, place)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX room_entries_shown ON room_entries (room, place) WHERE shown != 0;
  -- Messages that no majority has confirmed yet.
  CREATE TABLE room_waiting (
    room INTEGER NOT NULL,
    session TEXT NOT NULL,
    number INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (room, session, number)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- Rooms: where the group's keys lie among the secrets, and the keys of messages whose epoch is over. Sealed.
  ALTER TABLE rooms ADD COLUMN keys INTEGER;
  ALTER TABLE room_entries ADD COLUMN key BLOB;
  `,
  `
  -- Pieces of files. Keys are hashed under a key of this disk; bodies are sealed. blob: lies in the node's own store.
  CREATE TABLE file_pieces (
    row INTEGER PRIMARY KEY,
    key BLOB NOT NULL UNIQUE,
    size INTEGER NOT NULL,
    blob INTEGER NOT NULL
  ) STRICT;
  -- Files in which pieces lie. look: size, time and inode; null while this node writes the file.
  CREATE TABLE file_sources (row INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, path BLOB NOT NULL, look BLOB) STRICT;
  CREATE TABLE file_places (
    piece INTEGER NOT NULL,
    source INTEGER NOT NULL,
    place INTEGER NOT NULL,
    PRIMARY KEY (piece, source, place)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX file_places_source ON file_places (source);
  -- What files are made of, and who wants them kept.
  CREATE TABLE file_contents (row INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, body BLOB NOT NULL) STRICT;
  CREATE TABLE file_uses (
    content INTEGER NOT NULL,
    piece INTEGER NOT NULL,
    PRIMARY KEY (content, piece)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX file_uses_piece ON file_uses (piece);
  CREATE TABLE file_holds (
    owner BLOB NOT NULL,
    content INTEGER NOT NULL,
    PRIMARY KEY (owner, content)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX file_holds_content ON file_holds (content);
  -- Transfers that go on after a restart.
  CREATE TABLE file_transfers (id BLOB PRIMARY KEY, body BLOB NOT NULL) STRICT, WITHOUT ROWID;

  -- Computed from the log. A place is a feed's number times 2^32, plus the sequence number.
  CREATE TABLE file_feeds (no INTEGER PRIMARY KEY, feed BLOB NOT NULL UNIQUE) STRICT;
  CREATE TABLE file_folders (row INTEGER PRIMARY KEY, place INTEGER NOT NULL, key BLOB NOT NULL, body BLOB NOT NULL) STRICT;
  CREATE TABLE file_modes (
    folder BLOB NOT NULL,
    device BLOB NOT NULL,
    place INTEGER NOT NULL,
    mode INTEGER NOT NULL,
    hlc_ms INTEGER NOT NULL,
    hlc_n INTEGER NOT NULL,
    PRIMARY KEY (folder, device, place)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE file_versions (
    row INTEGER PRIMARY KEY,
    place INTEGER NOT NULL,
    version BLOB NOT NULL,
    folder BLOB NOT NULL,
    path BLOB NOT NULL,
    content BLOB,
    head INTEGER NOT NULL,
    body BLOB NOT NULL
  ) STRICT;
  CREATE INDEX file_versions_place ON file_versions (place);
  CREATE INDEX file_versions_version ON file_versions (version);
  CREATE INDEX file_versions_path ON file_versions (folder, path);
  CREATE INDEX file_versions_content ON file_versions (content) WHERE content IS NOT NULL;
  CREATE TABLE file_parents (
    parent BLOB NOT NULL,
    child INTEGER NOT NULL,
    PRIMARY KEY (parent, child)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX file_parents_child ON file_parents (child);
  CREATE TABLE file_held (
    content BLOB NOT NULL,
    device BLOB NOT NULL,
    place INTEGER NOT NULL,
    held INTEGER NOT NULL,
    hlc_ms INTEGER NOT NULL,
    hlc_n INTEGER NOT NULL,
    PRIMARY KEY (content, device, place)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX file_held_place ON file_held (place);
  `,
  `
  -- Which folders lie where on this device, and what it had on disk there. Keys are hashed under a key of this disk; bodies are sealed.
  CREATE TABLE folder_roots (folder BLOB PRIMARY KEY, body BLOB NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE folder_known (
    row INTEGER PRIMARY KEY,
    folder BLOB NOT NULL,
    path BLOB NOT NULL UNIQUE,
    parent BLOB NOT NULL,
    fold BLOB NOT NULL,
    identity BLOB,
    leaf INTEGER NOT NULL,
    body BLOB NOT NULL
  ) STRICT;
  CREATE INDEX folder_known_folder ON folder_known (folder, leaf);
  CREATE INDEX folder_known_parent ON folder_known (parent);
  CREATE INDEX folder_known_fold ON folder_known (fold);
  CREATE INDEX folder_known_identity ON folder_known (identity) WHERE identity IS NOT NULL;
  CREATE TABLE folder_above (
    above BLOB NOT NULL,
    child INTEGER NOT NULL,
    PRIMARY KEY (above, child)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX folder_above_child ON folder_above (child);
  CREATE TABLE folder_brakes (
    folder BLOB NOT NULL,
    direction TEXT NOT NULL,
    paths INTEGER NOT NULL,
    of_paths INTEGER NOT NULL,
    since_ms INTEGER NOT NULL,
    PRIMARY KEY (folder, direction)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE folder_kept (
    folder BLOB NOT NULL,
    name TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (folder, name)
  ) STRICT, WITHOUT ROWID;

  -- Computed from the log: heads that are no deletions, under every folder on the way to them.
  CREATE TABLE file_below (
    above BLOB NOT NULL,
    child INTEGER NOT NULL,
    PRIMARY KEY (above, child)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX file_below_child ON file_below (child);
  CREATE INDEX file_versions_heads ON file_versions (folder, row) WHERE head != 0;
  `,
  `
  -- What heads are found and counted by; of rows from before, \`file-store.ts\` fills it in. name: the last segment of the path.
  ALTER TABLE file_versions ADD COLUMN name BLOB;
  ALTER TABLE file_versions ADD COLUMN audience BLOB;
  ALTER TABLE file_versions ADD COLUMN device BLOB;
  -- Of a file.
  ALTER TABLE file_versions ADD COLUMN size INTEGER;
  CREATE INDEX file_versions_name ON file_versions (name) WHERE head != 0;
  CREATE INDEX file_versions_unfilled ON file_versions (place) WHERE name IS NULL;

  -- Since when no version that stands is made of what is kept here of a file.
  CREATE TABLE file_unneeded (
    content INTEGER PRIMARY KEY REFERENCES file_contents (row) ON DELETE CASCADE,
    since_ms INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX file_unneeded_since ON file_unneeded (since_ms, content);
  `,
  `
  -- shown: 1 where people see it, 2 where it counted and nobody sees it, as changes of keys.
  DROP INDEX room_entries_shown;
  CREATE INDEX room_entries_seen ON room_entries (room, place) WHERE shown = 1;
  `,
  `
  -- Where another disk was mounted inside of a folder.
  ALTER TABLE folder_known ADD COLUMN mount INTEGER NOT NULL DEFAULT 0;
  CREATE INDEX folder_known_mount ON folder_known (folder) WHERE mount != 0;
  `,
];
