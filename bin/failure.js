'use strict';

/** What keeps the program from starting, in words for a person, with what to do now. */
class LaunchError extends Error {
  /**
   * @param {string} code stable, for scripts
   * @param {string} message one sentence
   * @param {string} next one sentence
   */
  constructor(code, message, next) {
    super(message);
    this.code = code;
    this.next = next;
  }
}

/** Talk goes to stderr: stdout is data. @param {string} text */
function say(text) {
  process.stderr.write(`kith: ${text}\n`);
}

/** Tells the user, and makes the process end with 1. @param {unknown} error */
function report(error) {
  if (!(error instanceof LaunchError)) throw error;
  const { code, message, next } = error;
  if (process.argv.includes('--json')) process.stderr.write(`${JSON.stringify({ code, message, next })}\n`);
  else say(`${message} ${next}`);
  process.exitCode = 1;
}

module.exports = { LaunchError, report, say };
