import { performance } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import { send } from '../http-client.js';
import { loadCost, medianCost, type LoadCost } from '../load-cost.js';
import { median } from '../median.js';
import type { RunningServer } from '../running-server.js';
import { addressOf, password, seed, type SeededUser } from '../seed.js';
import { withHexado } from './hexado.js';

const users = 20;
const tasksEach = 20;
const rounds = 3;
/** How many sign-ins wait at any time. */
const waiting = 20;

/** What the mix is like while people sign in without a pause, and what it is like without them: medians of the rounds. */
export interface StormCost {
  readonly calm: LoadCost;
  readonly stormy: LoadCost & { readonly signInsPerSecond: number };
  /** With nothing else to do. `cpuMs` is for one sign-in. */
  readonly signInsAlone: { readonly signInsPerSecond: number; readonly cpuMs: number };
}

/** Passwords are hashed at the cost that is the default. */
export async function growStorm(seconds: number): Promise<StormCost> {
  return withHexado(
    async (server, redis) => {
      const seeded = await seed(server.port, users, tasksEach);
      const tokens = seeded.map(({ access }) => access);
      const load = { work: 'mix', tokens, tasksEach, seconds, connections: 50 };
      const snapshot = await redis.snapshot();
      await loadCost(server, redis, { ...load, seconds: 1 });
      const calm: LoadCost[] = [];
      const stormy: LoadCost[] = [];
      const signInsPerSecond: number[] = [];
      for (let round = 0; round < rounds; round++) {
        await redis.restore(snapshot);
        calm.push(await loadCost(server, redis, load));
        await redis.restore(snapshot);
        const storm = new Storm(server.port, seeded);
        stormy.push(await loadCost(server, redis, load));
        signInsPerSecond.push(await storm.stop());
      }
      return {
        calm: medianCost(calm),
        stormy: { ...medianCost(stormy), signInsPerSecond: median(signInsPerSecond) },
        signInsAlone: await costAlone(server, seeded, seconds),
      };
    },
    { environment: { BCRYPT_COST: '12' } },
  );
}

async function costAlone(
  server: RunningServer,
  seeded: readonly SeededUser[],
  seconds: number,
): Promise<StormCost['signInsAlone']> {
  const before = server.usage().cpuMs;
  const storm = new Storm(server.port, seeded);
  await setTimeout(seconds * 1_000);
  const signInsPerSecond = await storm.stop();
  return { signInsPerSecond, cpuMs: (server.usage().cpuMs - before) / storm.signIns };
}

/** Keeps people waiting for their sign-in, each from an address of their own. */
class Storm {
  signIns = 0;
  private begun = 0;
  private stopping = false;
  private readonly startedAt = performance.now();
  private readonly people: Promise<void[]>;

  constructor(
    private readonly port: number,
    private readonly seeded: readonly SeededUser[],
  ) {
    this.people = Promise.all(Array.from({ length: waiting }, () => this.signInAgainAndAgain()));
  }

  /** Answers how many were signed in per second. */
  async stop(): Promise<number> {
    this.stopping = true;
    await this.people;
    return (this.signIns * 1_000) / (performance.now() - this.startedAt);
  }

  private async signInAgainAndAgain(): Promise<void> {
    while (!this.stopping) {
      const number = this.begun++;
      const { username } = this.seeded[number % this.seeded.length] ?? { username: '' };
      const from = addressOf(users + number);
      const body = { username, password };
      const { status } = await send(this.port, { method: 'POST', path: '/api/token/', body, from });
      if (status !== 200) throw new Error(`A sign-in got ${status}.`);
      this.signIns++;
    }
  }
}
