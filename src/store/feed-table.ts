/** Where each feed stands: read once, kept in memory, and written through. A transaction that is undone takes its changes along. */
import { crc32 } from 'node:zlib';
import { fromHex, toHex, type Bytes } from '../base/bytes.ts';
import { decodeCbor, encodeCbor } from '../base/cbor.ts';
import { assert } from '../base/errors.ts';
import { HLC_ZERO } from '../base/hlc.ts';
import { idFromBytes, idToBytes, type DeviceKey, type EntryHash, type FeedId } from '../base/ids.ts';
import type { Vector } from '../identity/types.ts';
import type { FeedState } from '../log/ports.ts';
import type { FeedInfo } from '../log/types.ts';
import type { Database, Row } from './database.ts';
import { damagedData } from './failures.ts';
import { bytesIn, bytesOrNullIn, numberIn, numberOrNullIn, textIn } from './rows.ts';

export interface KnownFeed {
  /** Its small number, of which the ids of its entries are made. */
  readonly row: number;
  readonly state: FeedState;
  /** `state.seen` as it is stored. */
  readonly seenBytes: Bytes;
}

/** Ids are exact as JavaScript's numbers up to 2^53, so there are 2^21 rows of 2^32 places. */
const MOST_FEEDS = 2 ** 21 - 1;
const NO_ENTRY = '0'.repeat(64) as EntryHash;

export class FeedTable {
  readonly #database: Database;
  readonly #feeds = new Map<FeedId, KnownFeed>();
  /** What the transaction `#followed` changed, as it was before. */
  #before = new Map<FeedId, KnownFeed | undefined>();
  #followed = 0;
  #list: readonly FeedState[] | undefined;
  #lastRow = 0;

  constructor(database: Database) {
    this.#database = database;
    for (const row of database.sql('SELECT * FROM feeds ORDER BY row').all()) {
      const known = knownIn(row);
      this.#lastRow = known.row;
      this.#feeds.set(known.state.info.id, known);
    }
  }

  /** In the order in which they came. */
  all(): readonly FeedState[] {
    this.#list ??= [...this.#feeds.values()].map(({ state }) => state);
    return this.#list;
  }

  get(id: FeedId): KnownFeed | undefined {
    return this.#feeds.get(id);
  }

  mustGet(id: FeedId): KnownFeed {
    const known = this.#feeds.get(id);
    assert(known !== undefined, 'a feed is added before it is written');
    return known;
  }

