/** How a command is added to the tree: one function a noun, one action a verb. */
import type { Command } from 'commander';
import { Context, type CliDeps, type GlobalOptions } from './context.ts';
import { Output } from './output.ts';

export type Action<Options, Args extends readonly (string | undefined)[]> = (
  context: Context,
  options: Options,
  ...args: Args
) => Promise<void>;

/** Wraps an action for commander. `Args` are the operands as they were typed. */
export type Run = <Options = object, Args extends readonly (string | undefined)[] = []>(
  action: Action<Options, Args>,
) => (this: Command) => Promise<void>;

/** Adds a noun with its verbs to the program, or a verb to its noun. */
export type AddCommand = (to: Command, run: Run) => void;

export function runner(deps: CliDeps): Run {
  return (action) =>
    async function (this: Command) {
      const options = this.optsWithGlobals<GlobalOptions>();
      const context = new Context(deps, options, new Output(deps.terminal, options.json === true));
      await action(context, options as never, ...(this.args as never));
    };
}

/** Shown under a command's help. */
export function examples(...lines: readonly (readonly [command: string, does: string])[]): string {
  const width = Math.max(...lines.map(([command]) => command.length));
  return ['', 'Examples:', ...lines.map(([command, does]) => `  ${command.padEnd(width)}  ${does}`)].join(
    '\n',
  );
}
