import { expect } from 'chai';
import { concurrently } from '../../../src/storage-contract/concurrency.js';
import { expectResponse, invalidCredentials, tokenInvalid, unavailable } from '../../support/responses.js';
import type { WireResponse } from '../../support/http-client.js';
import { comparisonCosts } from '../../support/comparison-costs.js';
import { command, connected } from '../../support/redis-command.js';
import { RedisServer } from '../../support/redis-server.js';
import { RunningServer } from '../../support/running-server.js';
import { SettableClock } from '../../../src/storage-contract/settable-clock.js';
import { stopAfterEach } from '../../support/stop-after-each.js';
import { withEachStorage } from '../../support/storages.js';

const password = 'Xk9-fence-Orbit';

/** A client with any address, behind a proxy that the server trusts. */
class Client {
  constructor(
    private readonly server: RunningServer,
    private readonly address: string,
  ) {}

  register(username: string, given = password): Promise<WireResponse> {
    return this.post('/tasks/register/', { username, password: given });
  }

  signIn(username: string, given = password): Promise<WireResponse> {
    return this.post('/api/token/', { username, password: given });
  }

  guess(username: string): Promise<WireResponse> {
    return this.signIn(username, 'a wrong password');
  }

  /** The statuses of so many guesses in sequence. */
  async guesses(username: string, times: number): Promise<number[]> {
    const statuses: number[] = [];
    for (let i = 0; i < times; i++) statuses.push((await this.guess(username)).status);
    return statuses;
  }

  refresh(refresh: unknown): Promise<WireResponse> {
    return this.post('/api/token/refresh/', { refresh });
  }

  post(path: string, body: object): Promise<WireResponse> {
    const headers = { 'Content-Type': 'application/json', 'X-Forwarded-For': this.address };
    return this.server.send({ method: 'POST', path, headers, body: JSON.stringify(body) });
  }
}

function expectThrottled(response: WireResponse, seconds: number): void {
  expectResponse(response, 429, {
    detail: `Request was throttled. Expected available in ${seconds} seconds.`,
  });
  expect(response.headers['retry-after']).to.equal(String(seconds));
}

