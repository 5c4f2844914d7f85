import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EntryHash } from '../base/ids.ts';
import { RecordWorld, type RecordNode } from '../../test/support/record-world.ts';
import { simSigner, simVerifier } from '../../test/sim/sim-crypto.ts';
import { SeededRng } from '../../test/sim/rng.ts';
import { readErasedWord, signWord } from './confirming.ts';
import { ERASED_WORD_KIND } from './wire.ts';

interface Stage {
  readonly world: RecordWorld;
  readonly ada: RecordNode;
  readonly ben: RecordNode;
  readonly ray: RecordNode;
  readonly id: string;
  readonly word: Uint8Array;
}

/** A record has ended; the reader has erased what it had of it, and nobody has heard that yet. */
function stage(): Stage {
  const world = new RecordWorld();
  const [ada, ben, ray] = [world.founder, world.admit('Ben'), world.admit('Ray', 'reader')];
  const { id } = ada.desk.add('person', { full_name: 'Ma Hla', age: '34' });
  world.sync();
  ada.desk.end(id);
  for (const round of [1, 2]) {
    world.sync();
    for (const { desk } of [ada, ben]) assert.ok(desk.confirm() >= 0, String(round));
  }
  world.sync();
  const word = ray.desk.erasedWord();
  assert.ok(word !== undefined);
  return { world, ada, ben, ray, id, word };
}

const missing = ({ desk }: RecordNode, id: string): readonly string[] => desk.erasure(id).missing;

test('a reader signs, a member takes it to the log, and all can check it', () => {
  const { world, ada, ben, ray, id, word } = stage();
  assert.deepEqual(missing(ada, id), [ray.node.member]);
  assert.equal(ben.desk.takeErasedWord(word), true);
  world.sync();
  for (const node of [ada, ben, ray]) assert.deepEqual(missing(node, id), [], node.node.name);
  assert.equal(ray.desk.erasedWord(), undefined, 'it has nothing more to say');
});

test('a word is written down once, by whomever it comes again', () => {
  const { world, ada, ben, word } = stage();
  assert.equal(ben.desk.takeErasedWord(word), true);
  assert.equal(ben.desk.takeErasedWord(word), false);
  world.sync();
  assert.equal(ada.desk.takeErasedWord(word), false);
});

test('a word counts as what its device signed, and as nothing else', () => {
  const { world, ada, ray, id, word } = stage();
  const { network } = ada.node.log;
  const said = readErasedWord(word, network, simVerifier);
  assert.ok(said !== undefined);
  assert.equal(said.device, ray.node.device);
  const other = 'ab'.repeat(32) as typeof network;
  assert.equal(readErasedWord(word, other, simVerifier), undefined, 'of another network');
  for (let at = 0; at < word.length; at += 1) {
    const changed = word.slice();
    changed[at] = (changed[at] ?? 0) ^ 1;
    assert.equal(ada.desk.takeErasedWord(changed), false, `byte ${String(at)}`);
  }
  const forged = signWord(ada.node.signer, ray.node.device, network, said.erasures);
  assert.equal(ada.desk.takeErasedWord(forged), false, 'signed by another device');
  // Past the desk: an entry that a member writes in the reader's name.
  ada.node.write({ kind: ERASED_WORD_KIND, lane: 'data', parts: [{ audience: 'public', payload: forged }] });
  world.sync();
  for (const node of [ada, ray]) assert.deepEqual(missing(node, id), [ray.node.member]);
});

test('nobody fills the log with words: of what was not demanded, of strangers, of members', () => {
  const { ada, ray, ben, word } = stage();
  const { network } = ada.node.log;
  const said = readErasedWord(word, network, simVerifier);
  assert.ok(said !== undefined);
  const made = signWord(ray.node.signer, ray.node.device, network, [
    ...said.erasures,
    'cd'.repeat(32) as EntryHash,
  ]);
  assert.equal(ada.desk.takeErasedWord(made), false);
  const stranger = simSigner(new SeededRng(5));
  const strange = signWord(stranger, stranger.key as typeof said.device, network, said.erasures);
  assert.equal(ada.desk.takeErasedWord(strange), false);
  const own = signWord(ben.node.signer, ben.node.device, network, said.erasures);
  assert.equal(ada.desk.takeErasedWord(own), false, 'who writes says it in an entry of its own');
  assert.equal(ray.desk.takeErasedWord(word), false, 'a reader writes nothing');
});
