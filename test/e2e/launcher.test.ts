/** bin/: from a fresh clone and any Node to the running program. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Running, type Outcome, type StartOptions } from './running.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const FIXTURES = join(import.meta.dirname, 'fixtures');
/** Shell scripts, signals and symbolic links. */
const POSIX_ONLY = { skip: process.platform === 'win32' };

let scratch = '';
before(() => {
  scratch = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 'kith launcher ')));
});
after(() => {
  fs.rmSync(scratch, { recursive: true, force: true });
});

/** A folder like a fresh clone, with a stand-in for the program, in a path with spaces. */
function makeClone(dependencies: Record<string, string> = {}): string {
  const clone = fs.mkdtempSync(join(scratch, 'a clone '));
  fs.cpSync(join(ROOT, 'bin'), join(clone, 'bin'), { recursive: true });
  fs.cpSync(join(FIXTURES, 'program.ts'), join(clone, 'src', 'main.ts'));
  fs.writeFileSync(join(clone, 'package.json'), JSON.stringify({ type: 'module', dependencies }));
  const packages = Object.entries(dependencies).map(([name, version]) => [
    `node_modules/${name}`,
    { version },
  ]);
  writeLockfile(clone, Object.fromEntries(packages) as object);
  return clone;
}

function writeLockfile(folder: string, packages: object): void {
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ lockfileVersion: 3, packages }));
}

function start(program: string, args: readonly string[], options: Partial<StartOptions> = {}): Running {
  const env = { KITH_NODE: undefined, ...options.env };
  return new Running(process.execPath, [program, ...args], { cwd: scratch, ...options, env });
}

function run(program: string, args: readonly string[], options?: Partial<StartOptions>): Promise<Outcome> {
  return start(program, args, options).ended;
}

function kithOf(clone: string): string {
  return join(clone, 'bin', 'kith');
}

describe('starting the program', () => {
  test('arguments arrive as they are, and stdout is the program’s alone', async () => {
    const args = ['echo', 'two words', '', '--json', 'ချစ်', '$HOME', '"'];
    const { code, stdout, stderr } = await run(kithOf(makeClone()), args);
    assert.deepEqual(JSON.parse(stdout), args.slice(1));
    assert.equal(stderr, '');
    assert.equal(code, 0);
  });

  test('through a symbolic link, from another folder', POSIX_ONLY, async () => {
    const link = join(scratch, 'linked kith');
    fs.symlinkSync(kithOf(makeClone()), link);
    const { stdout } = await run(link, ['echo', 'here'], { cwd: tmpdir() });
    assert.deepEqual(JSON.parse(stdout), ['here']);
  });

  test('the exit code is the program’s', async () => {
    assert.equal((await run(kithOf(makeClone()), ['exit', '3'])).code, 3);
  });

  test('any other file, as npm’s scripts do it', async () => {
    const clone = makeClone();
    const { stdout } = await run(join(clone, 'bin', 'launch.js'), [
      join(clone, 'src', 'main.ts'),
      'echo',
      'x',
    ]);
    assert.deepEqual(JSON.parse(stdout), ['x']);
  });

  test('a published package runs what was compiled, and installs nothing', async () => {
    const clone = makeClone({ dep: '1.0.0' });
    fs.mkdirSync(join(clone, 'program'));
    fs.writeFileSync(join(clone, 'program', 'main.js'), 'console.log("compiled")');
    fs.rmSync(join(clone, 'src'), { recursive: true });
    fs.rmSync(join(clone, 'package-lock.json'));
    const { stdout, stderr } = await run(kithOf(clone), []);
    assert.equal(stdout, 'compiled\n');
    assert.equal(stderr, '');
  });
});

