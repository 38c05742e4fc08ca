import { Redis } from '../redis.js';
import { RunningServer } from '../running-server.js';
import { serverKind } from '../servers.js';

/** Runs something against Hexado and a Redis of its own, both fresh. */
export async function withHexado<T>(
  work: (server: RunningServer, redis: Redis) => Promise<T>,
  {
    redisSettings = {},
    environment = {},
  }: { redisSettings?: Record<string, string>; environment?: Record<string, string> } = {},
): Promise<T> {
  const redis = await Redis.start(redisSettings);
  const server = await RunningServer.start(serverKind('hexado'), redis.url, environment);
  try {
    return await work(server, redis);
  } finally {
    await server.stop();
    await redis.stop();
  }
}
