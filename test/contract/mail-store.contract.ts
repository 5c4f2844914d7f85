/** What every `MailStore` does. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toHex } from '../../src/base/bytes.ts';
import type { DeviceKey, LinkKey, MemberId } from '../../src/base/ids.ts';
import type { MailStore } from '../../src/mail/ports.ts';
import type {
  Copy,
  InboxQuery,
  LetterId,
  Lock,
  Received,
  SentCopy,
  SentLetter,
} from '../../src/mail/types.ts';
import { encodeCopy, encodeReceipt } from '../../src/mail/wire.ts';
import { SeededRng } from '../sim/rng.ts';

export interface OpenMailStore {
  readonly store: MailStore;
  /** The same disk, opened anew. */
  readonly reopened: () => MailStore;
  readonly close: () => void;
}

const rng = new SeededRng(11);
const EVERYTHING: InboxQuery = {
  limit: 100,
  before: undefined,
  after: undefined,
  sinceMs: undefined,
  untilMs: undefined,
  unread: false,
};

function hex<Id extends string>(bytes = 16): Id {
  return toHex(rng.bytes(bytes)) as Id;
}

function aCopy(): Copy {
  return encodeCopy({
    nonce: rng.bytes(16),
    ephemeral: rng.bytes(32),
    expiryHours: 500_000,
    locks: [hex<Lock>()],
    tags: [rng.bytes(16)],
    sealed: rng.bytes(300),
  });
}

function aLetter(): SentLetter {
  const to = (state: 'waiting' | 'sealed') => ({ member: hex<MemberId>(32), state, atMs: 5, tries: 0 });
  return {
    id: hex<LetterId>(),
    sentMs: 1000,
    text: 'ဒေါ်မြ, come home',
    expiryHours: 500_000,
    to: [to('sealed'), to('waiting')],
  };
}

function received(from: MemberId, id: LetterId, arrivedMs: number): Omit<Received, 'row'> {
  return {
    id,
    from,
    arrivedMs,
    sentMs: arrivedMs - 5,
    text: `at ${String(arrivedMs)}`,
    device: hex<DeviceKey>(32),
    readMs: null,
    copy: hex(),
    ephemeral: rng.bytes(32),
    expiryHours: 500_000,
  };
}