describe('the build of a clone', () => {
  /** A clone whose build says, in place of running, what its source was. */
  function makeBuildable(): string {
    const clone = makeClone();
    fs.writeFileSync(join(clone, 'src', 'main.ts'), 'console.log("source 1")');
    fs.cpSync(join(FIXTURES, 'build.ts'), join(clone, 'scripts', 'build.ts'));
    return clone;
  }

  async function says(clone: string, command: string, env: Record<string, string> = {}): Promise<string> {
    const { code, stdout, stderr } = await run(kithOf(clone), [command], { env });
    assert.equal(code, 0, stderr);
    return stdout.trim();
  }

  test('is made by the first up, and run by every command after it', async () => {
    const clone = makeBuildable();
    assert.equal(await says(clone, 'status'), 'source 1');
    assert.equal(await says(clone, 'up'), 'built of source 1');
    assert.equal(await says(clone, 'status'), 'built of source 1');
    assert.equal(await says(clone, 'status', { KITH_SOURCES: '1' }), 'source 1');
  });

  test('is not run when a source was edited, replaced or added since, or a package installed', async () => {
    const clone = makeBuildable();
    const source = join(clone, 'src', 'main.ts');
    assert.equal(await says(clone, 'up'), 'built of source 1');

    const { atime, mtime } = fs.statSync(source);
    fs.writeFileSync(source, 'console.log("source 2")');
    fs.utimesSync(source, atime, mtime);
    assert.equal(await says(clone, 'status'), 'source 2', 'of the same length, with the time of the old one');
    assert.equal(await says(clone, 'up'), 'built of source 2');

    fs.writeFileSync(join(clone, 'src', 'more.ts'), '');
    assert.equal(await says(clone, 'status'), 'source 2');
    assert.equal(await says(clone, 'up'), 'built of source 2');

    fs.writeFileSync(join(clone, 'node_modules', '.package-lock.json'), '{}');
    assert.equal(await says(clone, 'status'), 'source 2');
  });

  test('is the same build when only a test was edited', async () => {
    const clone = makeBuildable();
    await says(clone, 'up');
    fs.writeFileSync(join(clone, 'src', 'main.test.ts'), '');
    assert.equal(await says(clone, 'status'), 'built of source 1');
  });

  test('is done without where it cannot be made', async () => {
    const clone = makeBuildable();
    fs.writeFileSync(join(clone, 'scripts', 'build.ts'), 'throw new Error("no bundler for this machine")');
    assert.equal(await says(clone, 'up'), 'source 1');
    assert.deepEqual(fs.readdirSync(join(clone, 'node_modules', '.cache', 'kith-builds')), []);
  });

  test('by many that start at once is whole for each', async () => {
    const clone = makeBuildable();
    const said = await Promise.all(Array.from({ length: 4 }, () => says(clone, 'up')));
    assert.deepEqual(new Set(said), new Set(['built of source 1']));
    assert.equal(fs.readdirSync(join(clone, 'node_modules', '.cache', 'kith-builds')).length, 1);
  });

  test('makes room: those that were used last stay', async () => {
    const clone = makeBuildable();
    const builds = join(clone, 'node_modules', '.cache', 'kith-builds');
    for (let day = 1; day <= 12; day += 1) {
      fs.mkdirSync(join(builds, `of day ${day}`), { recursive: true });
      fs.utimesSync(join(builds, `of day ${day}`), day * 86_400, day * 86_400);
    }
    assert.equal(await says(clone, 'up'), 'built of source 1');
    const old = fs.readdirSync(builds).filter((name) => name.startsWith('of day'));
    assert.deepEqual(new Set(old), new Set([3, 4, 5, 6, 7, 8, 9, 10, 11, 12].map((day) => `of day ${day}`)));
  });
});

describe('on another Node', POSIX_ONLY, () => {
  /** This Node, by a path that the launcher takes for another one. */
  let other: Partial<StartOptions> = {};
  before(() => {
    const path = join(scratch, 'another node');
    fs.writeFileSync(path, `#!/bin/sh\nexec '${process.execPath}' "$@"\n`, { mode: 0o755 });
    other = { env: { KITH_NODE: path } };
  });

  test('arguments, streams and exit code pass', async () => {
    const { code, stdout, stderr } = await run(kithOf(makeClone()), ['echo', 'two words', ''], other);
    assert.deepEqual(JSON.parse(stdout), ['two words', '']);
    assert.equal(stderr, '');
    assert.equal(code, 0);
    assert.equal((await run(kithOf(makeClone()), ['exit', '3'], other)).code, 3);
  });

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    test(`${signal} reaches the program, which ends as it likes`, async () => {
      const kith = start(kithOf(makeClone()), ['wait'], other);
      await kith.says('stdout', /\d+\n/);
      kith.kill(signal);
      const { code, stdout } = await kith.ended;
      assert.match(stdout, new RegExp(`"${signal}"\n$`));
      assert.equal(code, 7);
    });
  }

  test('a signal that kills the program kills the launcher too', async () => {
    const kith = start(kithOf(makeClone()), ['wait'], other);
    const [pid] = await kith.says('stdout', /\d+/);
    process.kill(Number(pid), 'SIGKILL');
    assert.equal((await kith.ended).signal, 'SIGKILL');
  });

  test('the program does not outlive a launcher that was killed', async () => {
    const kith = start(kithOf(makeClone()), ['wait'], other);
    await kith.says('stdout', /\d+\n/);
    kith.kill('SIGKILL');
    // The program holds the same stdout, so this waits for both.
    assert.equal((await kith.ended).signal, 'SIGKILL');
  });

  test('one that is not there is named', async () => {
    const { code, stdout, stderr } = await run(kithOf(makeClone()), [], {
      env: { KITH_NODE: '/no/such/node' },
    });
    assert.match(stderr, /^kith: .*\/no\/such\/node.*KITH_NODE.*\n$/);
    assert.equal(stdout, '');
    assert.equal(code, 1);
  });
});

