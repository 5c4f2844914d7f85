import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryDisk } from '../../test/sim/memory-disk.ts';
import { MemoryMailStore } from '../../test/sim/memory-mail-store.ts';
import type { Bytes } from '../base/bytes.ts';
import { silentLogger } from '../base/ports.ts';
import { MailDriver } from './driver.ts';
import { MAIL_LIMITS } from './service.ts';
import { hoursOf } from './time.ts';
import { decodeMail, encodeCopy, letterFrame, lockOf } from './wire.ts';

const NOW_MS = 1_790_000_000_000;

function carrier(): { driver: MailDriver; sent: [string, Bytes][]; room: { has: boolean } } {
  const sent: [string, Bytes][] = [];
  const room = { has: true };
  const driver = new MailDriver({
    store: new MemoryMailStore(new MemoryDisk()),
    logger: silentLogger,
    limits: MAIL_LIMITS,
    nowMs: NOW_MS,
    peers: {
      send: (peer, frame) => void sent.push([peer, frame]),
      hasRoom: () => room.has,
      cut: () => assert.fail('nobody misbehaves'),
    },
    hooks: {
      isOurs: () => false,
      word: () => undefined,
      open: () => undefined,
      wantsFlush: () => undefined,
      custody: () => undefined,
    },
  });
  return { driver, sent, room };
}

test('whoever brings a letter that waits to be given to it, is not given it', () => {
  const { driver, sent, room } = carrier();
  for (const peer of ['a', 'b', 'c']) driver.opened(peer, peer);
  room.has = false;
  const copy = encodeCopy({
    expiryHours: hoursOf(NOW_MS) + 24,
    nonce: new Uint8Array(16),
    ephemeral: new Uint8Array(32),
    locks: [lockOf(new Uint8Array(16))],
    tags: [],
    sealed: Uint8Array.of(1, 2, 3),
  });
  driver.frame('a', letterFrame(copy.bytes));
  driver.frame('b', letterFrame(copy.bytes));
  room.has = true;
  for (const peer of ['a', 'b', 'c']) driver.drained(peer);
  const given = sent.filter(([, frame]) => decodeMail(frame).type === 'letter').map(([peer]) => peer);
  assert.deepEqual(given, ['c']);
});
