import { loadCost, type LoadCost } from '../load-cost.js';
import { seed } from '../seed.js';
import { withHexado } from './hexado.js';

const counts = [10, 1_000, 5_000];
const tasksEach = 20;

export interface ConnectionsCost extends LoadCost {
  readonly connections: number;
}

/** What "get one" costs over ever more keep-alive connections, all of them busy. */
export async function growConnections(seconds: number): Promise<ConnectionsCost[]> {
  return withHexado(async (server, redis) => {
    const tokens = (await seed(server.port, 100, tasksEach)).map(({ access }) => access);
    const load = { work: 'get', tokens, tasksEach, seconds };
    await loadCost(server, redis, { ...load, connections: 50 });
    const costs: ConnectionsCost[] = [];
    for (const connections of counts) {
      costs.push({ connections, ...(await loadCost(server, redis, { ...load, connections })) });
    }
    return costs;
  });
}