describe('rate limits', () => {
  withEachStorage((start) => {
    const stopped = stopAfterEach();
    let clock: SettableClock;
    let server: RunningServer;
    let client: Client;
    let stranger: Client;
    let names = 0;
    let name: string;

    async function startWith(environment: Readonly<Record<string, string>>): Promise<void> {
      clock = new SettableClock();
      server = stopped(await start({ TRUST_PROXY: '1', ...environment }, clock.now));
      client = clientAt(anyAddress());
      stranger = clientAt(anyAddress());
      name = `somebody-${++names}`;
    }
    const clientAt = (address: string) => new Client(server, address);
    // The storage keeps its data between tests.
    let addresses = 0;
    const anyAddress = () => `203.0.${++addresses >> 8}.${addresses & 255}`;

    describe('on sign-ins with one name from one address', () => {
      beforeEach(async () => {
        await startWith({ THROTTLE_SIGN_IN: '3/60s' });
        await client.register(name);
      });

      it('responds with 429 to sign-ins beyond the limit, with any password', async () => {
        expect(await client.guesses(name, 3)).to.deep.equal([401, 401, 401]);
        expectThrottled(await client.guess(name), 20);
        expectThrottled(await client.signIn(name), 20);
      });

      it('accepts sign-ins again after the time in Retry-After', async () => {
        await client.guesses(name, 3);
        clock.advance(5.5);
        expectThrottled(await client.signIn(name), 15);
        clock.advance(14.5);
        expect((await client.signIn(name)).status).to.equal(200);
      });

      it('returns a Retry-After of at least one second', async () => {
        await client.guesses(name, 3);
        clock.advance(19.999);
        expectThrottled(await client.signIn(name), 1);
      });

      it('does not limit sign-ins from another address or with another name', async () => {
        await client.register(`${name}-2`);
        await client.guesses(name, 4);
        expect((await stranger.signIn(name)).status).to.equal(200);
        expect((await client.signIn(`${name}-2`)).status).to.equal(200);
      });

      it('resets the rate limit of a name and address after a successful sign-in, and no other', async () => {
        await client.register(`${name}-2`);
        await client.guesses(`${name}-2`, 3);
        await stranger.guesses(name, 3);
        await client.guesses(name, 2);
        expect((await client.signIn(name)).status).to.equal(200);

        expect(await client.guesses(name, 4)).to.deep.equal([401, 401, 401, 429]);
        expect((await client.signIn(`${name}-2`)).status).to.equal(429);
        expect((await stranger.signIn(name)).status).to.equal(429);
      });

      it('limits sign-ins with unknown names like any others (user enumeration)', async () => {
        const [known, unknown] = [await client.guess(name), await client.guess(`${name}-unknown`)];
        expect(unknown.text).to.equal(known.text);
        await client.guesses(name, 2);
        await client.guesses(`${name}-unknown`, 2);
        expectThrottled(await client.guess(name), 20);
        expectThrottled(await client.guess(`${name}-unknown`), 20);
      });

      it('counts all spellings of a name as one', async () => {
        await client.guesses('\uff41lice', 3); // A full-width a.
        expectThrottled(await client.guess('alice'), 20);
      });

      it('does not count sign-ins with invalid fields', async () => {
        for (let i = 0; i < 10; i++) {
          expect((await client.post('/api/token/', { username: name })).status).to.equal(400);
        }
        expect((await client.signIn(name)).status).to.equal(200);
      });

      it('counts an IPv6 /64 network as one address', async () => {
        await clientAt('2001:db8:1:2::1').guesses(name, 2);
        await clientAt('2001:db8:1:2:ffff::5').guesses(name, 1);
        expect((await clientAt('2001:db8:1:2:3:4:5:6').guess(name)).status).to.equal(429);
        expect((await clientAt('2001:db8:1:3::1').guess(name)).status).to.equal(401);
      });

      it('counts the real address of a client that forges X-Forwarded-For', async () => {
        const own = anyAddress();
        for (let i = 0; i < 3; i++) await clientAt(`${anyAddress()}, ${own}`).guess(name);
        expect((await clientAt(`${anyAddress()}, ${own}`).guess(name)).status).to.equal(429);
      });
    });

    describe('on sign-ins with one name from all addresses', () => {
      beforeEach(async () => {
        await startWith({ THROTTLE_SIGN_IN: '4/60s', THROTTLE_SIGN_IN_USERNAME: '6/30s' });
        await client.register(name);
      });

      it('limits sign-ins with one name from many addresses', async () => {
        for (let i = 0; i < 6; i++) expect((await clientAt(anyAddress()).guess(name)).status).to.equal(401);
        expectThrottled(await clientAt(anyAddress()).signIn(name), 5);
        clock.advance(5);
        expect((await clientAt(anyAddress()).signIn(name)).status).to.equal(200);
      });

      it('exempts an address from which the user has signed in before', async () => {
        await client.signIn(name);
        clock.advance(29 * 86_400);
        for (let i = 0; i < 10; i++) await clientAt(anyAddress()).guess(name);
        expect((await clientAt(anyAddress()).signIn(name)).status).to.equal(429);
        expect((await client.signIn(name)).status).to.equal(200);
        expect(await client.guesses(name, 5)).to.deep.equal([401, 401, 401, 401, 429]);
      });

      it('does not count throttled sign-ins towards the limit of the name, so that one address cannot lock others out', async () => {
        await stranger.guesses(name, 50);
        expect((await clientAt(anyAddress()).signIn(name)).status).to.equal(200);
      });
    });

    it('limits sign-ins from one address across all names', async () => {
      await startWith({ THROTTLE_SIGN_IN_ADDRESS: '3/60s' });
      await client.register(name);
      for (let i = 0; i < 3; i++) expect((await client.guess(`${name}-${i}`)).status).to.equal(401);
      expectThrottled(await client.signIn(name), 20);
      expect((await stranger.signIn(name)).status).to.equal(200);
    });

    describe('with the right password', () => {
      it('accepts twenty concurrent sign-ins of one user, and does not count them', async () => {
        await startWith({});
        await client.register(name);
        const responses = await concurrently(20, () => client.signIn(name));
        expect(responses.map(({ status }) => status)).to.deep.equal(Array(20).fill(200));
        expect(await client.guesses(name, 31)).to.deep.equal([...Array<number>(30).fill(401), 429]);
      });

      it('does not count successful sign-ins towards the limits of the address and the name', async () => {
        await startWith({ THROTTLE_SIGN_IN_USERNAME: '3/1d', THROTTLE_SIGN_IN_ADDRESS: '3/1d' });
        await client.register(name);
        for (let i = 0; i < 5; i++) {
          expect((await client.signIn(name)).status).to.equal(200);
          expect((await clientAt(anyAddress()).signIn(name)).status).to.equal(200);
        }
        expect(await client.guesses(`${name}-2`, 4)).to.deep.equal([401, 401, 401, 429]);
        for (let i = 0; i < 3; i++) expect((await clientAt(anyAddress()).guess(name)).status).to.equal(401);
        expect((await clientAt(anyAddress()).guess(name)).status).to.equal(429);
      });

      it('does not reset the limit of a name when an exempt address signs in', async () => {
        await startWith({ THROTTLE_SIGN_IN_USERNAME: '3/1d' });
        await client.register(name);
        await client.signIn(name);
        for (let i = 0; i < 3; i++) await clientAt(anyAddress()).guess(name);
        for (let i = 0; i < 5; i++) expect((await client.signIn(name)).status).to.equal(200);
        expect((await clientAt(anyAddress()).guess(name)).status).to.equal(429);
      });
    });

    it('limits registrations from one address, including rejected ones (user enumeration)', async () => {
      await startWith({ THROTTLE_REGISTER: '3/60s' });
      expect((await client.register(name)).status).to.equal(201);
      expect((await client.register(name)).status).to.equal(400);
      expect((await client.register(name, 'x')).status).to.equal(400);
      expectThrottled(await client.register(name), 20);
      expectThrottled(await client.register(`${name}-2`), 20);
      expect((await client.register('not a name')).status).to.equal(400);
      expect((await stranger.register(`${name}-2`)).status).to.equal(201);
    });

    it('limits token refreshes from one address', async () => {
      await startWith({ THROTTLE_REFRESH: '3/60s' });
      await client.register(name);
      const { refresh } = (await client.signIn(name)).json() as { refresh: string };
      expect((await client.refresh(refresh)).status).to.equal(200);
      expect((await client.refresh(null)).status).to.equal(400);
      expectResponse(await client.refresh('garbage'), 401, tokenInvalid);
      expect((await client.refresh(refresh)).status).to.equal(200);
      expectThrottled(await client.refresh(refresh), 20);
      expect((await stranger.refresh(refresh)).status).to.equal(200);
    });

    it('does not limit anything if the limits are off', async () => {
      await startWith({ THROTTLE_SIGN_IN: 'off', THROTTLE_REGISTER: 'off', THROTTLE_REFRESH: 'off' });
      await client.register(name);
      expect(new Set(await client.guesses(name, 150))).to.deep.equal(new Set([401]));
    });
  });

  describe('with the storage in Redis', () => {
    const stopped = stopAfterEach();
    let redis: RedisServer;
    beforeEach(async () => {
      redis = stopped(await RedisServer.start());
    });
    const start = async (environment: Readonly<Record<string, string>> = {}) =>
      stopped(await RunningServer.start({ STORAGE: 'redis', REDIS_URL: redis.url, ...environment }));

    it('allows exactly as many bcrypt comparisons as the limit, across four servers', async () => {
      const servers = await concurrently(4, () => start({ THROTTLE_SIGN_IN: '10/1d' }));
      const [first] = servers;
      const user = await first?.registerAndSignIn();
      const costs = await comparisonCosts(async () => {
        const responses = await concurrently(200, async (index) => {
          const body = { username: user?.username, password: 'a wrong password' };
          return servers[index % 4]?.call('POST', '/api/token/', body);
        });
        expect(responses.filter((response) => response?.status === 401)).to.have.length(10);
        expect(responses.filter((response) => response?.status === 429)).to.have.length(190);
      });
      expect(costs).to.have.length(10);
    });

    it('stores no user name in the keys of rate limits, and keeps them short', async () => {
      const server = await start();
      const name = `eve${'x'.repeat(50_000)}`;
      await server.call('POST', '/api/token/', { username: name, password });
      const keys = await connected(redis, (client) => client.keys('*'));
      const ofRateLimiter = keys.filter((key) => key.includes('{t:'));
      expect(ofRateLimiter).to.have.length.at.least(3);
      expect(ofRateLimiter.filter((key) => key.includes('eve') || key.length > 150)).to.deep.equal([]);
    });

    describe('that is out of memory', () => {
      it('responds with 503 to sign-ins while Redis is out of memory, and applies a tenth of the limits', async () => {
        const server = await start({ THROTTLE_SIGN_IN: '30/1d', THROTTLE_REFRESH: '20/1d' });
        const { username, refresh } = await server.registerAndSignIn();
        await command(redis, 'CONFIG', 'SET', 'maxmemory', '1');

        for (let i = 0; i < 5; i++) {
          expectResponse(await server.call('POST', '/api/token/', { username, password }), 503, unavailable);
        }
        const guess = { username, password: 'a wrong password' };
        const guesses = await concurrently(5, () => server.call('POST', '/api/token/', guess));
        expect(guesses.map(({ status }) => status)).to.have.members([401, 401, 401, 429, 429]);
        const responses = await concurrently(5, () =>
          server.call('POST', '/api/token/refresh/', { refresh }),
        );
        expect(responses.map(({ status }) => status)).to.have.members([200, 200, 429, 429, 429]);
      });
    });
  });

  it('logs throttled requests with their status and nothing that the client sent', async () => {
    const server = await RunningServer.start({ THROTTLE_SIGN_IN: '1/1d' });
    const body = { username: 'a-secret-name', password: 'a wrong password' };
    expectResponse(await server.call('POST', '/api/token/', body), 401, invalidCredentials);
    await server.call('POST', '/api/token/', body);
    await server.stop();
    const requests = server.log.filter(({ message }) => message === 'request');
    expect(requests.map(({ fields }) => fields['status'])).to.deep.equal([401, 429]);
    expect(JSON.stringify(requests)).not.to.include('secret');
  });
});
