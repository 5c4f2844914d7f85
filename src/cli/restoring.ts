/**
 * Restoring a backup. A folder that belongs to no network is filled in place. One that does is never overwritten:
 * the backup goes to a new folder beside it, and when it is whole the two change places.
 */
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { KithError, type Joined } from '../api/contract.ts';
import { lastOf, type Client } from './client.ts';
import type { Context } from './context.ts';

export interface Restored {
  readonly joined: Joined;
  /** Where the old data folder is now. */
  readonly aside: string | undefined;
}

/** @throws KithError as the route `restore`; `node-running` | `cancelled`. */
export async function restoreInto(context: Context, path: string, yes: boolean): Promise<Restored> {
  const { result } = await context.withNode('offline', async (client, temporary) => {
    const { state } = await client.call('status', {});
    if (state === 'empty') return restore(context, client, path);
    if (temporary) return undefined;
    throw new KithError(
      'node-running',
      'The node of this data folder is running, and belongs to a network.',
      {
        next: `Stop it first (${context.command('stop')}), or restore into another folder: --data DIR`,
      },
    );
  });
  if (result !== undefined) return { joined: result, aside: undefined };
  await context.prompt.confirm(
    `${context.data} holds a node already. Put that aside and restore the backup?`,
    yes,
  );
  return restoreBeside(context, path);
}

async function restoreBeside(context: Context, path: string): Promise<Restored> {
  const fresh = await mkdtemp(`${context.data}.restoring-`);
  try {
    const joined = await context.withTemporary('offline', fresh, (client) => restore(context, client, path));
    const aside = `${context.data}.before-${stamp(context.nowMs)}`;
    await rename(context.data, aside);
    await rename(fresh, context.data);
    return { joined, aside };
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    throw error;
  }
}

async function restore(context: Context, client: Client, path: string): Promise<Joined> {
  const passphrase = await context.prompt.passphrase('The passphrase of the backup:');
  const progress = context.progress();
  try {
    const steps = client.lines('restore', { path, passphrase });
    const { network, networkId, member, name, role } = await lastOf(steps, 'done', (step) => {
      progress.work(step);
    });
    return { network, networkId, member, name, role };
  } finally {
    progress.end();
  }
}

/** `20261121-100500`, in UTC. */
function stamp(nowMs: number): string {
  return new Date(nowMs).toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-');
}
