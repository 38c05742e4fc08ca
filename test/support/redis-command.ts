import { Redis } from 'ioredis';
import type { RedisServer } from './redis-server.js';

/** Does something over a connection of its own. Rejects if the server does not respond. */
export async function connected<T>(server: RedisServer, act: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(server.port, '127.0.0.1', {
    protocol: 2,
    lazyConnect: true,
    retryStrategy: () => null,
    connectTimeout: 1_000,
    commandTimeout: 5_000,
    ...(server.tls && { tls: { ...server.tls } }),
  });
  redis.on('error', () => undefined); // Comes with the rejection as well.
  try {
    await redis.connect();
    return await act(redis);
  } finally {
    redis.disconnect();
  }
}

/** Sends one command to a server. */
export function command(server: RedisServer, ...[name = '', ...args]: string[]): Promise<unknown> {
  return connected(server, (redis) => redis.call(name, ...args));
}

/** The same for a command that returns lines of `name:value`, such as INFO; empty if the server does not respond. */
export async function infoOf(server: RedisServer, ...words: string[]): Promise<Map<string, string>> {
  const text = String(await command(server, ...words).catch(() => ''));
  return new Map(text.split('\r\n').map((line) => line.split(/:(.*)/s) as [string, string]));
}
