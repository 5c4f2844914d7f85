/** What a data folder survives: power cuts, copies, backups, damage, and somebody who steals it. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { decodeCbor } from '../../src/base/cbor.ts';
import { openKeys } from '../../src/node/keys.ts';
import { openDatabase } from '../../src/store/database.ts';
import { openMetaStore } from '../../src/store/meta-store.ts';
import type { Status } from '../../src/api/contract.ts';
import { read, readAfter, textOf, texts, write } from '../../scripts/nodes/entries.ts';
import type { NodeProcess, Outcome } from '../../scripts/nodes/node-process.ts';
import { until } from '../../scripts/nodes/until.ts';
import { clockAhead, NO_FAKE_CLOCK } from '../support/fake-clock.ts';
import { admit, scene, type Stage } from '../support/stage.ts';

/** R3 asks for 200; `npm test` does a few. */
const KILLS = Number(process.env['KITH_KILLS'] ?? 3);
const ALONE = ['--no-mdns', '--listen', '127.0.0.1:0'];
const PASSPHRASE = 'correct horse battery staple';
const IS_ROOT = process.platform === 'linux' && process.getuid?.() === 0;

function numbered(prefix: string, length: number): string[] {
  return Array.from({ length }, (_, index) => `${prefix} ${String(index)}`);
}

function failure({ stderr }: Outcome): { code: string; message: string; next: string | null } {
  return JSON.parse(stderr.trimEnd().split('\n').at(-1) ?? '') as {
    code: string;
    message: string;
    next: string | null;
  };
}

/** `kith up` where it cannot but refuse; a node that runs on would be waited for in vain. */
async function upInVain(node: NodeProcess, ...args: string[]): Promise<Outcome> {
  const gaveUp = new AbortController();
  const running = pause(60_000, undefined, { signal: gaveUp.signal, ref: false }).then(() => {
    throw new Error(`${node.name} runs, and should have refused to`);
  });
  try {
    return await Promise.race([node.kith(['up', '--api-port', '0', ...ALONE, ...args]), running]);
  } finally {
    gaveUp.abort();
    running.catch(() => undefined);
  }
}

/** Starts as a user does, with words: a sentence and a next step, and nothing for programmers. */
async function refusesInWords(node: NodeProcess, says: RegExp): Promise<void> {
  const { code, stdout, stderr } = await upInVain(node);
  assert.equal(code, 1, stderr);
  assert.equal(stdout, '');
  assert.match(stderr, says);
  assert.doesNotMatch(stderr, /\n\s+at |Error:|node:/, 'no stack trace');
}

async function refusesWith(node: NodeProcess, ...codes: string[]): Promise<void> {
  const outcome = await upInVain(node, '--json');
  assert.equal(outcome.code, 1, outcome.stderr);
  const { code, message, next } = failure(outcome);
  assert.ok(codes.includes(code), `${code}: ${message}`);
  assert.match(message, /^\S.*\.$/);
  assert.notEqual(next, null);
}

async function holdEach(node: NodeProcess, wanted: readonly string[]): Promise<void> {
  assert.deepEqual((await texts(node)).sort(), [...wanted].sort(), `${node.name} holds all, each once`);
}

async function feedsOf(node: NodeProcess): Promise<Set<string>> {
  return new Set((await read(node)).map(({ feed }) => feed));
}

async function have(node: NodeProcess, count: number): Promise<void> {
  await until(`${node.name} has ${String(count)} entries`, async () => (await read(node)).length >= count);
}

// ---- power cuts

