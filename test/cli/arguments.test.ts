import { expect } from 'chai';
import { parseCommand, UsageError, type Command } from '../../src/cli/arguments.js';
import { commandNames, firstWordOf, firstWords, rowOf, usageOf } from '../../src/cli/command-table.js';
import { helpText } from '../../src/cli/help.js';
import { variables } from '../../src/config/variables.js';

describe('the command line', () => {
  const none = { arguments: [], options: {} } as const;
  const commands: Readonly<Record<string, Command>> = {
    '': { ...none, name: 'serve' },
    serve: { ...none, name: 'serve' },
    help: { name: 'help', arguments: [undefined], options: {} },
    '--help': { name: 'help', arguments: [undefined], options: {} },
    '-h': { name: 'help', arguments: [undefined], options: {} },
    'help settings': { name: 'help', arguments: ['settings'], options: {} },
    'user --help': { name: 'help', arguments: ['user'], options: {} },
    'user create --help': { name: 'help', arguments: ['user'], options: {} },
    version: { ...none, name: 'version' },
    '--version': { ...none, name: 'version' },
    'user create ann': { name: 'user create', arguments: ['ann'], options: {} },
    'user set-password ann': { name: 'user set-password', arguments: ['ann'], options: {} },
    'user activate ann': { name: 'user activate', arguments: ['ann'], options: {} },
    'user deactivate ann': { name: 'user deactivate', arguments: ['ann'], options: {} },
    'user delete ann': { name: 'user delete', arguments: ['ann'], options: {} },
    'user delete -- --help': { name: 'user delete', arguments: ['--help'], options: {} },
    'keys new': { name: 'keys new', arguments: [undefined], options: {} },
    'keys new keys.json': { name: 'keys new', arguments: ['keys.json'], options: {} },
    'user reset ann --url https://todo.example': {
      name: 'user reset',
      arguments: ['ann'],
      options: { url: 'https://todo.example' },
    },
    'throttle list': { ...none, name: 'throttle list' },
    'throttle clear --address 192.0.2.7': {
      name: 'throttle clear',
      arguments: [undefined],
      options: { address: '192.0.2.7' },
    },
    'user list': { ...none, name: 'user list' },
    'user create ann --staff': { name: 'user create', arguments: ['ann'], options: { staff: true } },
    'user promote ann': { name: 'user promote', arguments: ['ann'], options: {} },
    'user demote ann': { name: 'user demote', arguments: ['ann'], options: {} },
    audit: { ...none, name: 'audit' },
    'audit --json --limit 5': { name: 'audit', arguments: [], options: { json: true, limit: '5' } },
  };
  for (const [words, command] of Object.entries(commands)) {
    it(`parses the command line "${words}"`, () => {
      expect(parse(words)).to.deep.equal(command);
    });
  }

  const rejected: readonly (readonly [words: string, named: string])[] = [
    ['start', 'There is no command start.'],
    ['usre list', 'There is no command usre. Did you mean user?'],
    ['usre --help', 'There is no help about usre. Did you mean user?'],
    ['serve now', 'Expected: hexado serve.'],
    ['help me', 'There is no help about me.'],
    ['help user create', 'Expected: hexado help [TOPIC].'],
    ['--port 80', '--port'],
    ['--hlep', 'Did you mean --help?'],
    ['--help=yes', '--help'],
    ['-p', '-p'],
    ['keys', 'hexado keys needs another word.'],
    ['keys ne', 'Did you mean new? See hexado keys --help.'],
    ['keys new keys.json more', 'Expected: hexado keys new [FILE].'],
    ['user', 'create, set-password, deactivate, activate, delete, promote, demote, list'],
    ['user rename ann', 'create, set-password, deactivate, activate, delete, promote, demote, list'],
    ['user delte ann', 'hexado user has no command delte. Did you mean delete? See hexado user --help.'],
    ['user setpassword ann', 'Did you mean set-password?'],
    ['user list ann', 'Expected: hexado user list'],
    ['user create', 'Expected: hexado user create NAME [--staff].'],
    ['user create ann secret', 'Expected: hexado user create NAME [--staff].'],
    ['user create ann --password secret', '--password'],
    ['user delete ann --staff', 'Expected: hexado user delete NAME [--yes].'],
    ['audit ann', 'Expected: hexado audit'],
  ];
  for (const [words, named] of rejected) {
    it(`rejects the command line "${words}"`, () => {
      expect(() => parse(words)).to.throw(UsageError, named);
    });
  }

  for (const [name, { default: fallback }] of Object.entries(variables)) {
    it(`lists ${name} with its default in hexado help settings`, () => {
      const line = helpText('settings')
        .split('\n')
        .find((each) => each.startsWith(`  ${name} `));
      expect(line).to.satisfy((text?: string) => text?.endsWith(` (default: ${fallback})`));
    });
  }

  it('lists the first word of every command in --help, in less than a screen', () => {
    const text = helpText();
    for (const word of firstWords) expect(text).to.match(new RegExp(`^  ${word} `, 'm'));
    expect(text.split('\n').length).to.be.lessThan(24);
  });

  for (const name of commandNames) {
    it(`explains hexado ${name} in the help of its first word`, () => {
      const lines = helpText(firstWordOf(name)).split('\n');
      expect(lines.some((line) => line.startsWith(`  ${usageOf(name)}`))).to.equal(true);
    });
  }

  it('reports every command as an act but those that only look', () => {
    const looking = commandNames.filter((name) => !rowOf(name).isAct).join(', ');
    expect(looking).to.equal(
      'serve, check, user list, user show, user sessions, audit, throttle list, keys list, storage check, ' +
        'completion bash, completion zsh, completion fish, help, version',
    );
  });
});

function parse(words: string): Command {
  return parseCommand(words.split(' ').filter((word) => word !== ''));
}
