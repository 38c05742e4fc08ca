import { median } from './median.js';
import type { Redis } from './redis.js';
import type { RunningServer } from './running-server.js';
import { wrk, type Load } from './wrk.js';

/** What a load was like for clients, and what it cost. */
export interface LoadCost {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of all processes of the server, per 1,000 requests. */
  readonly cpuMs: number;
  /** Of Redis, per 1,000 requests. */
  readonly redisCpuMs: number;
  /** Resident memory of all processes of the server, at the end, in bytes. */
  readonly rss: number;
  readonly errors: number;
}

/** The median of each figure. */
export function medianCost(costs: readonly LoadCost[]): LoadCost {
  const of = (measure: keyof LoadCost) => median(costs.map((cost) => cost[measure]));
  return {
    requestsPerSecond: of('requestsPerSecond'),
    p50Ms: of('p50Ms'),
    p99Ms: of('p99Ms'),
    cpuMs: of('cpuMs'),
    redisCpuMs: of('redisCpuMs'),
    rss: of('rss'),
    errors: costs.reduce((sum, { errors }) => sum + errors, 0),
  };
}

/** Puts a load on a server. */
export async function loadCost(
  server: RunningServer,
  redis: Redis,
  load: Omit<Load, 'port'>,
): Promise<LoadCost> {
  const before = { cpu: server.usage().cpuMs, redisCpu: await redis.cpuMs() };
  const { requests, seconds, p50Ms, p99Ms, errors } = await wrk({ ...load, port: server.port });
  // What was under way when the time was over belongs to this load, and must not meet the next one's data.
  await server.idle();
  const perThousand = (ms: number) => (ms * 1000) / requests;
  return {
    requestsPerSecond: requests / seconds,
    p50Ms,
    p99Ms,
    cpuMs: perThousand(server.usage().cpuMs - before.cpu),
    redisCpuMs: perThousand((await redis.cpuMs()) - before.redisCpu),
    rss: server.usage().rss,
    errors,
  };
}