/** Writes with several requests under way until the node dies. @returns what was sent, and what was acknowledged. */
async function writeUntilItDies(
  node: NodeProcess,
  round: number,
  enough: (acknowledged: number) => void,
): Promise<{ sent: string[]; kept: string[] }> {
  const sent: string[] = [];
  const kept: string[] = [];
  const writer = async (lane: number): Promise<void> => {
    for (let turn = 0; ; turn += 1) {
      const batch = numbered(
        `${String(round)}/${String(lane)}/${String(turn)}`,
        1 + ((round * 7 + turn * 3 + lane) % 40),
      );
      sent.push(...batch);
      try {
        await write(node, batch);
      } catch {
        return;
      }
      kept.push(...batch);
      enough(kept.length);
    }
  };
  await Promise.all([writer(0), writer(1), writer(2)]);
  return { sent, kept };
}

scene(
  `${String(KILLS)} times kill -9 under load: nothing acknowledged is lost, nothing made up`,
  async (stage) => {
    const node = await stage.founder('Ada', ALONE);
    const held: string[] = [];
    let cursor: string | undefined;
    for (let round = 0; round < KILLS; round += 1) {
      let dying: Promise<void> | undefined;
      const { sent, kept } = await writeUntilItDies(node, round, (acknowledged) => {
        if (acknowledged > (round * 53) % 300) dying ??= node.kill();
      });
      await dying;
      await node.up(ALONE);
      const { entries, next } = await readAfter(node, cursor);
      const found = entries.map((entry) => textOf(entry) ?? '');
      const once = new Set(found);
      assert.equal(once.size, found.length, 'each once');
      const lost = kept.filter((text) => !once.has(text));
      assert.deepEqual(lost, [], `round ${String(round)}: nothing is lost`);
      const wanted = new Set(sent);
      const madeUp = found.filter((text) => !wanted.has(text));
      assert.deepEqual(madeUp, [], 'nothing is made up');
      held.push(...found);
      cursor = next;
    }
    await holdEach(node, held);
    assert.equal((await feedsOf(node)).size, 1, 'a power cut is no reason for a new incarnation');
    const status = await node.call('status', {});
    assert.equal(status.ready, true);
    const ben = await stage.joiner(node, 'Ben', ALONE);
    await have(ben, held.length);
    await holdEach(ben, held);
  },
  // As many as somebody asks for.
  { hangingMs: 240_000 + KILLS * 10_000 },
);

// ---- copies and backups

scene(
  'a copied folder goes on as another incarnation, and two copies at once write no fork',
  async (stage) => {
    const ada = await stage.founder('Ada', ALONE);
    const ben = await stage.joiner(ada, 'Ben', ALONE);
    const all = ['before the copy'];
    await write(ada, all);
    const [before] = await feedsOf(ada);
    await ada.stop();
    const copy = stage.node('copy');
    await cp(ada.data, copy.data, { recursive: true });

    const benAt = ['--peer', (await ben.call('status', {})).listening[0] ?? ''];
    await Promise.all([ada.up([...ALONE, ...benAt]), copy.up([...ALONE, ...benAt])]);
    await Promise.all([write(ada, ['by the original']), write(copy, ['by the copy'])]);
    all.push('by the original', 'by the copy');
    const feedOf = async (node: NodeProcess, index: number): Promise<string | undefined> => {
      const entries = await read(node);
      return entries.find(({ payload }) => payload === Buffer.from(all[index] ?? '').toString('base64'))
        ?.feed;
    };
    assert.equal(await feedOf(ada, 1), before, 'the original goes on');
    assert.notEqual(await feedOf(copy, 2), before, 'the copy does not');

    // One device has one link: the copies take turns.
    for (const [waiting, other] of [
      [ada, copy],
      [copy, ada],
    ] as const) {
      await other.kill();
      await until(
        `${waiting.name} is heard`,
        async () => (await waiting.call('status', {})).neighbours === 1,
      );
      await have(ben, waiting === ada ? 2 : 3);
      await other.up([...ALONE, ...benAt]);
    }
    await have(ben, all.length);
    await holdEach(ben, all);
    assert.equal((await feedsOf(ben)).size, 2);
    const forks = (await ben.list<{ message: string }>(['log', '-n', '1000'])).filter(({ message }) =>
      /fork|two histories/i.test(message),
    );
    assert.deepEqual(forks, []);
    await copy.kill();
    await until('the original is linked', async () => (await ada.call('status', {})).neighbours === 1);
    await have(ada, all.length);
    await holdEach(ada, all);
  },
);

