import { until } from '../nodes/until.ts';
import { PEOPLE, type Chapter } from './play.ts';

/** One press, and who has it and who has seen it, by name. */
export const alarm: Chapter = {
  title: 'An alarm reaches everybody, and says who has seen it',
  async perform(play) {
    await until('all are there', async () => {
      const { nodes } = await play.node('Ada').call('map', {});
      return nodes.filter(({ status }) => status === 'here').length === PEOPLE.length;
    });
    await play.type('Ada', 'map');
    await play.type('Ada', 'alarm', 'raise', 'Fire at gate 2', '--drill');
    const [raised] = (await play.node('Ben').call('alarms', {})).alarms;
    await play.type('Ben', 'alarm', 'ack', raised?.id ?? '');
    await until('Ada’s node knows', async () => {
      const [known] = (await play.node('Ada').call('alarms', {})).alarms;
      return known?.seen.length === 1 && known.received.length === PEOPLE.length - 1;
    });
    await play.type('Ada', 'alarm', 'status', raised?.id ?? '');
    await play.type('Ada', 'alarm', 'cancel', raised?.id ?? '', 'It was a drill');
  },
};
