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
import { timeOf } from '../support/time-of.js';

/** Others wait no longer, in milliseconds. */
const longestWait = 100;
/** How far the memory of the process may rise until garbage is collected, in bytes. */
const mostMemory = 200 * 2 ** 20;
/** The machine does other things as well: others wait too long if they do so every time. */
const tries = 4;
/** Milliseconds for which readers go on. */
const duration = 2_000;

/** Connections that clients keep open. */
const kept = 12;

const many = 100_000;

interface User {
  readonly count: number;
  readonly task: (index: number) => TaskDraft;
  /** What four reads hold at most, in bytes. Each holds a page of tasks as texts, as JSON and as bytes. */
  readonly held: number;
}

/** Those with long tasks have as much text as one user may have. */
const users = {
  'many tasks': {
    count: many,
    held: 20 * 2 ** 20,
    task: (index) => ({
      title: `Task ${(index * 7919) % many}: call the plumber`,
      description: 'The kitchen tap drips again; ask about the boiler in the cellar',
      status: index % 2 === 0 ? 'pending' : 'completed',
    }),
  },
  'long tasks': {
    count: 1_300,
    held: 40 * 2 ** 20,
    task: (index) => ({
      title: '\u0130'.repeat(255),
      // Slow to be searched, and slow to be turned into lower case.
      description: (index % 2 === 0 ? 'a' : '\u0130').repeat(index % 2 === 0 ? 50_000 : 25_000),
      status: 'pending',
    }),
  },
} satisfies Record<string, User>;

const nearlyFound = `b${'a'.repeat(249)}`;

/** Reads for which all tasks are looked at. */
const reads: Record<string, readonly [user: keyof typeof users, query: string]> = {
  'a search for what does not exist': ['many tasks', 'search=nothing&limit=20'],
  'a search for what is found everywhere, newest first': ['many tasks', 'search=tap&ordering=-id&limit=1000'],
  'a status without a limit': ['many tasks', 'status=completed'],
  'the first tasks by title': ['many tasks', 'ordering=title&limit=20'],
  'tasks by title as far behind as positions are kept': [
    'many tasks',
    'ordering=-title&limit=1000&offset=9000',
  ],
  'tasks by status far behind': ['many tasks', 'ordering=status&limit=1000&offset=60000'],
  'all tasks by title': ['many tasks', 'ordering=title'],
  'a search that is nearly found everywhere': ['long tasks', `search=${nearlyFound}&limit=20`],
  'long titles in order': ['long tasks', 'ordering=title&limit=1000'],
};

describe('a user whose lists need all tasks to be read', () => {
  let redis: RedisServer;
  let server: ServerProcess;
  let other: SignedIn;
  const tokens = new Map<string, string>();

  before(async () => {
    redis = await RedisServer.start();
    const environment = { STORAGE: 'redis', REDIS_URL: redis.url, SIGNING_KEY: signingKey, BCRYPT_COST: '4' };
    server = await ServerProcess.start(
      { ...environment, ...withoutLimits },
      { ...probed, lifetime: 600_000 },
    );
    other = await server.registerAndSignIn();
    await server.call('POST', '/tasks/create/', { title: 't', description: 'd' }, other.access);
    const options = { clock: () => Date.now() / 1000, log: new RecordedLog() };
    const storage = await openRedisStorage(redis, options, { keyPrefix: 'hexado:' });
    for (const [name, { count, task }] of Object.entries(users)) {
      const { access } = await server.registerAndSignIn();
      tokens.set(name, access);
      const session = sessionRefOf(access);
      for (let i = 0; i < count; i += 100) {
        await concurrently(100, (index) => createTask(storage, session, task(i + index)));
      }
      // So that memory has grown to what every server has after a while.
      await server.call('GET', '/tasks/', undefined, access);
    }
    await storage.close();
  });
  after(async () => {
    await server.kill();
    await redis.stop();
  });

  for (const [what, [user, query]] of Object.entries(reads)) {
    it(`makes others wait less than 100 ms, and holds few of the tasks at once: ${what}`, async () => {
      const path = `/tasks/?${query}`;
      const before = await memoryAtRest(server, kept);
      const waits: number[] = [];
      const statuses: number[] = [];
      do {
        const over = AbortSignal.timeout(duration);
        const reading = readAtOnce(path, tokens.get(user), over);
        let longest = 0;
        while (!over.aborted) {
          const get = () => server.call('GET', '/tasks/', undefined, other.access);
          longest = Math.max(longest, await timeOf(get));
          await setTimeout(5);
        }
        waits.push(longest);
        statuses.push(...(await reading));
      } while (Math.min(...waits) >= longestWait && waits.length < tries);

      const { peakRss } = await memoryAtRest(server, kept);
      const over = AbortSignal.timeout(duration);
      const reading = readAtOnce(path, tokens.get(user), over);
      let held = 0;
      while (!over.aborted) held = Math.max(held, (await memoryAtRest(server, kept)).bytes - before.bytes);
      statuses.push(...(await reading));

      const count = (status: number) => statuses.filter((each) => each === status).length;
      report(
        `others waited up to ${waits.map((wait) => wait.toFixed(0)).join(', ')} ms`,
        `held ${megabytes(held)}; memory from ${megabytes(before.peakRss)} up to ${megabytes(peakRss)}`,
        `${count(200)} reads, ${count(429)} rejected`,
      );
      expect(Math.min(...waits)).to.be.below(longestWait);
      expect(held).to.be.at.most(users[user].held);
      expect(peakRss - before.peakRss).to.be.at.most(mostMemory);
      expect(count(200)).to.be.above(0);
      expect(count(429)).to.be.above(0);
      expect(count(200) + count(429)).to.equal(statuses.length);
    });
  }

  /** Reads as often at once as one user may, and once more. Returns the statuses. */
  async function readAtOnce(path: string, token: string | undefined, over: AbortSignal): Promise<number[]> {
    const statuses: number[] = [];
    await concurrently(5, async () => {
      while (!over.aborted) {
        const headers = { Authorization: `Bearer ${token}` };
        const response = await fetch(`http://127.0.0.1:${server.port}${path}`, { headers });
        statuses.push(response.status);
        // The longest lists are not read to their end.
        for await (const _ of response.body ?? []) if (over.aborted) break;
        if (response.status === 429) await setTimeout(100);
      }
    });
    return statuses;
  }
});