scene(
  'a restored backup goes on as another incarnation, and gets its later history from the others',
  async (stage) => {
    const ada = await stage.founder('Ada', ALONE);
    const ben = await stage.joiner(ada, 'Ben', ALONE);
    const benAt = ['--peer', (await ben.call('status', {})).listening[0] ?? ''];
    const all = numbered('before the backup', 20);
    await write(ada, all);
    const file = stage.path('ada.backup');
    const secret = { KITH_PASSPHRASE: PASSPHRASE };
    const backup = await ada.json<{ path: string; entries: number }>(['backup', file], secret);
    assert.equal(backup.path, file);
    const later = numbered('after the backup', 20);
    await write(ada, later);
    all.push(...later);
    await have(ben, all.length);
    await ada.kill();
    await rm(ada.data, { recursive: true });

    const wrong = await ada.kith(['restore', file, '--json'], { KITH_PASSPHRASE: 'another one' });
    assert.equal(wrong.code, 1);
    assert.equal(failure(wrong).code, 'wrong-passphrase');
    const restored = await ada.json<{ member: number; name: string; network: string }>(
      ['restore', file],
      secret,
    );
    assert.deepEqual([restored.member, restored.name, restored.network], [1, 'Ada', 'Camp North']);
    await ada.up([...ALONE, ...benAt]);
    await have(ada, all.length);
    await write(ada, ['after the restore']);
    all.push('after the restore');
    await have(ben, all.length);
    await holdEach(ada, all);
    await holdEach(ben, all);
    assert.equal((await feedsOf(ben)).size, 2, 'it goes on in another feed');
    const { members } = await ben.call('members', {});
    assert.equal(members.length, 2, 'as the same member');

    const damaged = stage.path('damaged.backup');
    const bytes = await readFile(file);
    bytes[Math.floor(bytes.length / 2)] = (bytes[Math.floor(bytes.length / 2)] ?? 0) ^ 1;
    await writeFile(damaged, bytes);
    const refused = await stage.node('Eve').kith(['restore', damaged, '--json'], secret);
    assert.equal(refused.code, 1);
    assert.equal(failure(refused).code, 'damaged-backup');
  },
);

scene('whose disk was wiped has to be invited anew', async (stage) => {
  const ada = await stage.founder('Ada', ALONE);
  const ben = await stage.joiner(ada, 'Ben', ALONE);
  await write(ben, ['by the old Ben']);
  await have(ada, 1);
  await ben.kill();
  await rm(ben.data, { recursive: true });
  await ben.up([...ALONE, '--peer', (await ada.call('status', {})).listening[0] ?? '']);
  assert.equal((await ben.call('status', {})).state, 'empty');
  const { member } = await admit(ada, ben);
  assert.equal(member, 3);
  await have(ben, 1);
  await holdEach(ben, ['by the old Ben']);
});

// ---- folders that cannot be used

scene('a second process on the same folder is refused', async (stage) => {
  const ada = await stage.founder('Ada', ALONE);
  await refusesWith(ada, 'data-in-use');
  await refusesInWords(ada, /running on .* already/);
  assert.equal((await ada.call('status', {})).ready, true);
});

/** Read-only as a mount is: to the superuser, permissions are no obstacle. */
function onReadOnlyDisk(stage: Stage, name: string, mounted: string): NodeProcess {
  if (!IS_ROOT) return stage.node(name);
  const script = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"';
  return stage.node(name, { under: ['unshare', '--mount', 'sh', '-c', script, stage.path(mounted)] });
}

