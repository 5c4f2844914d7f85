import { join } from 'node:path';
import { write, count } from '../nodes/entries.ts';
import { until } from '../nodes/until.ts';
import type { Chapter } from './play.ts';

/** News for somebody whom no link reaches. */
export const carrying: Chapter = {
  title: 'Eli goes where no network is, and the news comes on a USB stick',
  async perform(play) {
    const eli = play.node('Eli');
    await play.type('Eli', 'peers', 'bye');
    await until('Eli is off the mesh', async () => (await play.status('Eli')).neighbours === 0);
    const news = await write(play.node('Ada'), ['the well is repaired', 'the truck comes on Tuesday']);
    const wanted = await play.has('Ben', (await count(eli)) + news.length);
    play.tell(
      `Ada wrote ${String(news.length)} lines. Ben has ${String(wanted)}, Eli still ${String(await count(eli))}.`,
    );
    const stick = join(play.folder, 'stick.kith');
    await play.type('Ben', 'bundle', 'export', stick, '--for', 'Eli');
    play.tell('Only Eli’s device can open that file. Somebody carries it over.');
    await play.type('Eli', 'bundle', 'import', stick);
    play.tell(
      `Now Eli has ${String(await count(eli))} lines, with ${String((await play.status('Eli')).neighbours)} neighbours.`,
    );
    const [address = ''] = (await play.status('Ada')).listening;
    await play.type('Eli', 'peers', 'add', address);
  },
};
