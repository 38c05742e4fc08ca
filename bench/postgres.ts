import { haveProgram } from './debian-packages.js';
import { loadCost, medianCost, type LoadCost } from './load-cost.js';
import { inProject } from './project.js';
import { Redis } from './redis.js';
import { RunningServer } from './running-server.js';
import { seed } from './seed.js';
import { serverKinds } from './servers.js';
import { figure, table } from './table.js';

/** `create` comes last: it makes lists longer. */
const works = ['get', 'list', 'update', 'create'];
const rounds = 3;
const load = { tasksEach: 20, seconds: 3, connections: 50 };
const users = 100;

/** Hexado with its users on a storage. */
interface Contestant {
  readonly name: string;
  readonly server: RunningServer;
  /** Its CPU is measured; without data if the storage is another one. */
  readonly redis: Redis;
  readonly tokens: readonly string[];
}

async function enter(
  name: string,
  redis: Redis,
  environment: Readonly<Record<string, string>> = {},
): Promise<Contestant> {
  const [kind] = serverKinds;
  if (!kind) throw new Error('There is no server.');
  const server = await RunningServer.start(kind, redis.url, environment);
  const seeded = await seed(server.port, users, load.tasksEach);
  return { name, server, redis, tokens: seeded.map(({ access }) => access) };
}

async function measure(
  contestants: readonly Contestant[],
  work: string,
): Promise<ReadonlyMap<Contestant, LoadCost>> {
  const costs = new Map(contestants.map((each) => [each, [] as LoadCost[]]));
  for (let round = 0; round < rounds; round++) {
    for (const [{ server, redis, tokens }, ofThis] of costs) {
      ofThis.push(await loadCost(server, redis, { ...load, work, tokens }));
    }
  }
  return new Map([...costs].map(([each, ofThis]) => [each, medianCost(ofThis)]));
}

/** Compares Hexado on the empty database at DATABASE_URL with Hexado on Redis. */
async function main(): Promise<void> {
  const { DATABASE_URL } = process.env;
  if (DATABASE_URL === undefined) throw new Error('DATABASE_URL must lead to an empty database.');
  for (const program of ['wrk', 'redis-server']) {
    if (!haveProgram(program, ['--version'], [program])) throw new Error(`There is no ${program}.`);
  }
  const storage = { STORAGE: inProject('examples/postgres-storage/index.js'), DATABASE_URL };
  const contestants = [
    await enter('Redis, in memory', await Redis.start()),
    await enter('Redis, appendfsync always', await Redis.start({ appendonly: 'yes', appendfsync: 'always' })),
    await enter('PostgreSQL', await Redis.start(), storage),
  ];
  const rows: string[][] = [];
  for (const work of works) {
    const row = [work];
    for (const { requestsPerSecond, cpuMs, p99Ms, errors } of (await measure(contestants, work)).values()) {
      row.push([requestsPerSecond, cpuMs, p99Ms, errors].map(figure).join(' · '));
    }
    rows.push(row);
  }
  console.log('Requests per second, CPU of the server in ms per 1,000 requests, p99 in ms, errors:');
  console.log(table(['work', ...contestants.map(({ name }) => name)], rows));
  for (const { server, redis } of contestants) {
    await server.stop();
    await redis.stop();
  }
}

await main();
