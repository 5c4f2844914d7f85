import { KithError } from '../api/contract/errors.ts';

/** Wrong use of a command: exit code 2. */
export class UsageError extends KithError {}

/** What `--yes` and a prompt both say no to. */
export function cancelled(): KithError {
  return new KithError('cancelled', 'Nothing was changed.');
}
