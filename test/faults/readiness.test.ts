import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { freePort } from '../support/free-port.js';
import { RedisServer } from '../support/redis-server.js';
import { RunningServer } from '../support/running-server.js';
import { stopAfterEach } from '../support/stop-after-each.js';
import { waitFor } from '../support/wait-for.js';

interface Readiness {
  readonly status: string;
  readonly reasons?: readonly string[];
}

/** How Redis is made to refuse something, and how it is made to accept it again. */
interface Fault {
  readonly reason: string;
  readonly args?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly begin?: (admin: Redis) => Promise<unknown>;
  readonly end?: (admin: Redis) => Promise<unknown>;
}

/** What Redis does while reading goes on. */
const writesFail: Readonly<Record<string, Fault>> = {
  'its memory is full': {
    reason: 'OOM',
    begin: (admin) => admin.config('SET', 'maxmemory', '1mb'),
    end: (admin) => admin.config('SET', 'maxmemory', '0'),
  },
  'its ACL forbids scripts': {
    reason: 'NOPERM',
    begin: (admin) => admin.acl('SETUSER', 'default', '-@scripting'),
    end: (admin) => admin.acl('SETUSER', 'default', '+@scripting'),
  },
  'its ACL forbids what a script does': {
    reason: 'NOPERM',
    begin: (admin) => admin.acl('SETUSER', 'default', '-set'),
    end: (admin) => admin.acl('SETUSER', 'default', '+set'),
  },
  'it is a replica': {
    reason: 'READONLY',
    begin: async (admin) => admin.replicaof('127.0.0.1', await freePort()),
    end: (admin) => admin.replicaof('NO', 'ONE'),
  },
  'it has fewer replicas than it wants itself': {
    reason: 'NOREPLICAS',
    begin: (admin) => admin.config('SET', 'min-replicas-to-write', '1'),
    end: (admin) => admin.config('SET', 'min-replicas-to-write', '0'),
  },
  'there is no replica to wait for': {
    reason: 'no replica',
    environment: { REDIS_WAIT_REPLICAS: '1' },
  },
  'it cannot save what is written': {
    reason: 'MISCONF',
    args: ['--save', '3600', '1'],
    begin: async (admin) => {
      const directory = (await admin.config('GET', 'dir'))[1]!;
      mkdirSync(join(directory, 'dump.rdb', 'in-the-way'), { recursive: true });
      await admin.set('something', 'to save');
      await admin.bgsave();
      await waitFor('the snapshot has failed', async () =>
        /^rdb_last_bgsave_status:err/m.test(await admin.info('persistence')),
      );
    },
    end: (admin) => admin.config('SET', 'stop-writes-on-bgsave-error', 'no'),
  },
};

describe('GET /readyz', () => {
  const stopped = stopAfterEach();
  let redis: RedisServer;
  let admin: Redis;
  let server: RunningServer;

  async function start({ args = [], environment = {} }: Partial<Fault> = {}): Promise<void> {
    redis = stopped(await RedisServer.start({ args }));
    admin = new Redis(redis.port);
    admin.on('error', () => undefined);
    stopped({ stop: async () => admin.disconnect() });
    server = stopped(await RunningServer.start({ STORAGE: 'redis', REDIS_URL: redis.url, ...environment }));
  }

  async function readiness(): Promise<Readiness & { readonly code: number }> {
    const response = await server.call('GET', '/readyz');
    return { code: response.status, ...(response.json() as Readiness) };
  }

  const scriptsRun = async () =>
    Number(/cmdstat_evalsha:calls=(\d+)/.exec(await admin.info('commandstats'))?.[1] ?? 0);

  async function untilStatus(status: string): Promise<void> {
    await waitFor(`it is ${status}`, async () => (await readiness()).status === status);
  }

  for (const [what, { reason, begin, end, ...given }] of Object.entries(writesFail)) {
    it(`is "degraded" with ${reason}, and a log line, while ${what}`, async () => {
      await start(given);
      await begin?.(admin);
      await untilStatus('degraded');
      const { code, reasons } = await readiness();
      expect(code).to.equal(200);
      expect(reasons).to.have.length(1);
      expect(reasons?.[0]).to.match(new RegExp(`^Redis takes no writes \\(${reason}\\)\\. .+\\.$`));
      expect(server.log.filter(({ fields }) => fields['reason'] === reason)).to.have.length(1);
      if (!end) return;
      await end(admin);
      await untilStatus('ready');
    });
  }

  it('is 503 with the reasons while nothing can be served', async () => {
    await start({ args: ['--busy-reply-threshold', '50'] });
    const busy = new Redis(redis.port);
    stopped({ stop: async () => busy.disconnect() });
    const endless = busy.eval('while true do end', 0).catch(() => undefined);
    await waitFor('it is busy', () =>
      admin.ping().then(
        () => false,
        () => true,
      ),
    );
    await untilStatus('degraded');
    expect(await readiness()).to.deep.equal({
      code: 503,
      status: 'degraded',
      reasons: ['The storage does not answer (BUSY). A script takes too long: SCRIPT KILL ends it.'],
    });
    await admin.script('KILL');
    await endless;
    await untilStatus('ready');

    await redis.kill();
    const { code, reasons } = await readiness();
    expect(code).to.equal(503);
    expect(reasons?.[0]).to.match(/^The storage does not answer \([\w ]+\)\. Is it running\?$/);
  });

  it('checks Redis at most once a second, with any number of concurrent requests', async () => {
    await start();
    await untilStatus('ready');
    const before = await scriptsRun();
    const startedAt = performance.now();
    for (let round = 0; round < 20; round++) await Promise.all(Array.from({ length: 20 }, readiness));
    const seconds = (performance.now() - startedAt) / 1000;
    expect((await scriptsRun()) - before).to.be.within(0, Math.ceil(seconds) + 1);
  });

  it('leaves no key behind', async () => {
    await start();
    await untilStatus('ready');
    await waitFor('it is gone', async () => (await admin.keys('*probe*')).length === 0);
  });
});
