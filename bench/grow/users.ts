import { loadCost, type LoadCost } from '../load-cost.js';
import type { Redis } from '../redis.js';
import type { RunningServer } from '../running-server.js';
import { withHexado } from './hexado.js';
import { ModelUser } from './model-user.js';

const counts = [100, 10_000, 1_000_000];
const tasksEach = 20;

/** What the documentation recommends for redis.conf: short lists and hashes are kept in one piece of memory each. */
const recommended = {
  'zset-max-listpack-entries': '128',
  'zset-max-listpack-value': '512',
  'hash-max-listpack-value': '512',
};

/** What a user costs where there are so many: bytes of Redis' memory, and what "get one" costs. */
export interface UsersCost extends LoadCost {
  readonly redisConf: 'default' | 'recommended';
  readonly users: number;
  readonly bytesPerAccount: number;
  readonly bytesPerSession: number;
  /** Those of all tasks of a user. */
  readonly bytesOfTasks: number;
  /** Without the JSON that the task is sent as. */
  readonly bytesPerTaskBeyondText: number;
}

export async function growUsers(seconds: number): Promise<UsersCost[]> {
  const costs: UsersCost[] = [];
  for (const redisConf of ['default', 'recommended'] as const) {
    const redisSettings = redisConf === 'default' ? {} : recommended;
    for (const users of counts) {
      const cost = await withHexado((server, redis) => costOf(server, redis, users, seconds), {
        redisSettings,
      });
      costs.push({ redisConf, users, ...cost });
      console.log(`${users} users with the ${redisConf} redis.conf are done.`);
    }
  }
  return costs;
}

async function costOf(
  server: RunningServer,
  redis: Redis,
  users: number,
  seconds: number,
): Promise<Omit<UsersCost, 'redisConf' | 'users'>> {
  const model = await ModelUser.create(server, redis, tasksEach);
  const bytesPerAccount = await model.bytesPerCopy('account', users);
  const bytesPerSession = await model.bytesPerCopy('sessions', users);
  const bytesOfTasks = await model.bytesPerCopy('tasks', users);
  const bytesPerTaskBeyondText = model.perTaskBeyondText(bytesOfTasks);
  const tokens = model.tokens(Math.min(users, 20_000), users);
  const load = { work: 'get', tokens, tasksEach, connections: 50 };
  await loadCost(server, redis, { ...load, seconds: 1 });
  const cost = await loadCost(server, redis, { ...load, seconds });
  return { bytesPerAccount, bytesPerSession, bytesOfTasks, bytesPerTaskBeyondText, ...cost };
}
