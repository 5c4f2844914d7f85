/** R3 for folders: people write on all sides while nodes are killed at random; in the end all agree and nothing is lost. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { NodeProcess } from '../../scripts/nodes/node-process.ts';
import { until } from '../../scripts/nodes/until.ts';
import { SeededRng } from '../sim/rng.ts';
import { FolderPeople } from '../support/folder-people.ts';
import { FolderSides } from '../support/folder-sides.ts';
import { pathsIn } from '../support/folder-trees.ts';
import { scene, type Stage } from '../support/stage.ts';

const ALONE = ['--no-mdns', '--listen', '127.0.0.1:0'];
/** R3 asks for 200; `npm test` does two. */
const KILLS = Number(process.env['KITH_KILLS'] ?? 1);
const SEED = Number(process.env['KITH_SEED'] ?? 1);
const FILES = Number(process.env['KITH_FILES'] ?? 40);
const KILLS_A_ROUND = 5;
const HEALING_MS = 180_000;
const LONGEST_PAUSE_MS = 400;

async function three(stage: Stage, people: FolderPeople): Promise<FolderSides> {
  const ada = await stage.founder('Ada', ALONE);
  const ben = await stage.joiner(ada, 'Ben', ALONE);
  const cho = await stage.joiner(ada, 'Cho', ALONE);
  const sides = new FolderSides(
    [ada, ben, cho].map((node) => ({ node, root: stage.path(`${node.name}'s reports`) })),
  );
  people.fill(sides.roots[0] ?? '', FILES);
  for (const root of sides.roots.slice(1)) mkdirSync(root);
  await sides.begin('Reports', HEALING_MS);
  return sides;
}

/** Other nodes may be listening elsewhere since, but somebody is where it was. */
async function peersOf(nodes: readonly NodeProcess[]): Promise<string[]> {
  const found: string[] = [];
  for (const node of nodes)
    if (node.isUp) found.push('--peer', (await node.call('status', {})).listening[0] ?? '');
  return found;
}

scene(
  'people write on all sides while nodes are killed: all agree in the end, and nothing is lost',
  async (stage, t) => {
    t.diagnostic(`seed ${String(SEED)}, ${String(KILLS)} kills`);
    const rng = new SeededRng(SEED);
    const people = new FolderPeople(rng);
    const sides = await three(stage, people);
    const act = async (times: number): Promise<void> => {
      for (let n = 0; n < times; n += 1) {
        people.act(rng.pick(sides.roots) ?? '');
        await pause(rng.below(LONGEST_PAUSE_MS));
      }
    };
    let resumed = 0;
    for (let kill = 0; kill < KILLS; kill += 1) {
      await act(1 + rng.below(5));
      const victim = rng.pick(sides.nodes);
      assert.ok(victim);
      await victim.kill();
      await act(rng.below(3));
      await victim.up([...ALONE, ...(await peersOf(sides.nodes.filter((node) => node !== victim)))]);
      if (kill % KILLS_A_ROUND !== KILLS_A_ROUND - 1 && kill !== KILLS - 1) continue;
      resumed += await sides.agree(people, HEALING_MS);
      if (kill % 20 === 19) t.diagnostic(`${String(kill + 1)} kills: ${String(people.count)} words`);
      people.deleteDoomed(rng.pick(sides.roots) ?? '');
    }
    resumed += await sides.agree(people, HEALING_MS);
    t.diagnostic(`${String(people.count)} words, ${String(resumed)} brakes let go`);
    await saysNothingNew(sides);
  },
  { hangingMs: HEALING_MS + KILLS * 40_000 },
);

/** No echo: who starts again, and looks at everything again, publishes nothing. */
async function saysNothingNew(sides: FolderSides): Promise<void> {
  const [node] = sides.nodes;
  assert.ok(node);
  const paths = pathsIn(sides.roots[0] ?? '').filter((path) => !path.startsWith('old/'));
  const versions = async (): Promise<number> => {
    let sum = 0;
    for (const name of paths) sum += (await node.call('fileVersions', { name })).versions.length;
    return sum;
  };
  const before = await versions();
  for (const other of sides.nodes.slice(1)) {
    await other.kill();
    await other.up([...ALONE, ...(await peersOf([node]))]);
    await until(`${other.name} is in step`, async () => sides.isInStep(other));
  }
  assert.equal(await versions(), before, 'echo: versions came of nothing');
}
