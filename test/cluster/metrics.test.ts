import { expect } from 'chai';
import { Agent } from 'node:http';
import { send } from '../support/http-client.js';
import { RedisServer } from '../support/redis-server.js';
import { scrape } from '../support/scrape.js';
import { sendSignal } from '../support/send-signal.js';
import { startServerOnRedis } from '../support/server-on-redis.js';
import type { ServerProcess } from '../support/server-process.js';
import { stopAfterEach } from '../support/stop-after-each.js';
import { timeOf } from '../support/time-of.js';
import { waitFor } from '../support/wait-for.js';

describe('the metrics of several workers', () => {
  const stopped = stopAfterEach();
  let redis: RedisServer;
  let server: ServerProcess;

  before(async () => {
    redis = await RedisServer.start();
  });
  after(() => redis.stop());

  const workers = (): number[] =>
    server.log.filter(({ msg }) => msg === 'listening').map(({ pid }) => Number(pid));

  beforeEach(async () => {
    server = await startServerOnRedis(redis.url, stopped, { WORKERS: '2', METRICS_PORT: '0' });
    await server.logged(() => workers().length === 2);
  });

  /** Sends requests over new connections until each worker has served some; returns how many. */
  const spread = async (): Promise<number> => {
    let count = 0;
    await waitFor('requests to each worker', async () => {
      await send(server.port, { method: 'GET', path: '/tasks/' }, new Agent());
      count++;
      const served = server.log.filter(({ msg }) => msg === 'request').map(({ pid }) => pid);
      return workers().every((pid) => served.includes(pid));
    });
    return count;
  };
  const requests = async () =>
    (await scrape(server)).value('http_request_duration_seconds_count', { status: '401' });

  it('are one answer, in which counts are sums and no gauge of health is', async () => {
    const count = await spread();
    const metrics = await scrape(server);
    expect(metrics.value('http_request_duration_seconds_count', { status: '401' })).to.equal(count);
    expect(metrics.value('hexado_workers', { state: 'responding' })).to.equal(2);
    expect(metrics.value('hexado_workers', { state: 'silent' })).to.equal(0);
    expect(metrics.value('hexado_build_info', { workers: '2', storage: 'redis' })).to.equal(1);
    for (const name of ['hexado_redis_up', 'hexado_ready']) expect(metrics.value(name), name).to.equal(1);
  });

  it('keep the counts of a worker that was killed, since the last scrape', async () => {
    const count = await spread();
    expect(await requests()).to.equal(count);
    sendSignal(workers()[0], 'SIGKILL');
    await server.logged(() => workers().length === 3);
    expect(await requests()).to.equal(count);
  });

  it('keep all counts in a rolling restart', async () => {
    const count = await spread();
    server.signal('SIGUSR2');
    await server.logged(({ msg }) => msg === 'All workers replaced');
    const metrics = await scrape(server);
    expect(metrics.value('http_request_duration_seconds_count', { status: '401' })).to.equal(count);
    expect(metrics.value('hexado_workers', { state: 'responding' })).to.equal(2);
  });

  it('do not wait for a worker that hangs, and say so', async () => {
    const count = await spread();
    expect(await requests()).to.equal(count);
    const [first, second] = workers();
    sendSignal(first, 'SIGSTOP');
    const duration = await timeOf(async () => {
      const metrics = await scrape(server);
      expect(metrics.value('http_request_duration_seconds_count', { status: '401' })).to.equal(count);
      expect(metrics.value('hexado_workers', { state: 'silent' })).to.equal(1);
      expect(metrics.value('hexado_workers', { state: 'responding' })).to.equal(1);
    });
    expect(duration).to.be.below(5_000);
    sendSignal(second, 'SIGSTOP');
    const ofNone = await scrape(server);
    expect(ofNone.value('hexado_workers', { state: 'silent' })).to.equal(2);
    expect(ofNone.value('hexado_workers', { state: 'responding' })).to.equal(0);
    for (const worker of [first, second]) sendSignal(worker, 'SIGCONT');
    await waitFor(
      'both respond',
      async () => (await scrape(server)).value('hexado_workers', { state: 'silent' }) === 0,
    );
  });
});
