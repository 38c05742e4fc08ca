import { expect } from 'chai';
import { Redis } from 'ioredis';
import { Keys } from '../../src/adapters/redis/keys.js';
import { RedisConnection } from '../../src/adapters/redis/redis-connection.js';
import * as sessionScripts from '../../src/adapters/redis/session-scripts.js';
import * as taskScripts from '../../src/adapters/redis/task-scripts.js';
import * as throttleScripts from '../../src/adapters/redis/throttle-scripts.js';
import * as userScripts from '../../src/adapters/redis/user-scripts.js';
import { RecordedLog } from '../support/recorded-log.js';
import { RedisServer } from '../support/redis-server.js';
import { settingsFor } from '../support/redis-storage.js';

const scripts = { ...userScripts, ...sessionScripts, ...taskScripts, ...throttleScripts };

describe('a Redis script that is executed twice, as it is when its reply was lost', () => {
  const keys = new Keys('test:');
  const now = Math.floor(Date.now() / 1000);
  const [held, next] = [sessionUntil(now + 10_000), sessionUntil(now + 20_000)];
  let server: RedisServer;
  let redis: Redis;
  let connection: RedisConnection;

  before(async () => {
    server = await RedisServer.start();
    redis = new Redis(server.port);
    connection = await RedisConnection.open(settingsFor(server), new RecordedLog());
  });
  after(async () => {
    await connection.close();
    await redis.quit();
    await server.stop();
  });

  /** Something for each script to change. */
  beforeEach(async () => {
    await redis.flushall();
    const { account, sessions, tasks, taskCounts } = keys.ofUser(1);
    await redis.set(keys.username('alice'), 1);
    await redis.hset(account, { username: 'alice', password: 'hash', active: 1, created: 0 });
    await redis.hset(sessions, { held, expired: sessionUntil(now) });
    await redis.zadd(tasks, 1, '1\0pending\0Milk\0a/b');
    await redis.hset(taskCounts, { last: 1, bytes: 7 });
    await redis.hset(keys.ofThrottle('key').counted, { count: 1, at: now });
  });

  // All that change something.
  const calls: Record<Exclude<keyof typeof scripts, 'findTask' | 'listTasks'>, () => Promise<unknown>> = {
    claimUsername: () => scripts.claimUsername(connection, keys.username('bob'), 2),
    releaseUsername: () => scripts.releaseUsername(connection, keys.username('alice'), 1),
    createAccount: () => scripts.createAccount(connection, keys.ofUser(2).account, 'bob', 'hash', 0),
    removeAccount: () => {
      const { account, sessions, tasks, taskCounts, requestCounts } = keys.ofUser(1);
      const operation = keys.operation(1, 'an id');
      return scripts.removeAccount(
        connection,
        account,
        sessions,
        tasks,
        taskCounts,
        requestCounts,
        operation,
      );
    },
    removeOwnAccount: () => {
      const { account, sessions, tasks, taskCounts, requestCounts } = keys.ofUser(1);
      const operation = keys.operation(1, 'an id');
      return scripts.removeOwnAccount(
        connection,
        account,
        sessions,
        tasks,
        taskCounts,
        requestCounts,
        operation,
        'held',
        now,
      );
    },
    changeAccount: () => {
      const { account, sessions } = keys.ofUser(1);
      return scripts.changeAccount(connection, account, sessions, 'active', 0, 1);
    },
    replacePassword: () => scripts.replacePassword(connection, keys.ofUser(1).account, 'hash', 'new'),
    changePassword: () => {
      const { account, sessions } = keys.ofUser(1);
      return scripts.changePassword(connection, account, sessions, 'hash', 'new', 'held', now);
    },
    openSession: () => {
      const { account, sessions } = keys.ofUser(1);
      const operation = keys.operation(1, 'an id');
      const expiresAt = now + 20_000;
      return scripts.openSession(
        connection,
        account,
        sessions,
        operation,
        'hash',
        'new',
        next,
        expiresAt,
        now,
        1,
      );
    },
    replaceSession: () =>
      scripts.replaceSession(connection, keys.ofUser(1).sessions, 'held', held, next, now + 20_000, now),
    endSession: () =>
      scripts.endSession(connection, keys.ofUser(1).sessions, keys.operation(1, 'an id'), 'held', now),
    endOtherSession: () =>
      scripts.endOtherSession(
        connection,
        keys.ofUser(1).sessions,
        keys.operation(1, 'an id'),
        'held',
        now,
        'held',
      ),
    endAllSessions: () =>
      scripts.endAllSessions(connection, keys.ofUser(1).sessions, keys.operation(1, 'an id'), 'held', now),
    createTask: () => {
      const { tasks, sessions, taskCounts } = keys.ofUser(1);
      const operation = keys.operation(1, 'an id');
      const text = '\0pending\0Tea\0x';
      return scripts.createTask(
        connection,
        tasks,
        sessions,
        taskCounts,
        operation,
        'held',
        now,
        2,
        100,
        text,
      );
    },
    createTaskOnce: () => {
      const { tasks, sessions, taskCounts, requestCounts } = keys.ofUser(1);
      return scripts.createTaskOnce(
        connection,
        tasks,
        sessions,
        taskCounts,
        keys.request(1, 'key'),
        requestCounts,
        'held',
        now,
        2,
        100,
        '\0pending\0Tea\0x',
        'fingerprint',
        10,
      );
    },
    updateTask: () => {
      const { tasks, sessions, taskCounts } = keys.ofUser(1);
      return scripts.updateTask(
        connection,
        tasks,
        sessions,
        taskCounts,
        'held',
        now,
        1,
        100,
        'title',
        'longer',
        'status',
        'completed',
      );
    },
    countAttempt: () => {
      const { counted } = keys.ofThrottle('key');
      return scripts.countAttempt(connection, counted, `${counted}:an id`, 2, 60, now + 7);
    },
    giveBackAttempt: () => {
      const { counted } = keys.ofThrottle('key');
      return scripts.giveBackAttempt(connection, counted, `${counted}:an id`);
    },
    trust: () => {
      const { counted, trusted } = keys.ofThrottle('key');
      return scripts.trust(connection, counted, trusted, now + 60, 60);
    },
    removeTask: () => {
      const { tasks, sessions, taskCounts } = keys.ofUser(1);
      const operation = keys.operation(1, 'an id');
      return scripts.removeTask(connection, tasks, sessions, taskCounts, operation, 'held', now, 1);
    },
  };

  for (const [name, call] of Object.entries(calls)) {
    it(`${name} changes nothing more and answers the same`, async () => {
      const before = await everythingIn(redis);
      const answer = await call();
      const after = await everythingIn(redis);
      expect(after).not.to.deep.equal(before);

      expect(await call()).to.deep.equal(answer);
      expect(await everythingIn(redis)).to.deep.equal(after);
    });
  }
});

function sessionUntil(expiresAt: number): string {
  return `0 ${expiresAt.toString(36)} id@0`;
}

/** Every key with its serialised value. */
async function everythingIn(redis: Redis): Promise<Map<string, string>> {
  const values = new Map<string, string>();
  for (const key of (await redis.keys('*')).toSorted()) {
    values.set(key, (await redis.dumpBuffer(key)).toString('base64'));
  }
  return values;
}
