import type { Log } from '../../application/ports.js';
import { shakeHands } from './handshake.js';
import { ManagedClient } from './managed-client.js';
import { OutageLog } from './outage-log.js';
import type { RedisClient } from './redis-client.js';
import type { RedisSettings } from './redis-settings.js';
import { RedisWarnings } from './redis-warnings.js';
import { ReplicatedWriter } from './replicated-writer.js';
import type { Script, ScriptArguments } from './script.js';

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

  /** Resolves once the first attempt has succeeded or failed. */
  static async open(settings: RedisSettings, log: Log): Promise<RedisConnection> {
    const outages = new OutageLog(log);
    const newClient = () => new ManagedClient(settings, (client) => shakeHands(client, settings), outages);
    const client = newClient();
    const warnings = new RedisWarnings(client, log);
    if (settings.replicasToWaitFor === 0) {
      await client.open();
      return new RedisConnection(client, warnings, undefined);
    }
    const writing = newClient();
    const writer = new ReplicatedWriter(writing.client, settings.replicasToWaitFor);
    await Promise.all([client.open(), writing.open()]);
    return new RedisConnection(client, warnings, { client: writing, writer });
  }

  /** Sends a command that changes nothing which must not get lost, and that may be sent twice. */
  send<T>(command: (client: RedisClient) => Promise<T>): Promise<T> {
    return this.client.send(command);
  }

  /** Runs a script; resolves when as many replicas as are to be waited for have what it wrote. */
  run(script: Script, args: ScriptArguments): Promise<unknown> {
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
