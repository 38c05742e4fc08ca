import { loadCost, type LoadCost } from '../load-cost.js';
import type { Redis } from '../redis.js';
import type { RunningServer } from '../running-server.js';
import { withHexado } from './hexado.js';
import { ModelUser } from './model-user.js';
import { readLongList, type LongListCost } from './long-list.js';

/** More than the default, for "create" goes on from the most that a user has. */
const environment = { MAX_TASKS_PER_USER: '10000000' };

/** How many tasks each user has, and how many users: enough that what "create" adds changes little. */
const sizes = [
  { tasks: 10, users: 5_000 },
  { tasks: 100, users: 1_000 },
  { tasks: 1_000, users: 100 },
  { tasks: 100_000, users: 2 },
];

const works = ['get', 'update', 'create', 'page'] as const;

export interface TasksCost extends LoadCost {
  readonly work: (typeof works)[number];
  /** How many each user has. */
  readonly tasks: number;
}

/** Lists for which all tasks are read, and how many of them are requested at once: as many as one user may. */
const lists = {
  'all tasks': { path: '/tasks/', atOnce: 1 },
  'a search for nothing': { path: '/tasks/?search=nothing&limit=20', atOnce: 4 },
  'the first 20 by title': { path: '/tasks/?ordering=title&limit=20', atOnce: 4 },
} as const;

export interface ListsCost extends LongListCost {
  readonly list: keyof typeof lists;
  readonly tasks: number;
  /** Of Redis' memory, without the JSON that the task is sent as. */
  readonly bytesPerTaskBeyondText: number;
}

/** What requests cost users who have ever more tasks: one task, a page of 50 of them, and lists that read them all. */
export async function growTasks(seconds: number): Promise<{ requests: TasksCost[]; longLists: ListsCost[] }> {
  const requests: TasksCost[] = [];
  const longLists: ListsCost[] = [];
  for (const { tasks, users } of sizes) {
    const measure = async (server: RunningServer, redis: Redis) => {
      const model = await ModelUser.create(server, redis, tasks);
      for (const part of ['account', 'sessions'] as const) await model.copy(part, users);
      const bytesPerTaskBeyondText = model.perTaskBeyondText(await model.bytesPerCopy('tasks', users));
      const tokens = model.tokens(users, users);
      requests.push(...(await requestCosts(server, redis, tokens, tasks, seconds)));
      for (const list of Object.keys(lists) as (keyof typeof lists)[]) {
        const cost = await readLongList(server, tokens[0] ?? '', lists[list]);
        longLists.push({ list, tasks, bytesPerTaskBeyondText, ...cost });
      }
    };
    await withHexado(measure, { environment });
    console.log(`${tasks} tasks per user are done.`);
  }
  return { requests, longLists };
}

async function requestCosts(
  server: RunningServer,
  redis: Redis,
  tokens: string[],
  tasks: number,
  seconds: number,
): Promise<TasksCost[]> {
  const load = { tokens, tasksEach: tasks, connections: 50 };
  await loadCost(server, redis, { ...load, work: 'get', seconds: 1 });
  const costs: TasksCost[] = [];
  for (const work of works) {
    costs.push({ work, tasks, ...(await loadCost(server, redis, { ...load, work, seconds })) });
  }
  return costs;
}
