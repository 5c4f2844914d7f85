/**
 * Where this device's own letters are written, sealed, opened and read: each in one transaction with the keys that it
 * uses up. Synchronous; what is asynchronous about sealing was awaited before by the service.
 */
import { toHex, utf8, type Bytes } from '../base/bytes.ts';
import { assert, isKithError, KithError } from '../base/errors.ts';
import type { DeviceKey, MemberId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock, Logger, Rng } from '../base/ports.ts';
import type { Signer, Verifier } from '../identity/signing.ts';
import type { LetterSealer } from '../sealing/letters/types.ts';
import { oneTimeKey, openWord, recipientKeys, sealWord, type LetterKeys } from './locks.ts';
import { decodePayload, encodePayload } from './payload.ts';
import type { MailRoll, MailStore } from './ports.ts';
import { expiryHoursOf, hoursOf } from './time.ts';
import type {
  Copy,
  CopyId,
  LetterId,
  Lock,
  Receipt,
  Received,
  SentCopy,
  SentKey,
  SentLetter,
  SentTo,
  WordKind,
  Written,
} from './types.ts';
import { encodeCopy, encodeReceipt, ID_BYTES, lockOf, NONCE_BYTES } from './wire.ts';

export interface DeskDeps {
  readonly store: MailStore;
  readonly sealer: Pick<LetterSealer, 'seal' | 'open' | 'isOurs' | 'confirmed' | 'renew'>;
  readonly roll: MailRoll;
  readonly signer: Signer;
  readonly verifier: Verifier;
  readonly linkSeed: Bytes;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly logger: Logger;
}

export type Opened =
  | { readonly kind: 'opened'; readonly letter: Received | undefined; readonly receipt: Receipt | undefined }
  | { readonly kind: 'not-ours' }
  | { readonly kind: 'cannot-open'; readonly reason: string };

/** Times that a letter is sealed anew for somebody who could not open it. */
const MOST_TRIES = 5;
const DAY_MS = 24 * 60 * 60 * 1000;

export class LetterDesk {
  readonly #deps: DeskDeps;
  #keysOf: ((ephemeral: Bytes) => LetterKeys) | undefined;

  constructor(deps: DeskDeps) {
    this.#deps = deps;
  }

  // ---- sending

  /**
   * On disk when it returns.
   * @throws KithError `empty-letter` | `too-large` | `bad-expiry` | `outbox-full`
   */
  post(to: readonly MemberId[], text: string, lifeMs = LIMITS.letterLifeDays * DAY_MS): SentLetter {
    const { store, clock, rng } = this.#deps;
    mustBeWritable(text, lifeMs);
    const nowMs = Math.floor(clock.nowMs());
    const letter: SentLetter = {
      id: toHex(rng.bytes(ID_BYTES)) as LetterId,
      sentMs: nowMs,
      text,
      expiryHours: expiryHoursOf(nowMs + lifeMs),
      to: to.map((member) => ({ member, state: 'waiting', atMs: nowMs, tries: 0 })),
    };
    store.transact(() => {
      if (store.outboxBytes() + utf8(text).byteLength > LIMITS.mailOutboxBytes) throw outboxFull();
      store.addSent(letter);
    });
    return letter;
  }

