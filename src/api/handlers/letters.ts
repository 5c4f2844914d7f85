import type { NodeFacade } from '../../node/facade.ts';
import type { letterRoutes } from '../contract/letters.ts';
import type { Handlers } from '../handler.ts';

export function letterHandlers({ letters }: NodeFacade): Handlers<typeof letterRoutes> {
  return {
    sendLetter: (letter) =>
      letters.send({ ...letter, role: letter.role, org: letter.org, lastsMs: letter.lastsMs }),
    letter: ({ id }) => letters.show(id),
    sentLetters: ({ limit, before }) => letters.sent({ limit, before }),
    inbox: ({ since, until, search, before, after, ...query }) =>
      letters.inbox({ ...query, since, until, search, before, after }),
    markRead: ({ ids }) => letters.markRead(ids),
    mailSettings: () => letters.settings(),
    changeMailSettings: (settings) => letters.change(settings),
  };
}
