'use strict';
/**
 * Brings a folder's node_modules in line with its package-lock.json. npm works in a folder of its own and the result
 * is renamed into place, so node_modules is whole or absent at any moment, whoever is killed on the way.
 */
const { createHash } = require('node:crypto');
const fs = require('node:fs');
const { join } = require('node:path');
const { takeLock } = require('./lock.js');
const { npmCi } = require('./npm.js');
const { LaunchError, say } = require('./failure.js');

const STAMP = '.kith-stamp';

/**
 * @typedef {object} Wish
 * @property {string} folder has package.json and package-lock.json
 * @property {boolean} development devDependencies too
 * @property {string} why said to the user before the work begins
 * @property {(nodeModules: string) => boolean} [complete] cheap: is there what an optional package should have brought?
 * @property {(nodeModules: string) => void} [verify] thorough, once, before what npm left is used; throws when it is not usable
 */

/** Installs unless it is done already. @param {Wish} wish */
async function ensureInstalled(wish) {
  if (isInstalled(wish)) return;
  await install(wish);
}

/** Installs now. @param {Wish} wish */
async function install(wish) {
  const workshop = join(wish.folder, '.cache');
  const release = await guarded(wish.folder, () => {
    fs.mkdirSync(workshop, { recursive: true });
    return takeLock(join(workshop, 'install.lock'), () => {
      say('another kith is installing packages here; waiting for it.');
    });
  });
  try {
    if (isInstalled(wish)) return;
    say(wish.why);
    await guarded(wish.folder, () => installIn(workshop, wish));
  } finally {
    release();
  }
}

/** @param {string} workshop @param {Wish} wish */
async function installIn(workshop, wish) {
  const started = Date.now();
  for (const name of fs.readdirSync(workshop)) {
    if (name.startsWith('install-')) fs.rmSync(join(workshop, name), { recursive: true, force: true });
  }
  const site = fs.mkdtempSync(join(workshop, 'install-'));
  try {
    for (const name of ['package.json', 'package-lock.json', '.npmrc']) {
      if (fs.existsSync(join(wish.folder, name))) fs.copyFileSync(join(wish.folder, name), join(site, name));
    }
    await npmCi(site, wish.development);
    const fresh = join(site, 'node_modules');
    fs.mkdirSync(fresh, { recursive: true });
    wish.verify?.(fresh);
    fs.writeFileSync(join(fresh, STAMP), stampOf(wish.folder, wish.development));
    swap(fresh, wish, join(site, 'old'));
  } finally {
    fs.rmSync(site, { recursive: true, force: true, maxRetries: 3 });
  }
  say(`installed in ${Math.round((Date.now() - started) / 1000)} s.`);
}

/** @param {string} fresh @param {Wish} wish @param {string} old */
function swap(fresh, wish, old) {
  const place = join(wish.folder, 'node_modules');
  if (fs.existsSync(place)) fs.renameSync(place, old);
  try {
    fs.renameSync(fresh, place);
  } catch (error) {
    // Somebody who thought our lock abandoned was faster: theirs is as good.
    if (!isInstalled(wish)) throw error;
  }
}

/** @param {Pick<Wish, 'folder' | 'development' | 'complete'>} wish @returns {boolean} */
function isInstalled({ folder, development, complete }) {
  const nodeModules = join(folder, 'node_modules');
  if (complete && !complete(nodeModules)) return false;
  const stamp = readText(join(nodeModules, STAMP));
  if (stamp === stampOf(folder, true)) return true;
  if (!development && stamp === stampOf(folder, false)) return true;
  if (!matchesLockfile(folder, development)) return false;
  leaveStamp(folder, development);
  return true;
}

/** What a finished install says of itself. @param {string} folder @param {boolean} development */
function stampOf(folder, development) {
  const digest = createHash('sha256')
    .update(readText(join(folder, 'package-lock.json')))
    .digest('hex');
  return `${digest} ${process.platform}-${process.arch} ${development ? 'all' : 'run'}\n`;
}

/** Saves the long comparison next time. @param {string} folder @param {boolean} development */
function leaveStamp(folder, development) {
  try {
    fs.writeFileSync(join(folder, 'node_modules', STAMP), stampOf(folder, development));
  } catch {
    // A folder without packages, or one that belongs to somebody else: the long comparison will do.
  }
}

/**
 * Somebody ran npm by hand: its own account of what it installed, written last, has every package of the lockfile.
 * Optional ones are for other platforms, or failed; who needs one checks for it.
 * @param {string} folder @param {boolean} development
 */
function matchesLockfile(folder, development) {
  const wanted = packagesOf(join(folder, 'package-lock.json'));
  const present = packagesOf(join(folder, 'node_modules', '.package-lock.json')) ?? {};
  if (!wanted) return false;
  return Object.entries(wanted).every(([path, { version, dev, devOptional, optional }]) => {
    if (path === '' || (!development && (dev || devOptional))) return true;
    return path in present ? present[path]?.version === version : optional === true;
  });
}

/** @typedef {{ version?: string, dev?: boolean, devOptional?: boolean, optional?: boolean }} LockedPackage */

/** @param {string} path @returns {Record<string, LockedPackage> | undefined} */
function packagesOf(path) {
  try {
    return /** @type {{ packages?: Record<string, LockedPackage> }} */ (JSON.parse(readText(path))).packages;
  } catch {
    return undefined;
  }
}

/** @param {string} path */
function readText(path) {
  try {
    return fs.readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/**
 * Gives failures of the file system their sentence.
 * @template T
 * @param {string} folder @param {() => Promise<T>} work @returns {Promise<T>}
 */
async function guarded(folder, work) {
  try {
    return await work();
  } catch (error) {
    if (error instanceof LaunchError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new LaunchError(
      'install-failed',
      `packages could not be written to ${folder} (${reason}).`,
      'Free some disk space or start it once as the user who owns that folder, then type the same command again.',
    );
  }
}

module.exports = { ensureInstalled, install, isInstalled };
