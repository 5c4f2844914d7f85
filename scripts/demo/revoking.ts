import { join } from 'node:path';
import { isKithError } from '../../src/api/contract.ts';
import { count, write } from '../nodes/entries.ts';
import { until } from '../nodes/until.ts';
import { listed, type Chapter, type Person, type Play } from './play.ts';

const STAYING: readonly Person[] = ['Ada', 'Ben', 'Cho', 'Eli'];

/** A laptop is lost. What its finder writes is set aside everywhere, until an admin decides. */
export const revoking: Chapter = {
  title: 'Dao’s laptop is lost, and revoked',
  async perform(play) {
    const dao = play.node('Dao');
    await play.type('Dao', 'peers', 'bye');
    await until('Dao is off the mesh', async () => (await play.status('Dao')).neighbours === 0);
    await play.type('Ada', 'members', 'revoke', 'Dao', '--yes');
    await play.inStep(STAYING);
    const late = await write(dao, ['written on the lost laptop']);
    play.tell(
      `Dao’s node was out of reach and does not know: it says that it is ${(await play.status('Dao')).revoked ? 'revoked' : 'a member'}, and went on to write ${String(late.length)} line.`,
    );
    await smuggle(play);
    await decide(play);
    await knock(play);
  },
};

/** Nobody links with a revoked device; but files find their ways. */
async function smuggle(play: Play): Promise<void> {
  const file = join(play.folder, 'from-the-lost-laptop.kith');
  await play.type('Dao', 'bundle', 'export', file);
  await play.type('Ben', 'bundle', 'import', file);
  const states = await until('all four set it aside', async () => {
    const all = await Promise.all(STAYING.map((person) => play.status(person)));
    return all.every(({ quarantined }) => quarantined > 0) && all;
  });
  const aside = states.map(({ quarantined }, index) => `${STAYING[index] ?? ''} ${String(quarantined)}`);
  play.tell(`It came past the cut, so it counts nowhere. Set aside: ${listed(aside)}.`);
}

async function decide(play: Play): Promise<void> {
  const [row] = (await play.node('Ada').call('quarantine', {})).quarantine;
  const before = await count(play.node('Eli'));
  await play.type('Ada', 'members', 'accept', row?.feed.slice(0, 8) ?? '', '--yes');
  const { value, took } = await play.measured(() => play.has('Eli', before + (row?.entries ?? 0)));
  play.tell(
    `Dao wrote that in good faith, says Ada. ${took} later it stands for Eli as well: ${String(before)} lines became ${String(value)}.`,
  );
}

async function knock(play: Play): Promise<void> {
  const [address = ''] = (await play.status('Ada')).listening;
  const code = await play
    .node('Dao')
    .call('addPeer', { address })
    .then(
      () => 'let in',
      (error: unknown) => (isKithError(error) ? error.code : String(error)),
    );
  play.tell(`The lost laptop tries to link with Ada’s node: ${code}.`);
  await play.node('Dao').stop();
}