  /** Members whom a letter is not sealed for yet; none when its time is over. */
  waitingFor(id: LetterId): readonly MemberId[] {
    const letter = this.#deps.store.sent(id);
    if (letter === undefined || letter.expiryHours <= hoursOf(this.#deps.clock.nowMs())) return [];
    return letter.to.filter(({ state }) => state === 'waiting').map(({ member }) => member);
  }

  /**
   * Seals it for some of those who wait. @returns the copy, on disk; undefined when nobody could be sealed to.
   * @throws KithError `too-large` when what all of them need does not fit into one copy.
   */
  seal(id: LetterId, members: readonly MemberId[]): Copy | undefined {
    const { store, sealer, rng } = this.#deps;
    return store.transact(() => {
      const letter = store.sent(id);
      assert(letter !== undefined, 'what waits is there');
      const nonce = rng.bytes(NONCE_BYTES);
      const { letter: sealed, sealedFor } = sealer.seal(members, encodePayload(letter), nonce);
      if (sealed === undefined || sealedFor.length === 0) return undefined;
      const once = oneTimeKey(rng);
      const keys = sealedFor.flatMap((member) => this.#keysFor(member, once));
      if (keys.length === 0) return undefined;
      const { expiryHours } = letter;
      const locks = keys.map(({ lock }) => lock).sort();
      const copy = encodeCopy({ nonce, ephemeral: once.publicKey, expiryHours, locks, ...sealed });
      if (copy.bytes.byteLength > LIMITS.letterWireBytes)
        throw new KithError('too-large', 'One copy cannot hold what so many recipients need.');
      store.addCopy({ id: copy.id, letter: id, expiryHours, nonce, members: sealedFor, keys });
      store.setSentTo(id, this.#sealedNow(letter.to, sealedFor));
      store.keepLetter({ copy, source: '', ours: false });
      return copy;
    });
  }

  #keysFor(member: MemberId, once: ReturnType<typeof oneTimeKey>): SentKey[] {
    return this.#deps.roll.devicesOf(member).map(({ device, link }) => {
      const keys = once.keysFor(link);
      return {
        device,
        member,
        lock: lockOf(keys.arrived),
        readLock: lockOf(keys.read),
        wordKey: keys.word,
      };
    });
  }

  #sealedNow(to: readonly SentTo[], members: readonly MemberId[]): SentTo[] {
    const atMs = Math.floor(this.#deps.clock.nowMs());
    return to.map((one) =>
      members.includes(one.member) && one.state === 'waiting'
        ? { ...one, state: 'sealed', atMs, tries: one.tries + 1 }
        : one,
    );
  }

  /**
   * Takes in what a recipient's device says. Inside the caller's transaction.
   * @returns the letter whose state changed.
   */
  word(receipt: Receipt): LetterId | undefined {
    const { store, verifier, sealer } = this.#deps;
    const copy = store.sentCopy(receipt.copy);
    const key = copy?.keys.find(({ lock, readLock }) => [lock, readLock].includes(receipt.lock));
    if (copy === undefined || key === undefined) return undefined;
    const word = openWord(key.wordKey, copy.id, key.device, receipt.word, verifier);
    if (word === undefined || (word.kind === 'read') !== (receipt.lock === key.readLock)) {
      this.#deps.logger.warn({ copy: copy.id }, 'a receipt says nothing that its device signed');
      return undefined;
    }
    if (word.kind === 'unopened') sealer.renew(key.member);
    else if (word.kind === 'arrived') sealer.confirmed(copy.nonce, key.device);
    return this.#heard(copy, key.member, word.kind, word.atMs);
  }

  #heard(copy: SentCopy, member: MemberId, kind: WordKind, atMs: number): LetterId | undefined {
    const { store } = this.#deps;
    const letter = store.sent(copy.letter);
    const before = letter?.to.find((one) => one.member === member);
    if (letter === undefined || before === undefined) return undefined;
    const after = afterWord(before, kind, atMs);
    if (after === before) return undefined;
    store.setSentTo(
      letter.id,
      letter.to.map((one) => (one === before ? after : one)),
    );
    return letter.id;
  }

  // ---- receiving

  isOurs(copy: Copy): boolean {
    return copy.tags.some((tag) => this.#deps.sealer.isOurs(tag));
  }

  /** Opens a letter that is carried here: inbox, receipt and used-up keys in one transaction. */
  open(copy: Copy): Opened {
    const { store, sealer } = this.#deps;
    try {
      return store.transact(() => {
        // Evicted after it was opened for one of several, and brought again: its key is used up.
        const said = this.#lockOn(copy);
        if (said !== undefined && store.receiptBytes(said) !== undefined) {
          store.settleLetter(copy.id);
          return { kind: 'not-ours' };
        }
        const opened = sealer.open(copy.sealed, copy.nonce);
        store.settleLetter(copy.id);
        if (opened === undefined) return { kind: 'not-ours' };
        const letter = this.#receive(copy, opened.from, opened.member, opened.payload);
        const receipt = this.#say(copy, 'arrived');
        if (receipt !== undefined) store.keepReceipt(receipt);
        return { kind: 'opened', letter, receipt };
      });
    } catch (error) {
      if (!isKithError(error, 'cannot-open')) throw error;
      return { kind: 'cannot-open', reason: error.message };
    }
  }

  /** Tells the sender that this device cannot open the letter, so that it is sealed anew. */
  giveUp(copy: Copy): Receipt | undefined {
    const { store } = this.#deps;
    return store.transact(() => {
      store.settleLetter(copy.id);
      const receipt = this.#say(copy, 'unopened');
      if (receipt !== undefined) store.keepReceipt(receipt);
      return receipt;
    });
  }

  #receive(copy: Copy, device: DeviceKey, from: MemberId, payload: Bytes): Received | undefined {
    const { store, clock, logger } = this.#deps;
    const written = readWritten(payload);
    if (written === undefined) {
      logger.warn({ from }, 'a letter opened and holds nothing that can be read');
      return undefined;
    }
    const letter = {
      ...written,
      from,
      device,
      arrivedMs: Math.floor(clock.nowMs()),
      readMs: null,
      copy: copy.id,
      ephemeral: copy.ephemeral,
      expiryHours: copy.expiryHours,
    };
    const row = store.addReceived(letter);
    return row === undefined ? undefined : { ...letter, row };
  }