  add(info: FeedInfo): void {
    assert(!this.#feeds.has(info.id), 'a feed is added once');
    assert(this.#lastRow < MOST_FEEDS, 'a network has fewer than two million feeds');
    this.#lastRow += 1;
    const seen: Vector = new Map();
    const state = { info, seq: 0, hash: NO_ENTRY, hlc: HLC_ZERO, folded: 0, seen, forkedAfter: undefined };
    const known = { row: this.#lastRow, state, seenBytes: encodeVector(seen) };
    this.#database
      .sql(
        `INSERT INTO feeds (row, id, device, incarnation, lane, seq, hash, hlc_ms, hlc_n, folded, seen, crc)
         VALUES (?, ?, ?, ?, ?, 0, ?, 0, 0, 0, ?, ?)`,
      )
      .run(
        known.row,
        idToBytes(info.id),
        idToBytes(info.device),
        fromHex(info.incarnation),
        info.lane,
        idToBytes(NO_ENTRY),
        known.seenBytes,
        checksum(known),
      );
    this.#keep(known);
  }

  advance(id: FeedId, { seq, hash, hlc }: Pick<FeedState, 'seq' | 'hash' | 'hlc'>): void {
    this.#change(id, { seq, hash, hlc });
  }

  setFolded(id: FeedId, folded: number, seen: Vector): void {
    this.#change(id, { folded, seen });
  }

  setFork(id: FeedId, forkedAfter: number, evidence: Bytes): void {
    this.#change(id, { forkedAfter });
    this.#database.sql('UPDATE feeds SET evidence = ? WHERE id = ?').run(evidence, idToBytes(id));
  }

  evidenceOf(id: FeedId): Bytes | undefined {
    const row = this.#database.sql('SELECT evidence FROM feeds WHERE id = ?').get(idToBytes(id));
    return row === undefined ? undefined : (bytesOrNullIn(row, 'evidence') ?? undefined);
  }

  resetFolds(): void {
    const seen: Vector = new Map();
    for (const id of [...this.#feeds.keys()]) this.#change(id, { folded: 0, seen });
  }

  #change(id: FeedId, change: Partial<FeedState>): void {
    const { row, state: before, seenBytes: seenBefore } = this.mustGet(id);
    const state = { ...before, ...change };
    const seenBytes = state.seen === before.seen ? seenBefore : encodeVector(state.seen);
    const known = { row, state, seenBytes };
    const { seq, hash, hlc, folded, forkedAfter } = state;
    this.#database
      .sql(
        `UPDATE feeds SET seq = ?, hash = ?, hlc_ms = ?, hlc_n = ?, folded = ?, seen = ?, forked_after = ?, crc = ?
         WHERE row = ?`,
      )
      .run(seq, idToBytes(hash), hlc.ms, hlc.n, folded, seenBytes, forkedAfter ?? null, checksum(known), row);
    this.#keep(known);
  }

  #keep(known: KnownFeed): void {
    const { id } = known.state.info;
    this.#followTransaction();
    if (!this.#before.has(id)) this.#before.set(id, this.#feeds.get(id));
    this.#feeds.set(id, known);
    this.#list = undefined;
  }

  #followTransaction(): void {
    const { transaction } = this.#database;
    assert(transaction !== undefined, 'the log is written inside a transaction');
    if (transaction === this.#followed) return;
    this.#followed = transaction;
    const before = new Map<FeedId, KnownFeed | undefined>();
    this.#before = before;
    this.#database.onRollback(() => {
      this.#list = undefined;
      for (const [id, known] of before) {
        if (known === undefined) this.#feeds.delete(id);
        else this.#feeds.set(id, known);
      }
      this.#lastRow = Math.max(0, ...[...this.#feeds.values()].map(({ row }) => row));
    });
  }
}

/** @throws KithError `damaged-data` when the row does not say what was written. */
function knownIn(row: Row): KnownFeed {
  const known = { row: numberIn(row, 'row'), state: stateIn(row), seenBytes: bytesIn(row, 'seen') };
  if (checksum(known) !== numberIn(row, 'crc'))
    throw damagedData('What is known of a feed is damaged on this disk.');
  return known;
}

function checksum({
  row,
  state: { info, seq, hash, hlc, folded, forkedAfter },
  seenBytes,
}: KnownFeed): number {
  const fields = [
    row,
    info.id,
    info.device,
    info.incarnation,
    info.lane,
    seq,
    hash,
    hlc.ms,
    hlc.n,
    folded,
    forkedAfter,
  ];
  return crc32(seenBytes, crc32(fields.join()));
}

function stateIn(row: Row): FeedState {
  return {
    info: {
      id: idFromBytes<FeedId>(bytesIn(row, 'id')),
      device: idFromBytes<DeviceKey>(bytesIn(row, 'device')),
      incarnation: toHex(bytesIn(row, 'incarnation')),
      lane: textIn(row, 'lane') as FeedInfo['lane'],
    },
    seq: numberIn(row, 'seq'),
    hash: idFromBytes<EntryHash>(bytesIn(row, 'hash')),
    hlc: { ms: numberIn(row, 'hlc_ms'), n: numberIn(row, 'hlc_n') },
    folded: numberIn(row, 'folded'),
    seen: decodeVector(bytesIn(row, 'seen')),
    forkedAfter: numberOrNullIn(row, 'forked_after') ?? undefined,
  };
}

/** Sorted by feed: one vector has one encoding. */
export function encodeVector(vector: Vector): Bytes {
  const sorted = [...vector].sort(([a], [b]) => (a < b ? -1 : 1));
  return encodeCbor(sorted.map(([feed, seq]) => [idToBytes(feed), seq]));
}

function decodeVector(bytes: Bytes): Vector {
  const pairs = decodeCbor(bytes);
  if (!Array.isArray(pairs)) throw damagedVector();
  return new Map(
    (pairs as unknown[]).map((pair) => {
      const [feed, seq] = Array.isArray(pair) ? (pair as unknown[]) : [];
      if (typeof seq !== 'number') throw damagedVector();
      return [idFromBytes<FeedId>(feed), seq];
    }),
  );
}

function damagedVector(): Error {
  return damagedData('What the author of a feed had seen is damaged on this disk.');
}
