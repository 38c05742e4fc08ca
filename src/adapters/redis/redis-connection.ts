import { setTimeout } from 'node:timers/promises';
import { Cluster } from 'ioredis';
import type { Log } from '../../application/ports.js';
import { StorageUnavailable } from '../../domain/errors.js';
import { connectTimeout, createClient, type RedisClient } from './redis-client.js';
import { OutageLog } from './outage-log.js';
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
    private readonly clients: readonly [RedisClient, ...RedisClient[]],
    private readonly writer: ReplicatedWriter | undefined,
    private readonly outages: OutageLog,
    private readonly warnings: RedisWarnings,
  ) {}

  /** Resolves once the first attempt has succeeded or failed. */
  static async open(settings: RedisSettings, log: Log): Promise<RedisConnection> {
    const client = createClient(settings);
    const outages = new OutageLog(client, log);
    const warnings = new RedisWarnings(client, log);
    if (settings.replicasToWaitFor === 0) {
      await firstAttempt(client);
      return new RedisConnection([client], undefined, outages, warnings);
    }
    const writing = createClient(settings);
    writing.on('error', () => undefined); // The other client has logged it.
    const writer = new ReplicatedWriter(writing, settings.replicasToWaitFor);
    await Promise.all([client, writing].map(firstAttempt));
    return new RedisConnection([client, writing], writer, outages, warnings);
  }

  /** Sends a command that changes nothing which must not get lost. */
  async send<T>(command: (client: RedisClient) => Promise<T>): Promise<T> {
    try {
      return await command(this.clients[0]);
    } catch (error) {
      throw new StorageUnavailable(this.outages.note(error));
    }
  }

  /** Runs a script; resolves when as many replicas as are to be waited for have what it wrote. */
  run(script: Script, args: ScriptArguments): Promise<unknown> {
    if (this.writer && script.writes) return this.runReplicated(this.writer, script, args);
    return this.send((client) => call((name, all) => client.call(name, ...all), script, args));
  }

  private async runReplicated(
    writer: ReplicatedWriter,
    script: Script,
    args: ScriptArguments,
  ): Promise<unknown> {
    const { reply, isConfirmed } = await this.send(() =>
      call((name, all) => writer.execute(name, all), script, args),
    );
    if (!isConfirmed) throw new StorageUnavailable('not replicated');
    return reply;
  }

  /**
   * Resolves if the key can be read; on a Cluster, if that serves at all: a part of its slots may be away. Answers what is
   * unwise about the settings of Redis, in sentences.
   */
  async check(key: string): Promise<readonly string[]> {
    const state = this.send((client) =>
      client instanceof Cluster ? client.cluster('INFO') : client.get(key),
    );
    const [text, warnings] = await Promise.all([state, this.warnings.current()]);
    if (text?.includes('cluster_state:fail')) throw new StorageUnavailable('CLUSTERDOWN');
    return warnings;
  }

  /** Lets go of the connection; politely, if there is one. */
  async close(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.quit().catch(() => undefined)));
    // One that has quit still listens to the sentinels.
    for (const client of this.clients) client.disconnect();
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

async function firstAttempt(client: RedisClient): Promise<void> {
  // A failure comes with the event 'error' as well, and a Cluster's promise may never settle.
  const attempt = client.connect().catch(() => undefined);
  await Promise.race([attempt, setTimeout(connectTimeout, undefined, { ref: false })]);
}
