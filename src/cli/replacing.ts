import { isKithError } from '../api/contract.ts';
import type { Context } from './context.ts';

/** Writes a file that must not be replaced unasked: tries, asks where one is in the way, tries again. */
export async function replacing<Result>(
  { prompt }: Context,
  path: string,
  yes: boolean,
  write: (replace: boolean) => Promise<Result>,
): Promise<Result> {
  try {
    return await write(yes);
  } catch (error) {
    if (yes || !isKithError(error, 'file-exists')) throw error;
    await prompt.confirm(`${path} exists. Replace it?`, false);
    return write(true);
  }
}
