import type { Clock } from '../application/ports/environment.js';
import { ConfigError, type Config } from '../config/config.js';
import { commandLog } from './command-events.js';
import { createContainer } from '../container.js';
import { createStorage } from '../create-storage.js';
import { silentLog } from './silent-log.js';

/** Runs a command on the configured storage, and closes the storage. Throws ConfigError if it is in memory. */
export async function withStorage(
  config: Config,
  clock: Clock,
  command: (container: ReturnType<typeof createContainer>) => Promise<void>,
): Promise<void> {
  if (config.storage.kind === 'memory') {
    throw new ConfigError([
      'STORAGE=memory: the users of a server are in its own memory, out of reach from here.',
    ]);
  }
  const storage = await createStorage(config.storage, { clock, log: silentLog });
  try {
    await command(createContainer(config, storage, clock, await commandLog()));
  } finally {
    await storage.close();
  }
}
