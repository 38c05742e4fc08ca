import { parseArgs } from 'node:util';
import { variables } from '../config/variables.js';

const userVerbs = ['create', 'set-password', 'deactivate', 'activate', 'delete'] as const;

/** A command that manages users. */
export type UserCommand =
  | { readonly name: 'user'; readonly verb: (typeof userVerbs)[number]; readonly username: string }
  | { readonly name: 'user'; readonly verb: 'list' };

/** A parsed command line. */
export type Command =
  | { readonly name: 'serve' | 'help' | 'version' }
  | { readonly name: 'keys'; readonly file: string | undefined }
  | UserCommand;

/** Thrown for a wrong command line, with a message for the user. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Parses the arguments after the program's name. Throws UsageError. Arguments never hold secrets. */
export function parseCommand(args: readonly string[]): Command {
  const { values, positionals } = parse(args);
  if (values.help) return { name: 'help' };
  if (values.version) return { name: 'version' };

  const [subject = 'serve', verb, username, ...more] = positionals;
  if (subject === 'help' || subject === 'serve') {
    if (verb !== undefined) throw new UsageError(`${subject} takes no further words. See hexado --help.`);
    return { name: subject };
  }
  if (subject === 'keys') {
    const [file, ...others] = positionals.slice(2);
    if (verb !== 'new' || others.length > 0) {
      throw new UsageError('hexado keys takes the word new, and a file if you like. See hexado --help.');
    }
    return { name: 'keys', file };
  }
  if (subject !== 'user') throw new UsageError(`There is no command ${subject}. See hexado --help.`);
  if (verb === 'list' && username === undefined) return { name: 'user', verb };
  const known = userVerbs.find((each) => each === verb);
  if (!known)
    throw new UsageError(`hexado user takes one of ${userVerbs.join(', ')}, list. See hexado --help.`);
  if (username === undefined || more.length > 0) throw new UsageError(`hexado user ${known} takes one name.`);
  return { name: 'user', verb: known, username };
}

/** What `hexado --help` prints. */
export function helpText(): string {
  const width = Math.max(...Object.keys(variables).map((name) => name.length)) + 1;
  const settings = Object.entries(variables).map(
    ([name, { default: value, description }]) => `  ${name.padEnd(width)}${description} (default: ${value})`,
  );
  return `Hexado, a to-do list API with JWT sign-in.

Usage:
  hexado [serve]                   start the server
  hexado user create NAME          add a user
  hexado user set-password NAME    set a user's password and end their sessions
  hexado user deactivate NAME      keep a user from signing in and end their sessions
  hexado user activate NAME        let a user sign in again
  hexado user delete NAME          delete a user with their sessions and tasks
  hexado user list                 print all users: id, name, whether active, since when
  hexado keys new [FILE]           add a new signing key to a file, or print a file of one
  hexado --help | --version

Passwords are read from a prompt or from standard input, never from the command line.

Settings, all from the environment (a file of them: node --env-file=FILE dist/src/main.js):
${settings.join('\n')}
`;
}

function parse(args: readonly string[]) {
  const options = { help: { type: 'boolean', short: 'h' }, version: { type: 'boolean' } } as const;
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(`${(error as Error).message} See hexado --help.`);
  }
}
