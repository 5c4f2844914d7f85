import { count, write } from '../nodes/entries.ts';
import type { Chapter } from './play.ts';

/** A node is killed without warning, misses something, and comes back. */
export const powerCut: Chapter = {
  title: 'The power goes out at Cho’s',
  async perform(play) {
    const cho = play.node('Cho');
    const before = await count(cho);
    await cho.kill();
    play.tell('Cho’s node was killed with kill -9: it could say no good-bye, and write nothing down.');
    const missed = await write(play.node('Dao'), [
      'while Cho was away 1',
      'while Cho was away 2',
      'while Cho was away 3',
    ]);
    const wanted = await play.has('Ada', before + missed.length);
    play.tell(`Meanwhile Dao wrote ${String(missed.length)} lines; Ada has ${String(wanted)} now.`);
    const starting = await play.measured(() => cho.up());
    const kept = await count(cho);
    const catching = await play.measured(() => play.has('Cho', wanted));
    play.tell(
      `Power is back. Cho’s node started in ${starting.took}. Of the ${String(before)} lines it had before, it lost ${String(Math.max(0, before - kept))};`,
      `${catching.took} later it had all ${String(catching.value)}.`,
    );
    if (kept < before) throw new Error('something was lost');
  },
};
