import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { METHODS } from 'node:http';
import { expect } from 'chai';
import { RawConnection } from '../../support/raw-connection.js';
import { RedisServer } from '../../support/redis-server.js';
import { signingKey, withoutLimits } from '../../support/running-server.js';
import { scrape, sendToMetrics } from '../../support/scrape.js';
import { startServerOnRedis } from '../../support/server-on-redis.js';
import { run, ServerProcess } from '../../support/server-process.js';
import { stopAfterEach } from '../../support/stop-after-each.js';
import { waitFor } from '../../support/wait-for.js';

const measured = { METRICS_PORT: '0', BCRYPT_COST: '4' };

describe('the metrics port', () => {
  const stopped = stopAfterEach();
  const start = async (environment: Readonly<Record<string, string>> = {}): Promise<ServerProcess> => {
    const server = await ServerProcess.start({ ...measured, ...environment });
    stopped({ stop: () => server.kill() });
    return server;
  };

  it('serves GET and HEAD /metrics and nothing else, and the API has no such route', async () => {
    const server = await start();
    const { status, headers, text } = await sendToMetrics(server);
    expect({ status, type: headers['content-type'] }).to.deep.equal({
      status: 200,
      type: 'text/plain; version=0.0.4; charset=utf-8',
    });
    expect(text).to.match(/^# TYPE http_request_duration_seconds histogram$/m);
    const head = await sendToMetrics(server, 'HEAD');
    expect([head.status, head.text]).to.deep.equal([200, '']);
    const post = await sendToMetrics(server, 'POST');
    expect([post.status, post.headers.allow]).to.deep.equal([405, 'GET, HEAD']);
    for (const path of ['/', '/tasks/', '/livez', '/metrics/']) {
      expect((await sendToMetrics(server, 'GET', path)).status, path).to.equal(404);
    }
    expect((await server.call('GET', '/metrics')).status).to.equal(404);
  });

  it('is on 127.0.0.1 alone, whatever HOST is', async () => {
    const server = await start({ HOST: '0.0.0.0' });
    const { host, port } = await server.logged(({ msg }) => msg === 'serving metrics');
    expect(host).to.equal('127.0.0.1');
    const elsewhere = connect(Number(port), '127.0.0.2');
    const [error] = (await once(elsewhere, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).to.equal('ECONNREFUSED');
  });

  it('ends the start with exit code 69 if it is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const { code, stderr } = await run([], { environment: { PORT: '0', METRICS_PORT: String(port) } });
    other.close();
    expect(code).to.equal(69);
    expect(stderr).to.equal(
      `hexado: METRICS_HOST=127.0.0.1, METRICS_PORT=${port}: the metrics cannot be served there (EADDRINUSE).\n`,
    );
  });

  it('measures requests by method, pattern of the path and status', async () => {
    const server = await start();
    const { access } = await server.registerAndSignIn();
    for (const title of ['one', 'two'])
      await server.call('POST', '/tasks/create/', { title, description: 'x' }, access);
    for (const path of ['/tasks/1/', '/tasks/2/', '/tasks/3/'])
      await server.call('GET', path, undefined, access);
    const metrics = await scrape(server);
    const count = (labels: Record<string, string>) =>
      metrics.value('http_request_duration_seconds_count', labels);
    expect(count({ method: 'POST', route: '/tasks/create', status: '201' })).to.equal(2);
    expect(count({ method: 'GET', route: '/tasks/:taskId', status: '200' })).to.equal(2);
    expect(count({ method: 'GET', route: '/tasks/:taskId', status: '404' })).to.equal(1);
    expect(metrics.value('hexado_hash_queue_wait_seconds_count')).to.be.at.least(2);
    expect(metrics.value('hexado_connections')).to.be.at.least(1);
  });

  it('counts what happens: sign-ins, refreshes and their reuse, registrations, throttled attempts', async () => {
    const server = await start({
      THROTTLE_SIGN_IN: '2/1h',
      ROTATE_REFRESH_TOKENS: 'true',
      REFRESH_GRACE: '0',
    });
    const { username, refresh } = await server.registerAndSignIn();
    for (let i = 0; i < 4; i++) await server.call('POST', '/api/token/', { username, password: 'wrong' });
    for (let i = 0; i < 2; i++) await server.call('POST', '/api/token/refresh/', { refresh });
    const metrics = await scrape(server);
    const failures = (reason: string) =>
      metrics.value('hexado_sign_ins_total', { outcome: 'failure', reason });
    expect(metrics.value('hexado_registrations_total')).to.equal(1);
    expect(metrics.value('hexado_sign_ins_total', { outcome: 'success' })).to.equal(1);
    expect(failures('wrong_password')).to.equal(2);
    expect(failures('throttled_sign_in')).to.equal(2);
    expect(metrics.value('hexado_throttled_total', { limit: 'sign_in' })).to.equal(2);
    expect(metrics.value('hexado_refreshes_total', { outcome: 'success' })).to.equal(1);
    expect(metrics.value('hexado_refresh_reuse_total')).to.equal(1);
  });

  it('counts input that is no request', async () => {
    const server = await start();
    const connection = await RawConnection.open(server.port);
    connection.send('nonsense\r\n\r\n');
    await connection.end();
    expect((await scrape(server)).value('hexado_http_rejected_total', { status: '400' })).to.equal(1);
  });

  it('gets no more samples by 10,000 different paths, methods and names', async () => {
    const server = await start(withoutLimits);
    const send = async (requests: readonly string[]) => {
      const connection = await RawConnection.open(server.port);
      connection.send(requests.join(''));
      for (let i = 0; i < requests.length; i++) await connection.response();
      connection.close();
    };
    const methods = METHODS.filter((method) => !['CONNECT', 'HEAD', 'QUERY'].includes(method));
    const requestsTo = (path: string) => methods.map((method) => request(method, path));
    await send([...requestsTo('/canary'), ...requestsTo('/tasks/1')]);
    const before = await scrape(server);
    for (let i = 0; i < 10_000; i += 500) {
      const paths = Array.from({ length: 500 }, (_, n) => `/canary/${i + n}?canary=${i + n}`);
      await send(paths.map((path, n) => request(methods[n % methods.length] ?? '', path)));
    }
    for (let i = 0; i < 20; i++) {
      await server.call('POST', '/api/token/', { username: `canary${i}`, password: `canary${i}` });
    }
    const after = await scrape(server);
    const sampled = ({ samples }: typeof after) =>
      samples
        .filter(({ name, labels }) => !name.startsWith('nodejs_') && labels['route'] !== '/api/token')
        .map(({ name, labels }) => ({ name, labels }));
    expect(after.value('http_request_duration_seconds_count', { route: 'unmatched' })).to.be.at.least(10_000);
    expect(sampled(after)).to.deep.equal(sampled(before));
    expect(JSON.stringify(after)).not.to.contain('canary');
  });
});

describe('the metrics of Redis', () => {
  const stopped = stopAfterEach();

  it('say whether it is up, how fast it replies, and why commands fail', async () => {
    const redis = stopped(await RedisServer.start());
    const server = await startServerOnRedis(redis.url, stopped, measured);
    const { access } = await server.registerAndSignIn();
    const up = await scrape(server);
    expect(up.value('hexado_redis_up')).to.equal(1);
    expect(up.value('hexado_ready')).to.equal(1);
    expect(up.value('hexado_storage_warnings')).to.equal(1); // It has no appendonly.
    expect(up.value('hexado_redis_command_duration_seconds_count', { kind: 'write' })).to.be.at.least(2);

    await redis.kill();
    await waitFor(
      'an outage',
      async () => (await server.call('GET', '/tasks/1/', undefined, access)).status === 503,
    );
    const down = await waitFor('redis_up is 0', async () => {
      const metrics = await scrape(server);
      return metrics.value('hexado_redis_up') === 0 && metrics;
    });
    expect(down.value('hexado_ready')).to.equal(0);
    expect(down.value('hexado_degraded', { part: 'storage' })).to.equal(1);
    expect(down.value('hexado_redis_errors_total')).to.be.at.least(1);

    await redis.restart();
    await waitFor('redis_up is 1', async () => (await scrape(server)).value('hexado_redis_up') === 1);
  });
});

describe('the metrics of a storage module', () => {
  const stopped = stopAfterEach();

  it('say how long each method takes, and nothing of Redis', async () => {
    const STORAGE = new URL('../../../src/adapters/in-memory/create-storage.js', import.meta.url).href;
    const server = await ServerProcess.start({ ...measured, STORAGE, SIGNING_KEY: signingKey });
    stopped({ stop: () => server.kill() });
    await server.registerAndSignIn();
    const metrics = await scrape(server);
    const labels = { method: 'sessions.open', outcome: 'done' };
    expect(metrics.value('hexado_storage_call_duration_seconds_count', labels)).to.equal(1);
    expect(metrics.value('hexado_redis_up')).to.equal(undefined);
    expect(metrics.value('hexado_build_info', { storage: 'module' })).to.equal(1);
  });
});

function request(method: string, path: string): string {
  return `${method} ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
}
