/** A command: what its help says, and what may follow its name. */
interface Row {
  readonly description: string;
  /** In their order. One in brackets may be left out. FILE is completed with files, TOPIC with the topics of the help. */
  readonly arguments?: readonly string[];
  readonly options?: readonly OptionName[];
  /** Whether it changes something, or hands data out. Then it is reported as an event when it is done. */
  readonly isAct?: true;
}

interface OptionRow {
  readonly description: string;
  readonly short?: string;
  /** Names the text that the option takes, as an argument's name does. Without it, the option is a switch. */
  readonly value?: string;
}

/** All options. */
export const options = {
  help: { short: 'h', description: 'print help about the command' },
  version: { description: 'print the version' },
  'env-file': { value: 'FILE', description: 'read settings from a file; those of the environment win' },
  yes: { description: 'do not ask whether to delete' },
  json: { description: 'print one JSON object per line' },
  filter: { value: 'TEXT', description: 'only users whose name contains the text' },
  output: { value: 'FILE', description: 'write to a file that only its owner may read' },
  url: { value: 'URL', description: 'what the link begins with, such as https://todo.example' },
  user: { value: 'NAME', description: 'the user whose limits to lift, as NAME alone' },
  address: { value: 'ADDRESS', description: 'the address whose limits to lift, with its network' },
  'from-django': { value: 'FILE', description: 'what manage.py dumpdata auth.user tasks.task has printed' },
  owner: { value: 'NAME', description: 'who gets the tasks of the dump that have no owner' },
  staff: { description: 'make the user staff; in an import, users who were staff of Django' },
  limit: { value: 'NUMBER', description: 'at most so many records' },
  'skip-bad': { description: 'leave out bad lines, and name them' },
} as const satisfies Record<string, OptionRow>;

export type OptionName = keyof typeof options;

export const optionNames = Object.keys(options) as OptionName[];

export function optionOf(name: OptionName): OptionRow {
  return options[name];
}

/** The options of every command. */
export const commonOptions = ['help', 'version', 'env-file'] as const satisfies readonly OptionName[];

/**
 * All commands, in the order of the help. To add one, add its row here and its function in program.ts; the command line
 * is parsed, explained, corrected and completed from this table. A name is one word, or a topic and a verb.
 */
