/** Files of the data folder that only their owner may read. */
import { chmod, open, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { toBase64Url } from '../base/bytes.ts';
import { KithError } from '../base/errors.ts';
import type { Rng } from '../base/ports.ts';

const TOKEN_BYTES = 32;
const TOKEN = /^[A-Za-z0-9_-]{43}$/;

/** Appears whole, with mode 0600 from the start. @throws KithError `cannot-write`. */
export async function writePrivate(path: string, text: string): Promise<void> {
  const fresh = join(dirname(path), `.${basename(path)}.${String(process.pid)}.tmp`);
  try {
    await rm(fresh, { force: true });
    const file = await open(fresh, 'wx', 0o600);
    try {
      await file.writeFile(text);
    } finally {
      await file.close();
    }
    await rename(fresh, path);
  } catch (cause) {
    await rm(fresh, { force: true });
    throw new KithError('cannot-write', `kith cannot write ${path}.`, {
      next: 'Look whether the folder exists, is yours and has room.',
      cause,
    });
  }
}

/** The token that stands there, so that scripts can go on with it; or a new one. */
export async function keepToken(path: string, rng: Rng): Promise<string> {
  const kept = await readFile(path, 'utf8').catch(() => '');
  if (TOKEN.test(kept.trim())) {
    await chmod(path, 0o600);
    return kept.trim();
  }
  const token = toBase64Url(rng.bytes(TOKEN_BYTES));
  await writePrivate(path, `${token}\n`);
  return token;
}
