/** Serving and fetching over frames, without links: who is given what, and what hostile frames do. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { isKithError } from '../../base/errors.ts';
import { silentLogger } from '../../base/ports.ts';
import { openDatabase } from '../../store/database.ts';
import { fileSealer } from '../../../test/support/file-sealer.ts';
import { openPieceRows } from '../../store/piece-store.ts';
import { ManualTimers } from '../../../test/sim/manual-timers.ts';
import { SeededRng } from '../../../test/sim/rng.ts';
import { PieceService } from '../pieces/service.ts';
import type { Content } from '../types.ts';
import { TransferDriver } from './driver.ts';
import { Serving } from './serving.ts';
import { decodeMessage, encodeMessage, type FilesMessage } from './wire.ts';

const PEER = 'peer';

async function server(t: TestContext, mayRead: () => boolean, hasRoom = () => true) {
  const folder = mkdtempSync(join(tmpdir(), 'kith-serving-'));
  t.after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const sealer = fileSealer(5);
  const rows = openPieceRows(openDatabase(':memory:'), sealer);
  const pieces = new PieceService({
    rows,
    sealer,
    folder: join(folder, 'pieces'),
    logger: silentLogger,
    lost: () => undefined,
  });
  writeFileSync(join(folder, 'a'), new SeededRng(4).bytes(2_000_000));
  const content = await pieces.add(join(folder, 'a'), 'me');
  const sent: FilesMessage[] = [];
  const cuts: string[] = [];
  let arrived = (): void => undefined;
  const ports = {
    send: (_: string, frame: Uint8Array) => {
      sent.push(decodeMessage(frame));
      arrived();
      return hasRoom();
    },
    cut: (_: string, code: string) => void cuts.push(code),
  };
  const serving = new Serving({
    ...ports,
    pieces,
    clock: { nowMs: () => 0, monotonicMs: () => 0 },
    timers: new ManualTimers(),
    logger: silentLogger,
    mayRead,
  });
  const driver = new TransferDriver({
    ...ports,
    serving,
    logger: silentLogger,
    limits: { inFlightBytes: 1e7, bytesPerSecond: 0 },
    salt: 1,
    nowMs: () => 0,
    mayKnow: () => true,
  });
  const open = (): void => {
    serving.opened(PEER, PEER as never);
    driver.opened(PEER);
  };
  open();
  const sentMore = (): Promise<void> => new Promise((resolve) => (arrived = resolve));
  return { driver, serving, content, sent, cuts, open, sentMore, list: await pieces.listOf(content) };
}

const ask = (content: Content, piece: string): Uint8Array =>
  encodeMessage({ type: 'ask', content: content.id, piece: piece as never });

test('a piece goes to who may have it, and what is not of that file to nobody', async (t) => {
  const { driver, content, sent, sentMore, list } = await server(t, () => true);
  const [piece] = list?.pieces ?? [];
  assert.ok(piece);
  driver.frame(PEER, encodeMessage({ type: 'want', content: content.id }));
  assert.deepEqual(sent[0], { type: 'have', content: content.id, claim: 'all' });
  const given = sentMore();
  driver.frame(PEER, ask(content, piece.id));
  await given;
  assert.equal(sent[1]?.type, 'piece');
  const denied = sentMore();
  driver.frame(PEER, ask(content, 'ee'.repeat(32)));
  await denied;
  assert.equal(sent[2]?.type, 'denied');
});

test('who may not have it hears that there is nothing, also when it knows the names', async (t) => {
  const { driver, content, sent, sentMore, list } = await server(t, () => false);
  driver.frame(PEER, encodeMessage({ type: 'want', content: content.id }));
  assert.deepEqual(sent[0], { type: 'have', content: content.id, claim: 'none' });
  const answered = sentMore();
  driver.frame(PEER, ask(content, list?.pieces[0]?.id ?? ''));
  await answered;
  assert.equal(sent[1]?.type, 'denied');
});

test('whoever has no room is given one piece, and the next as soon as there is some', async (t) => {
  const { driver, serving, content, sent, sentMore, list } = await server(
    t,
    () => true,
    () => false,
  );
  assert.ok((list?.pieces.length ?? 0) >= 3);
  let given = sentMore();
  for (const { id } of list?.pieces ?? []) driver.frame(PEER, ask(content, id));
  for (const at of list?.pieces.keys() ?? []) {
    await given;
    assert.equal(sent.length, at + 1, 'nothing goes before there is room');
    assert.equal(sent[at]?.type, 'piece');
    given = sentMore();
    serving.drained(PEER);
  }
});

test('news of a file is a reason to ask for that file again, and for no other', async (t) => {
  const { driver, sent } = await server(t, () => true);
  const idOf = (byte: string) => byte.repeat(32) as never;
  for (const content of [idOf('aa'), idOf('bb')])
    driver.start({
      content,
      pieces: [{ id: content, sizeBytes: 1 }],
      missing: [0],
      listed: true,
      write: async () => undefined,
      done: () => undefined,
      failed: () => undefined,
      stored: () => undefined,
    });
  sent.length = 0;
  driver.again([idOf('aa'), idOf('cc')]);
  assert.deepEqual(sent, [{ type: 'want', content: idOf('aa') }]);
  driver.again(undefined);
  assert.equal(sent.length, 3);
});

test('endless wants and asks end the channel', async (t) => {
  const { driver, content, cuts } = await server(t, () => true);
  for (let at = 0; at < 5000; at += 1)
    driver.frame(PEER, encodeMessage({ type: 'want', content: at.toString(16).padStart(64, '0') as never }));
  assert.equal(cuts[0], 'too-many-wants');
  for (let at = 0; at < 300; at += 1) driver.frame(PEER, ask(content, 'ee'.repeat(32)));
  assert.ok(cuts.includes('too-many-asks'));
});

test('frames of any bytes are values, or malformed; nothing else is thrown, and nothing is remembered', async (t) => {
  const { driver, content } = await server(t, () => true);
  const rng = new SeededRng(8);
  const good = [
    encodeMessage({ type: 'want', content: content.id }),
    encodeMessage({ type: 'have', content: content.id, claim: Uint8Array.of(1, 2, 3) }),
    encodeMessage({ type: 'got', content: content.id, places: [1, 2, 500] }),
    ask(content, 'ee'.repeat(32)),
    encodeMessage({
      type: 'piece',
      content: content.id,
      piece: 'ee'.repeat(32) as never,
      bytes: rng.bytes(40),
    }),
  ];
  for (let round = 0; round < Number(process.env['KITH_FRAMES'] ?? 20_000); round += 1) {
    const frame = (good[rng.below(good.length)] ?? new Uint8Array()).slice(0, rng.below(120));
    for (let change = rng.below(4); change > 0; change -= 1)
      frame[rng.below(frame.length + 1)] = rng.below(256);
    try {
      assert.deepEqual(decodeMessage(frame).content.length, 64);
    } catch (error) {
      assert.ok(isKithError(error, 'malformed'), String(error));
    }
    driver.frame(PEER, frame);
  }
  assert.equal(driver.core.inFlightBytes, 0);
});
