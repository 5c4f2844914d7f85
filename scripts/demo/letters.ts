import { until } from '../nodes/until.ts';
import type { Chapter } from './play.ts';

/** Sender and recipient are never there at the same time. */
export const letters: Chapter = {
  title: 'A letter waits for Cho, though its sender is gone before she comes',
  async perform(play) {
    const [ben, cho] = [play.node('Ben'), play.node('Cho')];
    await cho.stop();
    const id = (await play.type('Ben', 'send', 'Cho', 'The bus leaves at six, at the north gate.')).trim();
    const { carriers } = await until('somebody carries it', async () => {
      const letter = await ben.call('letter', { id });
      return letter.carriers.length > 0 && letter;
    });
    play.tell(`Cho is away. ${String(carriers.length)} others carry it, sealed; Ben’s node stops, too.`);
    await ben.stop();
    await cho.up();
    await until('it has come', async () => (await cho.call('inbox', {})).letters.length > 0);
    await play.type('Cho', 'inbox');
    await ben.up();
    const { took } = await play.measured(() =>
      until('Ben hears of it', async () => (await ben.call('letter', { id })).status === 'arrived'),
    );
    play.tell(`Ben is back, and ${took} later his node has Cho’s signed word for it:`);
    await play.type('Ben', 'letter', id);
  },
};
