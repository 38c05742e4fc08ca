import {
  commandNames,
  commonOptions,
  firstWords,
  helpTopics,
  optionNames,
  optionOf,
  rowOf,
  topics,
  verbsOf,
  type CommandName,
  type OptionName,
} from './command-table.js';

/** What may follow the words that have been typed, each word with its description. */
interface Place {
  /** The words before, without options. */
  readonly typed: string;
  /** Whether arguments may stand between those words and this place. */
  readonly isLater?: boolean;
  readonly words?: readonly (readonly [word: string, description: string])[];
  readonly takesFile?: boolean;
  readonly options?: readonly OptionName[];
}

const shells = { bash, zsh, fish };

/** The script that completes commands in this shell. */
export function completionScript(shell: keyof typeof shells): string {
  return `${shells[shell]()}\n`;
}

function places(): Place[] {
  const verbs = firstWords.flatMap((word) => {
    const words = verbsOf(word).map(
      (verb) => [verb, rowOf(`${word} ${verb}` as CommandName).description] as const,
    );
    return words.length === 0 ? [] : [{ typed: word, words }];
  });
  const first = firstWords.map(
    (word) => [word, topics[word]?.about ?? rowOf(word as CommandName).description] as const,
  );
  const behindCommands = commandNames.flatMap((name) => {
    const [argument] = rowOf(name).arguments ?? [];
    const words = argument === '[TOPIC]' ? helpTopics.map((topic) => [topic, ''] as const) : [];
    const takesFile = argument !== undefined && isFile(argument);
    const allowed = rowOf(name).options ?? [];
    return [
      { typed: name, words, takesFile, options: allowed },
      { typed: name, isLater: true, options: allowed },
    ];
  });
  return [{ typed: '', words: first }, ...verbs, ...behindCommands];
}

function isFile(name: string): boolean {
  return /^\[?FILE\b/.test(name);
}

const valueOptions = optionNames.filter((name) => optionOf(name).value !== undefined);

const fileOptions = valueOptions.filter((name) => isFile(optionOf(name).value ?? ''));

const flags = (names: readonly OptionName[]) => names.map((name) => `--${name}`);

/** A pattern of `case` that no option has where there is none. */
const either = (names: readonly OptionName[]) => flags(names).join('|') || '--';

/** Reads the words before the cursor: those that are no options into `typed`, an option that awaits its value into `skip`. */
const readTyped = `  for each in "\${before[@]}"; do
    if [[ -n $skip ]]; then skip=; continue; fi
    case $each in
      (${either(valueOptions)}) skip=$each ;;
      (-*) ;;
      (*) typed="\${typed:+$typed }$each" ;;
    esac
  done
  case $skip in
    (${either(fileOptions)}) files=1 ;;
  esac`;

/** Finds what may follow `typed`; `list` writes words with their descriptions as the elements of an array. */
function findFollowing(list: (words: NonNullable<Place['words']>) => string): string {
  const branches = places().map(({ typed, isLater, words = [], takesFile, options: allowed = [] }) => {
    const offered = [...commonOptions, ...allowed].map(
      (name) => [`--${name}`, optionOf(name).description] as const,
    );
    const files = takesFile ? ' files=1' : '';
    return `    ('${typed}${isLater ? " '*" : "'"}) found=(${list(words)}) flags=(${list(offered)})${files} ;;`;
  });
  return ['  [[ -z $skip ]] && case $typed in', ...branches, '  esac'].join('\n');
}

function bash(): string {
  return `_hexado() {
  local word=\${COMP_WORDS[COMP_CWORD]} typed= skip= files= each
  local before=("\${COMP_WORDS[@]:1:COMP_CWORD-1}") found=() flags=() IFS=$'\\n'
${readTyped}
${findFollowing((words) => words.map(([word]) => word).join(' '))}
  [[ $word == -* ]] && found=("\${flags[@]}") files=
  COMPREPLY=($(compgen -W "\${found[*]}" -- "$word"))
  if [[ -n $files ]]; then
    compopt -o filenames 2>/dev/null
    COMPREPLY+=($(compgen -f -- "$word"))
  fi
}
complete -F _hexado hexado`;
}

function zsh(): string {
  return `_hexado() {
  local typed= skip= files= each
  local -a before found flags
  before=("\${(@)words[2,CURRENT-1]}")
${readTyped}
${findFollowing(describedWords)}
  if [[ $PREFIX == -* ]]; then
    _describe option flags
  else
    _describe command found
    if [[ -n $files ]]; then _files; fi
  fi
}
compdef _hexado hexado`;
}

/** Words as the elements of an array for `_describe` of zsh. */
function describedWords(words: NonNullable<Place['words']>): string {
  return words.map(([word, description]) => quote(`${word}:${description.replaceAll(':', '\\:')}`)).join(' ');
}

function fish(): string {
  const lines: string[] = [];
  for (const { typed, isLater, words = [], takesFile } of places()) {
    if (isLater) continue;
    const isHere = `-n 'test "$(__hexado_typed)" = "${typed}"'`;
    for (const [word, description] of words) lines.push(`${isHere} -a ${word} -d ${quote(description)}`);
    if (takesFile) lines.push(`${isHere} -F`);
  }
  for (const option of commonOptions) lines.push(fishOption(option));
  for (const name of commandNames) {
    const isBehind = `-n 'string match -q "${name} *" "$(__hexado_typed) "'`;
    for (const option of rowOf(name).options ?? []) lines.push(`${isBehind} ${fishOption(option)}`);
  }
  return `function __hexado_typed
  set -l typed
  set -l skip
  set -l before (commandline -opc)
  for each in $before[2..]
    if set -q skip[1]
      set -e skip
    else if contains -- $each ${flags(valueOptions).join(' ')}
      set skip 1
    else if not string match -q -- '-*' $each
      set -a typed $each
    end
  end
  echo "$typed"
end
complete -c hexado -f
${lines.map((line) => `complete -c hexado ${line}`).join('\n')}`;
}

function fishOption(name: OptionName): string {
  const value = !valueOptions.includes(name) ? '' : fileOptions.includes(name) ? ' -rF' : ' -x';
  return `-l ${name}${value} -d ${quote(optionOf(name).description)}`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
