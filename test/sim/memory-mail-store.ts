/** The in-memory twin of `src/store/mail-store.ts`, on a simulated disk. */
import type { LinkKey } from '../../src/base/ids.ts';
import type { CarriedLetter, MailStore } from '../../src/mail/ports.ts';
import type {
  Carrier,
  CopyId,
  InboxQuery,
  LetterId,
  Lock,
  Receipt,
  Received,
  SentCopy,
  SentLetter,
  SentTo,
} from '../../src/mail/types.ts';
import type { MemoryDisk } from './memory-disk.ts';

export class MemoryMailStore implements MailStore {
  readonly disk: MemoryDisk;
  readonly #letters = new Map<CopyId, CarriedLetter>();
  readonly #receipts = new Map<Lock, Receipt>();
  readonly #gone = new Map<CopyId, number>();
  readonly #sent = new Map<LetterId, SentLetter>();
  readonly #copies = new Map<CopyId, SentCopy>();
  readonly #carriers = new Map<string, Carrier>();
  readonly #inbox = new Map<number, Received>();
  #lastRow = 0;

  constructor(disk: MemoryDisk) {
    this.disk = disk;
  }

  transact<Result>(work: () => Result, keeping: 'lasting' | 'replaceable' = 'lasting'): Result {
    return this.disk.transact(work, keeping);
  }

