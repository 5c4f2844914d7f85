import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { count, read, write } from '../nodes/entries.ts';
import type { Chapter } from './play.ts';

/** A disk dies. The backup is old, but the others remember. */
export const restoring: Chapter = {
  title: 'Ben’s disk dies, and there is a backup',
  async perform(play) {
    const ben = play.node('Ben');
    const backup = join(play.folder, 'ben.backup');
    await play.type('Ben', 'backup', backup);
    await write(ben, ['after the backup 1', 'after the backup 2']);
    const wanted = await play.has('Ada', await count(ben));
    await ben.kill();
    await rm(ben.data, { recursive: true });
    play.tell(`Ben wrote two more lines, ${String(wanted)} in all; then his disk died. His folder is gone.`);
    await play.type('Ben', 'restore', backup);
    const { value, took } = await play.measured(async () => {
      await ben.up();
      return play.has('Ben', wanted);
    });
    play.tell(
      `${took} after his node was started, he has ${String(value)} lines again: the others gave back what the backup lacks.`,
    );
    await write(ben, ['after the restore']);
    await play.has('Ada', wanted + 1);
    const { member: own } = await play.status('Ben');
    const feeds = new Set(
      (await read(play.node('Ada'))).filter(({ member }) => member === own).map(({ feed }) => feed),
    );
    play.tell(
      `What he writes now goes into a history of its own, since nobody can know what the lost disk still held:`,
      `Ada sees ${String(feeds.size)} of him, and he is still member ${String(own)}.`,
    );
  },
};
