import { variables } from '../config/variables.js';
import {
  commandNames,
  commonOptions,
  firstWordOf,
  firstWords,
  optionOf,
  optionText,
  rowOf,
  topics,
  usageOf,
  verbsOf,
  type CommandName,
  type OptionName,
} from './command-table.js';

/** What `hexado --help` prints or, about one of the help topics, `hexado help TOPIC`. */
export function helpText(topic?: string): string {
  if (topic === undefined) return shortHelp();
  return topic === 'settings' ? settingsHelp() : commandHelp(topic);
}

function shortHelp(): string {
  const lines = firstWords.map((word) => {
    const verbs = verbsOf(word);
    const about = topics[word]?.about;
    return about === undefined
      ? [
          [word, ...(rowOf(word as CommandName).arguments ?? [])].join(' '),
          rowOf(word as CommandName).description,
        ]
      : [`${word} …`, `${about}: ${verbs.join(', ')}`];
  });
  return `Hexado, a to-do list API with JWT sign-in.

Usage: hexado COMMAND
${table(lines)}

Options of every command:
${optionTable(commonOptions)}

More about a command: hexado help COMMAND. All settings: hexado help settings.
`;
}

function commandHelp(topic: string): string {
  const names = commandNames.filter((name) => firstWordOf(name) === topic);
  const lines = names.map((name) => [usageOf(name), rowOf(name).description]);
  const used = new Set(names.flatMap((name) => rowOf(name).options ?? []));
  const notes = topics[topic]?.notes;
  return [
    `Usage:\n${table(lines)}\n`,
    used.size > 0 ? `Options:\n${optionTable([...used])}\n` : undefined,
    notes === undefined ? undefined : `${notes}\n`,
    'All settings: hexado help settings.\n',
  ]
    .filter((part) => part !== undefined)
    .join('\n');
}

function settingsHelp(): string {
  const lines = Object.entries(variables).map(([name, { default: value, description }]) => [
    name,
    `${description} (default: ${value})`,
  ]);
  return `Settings, from the environment or from a file (--env-file FILE, or HEXADO_CONFIG=FILE):
${table(lines)}
`;
}

function optionTable(names: readonly OptionName[]): string {
  return table(names.map((name) => [optionText(name), optionOf(name).description]));
}

/** Two columns. Where the first cell is long, the second begins a new line. */
function table(lines: readonly (readonly string[])[]): string {
  const lengths = lines.map(([first = '']) => first.length).filter((length) => length <= 34);
  const width = Math.max(0, ...lengths) + 2;
  return lines
    .map(([first = '', second = '']) =>
      first.length < width
        ? `  ${first.padEnd(width)}${second}`
        : `  ${first}\n  ${' '.repeat(width)}${second}`,
    )
    .join('\n');
}
