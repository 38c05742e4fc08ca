import type { Clock } from '../application/ports/environment.js';
import { ConfigError, type Config } from '../config/config.js';
import { commandLog, operatorName } from './command-events.js';
import { createContainer } from '../container.js';
import { createStorage } from '../create-storage.js';
import { exitReport } from './exit-report.js';
import { silentLog } from './silent-log.js';
import { warn } from './warn.js';

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
    const operator = { name: operatorName(), onUnrecorded: reportUnrecorded };
    await command(createContainer(config, storage, clock, await commandLog(), { operator }));
  } finally {
    await storage.close();
  }
}

/** After an outage nobody knows whether a record was added. The command goes on, and fails at its end. */
function reportUnrecorded(error: unknown): void {
  const { messages, code } = exitReport(error);
  warn('This is done, but the audit log may have no record of it.');
  for (const message of messages) warn(message);
  process.exitCode = code;
}
