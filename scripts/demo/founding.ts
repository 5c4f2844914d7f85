import { PEOPLE, type Chapter } from './play.ts';

/** Five nodes start; the first of them founds a network. */
export const founding: Chapter = {
  title: 'Five people start kith, and one of them founds a network',
  async perform(play) {
    const { took } = await play.measured(() => Promise.all(PEOPLE.map((person) => play.node(person).up())));
    const processes = PEOPLE.map((person) => String(play.node(person).pid));
    play.tell(
      `Five nodes run after ${took}: processes ${processes.join(', ')}. None of them belongs to anything yet.`,
    );
    await play.type(
      'Ada',
      'init',
      'Camp North',
      '--as',
      'Ada',
      '--org',
      'Field hospital',
      '--place',
      'Tent 4',
    );
    const { network, listening, rollHead } = await play.status('Ada');
    play.tell(
      `${network ?? ''} is now a closed world of its own, with one member. Its roll has the digest ${rollHead ?? ''}.`,
      `Ada’s node listens on ${listening.join(' and ')}.`,
    );
  },
};
