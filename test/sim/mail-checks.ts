/** What must hold of letters, whatever happens: seen from outside, with the truth of all nodes at hand. */
import { Buffer } from 'node:buffer';
import type { SentLetter } from '../../src/mail/types.ts';
import type { CopyId, LetterId, Lock } from '../../src/mail/types.ts';
import { decodeMail } from '../../src/mail/wire.ts';
import type { CoreLimits } from '../../src/mail/core.ts';
import type { LinkKey, MemberId } from '../../src/base/ids.ts';
import type { MemoryMailStore } from './memory-mail-store.ts';

/** What the checks see of a node. */
export interface CheckedNode {
  readonly index: number;
  readonly link: LinkKey;
  readonly member: MemberId;
  readonly store: MemoryMailStore;
  readonly driver: { readonly carried: { readonly letters: number; readonly bytes: number } } | undefined;
  nowMs(): number;
}

interface Posted {
  readonly letter: SentLetter;
  readonly from: CheckedNode;
  readonly to: readonly CheckedNode[];
  /** The sender was set back to before it wrote this: then it knows of it no more, and neither do others. */
  forgotten: boolean;
}

export class Violation extends Error {}

const EVERYTHING = {
  limit: 10_000,
  before: undefined,
  after: undefined,
  sinceMs: undefined,
  untilMs: undefined,
  unread: false,
};

export class MailChecks {
  readonly letters = new Map<LetterId, Posted>();
  readonly #limits: CoreLimits;
  /** Copy and link key, for each time that somebody said that it carries. */
  readonly #promised = new Set<string>();
  /** Letter and node, for each letter that ever stood in an inbox, and that was marked read there. */
  readonly #shown = new Set<string>();
  readonly #read = new Set<string>();
  readonly restoredNodes = new Set<CheckedNode>();
  violation: Violation | undefined;

  constructor(limits: CoreLimits) {
    this.#limits = limits;
  }

  fail(rule: string, what: string): void {
    this.violation ??= new Violation(`${rule}: ${what}`);
  }

  posted(from: CheckedNode, to: readonly CheckedNode[], letter: SentLetter): void {
    this.letters.set(letter.id, { letter, from, to, forgotten: false });
    if (from.store.sent(letter.id) === undefined) this.fail('acknowledged is on disk', letter.id);
  }

  restored(node: CheckedNode): void {
    this.inspect(node);
    this.restoredNodes.add(node);
  }

  afterRestore(node: CheckedNode): void {
    for (const posted of this.letters.values()) {
      if (posted.from === node && node.store.sent(posted.letter.id) === undefined) posted.forgotten = true;
    }
  }

  /** Before it leaves: whoever promises to carry has it on disk. */
  says(node: CheckedNode, frame: Uint8Array): void {
    const message = decodeMail(frame);
    if (message.type === 'want') this.#wants(node, message.keys);
    // A digest speaks for all that lies below it: who has the same one knows that this is there, too.
    if (message.type === 'compare')
      for (const { copy } of node.store.letters()) this.#promised.add(`${copy.id} ${node.link}`);
    const keys =
      message.type === 'carry'
        ? message.keys
        : message.type === 'list'
          ? message.nodes.flatMap((one) => one.keys)
          : [];
    if (keys.length === 0) return;
    const gone = new Set<string>([...node.store.gone()].map(([id]) => id));
    for (const key of keys) {
      const isThere =
        node.store.letterBytes(key as CopyId) !== undefined ||
        node.store.receiptBytes(key as Lock) !== undefined ||
        gone.has(key);
      if (!isThere) this.fail('custody is true', `node ${String(node.index)} says that it carries ${key}`);
      this.#promised.add(`${key} ${node.link}`);
    }
  }

