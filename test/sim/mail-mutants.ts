/** Rules of letters broken on purpose; `from` is where the first seed that catches it was found. */
import type { Mutant } from './mutants.ts';

const CORE = 'src/mail/core.ts';
const CARRIAGE = 'src/mail/carriage.ts';
const DESK = 'src/mail/desk.ts';
const DRIVER = 'src/mail/driver.ts';

export const MAIL_MUTANTS: readonly Mutant[] = [
  {
    name: 'custody is promised before the disk has it',
    file: CORE,
    find: 'if (known !== undefined) return void peer.owed.add(id);',
    replace: "if (known !== undefined) return this.#send(peer, { type: 'carry', keys: [id] });",
    from: 1,
  },
  {
    name: 'what is not on disk is listed',
    file: CARRIAGE,
    find: 'for (const { id, stored } of this.letters.values()) if (stored) yield id;',
    replace: 'for (const { id } of this.letters.values()) yield id;',
    from: 1,
  },
  {
    name: 'the inbox shows what it has again',
    file: 'test/sim/memory-mail-store.ts',
    find: 'if ([...this.#inbox.values()].some(({ from, id }) => from === letter.from && id === letter.id))',
    replace: 'if (this.#lastRow < 0)',
    from: 1,
  },
  {
    name: 'keys are used up without the letter',
    file: DESK,
    find: 'const row = store.addReceived(letter);',
    replace: 'const row = undefined;',
    from: 1,
  },
  {
    name: 'copies that are gone are taken again',
    file: CORE,
    find: 'if (!this.#carriage.gone.has(id)) return false;',
    replace: 'if (this.#peers.size >= 0) return false;',
    from: 1,
  },
  {
    name: 'a letter that is carried counts as arrived',
    file: DRIVER,
    find: 'store.setCarrier({ copy: kept.copy, link: kept.link }, kept.carries);',
    replace: `store.setCarrier({ copy: kept.copy, link: kept.link }, kept.carries);
        for (const copy of [store.sentCopy(kept.copy)]) {
          const letter = copy && store.sent(copy.letter);
          if (letter) store.setSentTo(letter.id, letter.to.map((one) => ({ ...one, state: 'arrived' })));
        }`,
    from: 1,
  },
  {
    name: 'own letters are evicted',
    file: CARRIAGE,
    find: 'if (share > limits.perNeighbourBytes)\n      return this.#leastUrgent(source, share - limits.perNeighbourBytes, 1);',
    replace:
      'if (this.letters.size > 3) return [...this.letters.values()].filter((held) => held.source === OWN).slice(0, 1);',
    from: 1,
  },
  {
    name: 'any receipt opens any lock of its letter',
    file: CARRIAGE,
    find: 'for (const held of this.#byLock.get(lock) ?? []) {',
    replace: 'for (const held of [this.letters.get(copy)].filter((one) => one !== undefined)) {',
    from: 1,
  },
  {
    name: 'words are believed unsigned',
    file: DESK,
    find: "if (word === undefined || (word.kind === 'read') !== (receipt.lock === key.readLock)) {",
    replace: "if (word !== undefined) return this.#heard(copy, key.member, 'read', word.atMs); else {",
    from: 1,
  },
  {
    name: 'receipts are not passed on',
    file: CORE,
    find: 'this.#spread(receipt.lock, receipt.bytes.byteLength);',
    replace: '',
    from: 1,
  },
  {
    name: 'what has arrived is carried on',
    file: CARRIAGE,
    find: 'held.closed -= 1;',
    replace: '',
    from: 1,
  },
  {
    name: 'quotas are ignored',
    file: CARRIAGE,
    find: 'if (overBytes <= 0 && overLetters <= 0) return [];',
    replace: 'if (overBytes <= 1e12) return [];',
    from: 1,
  },
  {
    name: 'a disk that refused counts as one that took it',
    file: DRIVER,
    find: "this.handle({ type: 'unstored', letters, receipts: [] });",
    replace: "this.handle({ type: 'stored', letters, receipts });",
    from: 1,
  },
  {
    name: 'a letter is opened again after it was evicted',
    file: DESK,
    find: 'if (said !== undefined && store.receiptBytes(said) !== undefined) {',
    replace: 'if (said === undefined) {',
    from: 90,
  },
  {
    name: 'what was lost on the way is never compared again',
    file: CORE,
    find: 'this.#comparedMs = nowMs;\n    for (const peer',
    replace: 'return;\n    for (const peer',
    from: 1,
  },
  {
    name: 'who is away is sealed for once only',
    file: DESK,
    find: "return letter.to.filter(({ state }) => state === 'waiting').map(({ member }) => member);",
    replace:
      "return letter.to.filter(({ state, atMs }) => state === 'waiting' && atMs === this.#deps.clock.nowMs()).map(({ member }) => member);",
    from: 1,
  },
  {
    name: 'letters expire by whatever the clock says',
    file: 'src/mail/time.ts',
    find: 'if (ownMs > heard + AHEAD_MS) return heard;',
    replace: '',
    from: 1,
  },
];
