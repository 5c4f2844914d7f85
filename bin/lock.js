'use strict';
const fs = require('node:fs');

const BEAT_MS = 1_000;
const SILENT_MS = 15_000;
const LOOK_MS = 100;

/**
 * Waits until this process alone holds the lock file. A holder that died does not block: its process is gone, or the
 * file's time stands still. Two may in rare cases both take over a dead one's lock; so what it guards must be safe
 * twice at once, only wasteful.
 * @param {string} path
 * @param {() => void} onWait called once, when somebody else has it
 * @returns {Promise<() => void>} gives it back
 */
async function takeLock(path, onWait) {
  let waited = false;
  while (!tryLock(path)) {
    if (!waited && isAlive(ownerOf(path))) {
      waited = true;
      onWait();
    }
    if (await isAbandoned(path)) fs.rmSync(path, { force: true });
  }
  const beat = setInterval(() => {
    touch(path);
  }, BEAT_MS).unref();
  return () => {
    clearInterval(beat);
    if (ownerOf(path) === process.pid) fs.rmSync(path, { force: true });
  };
}

/** @param {string} path */
function tryLock(path) {
  try {
    fs.writeFileSync(path, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Watches the file for as long as its holder gives signs of life. Only differences of its time count, so a wrong
 * clock does not matter.
 * @param {string} path @returns {Promise<boolean>} false: it has gone
 */
async function isAbandoned(path) {
  let seen = timeOf(path);
  let silentMs = 0;
  while (seen !== undefined) {
    if (silentMs >= SILENT_MS || !isAlive(ownerOf(path))) return true;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    const now = timeOf(path);
    silentMs = now === seen ? silentMs + LOOK_MS : 0;
    seen = now;
  }
  return false;
}

/** NaN while the holder has created the file and not yet written its number. @param {string} path */
function ownerOf(path) {
  try {
    return Number.parseInt(fs.readFileSync(path, 'utf8'), 10);
  } catch {
    return Number.NaN;
  }
}

/** @param {number} pid */
function isAlive(pid) {
  if (Number.isNaN(pid)) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** @param {string} path */
function timeOf(path) {
  return fs.statSync(path, { throwIfNoEntry: false })?.mtimeMs;
}

/** @param {string} path */
function touch(path) {
  try {
    const now = new Date();
    fs.utimesSync(path, now, now);
  } catch {
    // Taken over by somebody who thought us dead.
  }
}

module.exports = { takeLock };
