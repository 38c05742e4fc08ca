import { Redis } from 'ioredis';
import { expectRejection } from '../support/expect-rejection.js';
import { RedisServer } from '../support/redis-server.js';
import { signingKey } from '../support/running-server.js';
import { run } from '../support/server-process.js';

const useAnother = 'go on with that, or use another database or REDIS_KEY_PREFIX\\.';

describe('stored data of an unknown layout', () => {
  let server: RedisServer;
  let redis: Redis;
  before(async () => {
    server = await RedisServer.start();
    redis = new Redis(server.port);
    await redis.set('hexado:user-ids', 1);
  });
  after(async () => {
    redis.disconnect();
    await server.stop();
  });

  for (const [what, words, settings] of [
    ['a server', [], {}],
    ['servers that wait for replicas', [], { REDIS_WAIT_REPLICAS: '1' }],
    ["an operator's command", ['user', 'list'], {}],
    ['another of their commands', ['user', 'delete', 'ann'], {}],
  ] as const) {
    it(`keeps ${what} from starting, with exit code 78 and a message`, async () => {
      const environment = {
        STORAGE: 'redis',
        REDIS_URL: server.url,
        SIGNING_KEY: signingKey,
        LOG_LEVEL: 'error',
        ...settings,
      };
      await redis.del('hexado:layout');
      const older = new RegExp(
        `^The storage has data without a layout\\. It is of Hexado 0\\.1\\.0, .*: ${useAnother}$`,
      );
      expectRejection(await run(words, { environment }), 78, older);
      await redis.set('hexado:layout', '2');
      const newer = new RegExp(`^The storage has data of layout 2\\. .*: ${useAnother}$`);
      expectRejection(await run(words, { environment }), 78, newer);
    });
  }
});

describe('unreadable data of a user', () => {
  it('ends hexado user list with exit code 70 and names the key', async () => {
    const server = await RedisServer.start();
    const redis = new Redis(server.port);
    try {
      await redis.set('hexado:layout', 1);
      await redis.set('hexado:user-ids', 1);
      await redis.hset('hexado:{u:1}:account', 'username', 'ann');
      const environment = { STORAGE: 'redis', REDIS_URL: server.url, SIGNING_KEY: signingKey };
      const ending = await run(['user', 'list'], { environment });
      const sentence = 'What is stored at hexado:\\{u:1\\}:account cannot be read\\. It is left as it is\\.';
      expectRejection(ending, 70, new RegExp(`^${sentence}$`));
    } finally {
      redis.disconnect();
      await server.stop();
    }
  });
});