  #wants(node: CheckedNode, keys: readonly string[]): void {
    const hours = node.nowMs() / 3_600_000;
    for (const [id, expiryHours] of node.store.gone()) {
      if (keys.includes(id) && expiryHours > hours + 1)
        this.fail('what is gone never comes back', `node ${String(node.index)} asks for ${id}`);
    }
  }

  inspect(node: CheckedNode): void {
    this.#inbox(node);
    this.#outbox(node);
    this.#storage(node);
  }

  #inbox(node: CheckedNode): void {
    const seen = new Set<string>();
    for (const received of node.store.inbox(EVERYTHING)) {
      const posted = this.letters.get(received.id);
      const name = `${received.from} ${received.id}`;
      if (seen.has(name)) this.fail('exactly once', `node ${String(node.index)} shows ${received.id} twice`);
      seen.add(name);
      if (posted?.letter.text !== received.text || posted.from.member !== received.from)
        this.fail('nothing is made up', `node ${String(node.index)} shows ${received.id}`);
      if (posted?.to.includes(node) !== true)
        this.fail('only recipients read', `node ${String(node.index)} shows ${received.id}`);
      this.#shown.add(`${received.id} ${String(node.index)}`);
      if (received.readMs !== null) this.#read.add(`${received.id} ${String(node.index)}`);
    }
  }

  wasShown(id: LetterId, node: CheckedNode): boolean {
    return this.#shown.has(`${id} ${String(node.index)}`);
  }

  #outbox(node: CheckedNode): void {
    for (const { letter, from, to, forgotten } of this.letters.values()) {
      if (from !== node || forgotten) continue;
      const stored = node.store.sent(letter.id);
      if (stored === undefined) {
        this.fail('no acknowledged letter is lost', letter.id);
        continue;
      }
      for (const one of stored.to) {
        const recipient = to.find(({ member }) => member === one.member);
        if (recipient === undefined) continue;
        if (one.state === 'arrived' || one.state === 'read') this.#arrived(letter.id, recipient, one.state);
        if (one.state === 'sealed') this.#stillThere(node, letter, one.member);
      }
      this.#carriers(node, letter.id);
    }
  }

  #arrived(id: LetterId, recipient: CheckedNode, state: string): void {
    this.#inbox(recipient);
    const truly = state === 'read' ? this.#read : this.#shown;
    if (!truly.has(`${id} ${String(recipient.index)}`))
      this.fail(`${state} is true`, `${id} at node ${String(recipient.index)}`);
  }

  /** Until it has arrived or is over, the sender itself holds a copy for them. */
  #stillThere(node: CheckedNode, letter: SentLetter, member: string): void {
    const isOver = letter.expiryHours * 3_600_000 <= node.nowMs() + 3_600_000;
    const holds = node.store
      .copiesOf(letter.id)
      .some(
        (copy) => copy.members.some((one) => one === member) && node.store.letterBytes(copy.id) !== undefined,
      );
    if (!holds && !isOver) this.fail('the sender keeps what has not arrived', letter.id);
  }

  #carriers(node: CheckedNode, id: LetterId): void {
    const copies = new Set(node.store.copiesOf(id).map((copy) => copy.id));
    for (const { copy, link } of node.store.carriers()) {
      if (copies.has(copy) && !this.#promised.has(`${copy} ${link}`))
        this.fail('custody is proven', `${copy} at ${link.slice(0, 8)}`);
    }
  }

  #storage(node: CheckedNode): void {
    let bytes = 0;
    for (const { copy, source } of node.store.letters()) if (source !== '') bytes += copy.bytes.byteLength;
    // What is in memory counts; the disk follows within one flush.
    const slack = 64 * 1024;
    if (bytes > this.#limits.carriedBytes + slack)
      this.fail('storage is bounded', `node ${String(node.index)} carries ${String(bytes)} bytes`);
    const inMemory = node.driver?.carried.bytes ?? 0;
    const { letters } = node.driver?.carried ?? { letters: 0 };
    if (letters > this.#limits.carriedLetters)
      this.fail('storage is bounded', `node ${String(node.index)} means to carry ${String(letters)} letters`);
    if (inMemory > this.#limits.carriedBytes)
      this.fail('storage is bounded', `node ${String(node.index)} means to carry ${String(inMemory)} bytes`);
  }

  arrivedBy(from: CheckedNode, id: LetterId): void {
    const states = from.store.sent(id)?.to.map(({ state }) => state) ?? [];
    if (states.some((state) => state !== 'arrived'))
      this.fail('a receipt comes back at once', `${id}: ${states.join(', ')}`);
  }

  /** When all faults have ended and time has passed. */
  atRest(nodes: readonly CheckedNode[]): void {
    for (const node of nodes) this.inspect(node);
    for (const { letter, from, to, forgotten } of this.letters.values()) {
      if (forgotten || letter.expiryHours * 3_600_000 <= from.nowMs() + 3_600_000) continue;
      for (const recipient of to) {
        if (!this.wasShown(letter.id, recipient)) {
          const state = from.store
            .sent(letter.id)
            ?.to.find(({ member }) => member === recipient.member)?.state;
          this.fail('letters arrive', `${letter.id} at node ${String(recipient.index)}, ${String(state)}`);
        }
      }
      const states = from.store.sent(letter.id)?.to.map(({ state }) => state) ?? [];
      if (states.some((state) => state !== 'arrived' && state !== 'read'))
        this.fail('the sender hears of it', `${letter.id}: ${states.join(', ')}`);
    }
    this.#copiesAreGone(nodes);
  }

  #copiesAreGone(nodes: readonly CheckedNode[]): void {
    for (const node of nodes) {
      for (const { copy } of node.store.letters()) {
        const owner = [...this.letters.values()].find(({ from, letter }) =>
          from.store.copiesOf(letter.id).some(({ id }) => id === copy.id),
        );
        if (owner === undefined || owner.forgotten) continue;
        const hours = Buffer.from(copy.bytes).readUInt32BE(1);
        if (hours * 3_600_000 <= node.nowMs() + 3_600_000) continue;
        this.fail('copies of what has arrived are dropped', `${copy.id} at node ${String(node.index)}`);
      }
    }
  }
}