/** Plays npm's part: every `npm ci` that starts waits for a word of the test. */
class FakeNpm {
  readonly env: Record<string, string>;
  readonly #folder: string;
  readonly #server: Server;
  readonly #waiting: Socket[] = [];
  calls = 0;

  constructor() {
    // Not in the scratch folder: a socket's path must be short.
    const folder = fs.mkdtempSync(join(tmpdir(), 'npm-'));
    this.#folder = folder;
    const bin = join(folder, 'bin');
    const address = join(folder, 'socket');
    fs.cpSync(join(FIXTURES, 'npm.cjs'), join(bin, 'npm'));
    fs.chmodSync(join(bin, 'npm'), 0o755);
    this.env = {
      PATH: [bin, dirname(process.execPath), process.env['PATH']].join(delimiter),
      FAKE_NPM: address,
      REAL_NODE: process.execPath,
    };
    this.#server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => undefined);
      this.calls += 1;
      this.#waiting.push(socket);
      this.#server.emit('call');
    }).listen(address);
  }

  async started(): Promise<Socket> {
    while (this.#waiting.length === 0) await once(this.#server, 'call');
    return this.#waiting.shift() as Socket;
  }

  /** Lets the next install end: well, or as the word says. */
  async say(word: '' | 'offline' | 'broken' | 'nothing' = ''): Promise<void> {
    (await this.started()).end(word);
  }

  close(): void {
    this.#server.close();
    fs.rmSync(this.#folder, { recursive: true });
  }
}

describe('packages that are missing', POSIX_ONLY, () => {
  let npm: FakeNpm;
  before(() => {
    npm = new FakeNpm();
  });
  after(() => {
    npm.close();
  });

  test('are installed once, with a word on stderr, and not again', async () => {
    const kith = kithOf(makeClone({ dep: '1.0.0' }));
    const first = start(kith, ['echo', 'a'], npm);
    await npm.say();
    const { code, stdout, stderr } = await first.ended;
    assert.deepEqual(JSON.parse(stdout), ['a']);
    assert.match(stderr, /^kith: installing .*\nkith: installed in .*\n$/);
    assert.equal(code, 0);

    const calls = npm.calls;
    assert.equal((await run(kith, ['echo', 'b'], npm)).stderr, '');
    assert.equal(npm.calls, calls);
  });

  test('are not installed when somebody ran npm by hand', async () => {
    const clone = makeClone({ dep: '1.0.0' });
    fs.mkdirSync(join(clone, 'node_modules'));
    fs.cpSync(join(clone, 'package-lock.json'), join(clone, 'node_modules', '.package-lock.json'));
    const calls = npm.calls;
    assert.equal((await run(kithOf(clone), ['echo'], npm)).code, 0);
    assert.equal(npm.calls, calls);
  });

  test('are installed anew when the lockfile has changed', async () => {
    const clone = makeClone({ dep: '1.0.0' });
    const first = start(kithOf(clone), ['echo'], npm);
    await npm.say();
    await first.ended;
    fs.writeFileSync(join(clone, 'node_modules', 'of the old install'), '');
    writeLockfile(clone, { 'node_modules/dep': { version: '2.0.0' } });
    const second = start(kithOf(clone), ['echo'], npm);
    await npm.say();
    assert.equal((await second.ended).code, 0);
    assert.equal(fs.existsSync(join(clone, 'node_modules', 'of the old install')), false);
  });

  test('two that start at once install once', async () => {
    const kith = kithOf(makeClone({ dep: '1.0.0' }));
    const calls = npm.calls;
    const first = start(kith, ['echo', 'a'], npm);
    const socket = await npm.started();
    const second = start(kith, ['echo', 'b'], npm);
    await second.says('stderr', /another kith is installing/);
    socket.end();
    assert.equal((await first.ended).stdout, '["a"]\n');
    assert.equal((await second.ended).stdout, '["b"]\n');
    assert.equal(npm.calls, calls + 1);
  });

  test('an install that was killed leaves nothing in the way', async () => {
    const clone = makeClone({ dep: '1.0.0' });
    const first = start(kithOf(clone), ['echo', 'a'], npm);
    const orphan = await npm.started();
    first.kill('SIGKILL');
    const second = start(kithOf(clone), ['echo', 'b'], npm);
    await npm.say();
    assert.equal((await second.says('stdout', /.*\n/))[0], '["b"]\n');
    // The first one's npm lives on and finishes; nobody takes what it made.
    orphan.end();
    await Promise.all([first.ended, second.ended]);
    assert.deepEqual(
      fs.readdirSync(join(clone, '.cache')).filter((name) => name === 'install.lock'),
      [],
    );
  });

  test('without a network: one sentence, what to do, exit 1', async () => {
    const kith = kithOf(makeClone({ dep: '1.0.0' }));
    const offline = start(kith, ['echo'], npm);
    await npm.say('offline');
    const { code, stdout, stderr } = await offline.ended;
    assert.equal(stdout, '');
    assert.match(stderr, /^kith: installing .*\nkith: .*does not reach the npm registry. Connect it .*\n$/);
    assert.equal(code, 1);

    const asJson = start(kith, ['echo', '--json'], npm);
    await npm.say('offline');
    const last = (await asJson.ended).stderr.trimEnd().split('\n').at(-1) ?? '';
    assert.equal((JSON.parse(last) as { code: string }).code, 'registry-unreachable');
  });

  test('npm’s own words when it is something else', async () => {
    const broken = start(kithOf(makeClone({ dep: '1.0.0' })), ['echo'], npm);
    await npm.say('broken');
    const { code, stdout, stderr } = await broken.ended;
    assert.equal(stdout, '');
    assert.match(stderr, /EINTEGRITY/);
    assert.equal(code, 1);
  });
});

/** The first Node on PATH that is too old for the program, if this machine has one. */
function findOldNode(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders
    .map((folder) => join(folder, 'node'))
    .filter((path) => fs.existsSync(path))
    .find(
      (path) =>
        Number.parseInt(execFileSync(path, ['-p', 'process.versions.node'], { encoding: 'utf8' })) < 24,
    );
}

const oldNode = findOldNode();

describe('a machine whose Node is too old', { skip: oldNode === undefined || POSIX_ONLY.skip }, () => {
  let npm: FakeNpm;
  before(() => {
    npm = new FakeNpm();
  });
  after(() => {
    npm.close();
  });

  function startOld(clone: string): Running {
    const env = { KITH_NODE: undefined, ...npm.env };
    return new Running(oldNode ?? '', [kithOf(clone), 'echo', 'ran'], { cwd: scratch, env });
  }

  function makeCloneWithRuntime(): string {
    const clone = makeClone();
    const name = `node_modules/node-${process.platform}-${process.arch}`;
    writeLockfile(join(clone, 'runtime'), { [name]: { version: '1.0.0', optional: true } });
    fs.writeFileSync(join(clone, 'runtime', 'package.json'), '{}');
    return clone;
  }

  test('fetches one, once', async () => {
    const clone = makeCloneWithRuntime();
    const first = startOld(clone);
    await npm.say();
    const { stdout, stderr } = await first.ended;
    assert.equal(stdout, '["ran"]\n', stderr);
    assert.match(stderr, /^kith: this machine's Node.js is .*\nkith: installed/);

    const calls = npm.calls;
    assert.equal((await startOld(clone).ended).stderr, '');
    assert.equal(npm.calls, calls);
  });

  test('says so when npm ended well and brought none', async () => {
    const kith = startOld(makeCloneWithRuntime());
    await npm.say('nothing');
    const { code, stdout, stderr } = await kith.ended;
    assert.match(stderr, /could not be downloaded\. Connect the machine .*\n$/);
    assert.equal(stdout, '');
    assert.equal(code, 1);
  });

  test('says so where a published package has none to fetch', async () => {
    const clone = makeClone();
    const { code, stderr } = await startOld(clone).ended;
    assert.match(stderr, /^kith: .*Install a newer Node\.js .*KITH_NODE.*\n$/);
    assert.equal(code, 1);
  });
});
