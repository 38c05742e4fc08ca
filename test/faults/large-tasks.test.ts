import { once } from 'node:events';
import { Agent, request, type IncomingMessage } from 'node:http';
import { finished } from 'node:stream/promises';
import { setTimeout } from 'node:timers/promises';
import { expect } from 'chai';
import type { TaskDraft } from '../../src/domain/task.js';
import { createTask } from '../../src/storage-contract/builders.js';
import { concurrently } from '../../src/storage-contract/concurrency.js';
import type { SignedIn } from '../support/api-client.js';
import { sessionRefOf } from '../support/json-web-token.js';
import { RecordedLog } from '../support/recorded-log.js';
import { RedisServer } from '../support/redis-server.js';
import { openRedisStorage } from '../support/redis-storage.js';
import { report } from '../support/report.js';
import { signingKey, withoutLimits } from '../support/running-server.js';
import { megabytes, memoryAtRest, probed } from '../support/server-memory.js';
import { ServerProcess } from '../support/server-process.js';

/** Milliseconds for which the readers go on. */
const duration = 4_000;

const largeTask: TaskDraft = { title: 't', description: 'x'.repeat(95_000), status: 'pending' };

/** How somebody reads a list of 1,000 tasks of 95 kB: by how many connections, and how many bytes of each response. */
const attacks: Record<string, { readonly path: string; readonly readers: number; readonly bytes: number }> = {
  'ten read all of them': { path: '/tasks/', readers: 10, bytes: Infinity },
  'a hundred begin to read all of them': { path: '/tasks/', readers: 100, bytes: 1 },
  'fifty read 50 at a time': { path: '/tasks/?limit=50', readers: 50, bytes: Infinity },
  'a hundred read 10 at a time': { path: '/tasks/?limit=10', readers: 100, bytes: Infinity },
  'a hundred begin to read 10 at a time': { path: '/tasks/?limit=10', readers: 100, bytes: 1 },
  'fifty begin at an offset': { path: '/tasks/?limit=1&offset=990', readers: 50, bytes: Infinity },
};

/** How far the memory of the process may rise, in bytes. */
const mostMemory = 200 * 2 ** 20;

describe('a user with large tasks', () => {
  let redis: RedisServer;
  let server: ServerProcess;
  let owner: SignedIn;
  let other: SignedIn;

  before(async () => {
    redis = await RedisServer.start();
    const environment = { STORAGE: 'redis', REDIS_URL: redis.url, SIGNING_KEY: signingKey, BCRYPT_COST: '4' };
    server = await ServerProcess.start(
      { ...environment, ...withoutLimits },
      { ...probed, lifetime: 300_000 },
    );
    [owner, other] = [await server.registerAndSignIn(), await server.registerAndSignIn()];
    await server.call('POST', '/tasks/create/', { title: 't', description: 'd' }, other.access);

    const options = { clock: () => Date.now() / 1000, log: new RecordedLog() };
    const storage = await openRedisStorage(redis, options, { keyPrefix: 'hexado:' });
    const session = sessionRefOf(owner.access);
    for (let i = 0; i < 50; i++) await concurrently(20, () => createTask(storage, session, largeTask));
    await storage.close();
  });
  after(async () => {
    await server.kill();
    await redis.stop();
  });

  for (const [what, { path, readers, bytes }] of Object.entries(attacks)) {
    it(`does not slow other users down, and takes at most 200 MB of memory: ${what}`, async () => {
      const statuses: number[] = [];
      const read: number[] = [];
      let growth = Infinity;
      let longest = 0;
      // How much garbage waits to be collected is up to V8: what the process takes is the least of some tries.
      for (let tried = 0; tried < 4 && growth >= mostMemory; tried++) {
        const before = await memoryAtRest(server, 4);
        const over = AbortSignal.timeout(duration);
        const ended = once(over, 'abort');
        const reading = concurrently(readers, () => readAgainAndAgain(path, bytes, over, ended));
        while (!over.aborted) {
          const sentAt = performance.now();
          statuses.push((await server.call('GET', '/tasks/', undefined, other.access)).status);
          longest = Math.max(longest, performance.now() - sentAt);
          await setTimeout(10);
        }
        read.push(...(await reading).flat());
        growth = (await memoryAtRest(server, 4)).peakRss - before.peakRss;
      }
      const failures = statuses.filter((status) => status !== 200);
      const count = (status: number) => read.filter((each) => each === status).length;
      report(
        `${failures.length} of ${statuses.length} requests of others failed, the longest took ${longest.toFixed(0)} ms`,
        `memory rose by ${megabytes(growth)}`,
        `${count(200)} reads, ${count(429)} rejected`,
      );
      expect(failures.length).to.be.below(statuses.length / 100);
      expect(growth).to.be.below(mostMemory);
      expect(new Set(read)).to.satisfy((seen: Set<number>) => [...seen].every((s) => s === 200 || s === 429));
      expect(count(200)).to.be.above(0);
    });
  }

  /** The statuses of its responses. Of each response so many bytes are read; then it stays open, unread. */
  async function readAgainAndAgain(
    path: string,
    bytes: number,
    over: AbortSignal,
    ended: Promise<unknown>,
  ): Promise<number[]> {
    const agent = new Agent({ keepAlive: true });
    const statuses: number[] = [];
    while (!over.aborted) {
      const headers = { Authorization: `Bearer ${owner.access}` };
      const outgoing = request({ host: '127.0.0.1', port: server.port, path, headers, agent }).end();
      const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
      statuses.push(incoming.statusCode ?? 0);
      if (incoming.statusCode === 200 && bytes !== Infinity) await ended;
      else await finished(incoming.resume(), { signal: over }).catch(() => undefined);
      if (incoming.statusCode === 429) await setTimeout(50);
    }
    agent.destroy();
    return statuses;
  }
});
