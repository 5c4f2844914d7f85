/**
 * Rules broken on purpose, each by changing a line of a module as it is loaded: production code has no flags for it.
 * `from` is where the first seed that catches it was found, so that showing it again is quick.
 */
export interface Mutant {
  readonly name: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  readonly from: number;
  /** A scenario that fails with it, where random lives hardly ever come across it. */
  readonly story?: string;
}

const SERVICE = 'src/log/service.ts';
const CORE = 'src/log/sync-core.ts';
const DRIVER = 'src/log/sync-driver.ts';
const FOLDING = 'src/log/folding.ts';

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'what an author had no right to write is folded',
    file: FOLDING,
    find: "if (this.#bound.upTo === undefined) return 'unauthorised';",
    replace: "if (this.#bound.upTo === undefined) return 'stands';",
    from: 1,
  },
  {
    name: 'cuts are ignored',
    file: 'src/identity/authority.ts',
    find: 'return body.cuts.find((cut) => cut.feed === feed)?.seq ?? 0;',
    replace: 'return Infinity;',
    from: 32,
  },
  {
    name: 'runs need no seal',
    file: 'src/log/core.ts',
    find: "if (last === undefined || last.seal === null) return 'unsealed';",
    replace: '',
    from: 51,
  },
  {
    name: 'seals are not verified',
    file: 'src/log/core.ts',
    find: 'return verifier.verify(feed.device, SEAL_PURPOSE, statement, entry.seal);',
    replace: 'void verifier; void statement; return true;',
    from: 3,
  },
  {
    name: 'chains are not looked at',
    file: 'src/log/core.ts',
    find: 'return header.seq === before.header.seq + 1 && header.prev === before.hash;',
    replace: 'return header.seq > before.header.seq;',
    from: 17,
  },
  {
    name: 'parts are not compared with their digests',
    file: 'src/log/core.ts',
    find: "if (!entries.every(partsMatch)) return 'bad-part';",
    replace: '',
    from: 103,
  },
  {
    name: 'everybody is served every part',
    file: 'src/log/serving.ts',
    find: 'return audience !== undefined && mayHold(reader, audience) ? part : null;',
    replace: 'void audience; return part;',
    from: 1,
  },
  {
    name: 'a history that diverged is never asked for from further back',
    file: CORE,
    find: 'this.#goBack.set(feed, Math.max(1, from - Math.max(1, 2 * (end + 1 - from))));',
    replace: 'void from;',
    from: 12,
  },
  {
    name: 'who is silent is waited for, for ever',
    file: CORE,
    find: 'if (nowMs - sinceMs < SYNC_LIMITS.timeoutMs) continue;',
    replace: 'if (nowMs - sinceMs >= 0) continue;',
    from: 118,
  },
  {
    name: 'what is here already is taken once more',
    file: 'src/log/core.ts',
    find: 'entries: entries.filter((entry) => entry.header.seq > end)',
    replace: 'entries',
    from: 1,
  },
  {
    name: 'others are told before it is on disk',
    file: 'test/sim/sim-node.ts',
    find: '    this.beforeSending();\n',
    replace: '',
    from: 14,
  },
  {
    name: 'the writer is told before it is on disk',
    file: 'test/sim/sim-log-store.ts',
    find: 'if (this.#volatile.length > 0) this.#volatile = [];',
    replace: '',
    from: 1,
  },
  {
    name: 'acts are folded in the order in which they came',
    file: 'src/identity/history.ts',
    find: 'return [...placed.values()].sort(inOrder);',
    replace: 'return [...placed.values()];',
    from: 6,
  },
  {
    name: 'a restored backup goes on in its old history',
    file: 'test/sim/sim-node.ts',
    find: 'if (proven) this.incarnation',
    replace: 'if (proven && this.isUp()) this.incarnation',
    from: 1,
    story: 'test/scenarios/copies.test.ts',
  },
  {
    name: 'evidence of a fork is ignored',
    file: SERVICE,
    find: 'if (!provesFork(evidence, verifier)) return false;',
    replace: 'if (this.network.length > 0) return false;',
    from: 12,
  },
  {
    name: 'evidence of a fork is believed unseen',
    file: SERVICE,
    find: 'if (!provesFork(evidence, verifier)) return false;',
    replace: '',
    from: 1,
  },
  {
    name: 'erasures are forgotten',
    file: 'test/sim/sim-log-store.ts',
    find: 'this.#setErasures(id, seq, [...known, erasure]);',
    replace: '',
    from: 1,
  },
  {
    name: 'anybody may erase',
    file: SERVICE,
    find: "if (author?.role === 'admin') return true;",
    replace: "if (author?.role !== 'reader') return true;",
    from: 1,
  },
  {
    name: 'nobody asks for parts that became theirs',
    file: DRIVER,
    find: "        this.handle({ type: 'roll' });\n        this.lookForParts();",
    replace: "        this.handle({ type: 'roll' });",
    from: 37,
  },
  {
    name: 'what was written between two hellos is not compared',
    file: CORE,
    find: 'if (!neighbour.asked) this.#sendBuckets(peer, neighbour);',
    replace: '',
    from: 1,
    story: 'test/scenarios/far-away.test.ts',
  },
  {
    name: 'what was refused when it was pushed is forgotten',
    file: CORE,
    find: 'this.#learnOffered(neighbour, feed);\n  }\n\n  #failed',
    replace: '}\n\n  #failed',
    from: 2725,
  },
  {
    name: 'what could not be written when it was pushed is forgotten',
    file: CORE,
    find: 'if (neighbour === undefined) return;\n    neighbour.inFlight.delete(feed);\n    this.#learnOffered(neighbour, feed);',
    replace: 'neighbour?.inFlight.delete(feed);',
    from: 277,
  },
  {
    name: 'an erasure stays when its author turns out to have had no right to it',
    file: FOLDING,
    find: 'if (stands && !erasesAsBefore(deps, state.info, entry, standing.seen)) retracted = true;',
    replace: '',
    from: 1,
    story: 'test/scenarios/erasure.test.ts',
  },
  {
    name: 'a forked feed counts as here as soon as its fork is known',
    file: 'src/log/heights.ts',
    find: 'seq: Math.min(state.seq, forkedAfter)',
    replace: 'seq: forkedAfter',
    from: 271,
  },
  {
    name: 'holes that an erasure leaves when it falls are not filled',
    file: DRIVER,
    find: 'refolded: () => this.#setMissing(this.#allMissing()),',
    replace: '',
    from: 1,
    story: 'test/scenarios/erasure.test.ts',
  },
  {
    name: 'nobody notices what a neighbour withheld that had not heard of a raise',
    file: DRIVER,
    find: 'if (!lacks) return;',
    replace: 'return;',
    from: 1,
  },
  {
    name: 'a newcomer asks for what does not found the network, for ever',
    file: SERVICE,
    find: '!isFounding && !begins(run)',
    replace: '!isFounding',
    from: 1,
    story: 'test/scenarios/far-away.test.ts',
  },
  {
    name: 'what has come is asked for once more while it is being taken in',
    file: CORE,
    find: 'coming.isWhole = true;',
    replace: 'neighbour.inFlight.delete(run.feed.id);',
    from: 1,
    story: 'test/scenarios/far-away.test.ts',
  },
  {
    name: 'who waits for the roll is never tried again',
    file: CORE,
    find: 'for (const neighbour of this.#neighbours.values()) neighbour.refused.clear();',
    replace: '',
    from: 42,
  },
  {
    name: 'members do what is for admins',
    file: 'src/identity/rules.ts',
    find: '  adminsDecide,\n',
    replace: '',
    from: 1,
  },
  {
    name: 'what stands no longer stays in the tables',
    file: FOLDING,
    find: 'else retracted = true;',
    replace: 'else retracted ||= false;',
    from: 31,
  },
  {
    name: 'what waited for the roll is never folded',
    file: SERVICE,
    find: 'else this.#foldWaiting(deps, roll);',
    replace: '',
    from: 37,
  },
  {
    name: 'entries count before what they build on is here',
    file: 'src/log/roll-state.ts',
    find: 'return links.every((link) => whole.has(nameOf(link, link.hash)))',
    replace: 'return links.length >= 0',
    from: 1,
    story: 'test/scenarios/erasure.test.ts',
  },
  {
    name: 'an append is told to nobody',
    file: CORE,
    find: 'this.#appended(event.feed, event.from, event.to);',
    replace: '',
    from: 1,
  },
  {
    name: 'what everybody has is offered again and again',
    file: CORE,
    find: '#tick(nowMs: number): void {\n    this.#nowMs = nowMs;',
    replace:
      "#tick(nowMs: number): void {\n    this.#nowMs = nowMs;\n    for (const [peer, { greeted, lanes }] of this.#neighbours) if (greeted) this.#send(peer, { type: 'heights', heights: this.#heights(lanes) });",
    from: 1,
  },
];
