import { figure } from '../table.js';
import type { Growth } from './grow.js';
import type { ListsCost, TasksCost } from './tasks.js';
import type { UsersCost } from './users.js';

/** Something that should stay below a bound. */
interface Goal {
  readonly what: string;
  readonly aim: string;
  readonly atMost: number;
  readonly value: number;
}

const many = 100_000;

/** A line per goal that was measured. */
export function growGoalRows({ tasks, users, storm }: Growth): string[][] {
  const goals = [
    ...(tasks ? [...requestGoals(tasks.requests), ...listGoals(tasks.longLists)] : []),
    ...(users ? memoryGoals(users) : []),
    ...(storm
      ? [atMost(3, '× without sign-ins', 'storm: p99 of the mix', storm.stormy.p99Ms / storm.calm.p99Ms)]
      : []),
  ];
  return goals.map(({ what, aim, atMost: bound, value }) => [
    what,
    aim,
    figure(value),
    value <= bound ? 'reached' : 'missed',
  ]);
}

function atMost(bound: number, unit: string, what: string, value: number): Goal {
  return { what, aim: `≤ ${bound} ${unit}`, atMost: bound, value };
}

/** Of the CPU that a server and Redis use. */
function requestGoals(costs: readonly TasksCost[]): Goal[] {
  return costs
    .filter(({ tasks }) => tasks === many)
    .map((cost) => {
      const [bound, few] = cost.work === 'page' ? ([2, 100] as const) : ([1.3, 10] as const);
      return atMost(
        bound,
        `× at ${few}`,
        `${cost.work} at 100,000 tasks per user: CPU`,
        growth(costs, cost, few),
      );
    });
}

/** How many times the CPU that the same work costs users who have so few tasks. */
export function growth(costs: readonly TasksCost[], cost: TasksCost, few: number): number {
  const base = costs.find(({ work, tasks }) => work === cost.work && tasks === few);
  return base ? (cost.cpuMs + cost.redisCpuMs) / (base.cpuMs + base.redisCpuMs) : Number.NaN;
}

function listGoals(costs: readonly ListsCost[]): Goal[] {
  return costs
    .filter(({ tasks }) => tasks === many)
    .flatMap((cost) => {
      const of = `${cost.list} of 100,000`;
      const memory = atMost(64, 'MB', `${of}: RSS grows by`, cost.rssGrowth / 2 ** 20);
      const wait = (bound: number) =>
        atMost(bound, 'ms', `${of}: longest wait of another request`, cost.longestPingMs);
      return cost.list === 'all tasks'
        ? [memory, wait(50), atMost(100, 'ms', `${of}: first byte`, cost.firstByteMs)]
        : [memory, wait(100)];
    });
}

function memoryGoals(costs: readonly UsersCost[]): Goal[] {
  return (['default', 'recommended'] as const).flatMap((redisConf) => {
    const measured = costs.filter((cost) => cost.redisConf === redisConf);
    const most = (of: (cost: UsersCost) => number) => Math.max(...measured.map(of));
    const perUser = measured.slice(-2).map(bytesPerUser);
    const of = `${redisConf} redis.conf: Redis memory`;
    return [
      atMost(
        redisConf === 'default' ? 120 : 30,
        'bytes',
        `${of} per task beyond its text`,
        most(({ bytesPerTaskBeyondText }) => bytesPerTaskBeyondText),
      ),
      atMost(
        350,
        'bytes',
        `${of} per session`,
        most(({ bytesPerSession }) => bytesPerSession),
      ),
      atMost(
        1.1,
        '× at 10,000',
        `${of} per user at 1,000,000`,
        (perUser[1] ?? Number.NaN) / (perUser[0] ?? Number.NaN),
      ),
    ];
  });
}

function bytesPerUser({ bytesPerAccount, bytesPerSession, bytesOfTasks }: UsersCost): number {
  return bytesPerAccount + bytesPerSession + bytesOfTasks;
}
