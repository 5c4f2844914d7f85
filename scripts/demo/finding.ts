import type { Peer } from '../../src/api/contract.ts';
import { until } from '../nodes/until.ts';
import { listed, PEOPLE, type Chapter, type Person, type Play } from './play.ts';

/** Nobody told them of each other, and yet they are linked. */
export const finding: Chapter = {
  title: 'They find each other',
  async perform(play) {
    const { took } = await play.measured(() => Promise.all(PEOPLE.map((person) => linked(play, person))));
    play.tell(`Each node knew of Ada’s alone. ${took} later:`);
    for (const person of PEOPLE) {
      const peers = await linked(play, person);
      play.tell(
        `  ${person} is linked with ${listed(peers.map(({ name, rttMs }) => `${name} (${inMs(rttMs)})`))}`,
      );
    }
    const states = await play.inStep(PEOPLE);
    const heads = new Set(states.map(({ rollHead }) => rollHead));
    play.tell(
      `All five have the same roll (${[...heads].join(', ')}): ${String(states[0]?.members ?? 0)} members.`,
    );
  },
};

/** Whom a node has a link to, once that is more than one and they were measured. */
function linked(play: Play, person: Person): Promise<readonly Peer[]> {
  return until(`${person} is linked`, async () => {
    const { peers } = await play.node(person).call('peers', {});
    return peers.length > (person === 'Ada' ? 3 : 0) && peers.every(({ rttMs }) => rttMs !== null) && peers;
  });
}

function inMs(rttMs: number | null): string {
  return rttMs === null ? 'not measured yet' : `${rttMs.toFixed(1)} ms there and back`;
}
