/** Completion scripts for shells, made from the tree of commands: words, options, and choices where there are any. */

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

export interface Verb {
  /** Words after `kith`; none for `kith` itself. */
  readonly path: readonly string[];
  readonly words: readonly { readonly word: string; readonly about: string }[];
  readonly options: readonly FlagInfo[];
  /** Values of its operands, where they are listed. */
  readonly choices: readonly string[];
}

export interface FlagInfo {
  readonly flag: string;
  readonly about: string;
  readonly choices: readonly string[];
  readonly takesValue: boolean;
}

export function completionScript(shell: Shell, verbs: readonly Verb[]): string {
  switch (shell) {
    case 'bash':
      return bashScript(verbs);
    case 'zsh':
      return zshScript(verbs);
    case 'fish':
      return fishScript(verbs);
  }
}

/** The words that can follow each command, as arms of a shell's `case`. */
function arms(verbs: readonly Verb[], quote: (word: string) => string): string {
  return verbs
    .map(({ path, words, options, choices }) => {
      const next = [...words.map(({ word }) => word), ...choices, ...options.map(({ flag }) => flag)];
      return `    ${quote(path.join(' '))}) words=${quote(next.join(' '))} ;;`;
    })
    .join('\n');
}

/** Options whose value is one of few: the same, by command and flag. */
function valueArms(verbs: readonly Verb[], quote: (word: string) => string): string {
  return verbs
    .flatMap(({ path, options }) =>
      options
        .filter(({ choices }) => choices.length > 0)
        .map(
          ({ flag, choices }) =>
            `    ${quote([...path, flag].join(' '))}) words=${quote(choices.join(' '))} ;;`,
        ),
    )
    .join('\n');
}

function valueFlags(verbs: readonly Verb[]): string[] {
  return [...new Set(verbs.flatMap(({ options }) => options.filter((o) => o.takesValue).map((o) => o.flag)))];
}

function nouns(verbs: readonly Verb[]): string {
  return verbs
    .filter(({ path }) => path.length > 0)
    .map(({ path }) => quoted(path.join(' ')))
    .join('|');
}

function bashScript(verbs: readonly Verb[]): string {
  return `# kith completion for bash
_kith() {
  local word path='' skip='' words='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    if [[ -n $skip ]]; then skip=''; continue; fi
    case "$word" in
    ${valueFlags(verbs).join('|')}) skip=1 ;;
    -*) ;;
    *) case "\${path:+$path }$word" in ${nouns(verbs)}) path="\${path:+$path }$word" ;; esac ;;
    esac
  done
  local previous="\${COMP_WORDS[COMP_CWORD-1]}" current="\${COMP_WORDS[COMP_CWORD]}"
  case "\${path:+$path }$previous" in
${valueArms(verbs, quoted)}
    *) if [[ -z $skip ]]; then case "$path" in
${arms(verbs, quoted)}
    esac; fi ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _kith kith
`;
}

function zshScript(verbs: readonly Verb[]): string {
  return `#compdef kith
# kith completion for zsh
_kith() {
  local word kithpath='' skip='' words_of='' i
  for ((i = 2; i < CURRENT; i++)); do
    word="\${words[i]}"
    if [[ -n $skip ]]; then skip=''; continue; fi
    case "$word" in
    ${valueFlags(verbs).join('|')}) skip=1 ;;
    -*) ;;
    *) case "\${kithpath:+$kithpath }$word" in ${nouns(verbs)}) kithpath="\${kithpath:+$kithpath }$word" ;; esac ;;
    esac
  done
  case "\${kithpath:+$kithpath }\${words[CURRENT-1]}" in
${valueArms(verbs, quoted).replaceAll('words=', 'words_of=')}
    *) if [[ -z $skip ]]; then case "$kithpath" in
${arms(verbs, quoted).replaceAll(') words=', ') words_of=')}
    esac; fi ;;
  esac
  if [[ -n $words_of ]]; then compadd -- \${=words_of}; else _files; fi
}
compdef _kith kith
`;
}

function fishScript(verbs: readonly Verb[]): string {
  const nounNames = verbs.filter(({ path }) => path.length === 1).map(({ path }) => path.join(''));
  const lines = verbs.flatMap(({ path, words, options, choices }) => {
    const when = fishCondition(
      path,
      nounNames,
      words.map(({ word }) => word),
    );
    const line = (rest: string): string => `complete -c kith -n ${quoted(when)} ${rest}`;
    return [
      ...words.map(({ word, about }) => line(`-f -a ${quoted(word)} -d ${quoted(about)}`)),
      ...(choices.length === 0 ? [] : [line(`-f -a ${quoted(choices.join(' '))}`)]),
      ...(path.length === 0 ? [] : options).map(({ flag, about, choices: values, takesValue }) => {
        const value = values.length > 0 ? ` -x -a ${quoted(values.join(' '))}` : takesValue ? ' -r' : '';
        return line(`-l ${flag.replace(/^--/, '')} -d ${quoted(about)}${value}`);
      }),
    ];
  });
  return `# kith completion for fish\n${lines.join('\n')}\n`;
}

/** True where the command line so far is this command and none of the words that go on from it. */
function fishCondition(
  path: readonly string[],
  nounNames: readonly string[],
  further: readonly string[],
): string {
  const [noun, verb] = path;
  if (noun === undefined) return `not __fish_seen_subcommand_from ${nounNames.join(' ')}`;
  const seen = [`__fish_seen_subcommand_from ${noun}`];
  if (verb !== undefined) seen.push(`__fish_seen_subcommand_from ${verb}`);
  if (further.length > 0) seen.push(`not __fish_seen_subcommand_from ${further.join(' ')}`);
  return seen.join('; and ');
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
