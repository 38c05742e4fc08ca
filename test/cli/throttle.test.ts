import { expect } from 'chai';
import { expectRejection } from '../support/expect-rejection.js';
import { RedisServer } from '../support/redis-server.js';
import { signingKey } from '../support/running-server.js';
import { run, ServerProcess, type Ending } from '../support/server-process.js';

const password = 'Xk9-fence-Orbit';

describe('hexado throttle', () => {
  let redis: RedisServer;
  let environment: Readonly<Record<string, string>>;
  let server: ServerProcess;
  let names = 0;
  let name: string;
  before(async () => {
    redis = await RedisServer.start();
    const settings = { THROTTLE_SIGN_IN: '2/1h', TRUST_PROXY: '1', BCRYPT_COST: '4' };
    environment = { STORAGE: 'redis', REDIS_URL: redis.url, ...settings };
    server = await ServerProcess.start({ ...environment, SIGNING_KEY: signingKey });
  });
  beforeEach(async () => {
    name = `user-of-case-${++names}`;
    await server.call('POST', '/tasks/register/', { username: name, password });
  });
  after(async () => {
    await server.kill();
    await redis.stop();
  });

  const throttle = (...words: string[]): Promise<Ending> => run(['throttle', ...words], { environment });

  async function signIn(username: string, address: string, given = password): Promise<number> {
    const headers = { 'Content-Type': 'application/json', 'X-Forwarded-For': address };
    const body = JSON.stringify({ username, password: given });
    return (await server.send({ method: 'POST', path: '/api/token/', headers, body })).status;
  }

  /** Makes wrong sign-ins until one is refused. */
  async function reachLimit(username: string, address: string): Promise<void> {
    for (const expected of [401, 401, 429]) {
      expect(await signIn(username, address, 'a wrong password')).to.equal(expected);
    }
  }

  async function listed(): Promise<string[][]> {
    const { code, stdout, stderr } = await throttle('list');
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    return stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => line.split('\t'));
  }

  it('lists what has reached its limit: limit, network, name, seconds', async () => {
    await signIn(name, '192.0.2.7', 'a wrong password');
    expect((await listed()).filter((row) => row.includes(name))).to.deep.equal([]);
    await reachLimit(`other-${name}`, '2001:db8:1:2::7');
    const [row = [], ...more] = (await listed()).filter((each) => each.includes(`other-${name}`));
    expect(more).to.deep.equal([]);
    expect(row.slice(0, 3)).to.deep.equal(['sign_in', '2001:db8:1:2::/64', `other-${name}`]);
    expect(Number(row[3])).to.be.within(1700, 1800);
  });

  it('escapes what would disturb the terminal or the columns', async () => {
    await reachLimit('\u001b[31mred\ttab\nline\u202e\\', '192.0.2.8');
    const row = (await listed()).find(([, network]) => network === '192.0.2.8');
    expect(row?.[2]).to.equal(String.raw`\u001b[31mred\u0009tab\u000aline\u202e\\`);
  });

  for (const option of [[], ['--user']]) {
    it(`clear ${option.join('')} lets a name sign in from every address`, async () => {
      for (const address of ['192.0.2.1', '192.0.2.2']) await reachLimit(name, address);
      await reachLimit(`${name}-2`, '192.0.2.1');
      const { code, stdout, events } = await throttle('clear', ...option, name);
      expect(events[0]).to.include({ event: 'operator_act', act: 'throttle clear', subject: name });
      expect({ code, stdout }).to.deep.equal({ code: 0, stdout: `2 limits of ${name} lifted.\n` });
      for (const address of ['192.0.2.1', '192.0.2.2']) expect(await signIn(name, address)).to.equal(200);
      expect(await signIn(`${name}-2`, '192.0.2.1')).to.equal(429);
    });
  }

  for (const [given, address, same] of [
    ['192.0.2.10', '192.0.2.10', '192.0.2.10'],
    ['2001:DB8:2:0:0:0:0:9', '2001:db8:2::1', '2001:db8:2::2'],
    ['2001:db8:3::/64', '2001:db8:3::1', '2001:db8:3::1'],
  ] as const) {
    it(`clear --address ${given} lets the network of ${address} try again, and no other`, async () => {
      await reachLimit(name, address);
      await reachLimit(name, '192.0.2.20');
      expect((await throttle('clear', '--address', given)).stdout).to.match(/^1 limit of .+ lifted\.\n$/);
      expect(await signIn(name, same)).to.equal(200);
      expect(await signIn(name, '192.0.2.20')).to.equal(429);
    });
  }

  it('says so when there is nothing to lift', async () => {
    expect((await throttle('clear', 'nobody')).stdout).to.equal('0 limits of nobody lifted.\n');
  });

  it('rejects a command line without one name or address', async () => {
    for (const words of [[], ['a', '--user', 'b'], ['--user', 'a', '--address', '192.0.2.1']]) {
      expectRejection(await throttle('clear', ...words), 64, /^Expected one of NAME, --user, --address\.$/);
    }
    expectRejection(
      await throttle('clear', '--address', 'localhost'),
      64,
      /^--address takes an IPv4 or IPv6/,
    );
  });

  it('is not needed after set-password, which lifts the limits of its user', async () => {
    for (const address of ['192.0.2.31', '192.0.2.32']) await reachLimit(name, address);
    await run(['user', 'set-password', name], { environment, input: 'Vw3-copper-Lantern' });
    for (const address of ['192.0.2.31', '192.0.2.32']) {
      expect(await signIn(name, address, 'Vw3-copper-Lantern')).to.equal(200);
    }
  });
});