scene('a data folder that cannot be written says so', async (stage) => {
  const ada = await stage.founder('Ada', ALONE);
  await write(ada, ['kept']);
  await ada.stop();
  // What SQLite makes beside the file gets its mode.
  const mode = async (bits: number): Promise<void> => {
    if (IS_ROOT) return;
    const names = (await readdir(ada.data)).filter((name) => name.startsWith('kith.db'));
    await Promise.all(names.map((name) => chmod(join(ada.data, name), bits)));
  };
  await mode(0o400);
  const frozen = onReadOnlyDisk(stage, 'Ada', 'Ada');
  await refusesWith(frozen, 'cannot-write', 'read-only-data');
  await refusesInWords(frozen, /cannot write|may not write/);
  await mkdir(stage.path('disk'), { mode: IS_ROOT ? 0o700 : 0o500 });
  await refusesWith(onReadOnlyDisk(stage, 'disk/new', 'disk'), 'cannot-write', 'read-only-data');
  await mode(0o600);
  await ada.up(ALONE);
  await holdEach(ada, ['kept']);
});

scene('garbage in place of the database says so', async (stage) => {
  const ada = await stage.founder('Ada', ALONE);
  await ada.stop();
  const database = join(ada.data, 'kith.db');
  await writeFile(database, randomBytes(100_000));
  await refusesWith(ada, 'damaged-data');
  await refusesInWords(ada, /damaged/);
  const { size } = await stat(database);
  assert.equal(size, 100_000, 'what may still be saved is left as it is');
});

scene('a damaged page is found, and nothing made up is shown for it', async (stage) => {
  const ada = await stage.founder('Ada', ALONE);
  const all = numbered('a line of some length, so that there are pages of it', 3000);
  await write(ada, all);
  await ada.stop();
  const file = await open(join(ada.data, 'kith.db'), 'r+');
  const { size } = await file.stat();
  for (let page = 8; page * 4096 < size; page += 1) await file.write(randomBytes(4096), 0, 4096, page * 4096);
  await file.close();
  const codes: string[] = [];
  try {
    await ada.up(ALONE);
    await texts(ada);
  } catch (error) {
    codes.push((error as { code: string }).code);
  }
  assert.deepEqual(codes, ['damaged-data']);
});

scene(
  'a clock that jumped by a year is survived',
  async (stage) => {
    const ada = await stage.founder('Ada', ALONE);
    await write(ada, ['before']);
    await ada.stop();
    await ada.up(ALONE, clockAhead('+1y'));
    assert.ok(Date.parse((await ada.call('status', {})).startedAt) > Date.now() + 300 * 24 * 60 * 60 * 1000);
    await write(ada, ['a year later']);
    await ada.stop();
    await ada.up(ALONE);
    await write(ada, ['back again']);
    const entries = await read(ada);
    // By time, as their author's clock had it; and what is written now is of today, not dragged into next year.
    assert.deepEqual(entries.map(textOf), ['before', 'back again', 'a year later']);
    const [before, now, ahead] = entries.map(({ seq }) => seq);
    assert.ok(before !== undefined && now !== undefined && ahead !== undefined);
    assert.ok(before < ahead && ahead < now, 'one history all the same');
  },
  { skip: NO_FAKE_CLOCK },
);

// ---- the passphrase

