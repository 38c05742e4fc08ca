import type { Log } from '../../../application/ports/environment.js';
import { shakeHands } from './handshake.js';
import { ManagedClient } from './managed-client.js';
import { OutageLog } from './outage-log.js';
import type { RedisClient } from './redis-client.js';
import type { RedisSettings } from './redis-settings.js';
import { RedisWarnings } from './redis-warnings.js';
import { ReplicatedWriter } from './replicated-writer.js';
import type { Script } from '../lua/script.js';

/**
 * The connection to Redis. It fails fast and comes back by itself. Whatever goes wrong becomes StorageUnavailable, for
 * raw errors carry the command's arguments. The log says when Redis cannot be reached, and when it can be again.
 */
export class RedisConnection {
  private constructor(
    readonly client: ManagedClient,
    readonly warnings: RedisWarnings,
    /** For writes that wait for replicas. */
    private readonly replicated:
      { readonly client: ManagedClient; readonly writer: ReplicatedWriter } | undefined,
  ) {}

  /** Resolves once the first attempt has succeeded or failed; rejected with UnknownLayout if that is why. */
  static async open(settings: RedisSettings, log: Log): Promise<RedisConnection> {
    const outages = new OutageLog(log);
    const newClient = () => new ManagedClient(settings, (client) => shakeHands(client, settings), outages);
    const client = newClient();
    const warnings = new RedisWarnings(client, log);
    const connection = new RedisConnection(client, warnings, replicatedBy(newClient, settings));
    try {
      await Promise.all([client.open(), connection.replicated?.client.open()]);
    } catch (error) {
      await connection.close();
      throw error;
    }
    return connection;
  }

  /** Sends a command that changes nothing which must not get lost, and that may be sent twice. */
  send<T>(command: (client: RedisClient) => Promise<T>): Promise<T> {
    return this.client.send(command);
  }

  /** Runs a script, keys first; resolves when as many replicas as are to be waited for have what it wrote. */
  run(script: Script, args: readonly (string | number)[]): Promise<unknown> {
    const { replicated } = this;
    if (replicated && script.writes) {
      return replicated.client.sendOnce(() =>
        call((name, all) => replicated.writer.execute(name, all), script, args),
      );
    }
    const command = (client: RedisClient) => call((name, all) => client.call(name, ...all), script, args);
    return script.writes ? this.client.sendOnce(command) : this.client.send(command);
  }

  /** Lets go of the connection; politely, if there is one. */
  async close(): Promise<void> {
    await Promise.all([this.client.close(), this.replicated?.client.close()]);
  }
}

function replicatedBy(
  newClient: () => ManagedClient,
  { replicasToWaitFor }: RedisSettings,
): { readonly client: ManagedClient; readonly writer: ReplicatedWriter } | undefined {
  if (replicasToWaitFor === 0) return undefined;
  const client = newClient();
  return { client, writer: new ReplicatedWriter(client.client, replicasToWaitFor) };
}

/** Calls a script by its SHA-1, and by its text where the server does not know it yet. */
async function call<T>(
  execute: (command: string, args: readonly (string | number)[]) => Promise<T>,
  { sha, lua, numberOfKeys }: Script,
  args: readonly (string | number)[],
): Promise<T> {
  try {
    return await execute('evalsha', [sha, numberOfKeys, ...args]);
  } catch (error) {
    const isUnknown = error instanceof Error && error.message.startsWith('NOSCRIPT');
    if (isUnknown) return execute('eval', [lua, numberOfKeys, ...args]);
    throw error;
  }
}
