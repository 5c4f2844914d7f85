import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fakeTerminal } from '../../test/fakes/fake-terminal.ts';
import { withInput } from './spool.ts';

test('standard input is a file of its user alone while it is read, and gone after', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kith-spool-'));
  try {
    const terminal = fakeTerminal({ env: { XDG_RUNTIME_DIR: folder } });
    (terminal.stdin as unknown as { end(text: string): void }).end('<pfif/>');
    const read = await withInput(terminal, async (path) => {
      assert.equal(statSync(path).mode & 0o777, 0o600);
      assert.ok(path.startsWith(folder));
      return readFileSync(path, 'utf8');
    });
    assert.equal(read, '<pfif/>');
    assert.deepEqual(readdirSync(folder), []);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('it is gone when reading it failed, too', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kith-spool-'));
  try {
    const terminal = fakeTerminal({ env: { XDG_RUNTIME_DIR: folder } });
    (terminal.stdin as unknown as { end(text: string): void }).end('x');
    await assert.rejects(
      withInput(terminal, () => Promise.reject(new Error('no'))),
      /no/,
    );
    assert.deepEqual(readdirSync(folder), []);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