  /** Undefined when the letter has no lock that this device can open: then nobody waits for its word. */
  #say({ id, ephemeral, expiryHours, locks }: Copy, kind: WordKind): Receipt | undefined {
    const keys = this.#keysIn(ephemeral);
    if (keys === undefined || !locks.includes(lockOf(keys.arrived))) return undefined;
    return this.#receiptOf({ id, expiryHours }, keys, kind);
  }

  #lockOn({ ephemeral, locks }: Copy): Lock | undefined {
    const keys = this.#keysIn(ephemeral);
    return keys === undefined ? undefined : locks.find((lock) => lock === lockOf(keys.arrived));
  }

  #keysIn(ephemeral: Bytes): LetterKeys | undefined {
    try {
      this.#keysOf ??= recipientKeys(this.#deps.linkSeed);
      return this.#keysOf(ephemeral);
    } catch (error) {
      if (isKithError(error, 'malformed')) return undefined;
      throw error;
    }
  }

  #receiptOf(about: { id: CopyId; expiryHours: number }, keys: LetterKeys, kind: WordKind): Receipt {
    const { signer, rng, clock } = this.#deps;
    const word = { kind, atMs: Math.max(0, Math.floor(clock.nowMs())) };
    return encodeReceipt({
      copy: about.id,
      secret: kind === 'read' ? keys.read : keys.arrived,
      expiryHours: about.expiryHours,
      word: sealWord(keys.word, about.id, word, signer, rng),
    });
  }

  /** @param tells whether senders may know. @returns what to tell them, on disk. */
  markRead(letters: readonly Received[], tells: boolean): readonly Receipt[] {
    const { store, clock } = this.#deps;
    const nowMs = Math.floor(clock.nowMs());
    return store.transact(() =>
      letters.flatMap((letter) => {
        if (letter.readMs !== null) return [];
        store.markRead(letter.row, nowMs);
        const keys =
          tells && letter.expiryHours > hoursOf(nowMs) ? this.#keysIn(letter.ephemeral) : undefined;
        if (keys === undefined) return [];
        const receipt = this.#receiptOf({ id: letter.copy, expiryHours: letter.expiryHours }, keys, 'read');
        store.keepReceipt(receipt);
        return [receipt];
      }),
    );
  }
}

/** Goes forward only, but for a letter that could not be opened: that one waits to be sealed again. */
function afterWord(before: SentTo, kind: WordKind, atMs: number): SentTo {
  if (kind === 'unopened')
    return before.state === 'sealed' && before.tries < MOST_TRIES
      ? { ...before, state: 'waiting', atMs }
      : before;
  const isNews = kind === 'read' ? before.state !== 'read' : !['arrived', 'read'].includes(before.state);
  return isNews ? { ...before, state: kind, atMs } : before;
}

function readWritten(payload: Bytes): Written | undefined {
  try {
    return decodePayload(payload);
  } catch (error) {
    if (isKithError(error, 'malformed')) return undefined;
    throw error;
  }
}

function mustBeWritable(text: string, lifeMs: number): void {
  if (text === '') {
    throw new KithError('empty-letter', 'There is nothing in this letter.', { next: 'Write some text.' });
  }
  const sizeBytes = utf8(text).byteLength;
  if (sizeBytes > LIMITS.letterTextBytes) {
    const size = `${sizeBytes.toLocaleString('en')} bytes`;
    const most = LIMITS.letterTextBytes.toLocaleString('en');
    throw new KithError('too-large', `A letter holds ${most} bytes of text, and this is ${size}.`, {
      next: 'Shorten it, or send it as a file.',
    });
  }
  if (lifeMs <= 0 || lifeMs > LIMITS.letterLifeMaxDays * DAY_MS) {
    throw new KithError('bad-expiry', `A letter lasts up to ${String(LIMITS.letterLifeMaxDays)} days.`, {
      next: 'Give it less time.',
    });
  }
}

function outboxFull(): KithError {
  return new KithError('outbox-full', 'Too many of your letters are still on their way.', {
    next: 'Wait until some have arrived, or connect to somebody who carries them.',
  });
}
