/** Seals rows and pieces of files as a node does, with a key that is the same each time. */
import type { FileSealer } from '../../src/files/ports-pieces.ts';
import { createSealer } from '../../src/sealing/index.ts';

const TABLE = 'files';

export function fileSealer(seed: number): FileSealer {
  const sealer = createSealer(new Uint8Array(32).fill(seed));
  return {
    seal: (key, bytes) => sealer.seal({ table: TABLE, key }, bytes),
    open: (key, sealed) => sealer.open({ table: TABLE, key }, sealed),
    indexKey: (value) => sealer.indexKey(TABLE, value),
  };
}