  /** A backup of it, on another disk. */
  copyTo(disk: MemoryDisk): MemoryMailStore {
    const copy = new MemoryMailStore(disk);
    fill(copy.#letters, this.#letters);
    fill(copy.#receipts, this.#receipts);
    fill(copy.#gone, this.#gone);
    fill(copy.#sent, this.#sent);
    fill(copy.#copies, this.#copies);
    fill(copy.#carriers, this.#carriers);
    fill(copy.#inbox, this.#inbox);
    copy.#lastRow = this.#lastRow;
    return copy;
  }

  #set<Key, Value>(map: Map<Key, Value>, key: Key, value: Value): void {
    const before = map.get(key);
    this.disk.wrote(() => (before === undefined ? map.delete(key) : map.set(key, before)));
    map.set(key, value);
  }

  #delete<Key, Value>(map: Map<Key, Value>, key: Key): void {
    const before = map.get(key);
    if (before === undefined) return;
    this.disk.wrote(() => map.set(key, before));
    map.delete(key);
  }

  letters(): Iterable<CarriedLetter> {
    return [...this.#letters.values()];
  }

  letterBytes(id: CopyId): Uint8Array | undefined {
    return this.#letters.get(id)?.copy.bytes;
  }

  keepLetter({ copy, source, ours }: CarriedLetter): void {
    if (!this.#letters.has(copy.id)) this.#set(this.#letters, copy.id, { copy, source, ours });
  }

  settleLetter(id: CopyId): void {
    const letter = this.#letters.get(id);
    if (letter !== undefined) this.#set(this.#letters, id, { ...letter, ours: false });
  }

  dropLetter(id: CopyId): void {
    this.#delete(this.#letters, id);
  }

  receipts(): Iterable<Receipt> {
    return [...this.#receipts.values()];
  }

  receiptBytes(lock: Lock): Uint8Array | undefined {
    return this.#receipts.get(lock)?.bytes;
  }

  keepReceipt(receipt: Receipt): void {
    if (!this.#receipts.has(receipt.lock)) this.#set(this.#receipts, receipt.lock, receipt);
  }

  dropReceipt(lock: Lock): void {
    this.#delete(this.#receipts, lock);
  }

  gone(): Iterable<readonly [CopyId, number]> {
    return [...this.#gone];
  }

  bury(id: CopyId, expiryHours: number): void {
    if (!this.#gone.has(id)) this.#set(this.#gone, id, expiryHours);
  }

  forget(id: CopyId): void {
    this.#delete(this.#gone, id);
  }

  addSent(letter: SentLetter): void {
    this.#set(this.#sent, letter.id, letter);
  }

  sent(id: LetterId): SentLetter | undefined {
    return this.#sent.get(id);
  }

  lastSent(limit: number, before: LetterId | undefined): readonly SentLetter[] {
    const all = [...this.#sent.values()].reverse();
    const from = before === undefined ? 0 : all.findIndex(({ id }) => id === before) + 1;
    return before !== undefined && from === 0 ? [] : all.slice(from, from + limit);
  }

  waiting(): readonly LetterId[] {
    return [...this.#sent.values()]
      .filter(({ to }) => to.some(({ state }) => state === 'waiting'))
      .map(({ id }) => id);
  }

  setSentTo(id: LetterId, to: readonly SentTo[]): void {
    const letter = this.#sent.get(id);
    if (letter !== undefined) this.#set(this.#sent, id, { ...letter, to });
  }

  addCopy(copy: SentCopy): void {
    if (!this.#copies.has(copy.id)) this.#set(this.#copies, copy.id, copy);
  }

  sentCopy(id: CopyId): SentCopy | undefined {
    return this.#copies.get(id);
  }

  copiesOf(letter: LetterId): readonly SentCopy[] {
    return [...this.#copies.values()].filter((copy) => copy.letter === letter);
  }

  ownCopies(): Iterable<CopyId> {
    return [...this.#copies.keys()];
  }

  carriers(): Iterable<Carrier> {
    return [...this.#carriers.values()];
  }

  setCarrier(carrier: { copy: CopyId; link: LinkKey }, carries: boolean): void {
    const key = `${carrier.copy} ${carrier.link}`;
    if (carries) this.#set(this.#carriers, key, carrier);
    else this.#delete(this.#carriers, key);
  }

  outboxBytes(): number {
    const own = [...this.#letters.values()].filter(({ source }) => source === '');
    const waiting = this.waiting().map((id) => this.#sent.get(id)?.text.length ?? 0);
    return [...own.map(({ copy }) => copy.bytes.byteLength), ...waiting].reduce(
      (sum, bytes) => sum + bytes,
      0,
    );
  }

  addReceived(letter: Omit<Received, 'row'>): number | undefined {
    if ([...this.#inbox.values()].some(({ from, id }) => from === letter.from && id === letter.id))
      return undefined;
    this.#lastRow += 1;
    this.#set(this.#inbox, this.#lastRow, { ...letter, row: this.#lastRow });
    return this.#lastRow;
  }

  received(id: LetterId): Received | undefined {
    return [...this.#inbox.values()].find((letter) => letter.id === id);
  }

  inbox({ limit, before, after, sinceMs, untilMs, unread }: InboxQuery): readonly Received[] {
    const fits = [...this.#inbox.values()].filter(
      ({ row, arrivedMs, readMs }) =>
        row > (after ?? 0) &&
        row < (before ?? Infinity) &&
        arrivedMs >= (sinceMs ?? -Infinity) &&
        arrivedMs < (untilMs ?? Infinity) &&
        (!unread || readMs === null),
    );
    return after === undefined ? fits.slice(-limit) : fits.slice(0, limit);
  }

  markRead(row: number, readMs: number): void {
    const letter = this.#inbox.get(row);
    if (letter?.readMs === null) this.#set(this.#inbox, row, { ...letter, readMs });
  }

  unread(): number {
    return [...this.#inbox.values()].filter(({ readMs }) => readMs === null).length;
  }

  idsFrom(start: string, limit: number): readonly LetterId[] {
    const ids = new Set([...this.#sent.keys(), ...[...this.#inbox.values()].map(({ id }) => id)]);
    return [...ids].filter((id) => id.startsWith(start)).slice(0, limit);
  }
}

function fill<Key, Value>(to: Map<Key, Value>, from: ReadonlyMap<Key, Value>): void {
  for (const [key, value] of from) to.set(key, value);
}
