import type { LoadCost } from '../load-cost.js';
import { figure, megabytes, table } from '../table.js';
import { growGoalRows, growth } from './grow-goals.js';
import type { Growth } from './grow.js';
import type { StormCost } from './storm.js';
import type { ListsCost, TasksCost } from './tasks.js';
import type { UsersCost } from './users.js';

/** A table for each thing that grew, and what became of the goals. */
export function growReport(measured: Growth): string {
  const { tasks, users, storm } = measured;
  const goals = growGoalRows(measured);
  const sections = [
    tasks && tasksTable(tasks.requests),
    tasks && listsTable(tasks.longLists),
    users && usersTable(users),
    storm && stormTable(storm),
    goals.length > 0 ? table(['goal', 'aim', 'figure', ''], goals) : undefined,
  ];
  return sections.filter((section) => section !== undefined).join('\n\n');
}

/** A "page" of 50 is compared with that of a user with 100 tasks, all else with that of a user with 10. */
function tasksTable(costs: readonly TasksCost[]): string {
  const rows = costs
    .toSorted((a, b) => a.work.localeCompare(b.work) || a.tasks - b.tasks)
    .map((cost) => {
      return [
        cost.work,
        count(cost.tasks),
        figure(cost.requestsPerSecond),
        figure(cost.p50Ms),
        figure(cost.p99Ms),
        figure(cost.cpuMs),
        figure(cost.redisCpuMs),
        figure(growth(costs, cost, cost.work === 'page' ? 100 : 10)),
        String(cost.errors),
      ];
    });
  const head = ['tasks per user', 'requests/s', 'p50 ms', 'p99 ms', 'CPU ms per 1,000', 'Redis CPU'];
  return table(['work', ...head, 'CPU ÷ that at 10 (page: 100)', 'errors'], rows);
}

function listsTable(costs: readonly ListsCost[]): string {
  const rows = costs.map((cost) => [
    cost.list,
    count(cost.tasks),
    figure(cost.bytes / 1e6),
    figure(cost.firstByteMs),
    figure(cost.lastByteMs),
    megabytes(cost.rssGrowth),
    figure(cost.longestPingMs),
    figure(cost.longestPingBeforeMs),
    figure(cost.bytesPerTaskBeyondText),
  ]);
  const head = [
    'tasks per user',
    'MB',
    'first byte ms',
    'last byte ms',
    'RSS grows MB',
    'longest ping ms',
    'before ms',
    'Redis bytes per task beyond its text',
  ];
  return table(['list', ...head], rows);
}

function usersTable(costs: readonly UsersCost[]): string {
  const rows = costs.map((cost) => [
    count(cost.users),
    cost.redisConf,
    figure(cost.bytesPerAccount),
    figure(cost.bytesPerSession),
    figure(cost.bytesPerTaskBeyondText),
    figure(cost.requestsPerSecond),
    figure(cost.p99Ms),
    figure(cost.cpuMs),
    figure(cost.redisCpuMs),
    String(cost.errors),
  ]);
  const bytes = ['bytes per account', 'per session', 'per task beyond its text'];
  const head = ['redis.conf', ...bytes, 'get/s', 'p99 ms', 'CPU ms per 1,000', 'Redis CPU', 'errors'];
  return table(['users', ...head], rows);
}

function stormTable({ calm, stormy, signInsAlone }: StormCost): string {
  const row = (name: string, cost: LoadCost, signInsPerSecond: number) => [
    name,
    figure(signInsPerSecond),
    figure(cost.requestsPerSecond),
    figure(cost.p50Ms),
    figure(cost.p99Ms),
    figure(cost.p99Ms / calm.p99Ms),
    String(cost.errors),
  ];
  const head = ['sign-ins/s', 'mix/s', 'p50 ms', 'p99 ms', 'p99 ÷ that without', 'errors'];
  return table(
    ['storm', ...head],
    [
      row('without sign-ins', calm, 0),
      row('with sign-ins', stormy, stormy.signInsPerSecond),
      [`sign-ins alone, ${figure(signInsAlone.cpuMs)} ms of CPU each`, figure(signInsAlone.signInsPerSecond)],
    ],
  );
}

function count(number: number): string {
  return number.toLocaleString('en-US');
}
