/** The program: `kith up` runs a node here; every other command is a client of a node's API. */
import { runCli } from './cli/program.ts';
import { programVersion } from './version.ts';

process.exitCode = await runCli(process.argv, {
  version: programVersion(),
  // Loaded when it is needed: a client starts without the node, its links and its store.
  up: async (options) => (await import('./node/up.ts')).startNode({ ...options, version: programVersion() }),
});