scene('a locked node tells nothing until it gets its passphrase', async (stage) => {
  const ada = await stage.founder('Ada', ALONE);
  await write(ada, ['kept']);
  const locked = await ada.json<Status>(['lock'], { KITH_PASSPHRASE: PASSPHRASE });
  assert.deepEqual([locked.state, locked.passphrase, locked.network], ['locked', true, null]);
  const refused = await ada.kith(['members', '--json']);
  assert.equal(failure(refused).code, 'locked');

  await ada.stop();
  await ada.up(ALONE);
  assert.equal((await ada.call('status', {})).state, 'locked', 'after a restart, too');
  const wrong = await ada.kith(['unlock', '--json'], { KITH_PASSPHRASE: 'another one' });
  assert.equal(wrong.code, 1);
  assert.equal(failure(wrong).code, 'wrong-passphrase');
  const open = await ada.json<Status>(['unlock'], { KITH_PASSPHRASE: PASSPHRASE });
  assert.deepEqual([open.state, open.ready, open.name], ['running', true, 'Ada']);
  await holdEach(ada, ['kept']);

  await ada.kill();
  await ada.up(ALONE, { KITH_PASSPHRASE: PASSPHRASE });
  assert.equal((await ada.call('status', {})).state, 'running', 'with the passphrase in the environment');
});

// ---- at rest

/** Every file of the folder, by its name. */
async function filesOf(folder: string): Promise<Map<string, Buffer>> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  return new Map(await Promise.all(files.map(async (path) => [path, await readFile(path)] as const)));
}

/** Where these bytes lie, as they are or as text. */
async function findIn(folder: string, wanted: Uint8Array): Promise<string[]> {
  const bytes = Buffer.from(wanted);
  const forms = [
    bytes,
    ...(['hex', 'base64', 'base64url'] as const).map((form) =>
      Buffer.from(bytes.toString(form).slice(0, 40)),
    ),
  ];
  const files = await filesOf(folder);
  return [...files]
    .filter(([, content]) => forms.some((form) => content.includes(form)))
    .map(([path]) => path);
}

async function secretsOf(data: string): Promise<Record<string, Uint8Array>> {
  const database = openDatabase(join(data, 'kith.db'));
  try {
    const meta = openMetaStore(database);
    const keys = await openKeys(meta, { bytes: (count) => randomBytes(count), below: () => 0 }, undefined);
    const sealed = meta.get('device keys');
    const root = meta.get('root key');
    assert.ok(sealed !== undefined && root !== undefined);
    const seeds = decodeCbor(keys.sealer.open({ table: 'meta', key: 'device keys' }, sealed)) as Uint8Array[];
    return { root: root.slice(-32), device: seeds[0] ?? root, link: seeds[1] ?? root, mls: seeds[2] ?? root };
  } finally {
    database.close();
  }
}

scene(
  'a stolen disk shows neither keys nor what is meant for members, once a passphrase is set',
  async (stage) => {
    const ada = await stage.founder('Ada', ALONE);
    const [secret, open] = [randomBytes(24), randomBytes(24)].map((bytes) => bytes.toString('hex')) as [
      string,
      string,
    ];
    await write(ada, [secret]);
    await write(ada, [open], { audience: 'public' });
    await ada.stop();
    const secrets = await secretsOf(ada.data);
    assert.notDeepEqual(
      await findIn(ada.data, secrets['root'] ?? new Uint8Array(1)),
      [],
      'the search can find',
    );
    await ada.up(ALONE);
    await ada.json(['lock'], { KITH_PASSPHRASE: PASSPHRASE });
    await ada.json(['unlock'], { KITH_PASSPHRASE: PASSPHRASE });
    await write(ada, [`${secret} again`]);
    for (const moment of ['while it runs', 'after a power cut', 'after a stop']) {
      if (moment === 'after a power cut') await ada.kill();
      if (moment === 'after a stop') {
        await ada.up(ALONE, { KITH_PASSPHRASE: PASSPHRASE });
        await ada.stop();
      }
      assert.notDeepEqual(await findIn(ada.data, Buffer.from(open)), [], 'what is public lies open');
      assert.deepEqual(await findIn(ada.data, Buffer.from(secret)), [], `what is for members, ${moment}`);
      for (const [name, bytes] of Object.entries(secrets)) {
        assert.deepEqual(await findIn(ada.data, bytes), [], `the ${name} key, ${moment}`);
      }
    }
    assert.ok(existsSync(join(ada.data, 'kith.db')));
  },
);
