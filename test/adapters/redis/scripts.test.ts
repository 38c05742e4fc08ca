import { expect } from 'chai';
import { Redis } from 'ioredis';
import { Keys } from '../../../src/adapters/redis/keys.js';
import { RedisConnection } from '../../../src/adapters/redis/connection/redis-connection.js';
import * as archiveScripts from '../../../src/adapters/redis/archive-scripts.js';
import * as sessionScripts from '../../../src/adapters/redis/session-scripts.js';
import * as taskScripts from '../../../src/adapters/redis/task-scripts.js';
import * as rateLimiterScripts from '../../../src/adapters/redis/rate-limiter-scripts.js';
import * as staffScripts from '../../../src/adapters/redis/staff-scripts.js';
import * as userScripts from '../../../src/adapters/redis/user-scripts.js';
import { RecordedLog } from '../../support/recorded-log.js';
import { RedisServer } from '../../support/redis-server.js';
import { settingsFor } from '../../support/redis-storage.js';

const { nominated, ...scriptsOfStaff } = staffScripts;
const scripts = {
  ...userScripts,
  ...scriptsOfStaff,
  ...sessionScripts,
  ...taskScripts,
  ...rateLimiterScripts,
  ...archiveScripts,
};

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

  /** Data for each script to change. */
  beforeEach(async () => {
    await redis.flushall();
    const { account, sessions, tasks, taskCounts } = keys.ofUser(1);
    await redis.set(keys.username('alice'), 1);
    await redis.hset(account, { username: 'alice', password: 'hash', active: 1, created: 0 });
    await redis.hset(account, { link: 'digest', 'link-expiry': now + 60 });
    await redis.hset(keys.ofUser(5).account, { username: 'eve', password: 'hash', active: 0, created: 0 });
    const { account: ofStaff } = keys.ofUser(6);
    await redis.hset(ofStaff, { username: 'ada', password: 'hash', active: 1, created: 0, staff: 'mark' });
    await redis.hset(sessions, { held, expired: sessionUntil(now) });
    await redis.zadd(tasks, 1, '1\0pending\0Milk\0a/b');
    await redis.hset(taskCounts, { last: 1, bytes: 7 });
    await redis.zadd(newcomer.importedTasks, 1, '1\0pending\0Milk\0a/b');
    await redis.hset(newcomer.importedCounts, { last: 1, bytes: 7 });
    await redis.hset(keys.staff, { 1: 'mark', 2: 'another', 3: `${nominated}new` });
    await redis.hset(keys.ofRateLimiter('key').counted, { count: 1, at: now });
  });

  const user = { ...keys.ofUser(1), operation: keys.operation(1, 'an id'), sessionId: 'held', now };
  const rateLimiter = {
    ...keys.ofRateLimiter('key'),
    operation: `${keys.ofRateLimiter('key').counted}:an id`,
  };
  const staff = { staff: keys.staff, audit: keys.audit, operation: keys.staffOperation('an id') };
  const newcomer = { ...keys.ofUser(3), ...keys.ofImport(3) };
  const newTask = { ...user, maxTasks: 2, maxBytes: 100, textAfterId: '\0pending\0Tea\0x' };
  const request = keys.request(1, 'key');

  type ReadOnly =
    | 'findTask'
    | 'findTasks'
    | 'listTasks'
    | 'listTasksBackwards'
    | 'summariseTasks'
    | 'summariseTasksOf'
    | 'readTasks';
  type Conditional =
    | 'removeTask with an expected task'
    | 'countAttempt over the limit'
    | 'deactivate somebody who was staff'
    | 'removeAccount of somebody who was staff';
  const subject = '{"limit":"sign_in"}';
  const expected = { expectedTitle: 'Milk', expectedDescription: 'a/b', expectedStatus: 'pending' };
  const update = { ...user, id: 1, maxBytes: 100, title: 'longer', description: '', status: 'completed' };
  const anything = { expectedTitle: '', expectedDescription: '', expectedStatus: '' };

  // All scripts that change data.
  const calls: Record<Exclude<keyof typeof scripts, ReadOnly> | Conditional, () => Promise<unknown>> = {
    claimUsername: () => scripts.claimUsername(connection, { username: keys.username('bob'), userId: 2 }),
    releaseUsername: () =>
      scripts.releaseUsername(connection, { username: keys.username('alice'), userId: 1 }),
    createAccount: () => {
      const { account } = keys.ofUser(2);
      const username = 'bob';
      return scripts.createAccount(connection, { account, username, passwordHash: 'hash', createdAt: 0 });
    },
    removeAccount: () => scripts.removeAccount(connection, { ...user, mark: '' }),
    removeOwnAccount: () => scripts.removeOwnAccount(connection, { ...user, mark: '' }),
    setPassword: () => scripts.setPassword(connection, { ...user, newHash: 'new' }),
    activate: () => scripts.activate(connection, keys.ofUser(5)),
    deactivate: () => scripts.deactivate(connection, { ...user, mark: '' }),
    'deactivate somebody who was staff': () =>
      scripts.deactivate(connection, { ...keys.ofUser(6), mark: 'mark', now }),
    'removeAccount of somebody who was staff': () =>
      scripts.removeAccount(connection, { ...user, ...keys.ofUser(6), mark: 'mark' }),
    replacePassword: () => scripts.replacePassword(connection, { ...user, oldHash: 'hash', newHash: 'new' }),
    changePassword: () => scripts.changePassword(connection, { ...user, oldHash: 'hash', newHash: 'new' }),
    setPasswordLink: () =>
      scripts.setPasswordLink(connection, { ...user, digest: 'new', expiresAt: now + 60 }),
    usePasswordLink: () => scripts.usePasswordLink(connection, { ...user, digest: 'digest', newHash: 'new' }),
    openSession: () => {
      const opened = { sessionId: 'new', text: next, expiresAt: now + 20_000 };
      return scripts.openSession(connection, { ...user, passwordHash: 'hash', ...opened, limit: 1 });
    },
    adoptSession: () => {
      const adoption = { operationId: 'an id', sessionId: 'new', text: next, openedAt: now };
      return scripts.adoptSession(connection, { ...user, ...adoption, expiresAt: now + 20_000 });
    },
    replaceSession: () => {
      const replaced = { oldText: held, newText: next, expiresAt: now + 20_000 };
      return scripts.replaceSession(connection, { ...user, ...replaced });
    },
    endSession: () => scripts.endSession(connection, user),
    endOtherSession: () => scripts.endOtherSession(connection, { ...user, otherId: 'held' }),
    endAllSessions: () => scripts.endAllSessions(connection, user),
    endAllSessionsOf: () => scripts.endAllSessionsOf(connection, user),
    createTask: () => scripts.createTask(connection, newTask),
    createTaskOnce: () => {
      const idempotency = { request, maxIdempotencyKeys: 10, fingerprint: 'fingerprint' };
      return scripts.createTaskOnce(connection, { ...newTask, ...idempotency });
    },
    updateTask: () => scripts.updateTask(connection, update),
    updateExpectedTask: () => scripts.updateExpectedTask(connection, { ...update, ...expected }),
    countAttempt: () =>
      scripts.countAttempt(connection, {
        ...rateLimiter,
        maxAttempts: 2,
        seconds: 60,
        time: now + 7,
        subject,
      }),
    'countAttempt over the limit': () =>
      scripts.countAttempt(connection, {
        ...rateLimiter,
        maxAttempts: 1,
        seconds: 60,
        time: now + 7,
        subject,
      }),
    giveBackAttempt: () => scripts.giveBackAttempt(connection, rateLimiter),
    trust: () => scripts.trust(connection, { ...rateLimiter, trustedUntil: now + 60, lifetime: 60 }),
    nominate: () => scripts.nominate(connection, { ...staff, userId: 4, nomination: 'newer' }),
    markAccount: () => scripts.markAccount(connection, { ...user, mark: 'newer' }),
    confirm: () => scripts.confirm(connection, { ...staff, userId: 3, nomination: 'new' }),
    withdraw: () => scripts.withdraw(connection, { ...staff, userId: 3, held: '?new' }),
    dismiss: () => scripts.dismiss(connection, { ...staff, userId: 1 }),
    beginAct: () => scripts.beginAct(connection, { ...staff, by: 1, userId: 1, endsRight: 1, text: 'x' }),
    addAuditRecord: () => scripts.addAuditRecord(connection, { ...staff, text: 'x' }),
    removeTask: () => scripts.removeTask(connection, { ...user, id: 1, ...anything }),
    reserveUserIds: () => scripts.reserveUserIds(connection, { userIds: keys.userIds, lastId: 9 }),
    importTasks: () => {
      const texts = ['2\0pending\0Tea\0x', '3\0completed\0Rum\0y'].join('\0\0');
      return scripts.importTasks(connection, { ...newcomer, texts, lastId: 3, bytes: 8 });
    },
    finishImport: () => {
      const account = { username: 'carol', passwordHash: 'hash', active: 1, createdAt: 0, mark: 'new' };
      return scripts.finishImport(connection, { ...newcomer, ...account, lastTaskId: 3, now });
    },
    'removeTask with an expected task': () => scripts.removeTask(connection, { ...user, id: 1, ...expected }),
  };

  for (const [name, call] of Object.entries(calls)) {
    it(`${name} changes nothing more and replies the same`, async () => {
      const before = await everythingIn(redis);
      const reply = await call();
      const after = await everythingIn(redis);
      expect(after).not.to.deep.equal(before);

      expect(await call()).to.deep.equal(reply);
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
