/** Joining with a progress line, for `kith join` and for the first run. */
import type { Input, Joined } from '../api/contract.ts';
import { lastOf, type Client } from './client.ts';
import type { Context } from './context.ts';
import { called, clean } from './render.ts';

/** Goes on until admitted. @throws KithError as the route `join`. */
export async function joinNetwork(
  context: Context,
  client: Client,
  request: Input<'join'>,
  signal?: AbortSignal,
): Promise<Joined> {
  const progress = context.progress();
  try {
    const steps = client.lines('join', request, signal);
    const { step: _, ...joined } = await lastOf(steps, 'joined', ({ message, done, total }) => {
      if (done === null) progress.message(message);
      else progress.work({ unit: 'entries', done, total });
    });
    return joined;
  } finally {
    progress.end();
  }
}

/** `You are in Camp North: 4 Bo, member.` */
export function joinedLine(joined: Joined): string {
  return `You are in ${clean(joined.network)}: ${called(joined)}, ${joined.role}.`;
}
