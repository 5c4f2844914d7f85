/** Real nodes on loopback, without discovery: joined through one of them, then losing some, then one that goes. */
import assert from 'node:assert/strict';
import type { NodeProcess } from '../../scripts/nodes/node-process.ts';
import { until } from '../../scripts/nodes/until.ts';
import type { MapNode, NetworkPath } from '../../src/api/contract.ts';
import { scene, step } from '../support/stage.ts';

/** Twenty processes take two processors minutes to start: `KITH_NODES=20` plays with as many. */
const NODES = Number(process.env['KITH_NODES'] ?? 12);
const KILLED = 4;
/** Programs that start at the same time. */
const AT_ONCE = 4;
/** Of a machine that does other things too. */
const PATIENCE_MS = 240_000;
const HANGING_MS = 900_000;
const BOUNDS = { min: 4, max: 8 };
const QUIETLY = ['--no-mdns', '--listen', '127.0.0.1:0'];

async function mapOf(node: NodeProcess): Promise<MapNode[]> {
  return (await node.call('map', {})).nodes;
}

/** Who is linked to whom, in one line: equal on two nodes that see the same. */
function picture(nodes: readonly MapNode[]): string {
  return nodes
    .map(({ member, status, neighbours }) =>
      [member, status, ...neighbours.map((other) => other.member).sort((a, b) => a - b)].join(' '),
    )
    .join('\n');
}

/** All see the same map, in which so many are in reach, each with neighbours within the bounds. */
async function isWhole(nodes: readonly NodeProcess[]): Promise<boolean> {
  const maps = await Promise.all(nodes.map(mapOf));
  const [first = []] = maps;
  const here = first.filter(({ status }) => status === 'here');
  const fits = here.every(
    ({ neighbours }) => neighbours.length >= BOUNDS.min && neighbours.length <= BOUNDS.max,
  );
  return here.length === nodes.length && fits && maps.every((map) => picture(map) === picture(first));
}

scene(
  `${String(NODES)} nodes`,
  async (stage, t) => {
    const first = await stage.founder('N1', QUIETLY);
    const nodes = [first];
    const { listening } = await first.call('status', {});
    const address = listening[0] ?? '';

    await step(t, 'join through one of them, and become a mesh that all see alike', async () => {
      // All are given the same one, which would be full soon if it refused anybody.
      const numbers = Array.from({ length: NODES - 1 }, (_, at) => at + 2);
      for (let at = 0; at < numbers.length; at += AT_ONCE) {
        const some = numbers.slice(at, at + AT_ONCE);
        const join = (number: number): Promise<NodeProcess> =>
          stage.joiner(first, `N${String(number)}`, [...QUIETLY, '--peer', address]);
        nodes.push(...(await Promise.all(some.map(join))));
      }
      await until('all see one mesh within its bounds', () => isWhole(nodes), PATIENCE_MS);
    });

    await step(t, 'show how a letter goes, through whom', async () => {
      const map = await mapOf(first);
      const linked = new Map(
        map.map(({ member, neighbours }) => [member, neighbours.map((one) => one.member)]),
      );
      const far = map.find(({ member, you }) => !you && linked.get(1)?.includes(member) === false);
      assert.ok(far, 'nobody has a link to all');
      const { path } = await first.json<NetworkPath>(['map', '--to', String(far.member)]);
      const way = path?.map(({ member }) => member) ?? [];
      assert.equal(way[0], 1);
      assert.equal(way.at(-1), far.member);
      for (const [at, member] of way.slice(1).entries()) {
        assert.ok(
          linked.get(way[at] ?? 0)?.includes(member),
          `${String(way[at])} is linked to ${String(member)}`,
        );
      }
    });

    const killed = nodes.splice(3, KILLED);
    await step(t, `notice that ${String(KILLED)} were killed at once, and close the gaps`, async () => {
      await Promise.all(killed.map((node) => node.kill()));
      await until('the others are one mesh again', () => isWhole(nodes), PATIENCE_MS);
      const map = await mapOf(first);
      assert.equal(map.filter(({ status }) => status === 'here').length, NODES - KILLED);
      assert.ok(map.every(({ status }) => ['here', 'dead', 'away'].includes(status)));
      const { members } = await first.call('members', {});
      assert.equal(
        members.filter(({ lastHeard }) => lastHeard !== null).length,
        NODES,
        'when each was heard last',
      );
    });

    await step(t, 'hear the good-bye of one that rests, and of one that stops', async () => {
      const [resting, stopping] = nodes.splice(1, 2);
      assert.ok(resting && stopping);
      const { told } = await resting.json<{ told: number }>(['peers', 'bye']);
      assert.ok(told >= BOUNDS.min);
      await stopping.stop();
      await until('the rest is one mesh', () => isWhole(nodes), PATIENCE_MS);
      const map = await mapOf(first);
      assert.equal(map.filter(({ status }) => status === 'left').length, 2);
      const { listening: there } = await first.call('status', {});
      await resting.call('addPeer', { address: there[0] ?? '' });
      nodes.push(resting);
      await until('whoever rested is back', () => isWhole(nodes), PATIENCE_MS);
    });
  },
  { hangingMs: HANGING_MS },
);
