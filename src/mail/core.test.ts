import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Bytes } from '../base/bytes.ts';
import { MailCore, type CoreLimits, type MailEffect } from './core.ts';
import { MAIL_LIMITS } from './service.ts';
import { hoursOf } from './time.ts';
import type { Copy, Receipt } from './types.ts';
import { encodeCopy, encodeReceipt, IDS_PER_FRAME, lockOf, type Key, type MailMessage } from './wire.ts';

const NOW_MS = 1_790_000_000_000;
const IN_A_DAY = hoursOf(NOW_MS) + 24;
const NOTHING = { letters: [], receipts: [], gone: [], own: [] };

class Carrying {
  readonly effects: MailEffect[] = [];
  readonly #core: MailCore;

  constructor(limits: CoreLimits, ...peers: string[]) {
    this.#core = new MailCore(limits, NOTHING, NOW_MS);
    for (const peer of peers) this.#core.step({ type: 'opened', peer, link: peer });
  }

  hears(peer: string, message: MailMessage): readonly MailEffect[] {
    const effects = this.#core.step({ type: 'message', peer, message, ours: false });
    this.effects.push(...effects);
    return effects;
  }

  count(type: MailEffect['type']): number {
    return this.effects.filter((effect) => effect.type === type).length;
  }
}

const secret = (number: number): Bytes => new Uint8Array(new BigUint64Array([BigInt(number), 0n]).buffer);

function letter(sealed: number, expiryHours = IN_A_DAY, lock = sealed): Copy {
  return encodeCopy({
    expiryHours,
    nonce: new Uint8Array(16),
    ephemeral: new Uint8Array(32),
    locks: [lockOf(secret(lock))],
    tags: [],
    sealed: secret(sealed),
  });
}

function receipt(copy: Copy, lock: number): Receipt {
  const { id, expiryHours } = copy;
  return encodeReceipt({ copy: id, secret: secret(lock), expiryHours, word: Uint8Array.of(1) });
}

test('a letter with the locks of another one, open already, is answered and leaves nothing behind', () => {
  const node = new Carrying(MAIL_LIMITS, 'a');
  const first = letter(1);
  const opened = receipt(first, 1);
  node.hears('a', { type: 'letter', copy: first });
  node.hears('a', { type: 'receipt', receipt: opened });
  assert.equal(node.count('drop'), 1);
  for (let number = 2; number < 100; number += 1) {
    const effects = node.hears('a', { type: 'letter', copy: letter(number, IN_A_DAY, 1) });
    assert.deepEqual(effects, [{ type: 'give', peer: 'a', keys: [opened.lock] }]);
  }
});

test('what is gone is remembered within a quota; what is over soonest is forgotten first', () => {
  const node = new Carrying({ ...MAIL_LIMITS, receipts: 20 }, 'a');
  const soon = letter(0, IN_A_DAY - 1);
  for (const [number, copy] of [soon, ...Array.from({ length: 200 }, (_, at) => letter(at + 1))].entries()) {
    node.hears('a', { type: 'letter', copy });
    node.hears('a', { type: 'receipt', receipt: receipt(copy, number) });
    assert.ok(node.count('drop') - node.count('forget') <= 20);
  }
  assert.equal(node.count('drop'), 201);
  assert.deepEqual(
    node.effects.find((effect) => effect.type === 'forget'),
    { type: 'forget', id: soon.id },
  );
});

test('who offers more than anybody would ask for is not remembered for it', () => {
  const node = new Carrying(MAIL_LIMITS, 'endless', 'other');
  const [early, late] = [letter(1), letter(2)];
  const endless = (from: number): Key[] =>
    Array.from({ length: IDS_PER_FRAME - 1 }, (_, at) => lockOf(secret(1_000_000 + from + at)));
  node.hears('endless', { type: 'offer', keys: [early.id, ...endless(0)] });
  for (let frame = 1; frame < 5; frame += 1)
    node.hears('endless', { type: 'offer', keys: endless(frame * IDS_PER_FRAME) });
  node.hears('endless', { type: 'offer', keys: [late.id] });
  const givenTo = (effects: readonly MailEffect[]): string[] =>
    effects.flatMap((effect) => (effect.type === 'give' ? [effect.peer] : []));
  assert.deepEqual(givenTo(node.hears('other', { type: 'letter', copy: early })), []);
  assert.deepEqual(givenTo(node.hears('other', { type: 'letter', copy: late })), ['endless']);
});
