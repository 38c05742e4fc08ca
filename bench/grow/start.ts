import { median } from '../median.js';
import { Redis } from '../redis.js';
import { RunningServer } from '../running-server.js';
import { serverKind } from '../servers.js';

const kinds = ['hexado-memory', 'hexado'] as const;
const times = 7;

export interface StartCost {
  readonly server: (typeof kinds)[number];
  /** From the start of the program until it accepts connections; the median of some starts. */
  readonly ms: number;
}

/** How long the program takes to start. */
export async function measureStart(): Promise<StartCost[]> {
  const redis = await Redis.start();
  const costs: StartCost[] = [];
  for (const server of kinds) {
    const starts: number[] = [];
    while (starts.length < times) {
      const running = await RunningServer.start(serverKind(server), redis.url);
      starts.push(running.startMs);
      await running.stop();
    }
    costs.push({ server, ms: median(starts) });
  }
  await redis.stop();
  return costs;
}
