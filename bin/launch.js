'use strict';
/**
 * Gets from a fresh clone and any Node to the running program: packages, a Node that is new enough, and then the
 * program, in this process where possible. Plain JavaScript for Node 18; TypeScript begins behind it.
 *
 *     node bin/launch.js FILE [ARGUMENT…]
 */
const fs = require('node:fs');
const { enableCompileCache } = require('node:module');
const { join, resolve } = require('node:path');
const { pathToFileURL } = require('node:url');
const { LaunchError, report } = require('./failure.js');
const { ensureInstalled } = require('./install.js');
const { holdLifeline, passOn } = require('./pass-on.js');
const { OLDEST_NODE, ensureRuntime, isFit } = require('./runtime.js');

const ROOT = join(__dirname, '..');

/**
 * @param {() => Promise<import('./built.js').Program>} find asked when packages and Node are there
 * @param {{ development: boolean }} options
 */
async function launch(find, { development }) {
  const node = await prepare(development).catch(report);
  if (node === process.execPath) {
    const { entry, home } = await find();
    enableCompileCache(join(home, 'node_modules', '.cache', 'kith'));
    if (require.main === module) process.argv.splice(1, 2, entry);
    await import(pathToFileURL(entry).href);
  } else if (node) {
    const main = /** @type {NodeJS.Module} */ (require.main).filename;
    await passOn(node, [...process.execArgv, main, ...process.argv.slice(2)]).catch(
      (/** @type {unknown} */ error) => {
        report(cannotStart(node, String(error)));
      },
    );
  }
}

/** @param {boolean} development @returns {Promise<string>} the Node to run on; this one's path: right here */
async function prepare(development) {
  const isChild = holdLifeline();
  if (!isChild) await ensurePackages(development);
  const chosen = process.env['KITH_NODE'];
  if (chosen && !isChild && !isSame(chosen, process.execPath)) return chosen;
  if (isFit(process.versions.node)) return process.execPath;
  if (isChild || chosen) throw tooOld(process.execPath);
  return ensureRuntime(join(ROOT, 'runtime'));
}

/** @param {boolean} development */
async function ensurePackages(development) {
  // npm never puts a lockfile into a published package, and installs that one's packages itself.
  if (!fs.existsSync(join(ROOT, 'package-lock.json'))) return;
  await ensureInstalled({
    folder: ROOT,
    development,
    why: `installing the packages it needs into ${join(ROOT, 'node_modules')} (once; usually under a minute) …`,
  });
}

/** @param {string} node @param {string} reason */
function cannotStart(node, reason) {
  return new LaunchError(
    'node-unusable',
    `the Node.js at ${node} cannot run kith: ${reason}.`,
    process.env['KITH_NODE']
      ? 'Point KITH_NODE to another one, or unset it.'
      : `Delete the folder ${join(ROOT, 'runtime', 'node_modules')} and type the same command again.`,
  );
}

/** @param {string} node */
function tooOld(node) {
  return cannotStart(node, `it is ${process.versions.node}, and ${OLDEST_NODE} is the oldest that will do`);
}

/** @param {string} a @param {string} b paths */
function isSame(a, b) {
  try {
    return fs.realpathSync(a) === fs.realpathSync(b);
  } catch {
    return false;
  }
}

module.exports = { launch };

if (require.main === module) {
  const [entry] = process.argv.slice(2);
  if (entry === undefined) {
    process.stderr.write('usage: node bin/launch.js FILE [ARGUMENT…]\n');
    process.exitCode = 2;
  } else {
    void launch(async () => ({ entry: resolve(entry), home: ROOT }), { development: true });
  }
}