export function mailStoreContract(name: string, open: () => OpenMailStore): void {
  const check = (title: string, run: (opened: OpenMailStore) => void): void => {
    test(`${name}: mail store: ${title}`, () => {
      const opened = open();
      try {
        run(opened);
      } finally {
        opened.close();
      }
    });
  };

  check('carries letters, receipts and what is gone, over a restart', ({ store, reopened }) => {
    const [kept, dropped] = [aCopy(), aCopy()];
    const receipt = encodeReceipt({
      copy: kept.id,
      secret: rng.bytes(16),
      expiryHours: 7,
      word: rng.bytes(90),
    });
    store.transact(() => {
      store.keepLetter({ copy: kept, source: 'ab', ours: true });
      store.keepLetter({ copy: kept, source: 'cd', ours: false });
      store.keepLetter({ copy: dropped, source: '', ours: false });
      store.keepReceipt(receipt);
      store.keepReceipt(receipt);
      store.bury(dropped.id, 77);
    });
    store.transact(() => {
      store.dropLetter(dropped.id);
      store.settleLetter(kept.id);
    });
    const again = reopened();
    assert.deepEqual([...again.letters()], [{ copy: kept, source: 'ab', ours: false }]);
    assert.deepEqual(again.letterBytes(kept.id), kept.bytes);
    assert.equal(again.letterBytes(dropped.id), undefined);
    assert.deepEqual([...again.receipts()], [receipt]);
    assert.deepEqual(again.receiptBytes(receipt.lock), receipt.bytes);
    assert.deepEqual([...again.gone()], [[dropped.id, 77]]);
    again.transact(() => {
      again.forget(dropped.id);
      again.dropReceipt(receipt.lock);
    });
    assert.deepEqual([...again.gone()], []);
    assert.deepEqual([...again.receipts()], []);
  });

  check('a transaction that throws leaves nothing', ({ store }) => {
    const letter = aLetter();
    assert.throws(() =>
      store.transact(() => {
        store.addSent(letter);
        store.keepLetter({ copy: aCopy(), source: '', ours: false });
        throw new Error('the pen broke');
      }),
    );
    assert.equal(store.sent(letter.id), undefined);
    assert.deepEqual([...store.letters()], []);
  });

  check('keeps what was sent, to whom, and in which copies', ({ store, reopened }) => {
    const letter = aLetter();
    const copy: SentCopy = {
      id: hex(),
      letter: letter.id,
      expiryHours: 500_000,
      nonce: rng.bytes(16),
      members: letter.to.map(({ member }) => member),
      keys: [
        {
          device: hex<DeviceKey>(32),
          member: hex<MemberId>(32),
          lock: hex<Lock>(),
          readLock: hex<Lock>(),
          wordKey: rng.bytes(32),
        },
      ],
    };
    const link = hex<LinkKey>(32);
    store.transact(() => {
      store.addSent(letter);
      store.addCopy(copy);
      store.setCarrier({ copy: copy.id, link }, true);
      store.setCarrier({ copy: copy.id, link }, true);
    });
    const again = reopened();
    assert.deepEqual(again.sent(letter.id), letter);
    assert.deepEqual(again.waiting(), [letter.id]);
    assert.deepEqual(again.sentCopy(copy.id), copy);
    assert.deepEqual(again.copiesOf(letter.id), [copy]);
    assert.deepEqual([...again.ownCopies()], [copy.id]);
    assert.deepEqual([...again.carriers()], [{ copy: copy.id, link }]);
    const to = letter.to.map((one) => ({ ...one, state: 'arrived' as const, atMs: 9, tries: 2 }));
    again.transact(() => {
      again.setSentTo(letter.id, to);
      again.setCarrier({ copy: copy.id, link }, false);
    });
    assert.deepEqual(again.sent(letter.id)?.to, to);
    assert.deepEqual(again.waiting(), []);
    assert.deepEqual([...again.carriers()], []);
  });

  check('counts what is on its way, not what has gone', ({ store }) => {
    const own = aCopy();
    store.transact(() => {
      store.keepLetter({ copy: own, source: '', ours: false });
      store.keepLetter({ copy: aCopy(), source: 'ab', ours: false });
    });
    assert.equal(store.outboxBytes(), own.bytes.byteLength);
    store.transact(() => store.dropLetter(own.id));
    assert.equal(store.outboxBytes(), 0);
  });

  check('shows a letter of one sender once, and equal ids of two senders both', ({ store }) => {
    const [ada, ben] = [hex<MemberId>(32), hex<MemberId>(32)];
    const id = hex<LetterId>();
    store.transact(() => {
      assert.equal(store.addReceived(received(ada, id, 10)), 1);
      assert.equal(store.addReceived(received(ada, id, 20)), undefined);
      assert.equal(store.addReceived(received(ben, id, 30)), 2);
    });
    assert.deepEqual(
      store.inbox(EVERYTHING).map(({ from }) => from),
      [ada, ben],
    );
  });

  check('pages an inbox both ways, by time, and by what is unread', ({ store, reopened }) => {
    const ada = hex<MemberId>(32);
    const letters = [10, 20, 30, 40, 50].map((atMs) => received(ada, hex<LetterId>(), atMs));
    store.transact(() => {
      for (const letter of letters) store.addReceived(letter);
      store.markRead(2, 99);
      store.markRead(2, 100);
    });
    const again = reopened();
    const rows = (query: Partial<InboxQuery>): number[] =>
      again.inbox({ ...EVERYTHING, ...query }).map(({ row }) => row);
    assert.deepEqual(rows({}), [1, 2, 3, 4, 5]);
    assert.deepEqual(rows({ limit: 2 }), [4, 5]);
    assert.deepEqual(rows({ limit: 2, before: 4 }), [2, 3]);
    assert.deepEqual(rows({ limit: 2, after: 1 }), [2, 3]);
    assert.deepEqual(rows({ sinceMs: 20, untilMs: 40 }), [2, 3]);
    assert.deepEqual(rows({ unread: true }), [1, 3, 4, 5]);
    assert.equal(again.unread(), 4);
    assert.equal(again.inbox({ ...EVERYTHING, limit: 1, after: 1 })[0]?.readMs, 99);
    const [first] = letters;
    assert.deepEqual(again.received(first?.id ?? hex<LetterId>()), { ...first, row: 1 });
  });

  check('lists what was sent, the newest first, by pages', ({ store, reopened }) => {
    const letters = Array.from({ length: 5 }, aLetter);
    for (const letter of letters) {
      store.transact(() => {
        store.addSent(letter);
      });
    }
    const [first, second] = letters;
    assert.ok(first !== undefined && second !== undefined);
    const read = { ...first, to: first.to.map((one) => ({ ...one, state: 'read' as const })) };
    store.transact(() => {
      store.setSentTo(read.id, read.to);
    });
    const again = reopened();
    const newest = [read, ...letters.slice(1)].reverse();
    assert.deepEqual(again.lastSent(3, undefined), newest.slice(0, 3));
    assert.deepEqual(again.lastSent(10, newest[2]?.id), newest.slice(3));
    assert.deepEqual(again.lastSent(10, read.id), []);
    assert.deepEqual(again.lastSent(10, hex<LetterId>()), []);
  });

  check('finds letters by how their ids begin', ({ store }) => {
    const letter = aLetter();
    const id = hex<LetterId>();
    store.transact(() => {
      store.addSent(letter);
      store.addReceived(received(hex<MemberId>(32), id, 1));
    });
    assert.deepEqual(store.idsFrom(letter.id.slice(0, 6), 5), [letter.id]);
    assert.deepEqual(store.idsFrom(id, 5), [id]);
    assert.equal(store.idsFrom('', 5).length, 2);
    assert.deepEqual(store.idsFrom('zz', 5), []);
  });
}
