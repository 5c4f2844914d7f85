/** What a list of pieces may cost whoever fetches it, though whoever wrote it is hostile. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { isKithError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import { silentLogger } from '../../base/ports.ts';
import { openDatabase } from '../../store/database.ts';
import { fileSealer } from '../../../test/support/file-sealer.ts';
import { openPieceRows } from '../../store/piece-store.ts';
import { ManualTimers } from '../../../test/sim/manual-timers.ts';
import { fileSink } from '../transfer/sinks.ts';
import type { Content, ContentId, PieceId, PieceRef } from '../types.ts';
import { encodeManifest, pieceIdOf, type Manifest } from './manifest.ts';
import { PieceService } from './service.ts';

const SOME = '5a'.repeat(32);

function world(t: TestContext): { readonly pieces: PieceService; readonly folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'kith-hostile-'));
  t.after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const sealer = fileSealer(5);
  const rows = openPieceRows(openDatabase(':memory:'), sealer);
  const deps = { rows, sealer, folder: join(folder, 'pieces'), logger: silentLogger, lost: () => undefined };
  return { pieces: new PieceService(deps), folder };
}

function piecesOf(count: number, sizeBytes: number): PieceRef[] {
  return Array.from({ length: count }, () => ({ id: SOME as PieceId, sizeBytes }));
}

/** As if it had been fetched. */
async function kept(pieces: PieceService, manifest: Manifest): Promise<PieceRef> {
  const bytes = encodeManifest(manifest);
  const ref = { id: pieceIdOf(bytes), sizeBytes: bytes.byteLength };
  await pieces.keep(ref, bytes);
  return ref;
}

function contentOf(sizeBytes: number, manifest: PieceRef): Content {
  return { id: SOME as ContentId, sizeBytes, pieces: undefined, manifest };
}

const isMalformed = (error: unknown): boolean => isKithError(error, 'malformed');

test('a list that is long for its file is refused before it is fetched', async (t) => {
  const { pieces } = world(t);
  const manifest = { id: SOME as PieceId, sizeBytes: 500_000 };
  await assert.rejects(pieces.missingManifests(contentOf(100_000, manifest)), isMalformed);
  assert.deepEqual(await pieces.missingManifests(contentOf(2 ** 32, manifest)), [manifest]);
});

test('a list of lists that are long together is refused before these are fetched', async (t) => {
  const { pieces } = world(t);
  const long = await kept(pieces, { level: 1, refs: piecesOf(60, 580_000) });
  await assert.rejects(pieces.missingManifests(contentOf(2 ** 30, long)), isMalformed);
  assert.equal((await pieces.missingManifests(contentOf(200 * 2 ** 30, long))).length, 60);
  const many = await kept(pieces, { level: 1, refs: piecesOf(LIMITS.manifestPieces, 1) });
  await assert.rejects(pieces.missingManifests(contentOf(LIMITS.fileBytes, many)), isMalformed);
});

test('a short list of many crumbs, and one that does not make the file, are none', async (t) => {
  const { pieces } = world(t);
  const crumbs = await kept(pieces, { level: 0, refs: piecesOf(100, 1) });
  await assert.rejects(pieces.listOf(contentOf(100, crumbs)), isMalformed);
  const short = await kept(pieces, { level: 0, refs: piecesOf(10, 400_000) });
  await assert.rejects(pieces.listOf(contentOf(2 ** 32, short)), isMalformed);
  assert.equal((await pieces.listOf(contentOf(4_000_000, short)))?.pieces.length, 10);
});

test('one piece that is named until the disk would be full is not even begun', async (t) => {
  const { pieces, folder } = world(t);
  const list = piecesOf(4, 2 ** 60);
  const path = join(folder, 'bomb');
  const target = { path, partial: `${path}.part`, modifiedMs: 0, executable: false };
  const content = { id: SOME as ContentId, sizeBytes: 2 ** 62, pieces: list, manifest: undefined };
  await assert.rejects(fileSink(pieces, content, list, target, new ManualTimers()), (error) =>
    isKithError(error, 'cannot-write'),
  );
  assert.deepEqual(readdirSync(folder), ['pieces']);
});
