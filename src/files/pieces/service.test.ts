import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { isKithError } from '../../base/errors.ts';
import { silentLogger } from '../../base/ports.ts';
import { openDatabase } from '../../store/database.ts';
import { fileSealer } from '../../../test/support/file-sealer.ts';
import { openPieceRows } from '../../store/piece-store.ts';
import { SeededRng } from '../../../test/sim/rng.ts';
import { encodeManifest, decodeManifest, listPieces, pieceIdOf } from './manifest.ts';
import { PieceService } from './service.ts';

function world(t: TestContext): { pieces: PieceService; folder: string; blobs: () => string[] } {
  const folder = mkdtempSync(join(tmpdir(), 'kith-pieces-'));
  t.after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const database = openDatabase(':memory:');
  const sealer = fileSealer(5);
  const pieces = new PieceService({
    rows: openPieceRows(database, sealer),
    sealer,
    folder: join(folder, 'pieces'),
    logger: silentLogger,
    lost: () => undefined,
  });
  const blobs = (): string[] =>
    readdirSync(join(folder, 'pieces'), { recursive: true, encoding: 'utf8' }).filter(
      (name) => name.length > 3,
    );
  return { pieces, folder, blobs };
}

test('pieces of a file are read where they lie, and forgotten when it changes', async (t) => {
  const { pieces, folder, blobs } = world(t);
  const path = join(folder, 'photo');
  const bytes = new SeededRng(1).bytes(6 * 1024 * 1024);
  writeFileSync(path, bytes);
  const content = await pieces.add(path, 'mine');
  assert.equal(content.id, pieceIdOf(bytes));
  const list = await pieces.listOf(content);
  assert.ok(list !== undefined && list.pieces.length > 8);
  const [first] = list.pieces;
  assert.ok(first);
  assert.deepEqual(await pieces.read(first), bytes.slice(0, first.sizeBytes));
  // The manifest alone is in the store: the file's own bytes are not there twice.
  assert.equal(blobs().length, 1);
  assert.ok(pieces.rows.hereOf(content.id).every((here) => here));

  const { mtime } = statSync(path);
  bytes[7] = (bytes[7] ?? 0) ^ 1;
  writeFileSync(path, bytes);
  assert.notEqual(mtime, undefined);
  assert.equal(await pieces.read(first), undefined);
  assert.ok(pieces.rows.hereOf(content.id).every((here) => !here));
});

test('small files are one piece, empty ones none', async (t) => {
  const { pieces, folder } = world(t);
  writeFileSync(join(folder, 'note'), 'hello');
  writeFileSync(join(folder, 'empty'), '');
  const note = await pieces.add(join(folder, 'note'), 'a');
  assert.deepEqual(note.pieces, [{ id: note.id, sizeBytes: 5 }]);
  const empty = await pieces.add(join(folder, 'empty'), 'b');
  assert.deepEqual([empty.pieces, empty.sizeBytes, empty.id as string], [[], 0, pieceIdOf(new Uint8Array())]);
});

test('alike pieces are kept once, and go when nobody wants them any more', async (t) => {
  const { pieces, blobs } = world(t);
  const one = new SeededRng(2).bytes(1000);
  const ref = { id: pieceIdOf(one), sizeBytes: one.byteLength };
  const content = { ...listPieces(ref.id as never, 1000, [ref]).content };
  for (const owner of ['a', 'b']) pieces.rows.hold(owner, content.id, { pieces: [ref], manifests: [] });
  await pieces.keep(ref, one);
  await pieces.keep(ref, one);
  assert.equal(blobs().length, 1);
  assert.equal(Buffer.from(one).compare(Buffer.from((await pieces.read(ref)) ?? [])), 0);
  pieces.release('a');
  assert.equal(blobs().length, 1);
  pieces.release('b');
  assert.equal(blobs().length, 0);
  assert.equal(await pieces.read(ref), undefined);
});

test('what lies in the store is sealed, and damage is noticed', async (t) => {
  const { pieces, folder, blobs } = world(t);
  const text = new TextEncoder().encode('a secret that nobody reads from the disk');
  const ref = { id: pieceIdOf(text), sizeBytes: text.byteLength };
  pieces.rows.hold('a', ref.id as never, { pieces: [ref], manifests: [] });
  await pieces.keep(ref, text);
  const [blob = ''] = blobs();
  assert.ok(!blob.includes(ref.id));
  writeFileSync(join(folder, 'pieces', blob), 'damage');
  assert.equal(await pieces.read(ref), undefined);
  assert.equal(pieces.rows.isHere(ref.id), false);
});

test('a file that was moved away is no longer a place', async (t) => {
  const { pieces, folder } = world(t);
  const path = join(folder, 'a');
  writeFileSync(path, 'some words');
  const content = await pieces.add(path, 'me');
  renameSync(path, join(folder, 'b'));
  const [piece] = content.pieces ?? [];
  assert.ok(piece);
  assert.equal(await pieces.read(piece), undefined);
});

test('long lists go into manifests of manifests, and lies in them are refused', () => {
  const pieces = Array.from({ length: 20_000 }, (_, index) => ({
    id: index.toString(16).padStart(64, '0') as never,
    sizeBytes: 1 + (index % 1000),
  }));
  const size = pieces.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const { content, manifests } = listPieces('00'.repeat(32) as never, size, pieces);
  assert.equal(content.pieces, undefined);
  assert.equal(manifests.length, 3);
  const all = manifests.slice(0, 2).flatMap(({ bytes }) => decodeManifest(bytes).refs);
  assert.deepEqual(all, pieces);
  assert.equal(decodeManifest(manifests[2]?.bytes ?? new Uint8Array()).level, 1);
  const refuse = (bytes: Uint8Array): void => {
    assert.throws(
      () => decodeManifest(bytes),
      (error) => isKithError(error, 'malformed'),
    );
  };
  refuse(encodeManifest({ level: 0, refs: [] }));
  refuse(encodeManifest({ level: 0, refs: [{ id: '11'.repeat(32) as never, sizeBytes: 2 ** 30 }] }));
  refuse(encodeManifest({ level: 0, refs: pieces }));
});
