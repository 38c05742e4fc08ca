import { expect } from 'chai';
import { helpText, parseCommand, UsageError, type Command } from '../../src/cli/arguments.js';
import { variables } from '../../src/config/variables.js';

describe('the command line', () => {
  const commands: Readonly<Record<string, Command>> = {
    '': { name: 'serve' },
    serve: { name: 'serve' },
    help: { name: 'help' },
    '--help': { name: 'help' },
    '-h': { name: 'help' },
    'user create --help': { name: 'help' },
    '--version': { name: 'version' },
    'user create ann': { name: 'user', verb: 'create', username: 'ann' },
    'user set-password ann': { name: 'user', verb: 'set-password', username: 'ann' },
    'user activate ann': { name: 'user', verb: 'activate', username: 'ann' },
    'user deactivate ann': { name: 'user', verb: 'deactivate', username: 'ann' },
    'user delete ann': { name: 'user', verb: 'delete', username: 'ann' },
    'user delete -- --help': { name: 'user', verb: 'delete', username: '--help' },
    'keys new': { name: 'keys', file: undefined },
    'keys new keys.json': { name: 'keys', file: 'keys.json' },
    'user list': { name: 'user', verb: 'list' },
  };
  for (const [words, command] of Object.entries(commands)) {
    it(`parses the command line "${words}"`, () => {
      expect(parse(words)).to.deep.equal(command);
    });
  }

  const rejected: readonly (readonly [words: string, named: string])[] = [
    ['start', 'start'],
    ['serve now', 'serve'],
    ['help me', 'help'],
    ['--port 80', '--port'],
    ['--help=yes', '--help'],
    ['-p', '-p'],
    ['keys', 'hexado keys takes the word new'],
    ['keys list', 'hexado keys takes the word new'],
    ['keys new keys.json more', 'hexado keys takes the word new'],
    ['user', 'create, set-password, deactivate, activate, delete, list'],
    ['user rename ann', 'create, set-password, deactivate, activate, delete, list'],
    ['user list ann', 'create, set-password, deactivate, activate, delete, list'],
    ['user create', 'user create takes one name'],
    ['user create ann secret', 'user create takes one name'],
    ['user create ann --password secret', '--password'],
  ];
  for (const [words, named] of rejected) {
    it(`rejects the command line "${words}"`, () => {
      expect(() => parse(words)).to.throw(UsageError, named);
    });
  }

  for (const [name, { default: fallback }] of Object.entries(variables)) {
    it(`lists ${name} with its default in --help`, () => {
      const line = helpText()
        .split('\n')
        .find((each) => each.startsWith(`  ${name} `));
      expect(line).to.satisfy((text?: string) => text?.endsWith(` (default: ${fallback})`));
    });
  }
});

function parse(words: string): Command {
  return parseCommand(words.split(' ').filter((word) => word !== ''));
}
