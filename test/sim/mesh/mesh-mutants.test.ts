/** The checkers are alive: a rule broken on purpose is noticed, each in the same story. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MeshEffect, MeshEvent } from '../../../src/net/mesh/core.ts';
import { isWhole, parts } from './mesh-checkers.ts';
import { grow, restIsQuiet, settle, splitMs } from './mesh-play.ts';
import { MeshWorld, type MeshNode } from './mesh-world.ts';

const NODES = 24;

/** Growth, rest, sudden death, good-bye, a network in halves that meet again. @throws when something is not as it should. */
function story(mutate: (node: MeshNode) => void): void {
  const world = grow(new MeshWorld({ seed: 11, mutate }), NODES);
  settle(world);
  restIsQuiet(world);
  const [first, second, third, ...others] = world.rng.shuffled(world.nodes);
  first?.crash();
  second?.crash();
  const { lastingMs, deadMs } = splitMs(world, 30_000);
  assert.ok(
    lastingMs <= 10_000 && deadMs <= 10_000,
    `split ${String(lastingMs)}, dead unnoticed ${String(deadMs)}`,
  );
  settle(world);
  third?.leave();
  settle(world);
  for (const node of others) assert.equal(third === undefined ? '' : node.core.statusOf(third.id), 'left');
  for (const [at, node] of others.entries()) node.room = at % 2;
  world.run(3 * 60_000);
  assert.equal(parts(world).length, 2);
  for (const node of others) node.room = 0;
  assert.notEqual(
    world.until(() => isWhole(world), 10_000),
    undefined,
    'still split',
  );
  settle(world);
  restIsQuiet(world);
  // Two who start at once and were given each other's address dial at the same time.
  const [one, other] = [world.add(), world.add()];
  one.tell({ type: 'given', address: other.address });
  other.tell({ type: 'given', address: one.address });
  other.tell({ type: 'given', address: others[0]?.address ?? '' });
  settle(world);
}

type Change = (effects: MeshEffect[], event: MeshEvent, node: MeshNode) => MeshEffect[];

/** Of what a node decides, something else is carried out. */
function carryingOut(change: Change): (node: MeshNode) => void {
  return (node) => {
    const { core } = node;
    const step = core.step.bind(core);
    core.step = (nowMs, event) => change(step(nowMs, event), event, node);
  };
}

const without = (drops: (effect: MeshEffect) => boolean): ((node: MeshNode) => void) =>
  carryingOut((effects) => effects.filter((effect) => !drops(effect)));

const isMessage = (effect: MeshEffect, type: string): boolean =>
  effect.type === 'send' && effect.message.type === type;

const MUTANTS: Readonly<Record<string, (node: MeshNode) => void>> = {
  'nobody lets go of a link': without((effect) => effect.type === 'close' && effect.why === 'overfull'),
  'silence is borne for ever': without((effect) => effect.type === 'close' && effect.why === 'silent'),
  'nobody gives a sign of life': without((effect) => isMessage(effect, 'beat')),
  'digests are never answered': without((effect) => isMessage(effect, 'summary')),
  'only addresses given by hand are dialled': without(
    (effect) => effect.type === 'dial' && effect.expect !== undefined,
  ),
  'beacons of others are kept to oneself': carryingOut((effects, _, node) =>
    effects.map((effect) =>
      effect.type === 'send' && effect.message.type === 'beacons'
        ? {
            ...effect,
            message: {
              ...effect.message,
              beacons: effect.message.beacons.filter((beacon) => beacon.node === node.id),
            },
          }
        : effect,
    ),
  ),
  'nobody says good-bye': carryingOut((effects, event) => (event.type === 'rest' ? [] : effects)),
  'the full ones refuse newcomers': carryingOut((effects, event, node) =>
    event.type === 'linked' && !event.dialled && node.links.size > 4
      ? [...effects, { type: 'close', link: event.link, why: 'overfull' }]
      : effects,
  ),
  'two links to one node both stay': without((effect) => effect.type === 'close' && effect.why === 'double'),
  'a link is let go now and then for no reason': carryingOut((effects, event, node) => {
    const [link] = node.links.keys();
    const isTime = event.type === 'tick' && node.rng.chance(1) && link !== undefined;
    return isTime ? [...effects, { type: 'close', link, why: 'overfull' }] : effects;
  }),
};

describe('a story of a mesh', () => {
  it('goes well', () => {
    story(() => undefined);
  });

  for (const [rule, mutate] of Object.entries(MUTANTS)) {
    it(`fails when ${rule}`, () => {
      assert.throws(() => {
        story(mutate);
      }, assert.AssertionError);
    });
  }
});
