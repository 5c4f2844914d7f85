/** A log world in which each node has an index of files over SQLite. */
import assert from 'node:assert/strict';
import { FileIndex, type Change } from '../../src/files/index/file-index.ts';
import { fileProjection } from '../../src/files/index/projection.ts';
import { versionCodec } from '../../src/files/index/stored.ts';
import type { IndexRows } from '../../src/files/ports-index.ts';
import type { FileSealer } from '../../src/files/ports-pieces.ts';
import type { Content } from '../../src/files/types.ts';
import { isNarrow } from '../../src/identity/roles.ts';
import type { LogStore } from '../../src/log/ports.ts';
import { createSealer } from '../../src/sealing/index.ts';
import { openDatabase, type Database } from '../../src/store/database.ts';
import { openExtensionStore } from '../../src/store/extension-store.ts';
import { openFileIndex } from '../../src/store/file-store.ts';
import { openLogStore } from '../../src/store/log-store.ts';
import { SeededRng } from '../sim/rng.ts';
import { fileSealer } from './file-sealer.ts';
import { FAST_SIGNATURES, LogWorld, type LogNode } from './log-world.ts';

interface Known {
  readonly database: Database;
  sealer?: FileSealer;
  rows?: IndexRows;
  refresh(): void;
}

export class FileWorld {
  readonly known = new Map<LogStore, Known>();
  readonly #rng = new SeededRng(5);
  readonly world = new LogWorld({
    seed: 3,
    signatures: FAST_SIGNATURES,
    stores: () => {
      const database = openDatabase(':memory:');
      const under = createSealer(new Uint8Array(32).fill(7));
      const parts = {
        seal: (key: string, bytes: Uint8Array) => under.seal({ table: 'parts', key }, bytes),
        open: (key: string, bytes: Uint8Array) => under.open({ table: 'parts', key }, bytes),
      };
      const store = openLogStore(database, parts, isNarrow);
      this.known.set(store, { database, refresh: () => undefined });
      return { store, index: openExtensionStore(database) };
    },
    projections: ({ store }) => {
      const known = this.known.get(store);
      if (known === undefined) return [];
      const sealer = fileSealer(9);
      known.sealer = sealer;
      known.rows = openFileIndex(known.database, sealer, versionCodec);
      const changed = (): void => {
        known.refresh();
      };
      return [fileProjection({ log: store, rows: known.rows, changed })];
    },
  });

  indexOf(node: LogNode): FileIndex {
    const known = this.known.get(node.store);
    assert.ok(known?.rows !== undefined);
    const index = new FileIndex({
      rows: known.rows,
      rng: this.#rng,
      append: (drafts) => node.log.append(drafts),
      roll: {
        self: node.member,
        device: node.device,
        memberOf: (device) => node.log.membership.devices.get(device)?.member,
        standingOf: (member) => {
          const found = node.log.membership.members.get(member);
          return found === undefined
            ? undefined
            : { member: found.id, role: found.role, grants: new Set(found.grants) };
        },
      },
    });
    known.refresh = () => {
      index.refresh();
    };
    return index;
  }
}

export function content(name: string): Content {
  const id = Buffer.from(name).toString('hex').padStart(64, '0');
  return { id: id as never, sizeBytes: 4, pieces: [{ id: id as never, sizeBytes: 4 }], manifest: undefined };
}

/** A path of so many names. */
export function deep(names: number): string {
  return Array.from({ length: names }, () => 'd').join('/');
}

export function file(path: string, name: string, parents: Change['parents'] = []): Change {
  const state = { type: 'file', content: content(name), modifiedMs: 5, executable: false } as const;
  return { path, parents, state, renamedFrom: undefined };
}
