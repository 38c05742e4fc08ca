import { print, printDone } from '../adapters/terminal/print.js';
import { readSecret } from '../adapters/terminal/read-secret.js';
import { UserCommands } from '../adapters/terminal/user-commands.js';
import { ManageUsers } from '../application/manage-users.js';
import type { Clock, Log } from '../application/ports/environment.js';
import type { UserCommand } from './arguments.js';
import { ConfigError, type Config } from '../config/config.js';
import { createContainer } from '../container.js';
import { createStorage } from '../create-storage.js';

/** Logs nothing: standard output is the command's own, and errors are reported at its end. */
const log: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** Runs a command that manages users on the configured storage. Throws ConfigError if the storage is in memory. */
export async function runUserCommand(command: UserCommand, config: Config, clock: Clock): Promise<void> {
  if (config.storage.kind === 'memory') {
    throw new ConfigError([
      'STORAGE=memory: the users of a server are in its own memory, out of reach from here.',
    ]);
  }
  const storage = await createStorage(config.storage, { clock, log });
  try {
    const container = createContainer(config, storage, clock, log);
    const terminal = { readSecret, print, printDone };
    await run(command, new UserCommands(container.get(ManageUsers), terminal));
  } finally {
    await storage.close();
  }
}

async function run(command: UserCommand, commands: UserCommands): Promise<void> {
  switch (command.verb) {
    case 'create':
      return commands.create(command.username);
    case 'set-password':
      return commands.setPassword(command.username);
    case 'activate':
      return commands.activate(command.username);
    case 'deactivate':
      return commands.deactivate(command.username);
    case 'delete':
      return commands.delete(command.username);
    case 'list':
      return commands.list();
  }
}
