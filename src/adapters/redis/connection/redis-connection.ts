import { performance } from 'node:perf_hooks';
import type { Log } from '../../../application/ports/environment.js';
import { shakeHands } from './handshake.js';
import { ManagedClient } from './managed-client.js';
import { OutageLog, type RedisObserver } from './outage-log.js';
import type { RedisClient } from './redis-client.js';
import type { RedisSettings } from './redis-settings.js';
import { RedisWarnings } from './redis-warnings.js';
import { ReplicatedWriter } from './replicated-writer.js';
import type { Script } from '../lua/script.js';

/**
 * The connection to Redis. It fails fast and reconnects by itself. Failures become StorageUnavailable, because raw
 * errors contain the command's arguments. It logs when Redis is unavailable, and when it is available again.
 */
export class RedisConnection {
  private constructor(
    readonly client: ManagedClient,
    readonly warnings: RedisWarnings,
    /** For writes that wait for replicas. */
    private readonly replicated:
      { readonly client: ManagedClient; readonly writer: ReplicatedWriter } | undefined,
    private readonly observer: RedisObserver | undefined,
  ) {}

  /** Resolves once the first attempt has succeeded or failed. Rejects with UnknownLayout if it failed for that. */
  static async open(settings: RedisSettings, log: Log, observer?: RedisObserver): Promise<RedisConnection> {
    const outages = new OutageLog(log, observer);
    const newClient = () => new ManagedClient(settings, (client) => shakeHands(client, settings), outages);
    const client = newClient();
    const warnings = new RedisWarnings(client, log);
    const connection = new RedisConnection(client, warnings, replicatedBy(newClient, settings), observer);
    try {
      await Promise.all([client.open(), connection.replicated?.client.open()]);
    } catch (error) {
      await connection.close();
      throw error;
    }
    return connection;
  }

  /** Sends an idempotent command that writes nothing which must not be lost. */
  send<T>(command: (client: RedisClient) => Promise<T>): Promise<T> {
    return this.measured('read', this.client.send(command));
  }

  /** Runs a script; `args` are the keys and then the arguments. Resolves when enough replicas have what it wrote. */
  run(script: Script, args: readonly (string | number)[]): Promise<unknown> {
    return this.measured(script.writes ? 'write' : 'read', this.execute(script, args));
  }

  private execute(script: Script, args: readonly (string | number)[]): Promise<unknown> {
    const { replicated } = this;
    if (replicated && script.writes) {
      return replicated.client.sendOnce(() =>
        call((name, all) => replicated.writer.execute(name, all), script, args),
      );
    }
    const command = (client: RedisClient) => call((name, all) => client.call(name, ...all), script, args);
    return script.writes ? this.client.sendOnce(command) : this.client.send(command);
  }

  private measured<T>(kind: 'read' | 'write', reply: Promise<T>): Promise<T> {
    const { observer } = this;
    if (!observer) return reply;
    const sentAt = performance.now();
    return reply.then((value) => {
      observer.replied(kind, (performance.now() - sentAt) / 1000);
      return value;
    });
  }

  /** Closes the connection, with QUIT if there is one. */
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

/** Calls a script with EVALSHA, or with EVAL if the server does not know it yet. */
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
