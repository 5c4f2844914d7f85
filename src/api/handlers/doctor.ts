import type { NodeFacade } from '../../node/facade.ts';
import type { doctorRoutes } from '../contract/doctor.ts';
import type { Handlers } from '../handler.ts';

export function doctorHandlers({ doctor }: NodeFacade): Handlers<typeof doctorRoutes> {
  return { doctor: ({ who }) => doctor.examine(who) };
}
