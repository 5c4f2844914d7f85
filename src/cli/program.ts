/** The command line: its tree of commands, and how a run of it ends. */
import { Command, CommanderError } from 'commander';
import { isKithError, KithError } from '../api/contract.ts';
import { runner, type AddCommand, type Run } from './command.ts';
import { addAlarm } from './commands/alarm.ts';
import { addBackup, addRestore } from './commands/backup.ts';
import { addBundle } from './commands/bundle.ts';
import { addCompletion } from './commands/completion.ts';
import { addDevice } from './commands/device.ts';
import { addInbox } from './commands/inbox.ts';
import { addDoctor } from './commands/doctor.ts';
import { addFiles } from './commands/files.ts';
import { addFolder } from './commands/folder.ts';
import { addHubs } from './commands/hubs.ts';
import { addInit } from './commands/init.ts';
import { addInvite } from './commands/invite.ts';
import { addJoin } from './commands/join.ts';
import { addLetter } from './commands/letter.ts';
import { addLock, addUnlock } from './commands/lock.ts';
import { addLog } from './commands/log.ts';
import { addMap } from './commands/map.ts';
import { addMembers } from './commands/members.ts';
import { addPeers } from './commands/peers.ts';
import { addRoom } from './commands/room.ts';
import { addRecord } from './commands/record.ts';
import { addSend } from './commands/send.ts';
import { addStatus } from './commands/status.ts';
import { addStop } from './commands/stop.ts';
import { addUp } from './commands/up.ts';
import type { CliDeps } from './context.ts';
import { Output } from './output.ts';
import { checkVerbs } from './verbs.ts';
import { UsageError } from './usage.ts';
import type { StartNode } from './start-node.ts';
import { temporaryNodes } from './temporary-node.ts';
import { processTerminal } from './terminal.ts';

/** In the order in which help shows them. */
const COMMANDS: readonly AddCommand[] = [
  addUp,
  addInit,
  addInvite,
  addJoin,
  addSend,
  addInbox,
  addLetter,
  addRoom,
  addFiles,
  addFolder,
  addAlarm,
  addRecord,
  addMembers,
  addDevice,
  addPeers,
  addMap,
  addHubs,
  addDoctor,
  addStatus,
  addLog,
  addBundle,
  addBackup,
  addRestore,
  addLock,
  addUnlock,
  addStop,
  addCompletion,
];

const ENVIRONMENT = `
Environment:
  KITH_DATA        the data folder, where --data is not given
  KITH_PASSPHRASE  the passphrase, where nobody is there to type it
  NO_COLOR         no colours

Exit codes: 0 done, 1 refused or failed, 2 wrong use.`;

/** @param asJson was `--json` given? Then failures are one JSON object, and no help goes with them. */
export function buildProgram(deps: CliDeps, asJson = false): Command {
  const program = new Command('kith')
    .description(
      'Keeps a group talking, finding its people and sharing its files, with no server and no internet.',
    )
    .version(deps.version, '-V, --version', 'print the version')
    .option('--data <dir>', "the node's data folder")
    .option('--json', 'one JSON object on stdout, or one a line')
    .helpOption('-h, --help', 'show what a command does, with examples')
    .helpCommand('help [command]', 'show what a command does, with examples')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => deps.terminal.stdout.write(text),
      writeErr: (text) => (asJson ? undefined : deps.terminal.stderr.write(text)),
      getOutHelpWidth: () => deps.terminal.stdout.columns ?? 100,
      getErrHelpWidth: () => deps.terminal.stderr.columns ?? 100,
      // Said once, at the end, in the form that was asked for.
      outputError: () => undefined,
    })
    .showSuggestionAfterError(true)
    .exitOverride()
    .addHelpText('after', ENVIRONMENT);
  const run: Run = runner(deps);
  for (const add of COMMANDS) add(program, run);
  checkVerbs(program);
  return program;
}

export interface RunOptions extends Partial<Omit<CliDeps, 'up'>> {
  readonly up: StartNode;
}

/**
 * Runs one command line.
 * @param argv as `process.argv`: the runtime, the main script, the arguments.
 * @returns the exit code: 0 done, 1 refused or failed, 2 wrong use. Never throws.
 */
export async function runCli(argv: readonly string[], options: RunOptions): Promise<number> {
  const terminal = options.terminal ?? processTerminal();
  const deps: CliDeps = {
    version: '0.0.0',
    startTemporary: temporaryNodes(argv[1] ?? '', terminal.env, terminal.platform),
    ...options,
    terminal,
  };
  const args = argv.slice(2);
  const out = new Output(terminal, args.includes('--json'));
  try {
    const program = buildProgram(deps, out.json);
    if (args.length === 0) program.outputHelp();
    else await program.parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    return endOf(error, out);
  }
}

/** Says what went wrong: a sentence and the next step, or one JSON object. */
function endOf(error: unknown, out: Output): number {
  if (error instanceof CommanderError) return endOfParsing(error, out);
  if (isKithError(error)) {
    sayFailure(error, out);
    return error instanceof UsageError ? 2 : 1;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  if (!out.json) out.raw(`${text}\n`);
  sayFailure(
    new KithError('internal', 'Something went wrong inside kith; that is a mistake of the program.', {
      next: 'Try again; if it happens again, report it with the lines above.',
    }),
    out,
  );
  return 1;
}

/** Help and version come as errors, too. */
function endOfParsing(error: CommanderError, out: Output): number {
  if (error.exitCode === 0) return 0;
  if (error.code === 'commander.help') {
    if (out.json)
      sayFailure(new UsageError('usage', 'A verb is missing.', { next: 'Add --help to see which.' }), out);
  } else {
    const sentence = error.message
      .replace(/^error: /, '')
      .replace(/\n\(Did you mean (.*)\?\)$/, '; did you mean $1');
    const message = `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}${/[.?]$/.test(sentence) ? '' : '.'}`;
    sayFailure(new UsageError('usage', message, { next: 'Add --help to see how it is used.' }), out);
  }
  return 2;
}

function sayFailure({ code, message, next }: KithError, out: Output): void {
  if (out.json) {
    out.raw(`${JSON.stringify({ code, message, next: next ?? null })}\n`);
    return;
  }
  out.raw(`${out.paintTalk('red', message)}\n`);
  if (next !== undefined) out.raw(`${next}\n`);
}
