import type { Figures } from './figures.js';

/** What cannot be measured here. */
export const assumptions = {
  tasksPerUser: 20,
  bytesOfTaskText: 145,
  requestsPerUserPerMinute: 5,
  /** With what is not text of tasks, and headers. */
  bytesPerAnswer: 1_100,
  signInsPerUserPerDay: 1,
  /** How much of a day's sign-ins the busiest hour has. */
  shareOfBusiestHour: 0.15,
  /** How busy a core may be at peak, so that answers stay quick and a failure can be borne. */
  busyAtMost: 0.6,
  /** Data of one Redis master; its machine needs about twice as much while it writes a snapshot. */
  bytesPerShard: 16 * 2 ** 30,
  /** Redis advises against clusters of more nodes. */
  nodesPerCluster: 1_000,
  replicasPerMaster: 1,
};

/** What so many users need at peak. */
export interface Capacity {
  readonly users: number;
  readonly requestsPerSecond: number;
  readonly signInsPerSecond: number;
  /** CPU in use, in cores. */
  readonly coresForRequests: number;
  readonly coresForSignIns: number;
  readonly coresOfRedis: number;
  /** Server processes, each on a core of its own, and those cores that hash passwords. */
  readonly serverCores: number;
  readonly bytesInRedis: number;
  readonly shardsForCpu: number;
  readonly shardsForMemory: number;
  readonly shards: number;
  readonly redisNodes: number;
  readonly bytesOfAnswersPerSecond: number;
  readonly bytesOfProcesses: number;
  readonly bytesOfConnections: number;
}

export function capacityFor(users: number, figures: Figures): Capacity {
  const { requestsPerUserPerMinute, signInsPerUserPerDay, shareOfBusiestHour, busyAtMost } = assumptions;
  const requestsPerSecond = (users * requestsPerUserPerMinute) / 60;
  const signInsPerSecond = (users * signInsPerUserPerDay * shareOfBusiestHour) / 3_600;
  const coresForRequests = (requestsPerSecond * figures.cpuMsPerRequest) / 1_000;
  const coresForSignIns = (signInsPerSecond * figures.cpuMsPerSignIn) / 1_000;
  const coresOfRedis = (requestsPerSecond * figures.redisCpuMsPerRequest) / 1_000;
  const processes = Math.ceil(coresForRequests / busyAtMost);
  const bytesInRedis = users * Object.values(bytesPerUser(figures)).reduce((sum, bytes) => sum + bytes);
  const shardsForCpu = Math.ceil(coresOfRedis / busyAtMost);
  const shardsForMemory = Math.ceil(bytesInRedis / assumptions.bytesPerShard);
  const shards = Math.max(shardsForCpu, shardsForMemory);
  return {
    users,
    requestsPerSecond,
    signInsPerSecond,
    coresForRequests,
    coresForSignIns,
    coresOfRedis,
    serverCores: processes + Math.ceil(coresForSignIns / busyAtMost),
    bytesInRedis,
    shardsForCpu,
    shardsForMemory,
    shards,
    redisNodes: shards * (1 + assumptions.replicasPerMaster),
    bytesOfAnswersPerSecond: requestsPerSecond * assumptions.bytesPerAnswer,
    bytesOfProcesses: processes * figures.bytesPerProcess,
    bytesOfConnections: users * figures.bytesPerConnection,
  };
}

const million = 1_000_000;

/** Something of which one is enough for so many users, and what to do when there are more. */
export interface Limit {
  readonly what: string;
  readonly users: number;
  readonly remedy: string;
}

/** All limits, the first that is reached first. */
export function limits(figures: Figures): Limit[] {
  const { busyAtMost, bytesPerShard, nodesPerCluster, replicasPerMaster } = assumptions;
  const one = capacityFor(million, figures);
  const masters = nodesPerCluster / (1 + replicasPerMaster);
  return [
    {
      what: 'server processes',
      users: until(one.coresForRequests, busyAtMost),
      remedy: 'WORKERS=auto, then more machines behind a load balancer: processes share nothing but Redis',
    },
    {
      what: 'cores that hash passwords',
      users: until(one.coresForSignIns, busyAtMost),
      remedy:
        'more cores, or a longer REFRESH_TOKEN_LIFETIME; beyond that sign-ins wait and then get 503, tasks go on',
    },
    {
      what: 'Redis masters, by their CPU',
      users: until(one.coresOfRedis, busyAtMost),
      remedy: 'REDIS_MODE=cluster: all of a user is in one slot, so every shard adds its whole core',
    },
    {
      what: 'Redis masters, by their memory',
      users: until(one.bytesInRedis, bytesPerShard),
      remedy: 'shards again, or machines with more memory',
    },
    {
      what: `Redis Clusters of ${nodesPerCluster} nodes`,
      users: until(Math.max(one.coresOfRedis / busyAtMost, one.bytesInRedis / bytesPerShard), masters),
      remedy: 'several whole systems, each with its share of the users, chosen by the name that signs in',
    },
  ].toSorted((a, b) => a.users - b.users);
}

/** How many users use up what is available, if a million need this much of it. */
function until(needed: number, available: number): number {
  return (million * available) / needed;
}

/** What a user takes of Redis' memory. */
export function bytesPerUser({
  bytesPerAccount,
  bytesPerSession,
  bytesPerTaskBeyondText,
}: Figures): Readonly<Record<'tasks' | 'session' | 'account', number>> {
  const { tasksPerUser, bytesOfTaskText } = assumptions;
  return {
    tasks: tasksPerUser * (bytesOfTaskText + bytesPerTaskBeyondText),
    session: bytesPerSession,
    account: bytesPerAccount,
  };
}

/**
 * How many requests of the mix so many cores can answer when all of them are busy: workers share nothing but Redis,
 * which has one thread.
 */
export function requestsPerSecondOn(
  cores: number,
  { cpuMsPerRequest, redisCpuMsPerRequest }: Figures,
  { redisElsewhere }: { readonly redisElsewhere: boolean },
): number {
  const msPerRequest = cpuMsPerRequest + (redisElsewhere ? 0 : redisCpuMsPerRequest);
  return Math.min((cores * 1_000) / msPerRequest, 1_000 / redisCpuMsPerRequest);
}
