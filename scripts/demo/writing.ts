import { count, write } from '../nodes/entries.ts';
import { PEOPLE, type Chapter } from './play.ts';

const LINES = 2000;

/** What one writes, all have. */
export const writing: Chapter = {
  title: 'What one writes, everybody has',
  async perform(play) {
    const lines = Array.from({ length: LINES }, (_, index) => `line ${String(index + 1)}`);
    play.tell(`[Ben] POST /v1/entries, kind x-demo, ${String(LINES)} times, for members`);
    const writing = await play.measured(() => write(play.node('Ben'), lines));
    const spreading = await play.measured(() => Promise.all(PEOPLE.map((person) => play.has(person, LINES))));
    play.tell(
      `Ben’s node had signed and stored all of them after ${writing.took}; ${spreading.took} later every node had them:`,
    );
    for (const person of PEOPLE) play.tell(`  ${person}: ${String(await count(play.node(person)))}`);
  },
};
