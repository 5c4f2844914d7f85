import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Presence, PRESENCE, type PresenceEffect } from './core.ts';
import { shortOf, type Beacon, type BeaconDraft, type NodeId } from './types.ts';
import { beaconOf, encodeBeaconBody } from './wire.ts';

const key = (letter: string): NodeId => letter.repeat(64) as NodeId;
const [SELF, A, B, HOSTILE] = [key('1'), key('a'), key('b'), key('e')];
const FACTS = { capacity: { min: 4, max: 8 }, addresses: ['/ip4/10.0.0.1/tcp/1'], entries: 0, rollHead: '' };
let signatures = 0;

function signed(draft: BeaconDraft): Beacon {
  signatures += 1;
  const signature = new Uint8Array(64);
  new DataView(signature.buffer).setUint32(0, Math.imul(signatures, 0x9e3779b1) >>> 0);
  const body = { ...draft, clockMs: 0 };
  return beaconOf(body, encodeBeaconBody(body), signature);
}

function from(node: NodeId, counter: number, neighbours: readonly NodeId[] = [], epoch = 1): Beacon {
  return signed({ ...FACTS, node, epoch, counter, leaving: false, neighbours: neighbours.map(shortOf) });
}

function presence(judge: (beacon: Beacon) => 'good' | 'unknown' | 'bad' = () => 'good'): Presence {
  const own = new Presence(SELF, 5, FACTS, { judge, sign: signed, isMember: () => true });
  for (const [link, peer] of [
    ['a', A],
    ['b', B],
  ] as const)
    own.opened(0, link, peer, true);
  own.setNeighbours(0, [A, B]);
  own.flush(1000);
  return own;
}

function sentTo(effects: readonly PresenceEffect[], link: string): Beacon[] {
  return effects.flatMap((effect) =>
    effect.type === 'send' && effect.link === link && effect.message.type === 'beacons'
      ? effect.message.beacons
      : [],
  );
}

describe('a beacon', () => {
  it('goes to all other neighbours once, and never back', () => {
    const own = presence();
    const news = from(HOSTILE, 1);
    own.message(1000, 'a', { type: 'beacons', beacons: [news] });
    const effects = own.flush(1100);
    assert.deepEqual([sentTo(effects, 'a'), sentTo(effects, 'b')], [[], [news]]);
    own.message(1200, 'b', { type: 'beacons', beacons: [news] });
    assert.deepEqual(own.flush(1300), []);
  });

  it('that is older than the known one is answered with that', () => {
    const own = presence();
    const [old, news] = [from(HOSTILE, 1), from(HOSTILE, 2)];
    own.message(1000, 'a', { type: 'beacons', beacons: [news] });
    own.flush(1100);
    own.message(1200, 'b', { type: 'beacons', beacons: [old] });
    assert.deepEqual(sentTo(own.flush(1300), 'b'), [news]);
  });

  it('with a false signature goes no further, and is held against whoever passed it on', () => {
    const own = presence(({ node }) => (node === HOSTILE ? 'bad' : 'good'));
    const effects = own.message(1000, 'a', { type: 'beacons', beacons: [from(HOSTILE, 1)] });
    assert.equal(effects[0]?.type, 'fault');
    assert.deepEqual(own.flush(1100), []);
  });

  it('of a device that the roll does not have yet is asked for again when the roll has changed', () => {
    let known = false;
    const own = presence(() => (known ? 'good' : 'unknown'));
    own.message(1000, 'a', { type: 'beacons', beacons: [from(HOSTILE, 1)] });
    known = true;
    const asked = own.rollChanged(20_000).filter(({ type }) => type === 'send');
    assert.equal(asked.length, 2);
    assert.deepEqual(own.rollChanged(20_001), [], 'once');
  });

  it('is taken from one node so often only, whatever numbers it gives them', () => {
    const own = presence();
    for (let counter = 1; counter <= 1000; counter += 1) {
      own.message(1000, 'a', { type: 'beacons', beacons: [from(HOSTILE, counter * 1e9)] });
    }
    assert.ok(own.counts.taken <= PRESENCE.takenBurst + 1, String(own.counts.taken));
  });

  it('of an earlier life of this node makes the present one come after it', () => {
    const own = presence();
    own.message(1000, 'a', { type: 'beacons', beacons: [from(SELF, 3, [], 99)] });
    own.flush(2000);
    assert.equal(own.own?.epoch, 100);
  });

  it('is signed anew by the same two rules on every node, where a device signed two under one number', () => {
    const twins = [from(HOSTILE, 1, [A]), from(HOSTILE, 1, [B])];
    const kept = [twins, twins.toReversed()].map((beacons) => {
      const own = presence();
      own.message(1000, 'a', { type: 'beacons', beacons });
      return own.beaconOf(HOSTILE)?.mark;
    });
    assert.equal(kept[0], kept[1]);
  });
});

describe('two nodes that meet', () => {
  it('send each other what the other lacks, and nothing else', () => {
    const [one, other] = [
      presence(),
      new Presence(A, 5, FACTS, { judge: () => 'good', sign: signed, isMember: () => true }),
    ];
    const [known, news] = [from(key('c'), 1), from(key('d'), 1)];
    one.message(1000, 'b', { type: 'beacons', beacons: [known, news] });
    other.opened(0, 'x', SELF, false);
    other.message(1000, 'x', { type: 'beacons', beacons: [known] });
    one.flush(1100);
    other.flush(1100);
    const summary = {
      type: 'summary',
      wantsReply: false,
      items: [[shortOf(known.node), known.mark]],
    } as const;
    one.message(20_000, 'a', summary);
    const sent = sentTo(one.flush(20_100), 'a').map(({ node }) => node);
    assert.ok(sent.includes(news.node) && !sent.includes(known.node));
  });
});
