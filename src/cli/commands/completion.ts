import { Argument, type Command } from 'commander';
import { examples, type AddCommand } from '../command.ts';
import { completionScript, SHELLS, type Shell, type Verb } from '../completion.ts';

export const addCompletion: AddCommand = (program, run) => {
  program
    .command('completion')
    .summary('a script that lets your shell complete kith commands')
    .description('Prints a script for your shell, which completes commands and options with the Tab key.')
    .addArgument(new Argument('<shell>', 'your shell').choices(SHELLS))
    .addHelpText(
      'after',
      examples(
        ['eval "$(kith completion bash)"', 'in ~/.bashrc'],
        ['eval "$(kith completion zsh)"', 'in ~/.zshrc, after compinit'],
        ['kith completion fish > ~/.config/fish/completions/kith.fish', 'once'],
      ),
    )
    .action(
      run<object, [Shell]>((context, _, shell) => {
        context.out.text(completionScript(shell, verbsOf(program)));
        return Promise.resolve();
      }),
    );
};

/** Every command as its words, with what can follow it. */
function verbsOf(program: Command): Verb[] {
  const walk = (command: Command, path: readonly string[]): Verb[] => [
    {
      path,
      words: command.commands.map((sub) => ({ word: sub.name(), about: sub.summary() || sub.description() })),
      options: [...command.options, ...(command === program ? [] : program.options)]
        .filter(({ hidden }) => !hidden)
        .map((option) => ({
          flag: option.long ?? option.short ?? '',
          about: option.description,
          choices: option.argChoices ?? [],
          takesValue: option.required || option.optional,
        })),
      choices: command.registeredArguments.flatMap((argument) => argument.argChoices ?? []),
    },
    ...command.commands.flatMap((sub) => walk(sub, [...path, sub.name()])),
  ];
  return walk(program, []);
}
