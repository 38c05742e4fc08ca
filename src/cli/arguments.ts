import { parseArgs } from 'node:util';
import { nearestWord } from '../config/nearest-word.js';
import {
  commonOptions,
  firstWordOf,
  firstWords,
  helpTopics,
  optionNames,
  optionOf,
  rowOf,
  usageOf,
  verbsOf,
  type CommandName,
  type commands,
  type OptionName,
  type options,
} from './command-table.js';

type Table = typeof commands;

/** An option that takes a text has it as its value, a switch has true. */
type OptionValue<O extends OptionName> = (typeof options)[O] extends { readonly value: string }
  ? string
  : true;

/** A parsed command line of this command. */
export interface CommandOf<N extends CommandName> {
  readonly name: N;
  readonly arguments: Table[N] extends { readonly arguments: infer A }
    ? { readonly [I in keyof A]: A[I] extends `[${string}` ? string | undefined : string }
    : readonly [];
  readonly options: Table[N] extends { readonly options: readonly (infer O extends OptionName)[] }
    ? { readonly [K in O]?: OptionValue<K> }
    : Readonly<Record<string, never>>;
}

/** A parsed command line. */
export type Command = { [N in CommandName]: CommandOf<N> }[CommandName];

/** Thrown for a wrong command line, with a message for the user. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Parses the arguments after the program's name. Throws UsageError. Arguments never hold secrets. */
export function parseCommand(args: readonly string[]): Command {
  const { values, positionals } = parse(args);
  if (values['help']) return command('help', positionals.slice(0, 1), {});
  if (values['version']) return command('version', [], {});

  const [first = 'serve', second] = positionals;
  const verbs = verbsOf(first);
  if (verbs.length === 0 && !firstWords.includes(first)) {
    throw new UsageError(`There is no command ${first}.${suggestion(first, firstWords)} See hexado --help.`);
  }
  if (verbs.length > 0 && !verbs.includes(second ?? '')) {
    const meant = suggestion(second ?? '', verbs) || ` It takes one of ${verbs.join(', ')}.`;
    const problem = second === undefined ? 'needs another word' : `has no command ${second}`;
    throw new UsageError(`hexado ${first} ${problem}.${meant} See hexado ${first} --help.`);
  }
  const name = verbs.length > 0 ? `${first} ${second}` : first;
  return command(name as CommandName, positionals.slice(verbs.length > 0 ? 2 : 1), values);
}

/** The file of settings that a valid command line names, if it does. */
export function envFileIn(args: readonly string[]): string | undefined {
  return parse(args).values['env-file'] as string | undefined;
}

function command(
  name: CommandName,
  given: readonly string[],
  values: Readonly<Record<string, unknown>>,
): Command {
  const { arguments: expected = [], options: allowed = [] } = rowOf(name);
  const required = expected.filter((each) => !each.startsWith('['));
  const known: readonly string[] = [...commonOptions, ...allowed];
  const areKnown = Object.keys(values).every((option) => known.includes(option));
  if (!areKnown || given.length < required.length || given.length > expected.length) {
    throw new UsageError(`Expected: ${usageOf(name)}. See hexado ${firstWordOf(name)} --help.`);
  }
  const [topic] = given;
  if (name === 'help' && topic !== undefined && !helpTopics.includes(topic)) {
    throw new UsageError(
      `There is no help about ${topic}.${suggestion(topic, helpTopics)} See hexado --help.`,
    );
  }
  const own: readonly string[] = allowed;
  const options = Object.fromEntries(Object.entries(values).filter(([option]) => own.includes(option)));
  return { name, arguments: expected.map((_, index) => given[index]), options } as unknown as Command;
}

function parse(args: readonly string[]) {
  const config = optionNames.map((name) => {
    const { short, value } = optionOf(name);
    const type = value === undefined ? ('boolean' as const) : ('string' as const);
    return [name, short === undefined ? { type } : { type, short }] as const;
  });
  try {
    return parseArgs({ args: [...args], options: Object.fromEntries(config), allowPositionals: true });
  } catch (error) {
    const { message } = error as Error;
    const [, unknown = ''] = /^Unknown option '--([^']*)'/.exec(message) ?? [];
    throw new UsageError(`${message}${suggestion(unknown, optionNames, '--')} See hexado --help.`);
  }
}

function suggestion(word: string, known: readonly string[], prefix = ''): string {
  const meant = nearestWord(word.toLowerCase(), known);
  return meant === undefined ? '' : ` Did you mean ${prefix}${meant}?`;
}
