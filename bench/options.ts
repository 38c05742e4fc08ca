import { parseArgs } from 'node:util';
import { serverKind, serverKinds, type ServerKind } from './servers.js';

export const works = ['get', 'list', 'create', 'update', 'mix'] as const;
export type Work = (typeof works)[number];

const commands = ['compare', 'grow'] as const;

/** What can grow. */
export const growing = ['tasks', 'users', 'storm'] as const;
export type Growing = (typeof growing)[number];

export interface Options {
  readonly command: (typeof commands)[number];
  /** What is to grow. */
  readonly growing: readonly Growing[];
  readonly rounds: number;
  readonly seconds: number;
  readonly servers: readonly ServerKind[];
  readonly works: readonly Work[];
  /** Whether the figures become those that are committed. */
  readonly keep: boolean;
}

const usage = `npm run bench -- [compare] [--rounds 5] [--seconds 4] [--servers ${serverKinds.map(({ name }) => name).join()}] [--works ${works.join()}] [--keep]
npm run bench -- grow [tasks] [users] [storm] [--seconds 4] [--keep]`;

/** Reads the command line; throws an Error that says what is wrong with it and how it is used. */
export function readOptions(args: readonly string[]): Options {
  try {
    return parse(args);
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`, {
      cause: error,
    });
  }
}

function parse(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '4' },
      servers: { type: 'string', default: serverKinds.map(({ name }) => name).join() },
      works: { type: 'string', default: works.join() },
      keep: { type: 'boolean', default: false },
    },
  });
  const [first = 'compare', ...parts] = positionals;
  const command = commands.find((each) => each === first);
  if (!command) throw new Error(`There is no command ${first}.`);
  const unknown = parts.find((part) => command !== 'grow' || !growing.some((each) => each === part));
  if (unknown !== undefined) throw new Error(`${command} knows no ${unknown}.`);
  return {
    command,
    growing: growing.filter((each) => parts.length === 0 || parts.includes(each)),
    rounds: whole('rounds', values.rounds),
    seconds: whole('seconds', values.seconds),
    servers: values.servers.split(',').map(serverKind),
    works: values.works.split(',').map(knownWork),
    keep: values.keep,
  };
}

function whole(name: string, text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new Error(`--${name} ${text}: expected a whole number from 1.`);
  return Number(text);
}

function knownWork(name: string): Work {
  const work = works.find((each) => each === name);
  if (!work) throw new Error(`There is no work ${name}.`);
  return work;
}
