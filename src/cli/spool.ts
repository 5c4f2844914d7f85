/** What comes over standard input, as a file that can be read more than once. */
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { KithError } from '../api/contract.ts';
import type { Terminal } from './terminal.ts';

/** Where the system keeps what is its user’s alone and in memory, if it has such a place. */
function folderFor({ env }: Terminal): string {
  return env['XDG_RUNTIME_DIR'] ?? tmpdir();
}

/** The file is this user’s alone, and gone when `use` is done, however that ends. @throws KithError `cannot-read` */
export async function withInput<Result>(
  terminal: Terminal,
  use: (path: string) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(folderFor(terminal), 'kith-'));
  // Who breaks it off leaves nothing behind either.
  const stopListening = terminal.onEndAsked(() => {
    void rm(folder, { recursive: true, force: true });
  });
  try {
    const path = join(folder, 'input');
    await spool(terminal, path);
    return await use(path);
  } finally {
    stopListening();
    await rm(folder, { recursive: true, force: true });
  }
}

async function spool({ stdin }: Terminal, path: string): Promise<void> {
  try {
    await pipeline(stdin, createWriteStream(path, { mode: 0o600 }));
  } catch (cause) {
    throw new KithError('cannot-read', 'Standard input could not be read to its end.', {
      next: 'See that there is room for it, and try again.',
      cause,
    });
  }
}
