'use strict';
const { spawn } = require('node:child_process');
const net = require('node:net');
const { constants } = require('node:os');

/** Told to the program in KITH_LIFELINE: a pipe on which nothing is ever sent. */
const LIFELINE_FD = 3;

/** @type {NodeJS.Signals[]} */
const SIGNALS =
  process.platform === 'win32'
    ? ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGBREAK']
    : ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'];

/**
 * Runs a program in this one's place: its arguments, streams and signals go in, its exit comes out. At a terminal
 * Ctrl-C reaches both processes and is passed on too, so the program may see it twice.
 * @param {string} command @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<void>} when it has ended; rejects when it cannot be started
 */
function passOn(command, args, env = process.env) {
  const child = spawn(command, args, {
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
    env: withLifeline(env),
  });
  const handlers = SIGNALS.map((signal) => ({ signal, handle: () => void child.kill(signal) }));
  for (const { signal, handle } of handlers) process.on(signal, handle);
  const lifeline = /** @type {net.Socket} */ (child.stdio[LIFELINE_FD]);
  lifeline.on('error', () => undefined);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      for (const { signal: name, handle } of handlers) process.off(name, handle);
      // A child of the child may still hold the other end.
      lifeline.destroy();
      process.exitCode = code ?? 128 + constants.signals[signal ?? 'SIGTERM'];
      if (signal) process.kill(process.pid, signal);
      resolve();
    });
  });
}

/**
 * The environment of a program of ours whose stdio has a pipe in fourth place, for `holdLifeline` there.
 * @param {NodeJS.ProcessEnv} env
 */
function withLifeline(env) {
  return { ...env, KITH_LIFELINE: String(LIFELINE_FD) };
}

/**
 * In the program that was started: true when a launcher waits for it. The program then dies with the launcher, at once
 * and however that died: who kills what they started must not leave the real one running.
 */
function holdLifeline() {
  const fd = Number.parseInt(process.env['KITH_LIFELINE'] ?? '', 10);
  delete process.env['KITH_LIFELINE'];
  if (Number.isNaN(fd)) return false;
  const line = new net.Socket({ fd });
  line.on('error', () => undefined);
  line.on('close', () => process.kill(process.pid, 'SIGKILL'));
  line.resume();
  line.unref();
  return true;
}

module.exports = { holdLifeline, passOn, withLifeline };
