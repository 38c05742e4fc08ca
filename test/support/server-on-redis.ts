import { signingKey } from './running-server.js';
import { ServerProcess } from './server-process.js';
import type { stopAfterEach } from './stop-after-each.js';

/** Starts the server as a process of its own, with its data in the Redis at this URL, until the test is over. */
export async function startServerOnRedis(
  url: string,
  stopped: ReturnType<typeof stopAfterEach>,
  environment: Readonly<Record<string, string>> = {},
): Promise<ServerProcess> {
  const server = await ServerProcess.start({
    STORAGE: 'redis',
    REDIS_URL: url,
    SIGNING_KEY: signingKey,
    BCRYPT_COST: '4',
    ...environment,
  });
  stopped({ stop: () => server.kill() });
  return server;
}
