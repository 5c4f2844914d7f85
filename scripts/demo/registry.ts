import { until } from '../nodes/until.ts';
import type { Chapter } from './play.ts';

/** A name is found as it was heard, in another writing, on another node; and forgotten everywhere. */
export const registry: Chapter = {
  title: 'Dao looks for Mohammed, whom Ben wrote down in Arabic, and nobody keeps what is over',
  async perform(play) {
    const [ben, dao] = [play.node('Ben'), play.node('Dao')];
    await play.type('Ben', 'record', 'add', '--set', 'full_name=محمد الأحمد', 'age=41', 'home_state=Aleppo');
    const [person] = (await ben.call('searchRecords', { text: 'محمد الأحمد' })).records;
    const id = person?.id ?? '';
    await until(
      'Dao has it',
      async () => (await dao.call('searchRecords', { text: 'محمد' })).records.length > 0,
    );
    await play.type('Dao', 'record', 'search', 'Mohamed Al Ahmad');
    await play.type('Dao', 'record', 'note', id, 'He is in our tent', '--status', 'believed_alive');
    await until('Ben has heard', async () => (await ben.call('record', { id })).status === 'believed_alive');
    play.tell('Ben’s node has the note. A reader, or a phone at the public desk, sees this much of it all:');
    await play.type('Ben', 'record', 'search', 'Ahmad', '--public');
    await play.type('Ben', 'record', 'expire', id, '--yes');
    const { took } = await play.measured(() =>
      until('all have erased it', async () => {
        const { missing, waiting } = await ben.call('recordErasure', { id });
        return missing.length === 0 && waiting === 0;
      }),
    );
    play.tell(`${took} later every member’s device has signed that it has overwritten what it held.`);
  },
};
