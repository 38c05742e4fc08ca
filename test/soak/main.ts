import { Agent } from 'node:http';
import { parseArgs } from 'node:util';
import { megabytes, memoryAtRest, probed } from '../support/server-memory.js';
import { ServerProcess } from '../support/server-process.js';
import { SoakingUser } from './soaking-user.js';

/** How much more memory may be held in the last third of the time than in the second. */
const mayGrowBy = 10 * 2 ** 20;
const rounds = 15;
const users = 20;

/** Everything that expires does so many times over. */
const environment = {
  ACCESS_TOKEN_LIFETIME: '5s',
  REFRESH_TOKEN_LIFETIME: '15s',
  SESSION_LIFETIME: '30s',
  ROTATE_REFRESH_TOKENS: 'true',
  REFRESH_GRACE: '1s',
  BCRYPT_COST: '4',
  THROTTLE_SIGN_IN: '5/10s',
  THROTTLE_SIGN_IN_ADDRESS: 'off',
  THROTTLE_REGISTER: 'off',
  THROTTLE_REFRESH: 'off',
  TRUST_PROXY: '1',
};

/** Loads a server in memory with everything that clients do, and tells whether the memory that it holds is bounded. */
async function soak(minutes: number): Promise<boolean> {
  const lifetime = (minutes + 5) * 60_000;
  const server = await ServerProcess.start(environment, { ...probed, lifetime });
  const agent = new Agent({ keepAlive: true });
  const held: number[] = [];
  const all = Array.from({ length: users }, (_, i) => new SoakingUser(server.port, agent, i));
  try {
    for (let round = 1; round <= rounds; round++) {
      const end = Date.now() + (minutes * 60_000) / rounds;
      await Promise.all(all.map((user) => user.workUntil(end)));
      const { bytes } = await memoryAtRest(server, users);
      held.push(bytes);
      const requests = all.reduce((sum, user) => sum + user.requests, 0);
      console.log(
        `${((minutes * round) / rounds).toFixed(1)} min: ${requests} requests, ${megabytes(bytes)} held`,
      );
    }
  } finally {
    agent.destroy();
    await server.kill();
  }
  const unexpected = all.flatMap((user) => user.unexpected);
  for (const each of unexpected.slice(0, 10)) console.log(`unexpected: ${each}`);
  const third = rounds / 3;
  const growth = Math.max(...held.slice(2 * third)) - Math.max(...held.slice(third, 2 * third));
  const isBounded = growth < mayGrowBy;
  console.log(
    `${isBounded ? 'bounded' : 'NOT bounded'}: ${megabytes(growth)} more at the end than in the middle`,
  );
  return isBounded && unexpected.length === 0;
}

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } });
const minutes = Number(values.minutes);
if (!(minutes > 0)) throw new Error(`--minutes ${values.minutes}: expected a number above 0.`);
process.exit((await soak(minutes)) ? 0 : 1);