export const commands = {
  serve: { description: 'start the server; so does hexado alone' },
  check: { description: 'look at settings and storage, and say what to mend' },
  'user create': { arguments: ['NAME'], options: ['staff'], isAct: true, description: 'add a user' },
  'user set-password': {
    arguments: ['NAME'],
    isAct: true,
    description: "set a user's password and end their sessions",
  },
  'user deactivate': {
    arguments: ['NAME'],
    isAct: true,
    description: 'keep a user from signing in and end their sessions',
  },
  'user activate': { arguments: ['NAME'], isAct: true, description: 'let a user sign in again' },
  'user delete': {
    arguments: ['NAME'],
    options: ['yes'],
    isAct: true,
    description: 'delete a user with their sessions and tasks',
  },
  'user promote': {
    arguments: ['NAME'],
    isAct: true,
    description: 'make a user staff, who administer other users',
  },
  'user demote': { arguments: ['NAME'], isAct: true, description: 'take the right of staff from a user' },
  'user list': {
    options: ['filter', 'json'],
    description: 'print all users: id, name, whether active, since when, whether staff',
  },
  'user show': { arguments: ['NAME'], description: 'print what a user has, in numbers' },
  'user sessions': {
    arguments: ['NAME'],
    description: "print a user's sessions: id, opened, last used, expires, address",
  },
  'user logout': { arguments: ['NAME'], isAct: true, description: "end all of a user's sessions" },
  'user reset': {
    arguments: ['NAME'],
    options: ['url'],
    isAct: true,
    description: 'print a link with which a user sets a new password, once and within a day',
  },
  'user invite': {
    arguments: ['NAME'],
    options: ['url'],
    isAct: true,
    description: 'add a user without a password, and print such a link',
  },
  audit: {
    options: ['limit', 'json'],
    description: 'print what was done to accounts, latest first: time, staff or operator, who, act, id, name',
  },
  'throttle list': {
    description: 'print what has reached its rate limit: limit, network, name, seconds left',
  },
  'throttle clear': {
    arguments: ['[NAME]'],
    options: ['user', 'address'],
    isAct: true,
    description: 'let a user, or the network of an address, try again at once',
  },
  'keys new': {
    arguments: ['[FILE]'],
    isAct: true,
    description: 'add a new signing key to a file, or print a file of one',
  },
  'keys list': {
    arguments: ['FILE'],
    description: 'print the keys of a file: kid, algorithm, since when, what it is for',
  },
  'keys promote': { arguments: ['FILE', 'KID'], isAct: true, description: 'make a key the one that signs' },
  'keys remove': {
    arguments: ['FILE', 'KID'],
    isAct: true,
    description: 'remove a key; what it has signed is invalid then',
  },
  'keys prune': {
    arguments: ['FILE'],
    isAct: true,
    description: 'remove the keys that no valid token is signed with any more',
  },
  export: { options: ['output'], isAct: true, description: 'write all users and tasks as lines of JSON' },
  import: {
    options: ['skip-bad', 'from-django', 'owner', 'staff'],
    isAct: true,
    description: 'add the users and tasks of an export from standard input, or of a dump of Django',
  },
  'storage check': {
    arguments: ['MODULE'],
    description: 'hold a storage of your own to what every storage promises',
  },
  'completion bash': {
    description: 'print what completes commands in bash: source <(hexado completion bash)',
  },
  'completion zsh': { description: 'the same for zsh' },
  'completion fish': { description: 'the same for fish: hexado completion fish | source' },
  help: { arguments: ['[TOPIC]'], description: 'print help about a command, or about settings' },
  version: { description: 'print the version' },
} as const satisfies Record<string, Row>;

export type CommandName = keyof typeof commands;

/** What is said about commands with verbs: in the short help, and below their own. */
export const topics: Readonly<Record<string, { readonly about: string; readonly notes?: string }>> = {
  user: {
    about: 'manage users',
    notes: `Passwords are read twice from a prompt, or once from standard input, never from the command line.
user delete asks at a terminal. No signing key is needed. The link of user reset and user invite is
for the user alone: whoever has it can set the password. Somebody stays staff: before the last one is
demoted, deactivated or deleted, promote another user.`,
  },
  throttle: { about: 'show and lift rate limits that were reached' },
  keys: {
    about: 'manage a file of signing keys',
    notes: 'A key without a kid is called -. Servers read the file again at SIGHUP.',
  },
  storage: {
    about: 'try a storage of your own',
    notes: `MODULE is what STORAGE would be: a package, or a path such as ./my-storage.js. The check writes: createStorage must
return an empty storage each time. docs/storage-authors.md has more.`,
  },
  completion: { about: 'complete commands in a shell' },
};

/** All names, in the order of the table. */
export const commandNames = Object.keys(commands) as CommandName[];

export function rowOf(name: CommandName): Row {
  return commands[name];
}

/** How a command is written: `hexado user create NAME`. */
export function usageOf(name: CommandName): string {
  const { arguments: words = [], options: allowed = [] } = rowOf(name);
  return ['hexado', name, ...words, ...allowed.map((option) => `[${optionText(option)}]`)].join(' ');
}

/** How an option is written: `--filter TEXT`. */
export function optionText(name: OptionName): string {
  const { value } = optionOf(name);
  return value === undefined ? `--${name}` : `--${name} ${value}`;
}

/** The first words of all commands, each once. */
export const firstWords = [...new Set(commandNames.map(firstWordOf))];

export function firstWordOf(name: CommandName): string {
  return name.split(' ')[0] ?? name;
}

/** The words that may follow a first word; empty if it is a command by itself. */
export function verbsOf(firstWord: string): string[] {
  const start = `${firstWord} `;
  return commandNames.filter((name) => name.startsWith(start)).map((name) => name.slice(start.length));
}

/** What there is help about. */
export const helpTopics = [...firstWords, 'settings'];
