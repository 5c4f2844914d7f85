/** Waits until a server listens, and says in words why it does not. */
import { once } from 'node:events';
import type { Server } from 'node:http';
import { KithError } from '../base/errors.ts';

export interface ListeningWords {
  /** `The API cannot listen on PLACE` */
  readonly what: string;
  /** What to do about a port that is taken, or not allowed. */
  readonly next: string;
  /** For all else, such as an address that this machine does not have. */
  readonly other: { readonly code: string; readonly next?: string };
}

/** @throws KithError `port-in-use`, or the code that is given for all else. */
export async function listening(server: Server, { what, next, other }: ListeningWords): Promise<void> {
  try {
    await once(server, 'listening');
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? '';
    if (reason === 'EADDRINUSE' || reason === 'EACCES')
      throw new KithError('port-in-use', `${what}: it is taken or not allowed.`, { next, cause });
    const { code, ...words } = other;
    throw new KithError(code, `${what} (${reason}).`, { ...words, cause });
  }
}
