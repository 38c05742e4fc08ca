import { checkResponses, checkRejection } from './check-responses.js';
import { loadCost } from './load-cost.js';
import type { Measurement } from './measurement.js';
import type { Options, Work } from './options.js';
import { Redis } from './redis.js';
import { RunningServer } from './running-server.js';
import { seed } from './seed.js';

const users = 100;
const tasksEach = 20;
const connections = 50;

/** A server with its users, and a way to make the data what it was when they had been seeded. */
interface Contestant {
  readonly server: RunningServer;
  readonly tokens: readonly string[];
  readonly reset: () => Promise<void>;
}

/** Measures servers in turn, each at each work in each round, on one Redis with equal data. */
export async function compare({ servers, works, rounds, seconds }: Options): Promise<Measurement[]> {
  const redis = await Redis.start();
  const contestants: Contestant[] = [];
  try {
    for (const kind of servers) {
      if (kind.isAvailable?.() === false) {
        console.log(`${kind.name} is left out: its Debian packages cannot be installed here.`);
        continue;
      }
      contestants.push(await enter(await RunningServer.start(kind, redis.url), redis));
      console.log(`${kind.name} gives the right responses.`);
    }
    const measurements: Measurement[] = [];
    // Round 0 warms up and does not count.
    for (let round = 0; round <= rounds; round++) {
      for (const work of works) {
        for (const contestant of inTurn(contestants, round)) {
          if (contestant.server.kind.storage === 'memory' && work !== 'get') continue;
          const measurement = await measure(contestant, redis, work, round, seconds);
          if (round > 0) measurements.push(measurement);
        }
      }
      console.log(round === 0 ? 'All are warm.' : `Round ${round} of ${rounds} is done.`);
    }
    return measurements;
  } finally {
    for (const { server } of contestants) await server.stop();
    await redis.stop();
  }
}

/** Checks a server's responses and gives it users. */
async function enter(server: RunningServer, redis: Redis): Promise<Contestant> {
  const { port, kind } = server;
  await redis.clear();
  await checkResponses(port, kind.storage);
  await redis.clear();
  const seeded = await seed(port, users, tasksEach);
  const tokens = seeded.map(({ access }) => access);
  if (kind.storage === 'memory') return { server, tokens, reset: async () => undefined };

  const snapshot = await redis.snapshot();
  await redis.clear();
  if (!kind.hasOwnUsers) await checkRejection(port, tokens[0] ?? '');
  return { server, tokens, reset: () => redis.restore(snapshot) };
}

async function measure(
  { server, tokens, reset }: Contestant,
  redis: Redis,
  work: Work,
  round: number,
  seconds: number,
): Promise<Measurement> {
  await reset();
  const cost = await loadCost(server, redis, { work, tokens, tasksEach, seconds, connections });
  return { server: server.kind.name, work, round, ...cost };
}

/** Another one begins in each round, so that nobody always follows the same one. */
function inTurn<T>(all: readonly T[], round: number): T[] {
  const first = round % all.length;
  return [...all.slice(first), ...all.slice(0, first)];
}
