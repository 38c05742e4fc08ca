import { setTimeout } from 'node:timers/promises';
import { expect } from 'chai';
import { concurrently } from '../../src/storage-contract/concurrency.js';
import { expectResponse, invalidCredentials, unavailable } from '../support/responses.js';
import { Load } from '../support/load.js';
import { RedisServer } from '../support/redis-server.js';
import { report } from '../support/report.js';
import { startServerOnRedis } from '../support/server-on-redis.js';
import { stopAfterEach } from '../support/stop-after-each.js';

describe('200 sign-ins at once', () => {
  const stopped = stopAfterEach();

  it('do not slow other requests down, and get 503 where they would wait too long', async () => {
    const redis = stopped(await RedisServer.start());
    const server = await startServerOnRedis(redis.url, stopped, { BCRYPT_COST: '12' });
    const users = await concurrently(10, () => server.registerAndSignIn());
    const load = new Load(server, users);
    await load.next(users);

    const startedAt = Date.now();
    const over = new AbortController();
    const signIns = concurrently(200, (index) =>
      server.call('POST', '/api/token/', { username: `nobody-${index}`, password: 'a wrong password' }),
    ).finally(() => over.abort());
    const probes: number[] = [];
    while (!over.signal.aborted) {
      const sentAt = performance.now();
      expect((await server.call('GET', '/livez')).status).to.equal(200);
      probes.push(performance.now() - sentAt);
      await setTimeout(20);
    }
    const responses = await signIns;
    const seconds = (Date.now() - startedAt) / 1000;
    await load.stop();

    const rejected = responses.filter(({ status }) => status === 503);
    for (const response of rejected) {
      expectResponse(response, 503, unavailable);
      expect(response.headers['retry-after']).to.equal('5');
    }
    const others = responses.filter(({ status }) => status !== 503);
    for (const response of others) expectResponse(response, 401, invalidCredentials);
    expect(rejected.length).to.be.greaterThan(0);
    expect(others.length).to.be.greaterThan(0);

    expect(load.failures).to.deep.equal([]);
    const during = load.exchanges.filter((exchange) => exchange.startedAt >= startedAt);
    const tasks = percentile(
      99,
      during.map((exchange) => exchange.endedAt - exchange.startedAt),
    );
    // The first ones share the tests' own process with 200 requests that are being sent.
    const livez = percentile(95, probes);
    report(
      `${others.length} compared in ${seconds.toFixed(1)} s, ${rejected.length} rejected`,
      `99 of 100 of ${during.length} task requests in ${tasks} ms, 95 of 100 of ${probes.length} GET /livez in ${livez.toFixed(1)} ms`,
    );
    expect(tasks).to.be.lessThan(250);
    expect(livez).to.be.lessThan(50);
  });
});

function percentile(percent: number, values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil((sorted.length * percent) / 100) - 1] ?? Number.NaN;
}
