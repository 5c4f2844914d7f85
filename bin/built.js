'use strict';
/**
 * The program of a clone, bundled into a few files: it starts twice as fast as from its sources. A build lies under a
 * digest of what its sources looked like before it was made, so whoever changes one never runs an older build.
 */
const { spawn } = require('node:child_process');
const { createHash } = require('node:crypto');
const fs = require('node:fs');
const { join } = require('node:path');
const { say } = require('./failure.js');

/** All that a build depends on; the last is npm's account of the packages it has installed. */
const MADE_OF = [
  'src',
  'scripts/build.ts',
  'scripts/publishing',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'node_modules/.package-lock.json',
];
const TEST = /\.test\.ts$/;
/** Those that were used last; a node that has been up for long may still read from one. */
const KEPT = 10;
const SAY_AFTER_MS = 3_000;
const GIVE_UP_MS = 120_000;

/**
 * Where the program is to be started from.
 * @typedef {object} Program
 * @property {string} entry path of an ES module
 * @property {string} home the folder of the package.json that belongs to it
 */

/**
 * The program of a clone or of a published package. A clone gets its build from the first `kith up` after a change;
 * until then, and where none can be made, it runs from its sources. `KITH_SOURCES=1` keeps it there.
 * @param {string} root @param {readonly string[]} args @returns {Promise<Program>}
 */
async function findProgram(root, args) {
  const sources = { entry: join(root, 'src', 'main.ts'), home: root };
  // A published package has none: types are not stripped from files under node_modules.
  if (!fs.existsSync(sources.entry)) return programIn(root);
  if (process.env['KITH_SOURCES']) return sources;
  const build = args[0] === 'up' ? await ensureBuilt(root).catch(() => undefined) : buildOf(root);
  if (build === undefined || !fs.existsSync(build)) return sources;
  touch(build);
  return programIn(build);
}

/**
 * @param {string} root of a clone with its packages installed
 * @returns {Promise<string>} folder of a build of the sources as they are now
 */
async function ensureBuilt(root) {
  const build = buildOf(root);
  if (!fs.existsSync(build)) await make(root, build);
  return build;
}

/** @param {string} folder @returns {Program} */
function programIn(folder) {
  return { entry: join(folder, 'program', 'main.js'), home: folder };
}

/** @param {string} root */
function buildsOf(root) {
  return join(root, 'node_modules', '.cache', 'kith-builds');
}

/** @param {string} root */
function buildOf(root) {
  const hash = createHash('sha256').update(root);
  for (const path of MADE_OF) look(join(root, path), hash);
  return join(buildsOf(root), hash.digest('hex').slice(0, 16));
}

/**
 * Whatever is written to a file, or put in its place, changes one of its two times.
 * @param {string} path @param {import('node:crypto').Hash} hash
 */
function look(path, hash) {
  if (TEST.test(path)) return;
  const stat = fs.statSync(path, { throwIfNoEntry: false });
  if (stat?.isDirectory()) {
    for (const name of fs.readdirSync(path).sort()) look(join(path, name), hash);
  } else {
    hash.update([path, stat?.size, stat?.mtimeMs, stat?.ctimeMs, ''].join('\0'));
  }
}

/** Renamed into place, so it is whole or absent at any moment. @param {string} root @param {string} build */
async function make(root, build) {
  const builds = buildsOf(root);
  fs.mkdirSync(builds, { recursive: true });
  removeOld(builds);
  const site = fs.mkdtempSync(join(builds, 'making-'));
  try {
    await runBuild(root, site);
    fs.renameSync(site, build);
  } catch (error) {
    // Another that made the same was faster: its build is as good.
    if (!fs.existsSync(build)) throw error;
  } finally {
    fs.rmSync(site, { recursive: true, force: true });
  }
}

/** In a process of its own: the memory that it takes goes with it. @param {string} root @param {string} site @returns {Promise<void>} */
function runBuild(root, site) {
  const reminder = setTimeout(() => {
    say('preparing the program for faster starts (once after each change) …');
  }, SAY_AFTER_MS);
  const child = spawn(process.execPath, [join(root, 'scripts', 'build.ts'), site], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: GIVE_UP_MS,
    killSignal: 'SIGKILL',
    windowsHide: true,
  });
  let talk = '';
  child.stderr.on('data', (chunk) => {
    talk += String(chunk);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve(undefined);
      else reject(new Error(`the program could not be built (${code ?? signal}):\n${talk}`));
    });
  }).finally(() => {
    clearTimeout(reminder);
  });
}

/** @param {string} builds */
function removeOld(builds) {
  const byAge = fs
    .readdirSync(builds)
    .map((name) => ({ path: join(builds, name), usedMs: usedMs(join(builds, name)) }))
    .sort((a, b) => b.usedMs - a.usedMs);
  for (const { path } of byAge.slice(KEPT)) fs.rmSync(path, { recursive: true, force: true });
}

/** @param {string} build */
function usedMs(build) {
  return fs.statSync(build, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Remembers that it was used. @param {string} build */
function touch(build) {
  const now = new Date();
  try {
    fs.utimesSync(build, now, now);
  } catch {
    // Somebody else's folder: its owner's starts count.
  }
}

module.exports = { ensureBuilt, findProgram };
