import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Bytes } from '../../base/bytes.ts';
import { KithError } from '../../base/errors.ts';
import { openStream, sealStream } from '../../sealing/index.ts';
import type { BackedUp, Joined, NodeStatus, SafetyFacade } from '../facade.ts';
import { readWhole, writeWhole } from '../files.ts';
import { isLocked, setPassphrase } from '../keys.ts';
import type { NodeContext } from './context.ts';
import { withProgress, type Report } from './work.ts';

export interface SafetyContext extends NodeContext {
  readonly folder: string;
  /** Writes a whole, compact copy of the database. */
  copyDatabase(path: string): Promise<void>;
  /** Closes the database, puts this file in its place, and opens it again. */
  replaceDatabase(path: string, passphrase: string): Promise<Joined & { readonly entries: number }>;
  /** The root key was wrapped anew: no byte of how it lay there before may stay in the database's files. */
  keysWrapped(): void;
  lock(): Promise<void>;
  unlock(passphrase: string): Promise<void>;
  status(): Promise<NodeStatus>;
  entries(): number;
}

export function safetyOf(context: SafetyContext): SafetyFacade {
  return {
    backup: async ({ path, passphrase, replace }, signal) => {
      context.session();
      return withProgress<BackedUp>(signal, async (report) => {
        const copy = join(context.folder, `backup-${String(process.pid)}.tmp`);
        try {
          await context.copyDatabase(copy);
          const source = reported(readWhole(copy, signal), report);
          const bytes = await writeWhole(path, replace, sealStream(passphrase, source, context.rng));
          return { path, bytes, entries: context.entries() };
        } finally {
          rmSync(copy, { force: true });
        }
      });
    },
    restore: async ({ path, passphrase }, signal) => {
      if (context.state() !== 'empty') {
        throw new KithError('already-in-network', 'This data folder holds a network already.', {
          next: 'Restore into an empty one: --data DIR',
        });
      }
      return withProgress<Joined & { readonly entries: number }>(signal, async (report) => {
        const copy = join(context.folder, `restore-${String(process.pid)}.tmp`);
        try {
          const source = openStream(passphrase, reported(readWhole(path, signal), report));
          // Only its end proves the file whole: the data folder is touched after that.
          await writeWhole(copy, true, source);
          return await context.replaceDatabase(copy, passphrase);
        } finally {
          rmSync(copy, { force: true });
        }
      });
    },
    lock: async ({ passphrase, newPassphrase }) => {
      if (context.state() === 'locked') return;
      if (newPassphrase !== undefined) {
        await setPassphrase(context.meta(), context.rng, passphrase, newPassphrase);
        context.keysWrapped();
      } else if (!isLocked(context.meta())) {
        throw new KithError('no-passphrase', 'No passphrase is set, so locking would protect nothing.', {
          next: 'Set one: kith lock --set',
        });
      }
      await context.lock();
    },
    unlock: async ({ passphrase }) => {
      if (context.state() === 'locked') await context.unlock(passphrase);
      return context.status();
    },
  };
}

async function* reported(source: AsyncIterable<Bytes>, report: Report): AsyncGenerator<Bytes> {
  let done = 0;
  for await (const chunk of source) {
    done += chunk.byteLength;
    report({ step: 'working', unit: 'bytes', done, total: null });
    yield chunk;
  }
}
