/** Why something about an alarm is refused, for the person who asked for it. */
import { KithError } from '../base/errors.ts';
import { phaseOf, type Alarm } from './fold.ts';

export function noSuchAlarm(id: string): KithError {
  return new KithError('unknown-alarm', `There is no alarm “${id.slice(0, 64)}”.`, {
    next: 'See which there are: kith alarm list',
  });
}

/** @throws KithError `alarm-over` | `not-entitled` | `not-a-member` */
export function refusesChange(alarm: Alarm, code: string | undefined, nowMs: number): void {
  if (code === 'not-a-member')
    throw new KithError(code, 'This device is not, or no longer, a member of the network.', {
      next: 'Ask an admin of the network.',
    });
  if (code !== undefined)
    throw new KithError('not-entitled', 'Only who raised an alarm, or an admin, can change or cancel it.', {
      next: 'Ask them to; you can raise an alarm of your own.',
    });
  const phase = phaseOf(alarm, nowMs);
  if (phase !== 'cancelled') return;
  throw new KithError('alarm-over', 'This alarm was cancelled already.', {
    next: 'Raise a new one: kith alarm raise',
  });
}
