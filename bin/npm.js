'use strict';
const { spawn } = require('node:child_process');
const { basename } = require('node:path');
const { LaunchError, say } = require('./failure.js');

const STILL_THERE_MS = 30_000;
/** npm says what is wrong first and how it is used after. */
const KEPT_LINES = 12;

/** On a dead line npm's own patience is minutes a package; what was downloaded before stays in its cache. */
const PATIENCE = ['--fetch-retries=2', '--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=8000'];
const QUIET = ['--no-audit', '--no-fund', '--loglevel=error', '--no-progress'];
/** Said here, so that nobody's own settings stop the install half-way or leave out what we need. */
const FIRM = [
  '--ignore-scripts',
  '--no-engine-strict',
  '--include=prod',
  '--include=optional',
  '--prefer-offline',
];

const OFFLINE =
  /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT|ERR_SOCKET_TIMEOUT|ENOTCACHED|network/i;

/**
 * `npm ci`, silent while it goes well. Nothing reaches stdout.
 * @param {string} folder @param {boolean} development
 */
async function npmCi(folder, development) {
  const dev = development ? '--include=dev' : '--omit=dev';
  const { code, output } = await run(['ci', ...QUIET, ...PATIENCE, ...FIRM, dev], folder);
  if (code === 0) return;
  if (OFFLINE.test(output)) {
    throw new LaunchError(
      'registry-unreachable',
      'its packages could not be downloaded: this machine does not reach the npm registry.',
      'Connect it to the internet this once (behind a proxy: npm config set proxy URL) and type the same command again.',
    );
  }
  process.stderr.write(`${output.trim().split('\n').slice(0, KEPT_LINES).join('\n')}\n`);
  throw new LaunchError(
    'install-failed',
    `npm could not install the packages (it ended with ${code}, its own words are above).`,
    'Mend what it names and type the same command again.',
  );
}

/**
 * @param {readonly string[]} args @param {string} cwd
 * @returns {Promise<{ code: number | string, output: string }>}
 */
function run(args, cwd) {
  const { command, first } = findNpm();
  const child = spawn(command, [...first, ...args], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    // On Windows npm is a batch file, which only a shell starts; none of the arguments comes from outside.
    shell: process.platform === 'win32' && command === 'npm',
    windowsHide: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += String(chunk);
    });
  }
  const started = Date.now();
  const reminder = setInterval(() => {
    say(`still installing (${Math.round((Date.now() - started) / 1000)} s).`);
  }, STILL_THERE_MS);
  return new Promise((resolve, reject) => {
    child.on('error', () => {
      reject(
        new LaunchError(
          'npm-missing',
          'its packages are not installed yet, and npm was not found.',
          'Install npm (it comes with Node.js, https://nodejs.org) and type the same command again.',
        ),
      );
    });
    child.on('close', (code, signal) => {
      resolve({ code: code ?? signal ?? 1, output });
    });
  }).finally(() => {
    clearInterval(reminder);
  });
}

/** The npm that started us, on its own node, or the one on PATH. */
function findNpm() {
  const { npm_execpath: cli, npm_node_execpath: node } = process.env;
  if (cli && basename(cli) === 'npm-cli.js') return { command: node ?? process.execPath, first: [cli] };
  return { command: 'npm', first: [] };
}

module.exports = { npmCi };
