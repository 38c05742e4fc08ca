import { expect } from 'chai';
import { expectResponse } from '../support/responses.js';
import { expectRejection } from '../support/expect-rejection.js';
import { RedisServer } from '../support/redis-server.js';
import { signingKey } from '../support/running-server.js';
import { run, ServerProcess, type Ending } from '../support/server-process.js';

const newPassword = 'Vw3-copper-Lantern';
const site = 'https://todo.example';

describe('hexado user reset and hexado user invite', () => {
  let redis: RedisServer;
  let environment: Readonly<Record<string, string>>;
  let server: ServerProcess;
  before(async () => {
    redis = await RedisServer.start();
    environment = { STORAGE: 'redis', REDIS_URL: redis.url, BCRYPT_COST: '4', REGISTRATION: 'closed' };
    server = await ServerProcess.start({ ...environment, SIGNING_KEY: signingKey });
  });
  after(async () => {
    await server.kill();
    await redis.stop();
  });

  const user = (...words: string[]): Promise<Ending> => run(['user', ...words], { environment });

  async function linkFrom(...words: string[]): Promise<string> {
    const { code, stdout, stderr, events } = await user(...words, '--url', site);
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    const [verb, subject] = words;
    expect(events.at(-1)).to.include({ event: 'operator_act', act: `user ${verb}`, subject });
    expect(JSON.stringify(events)).not.to.contain(stdout.trim().split('-').at(-1));
    expect(stdout).to.match(/^https:\/\/todo\.example\/#\/password\/[1-9]\d*-[0-9a-f]{32}\n$/);
    return stdout.trim();
  }

  const confirm = (link: string) =>
    server.call('POST', '/api/password/reset/confirm/', {
      token: link.split('/').at(-1),
      new_password: newPassword,
    });
  const signIn = async (username: string, password = newPassword) =>
    (await server.call('POST', '/api/token/', { username, password })).status;

  it('an invitation adds a user who sets a password by the link, where registration is closed', async () => {
    const link = await linkFrom('invite', 'ann');
    expect(await signIn('ann')).to.equal(401);
    expectResponse(await confirm(link), 200, { message: 'Password set successfully' });
    expect(await signIn('ann')).to.equal(200);
    expect((await confirm(link)).status).to.equal(400);
  });

  it('an invitation of a user who has a password is refused, and names the command to use', async () => {
    await confirm(await linkFrom('invite', 'bob'));
    expectRejection(
      await user('invite', 'bob', '--url', site),
      1,
      /has a password already.*hexado user reset bob$/,
    );
    expect(await signIn('bob')).to.equal(200);
  });

  it('a reset keeps the old password until its link is used, and replaces an earlier link', async () => {
    await run(['user', 'create', 'cora'], { environment, input: 'Xk9-fence-Orbit' });
    const first = await linkFrom('reset', 'cora');
    const second = await linkFrom('reset', 'cora');
    expect(await signIn('cora', 'Xk9-fence-Orbit')).to.equal(200);
    expect((await confirm(first)).status).to.equal(400);
    expect((await confirm(second)).status).to.equal(200);
    expect(await signIn('cora', 'Xk9-fence-Orbit')).to.equal(401);
    expect(await signIn('cora')).to.equal(200);
  });

  it('a reset needs a user, and an invitation a valid name', async () => {
    expectRejection(await user('reset', 'nobody', '--url', site), 1, /^There is no user of this name\.$/);
    expectRejection(await user('invite', 'two words', '--url', site), 1, /^username: Enter a valid username/);
  });

  it('without --url the link leads to the server on this machine, and standard error says so', async () => {
    const { code, stdout, stderr } = await run(['user', 'invite', 'dan'], {
      environment: { ...environment, PORT: '3210' },
    });
    expect(code).to.equal(0);
    expect(stdout).to.match(/^http:\/\/127\.0\.0\.1:3210\/#\/password\/\d+-[0-9a-f]{32}\n$/);
    expect(stderr).to.contain('give --url for another address');
  });

  it('needs --url where the server listens on a unix socket', async () => {
    const ending = await run(['user', 'invite', 'dan'], {
      environment: { ...environment, HOST: 'unix:/tmp/hexado.sock' },
    });
    expectRejection(ending, 64, /^HOST is a unix socket: --url takes/);
  });

  it('takes the address of a page below another one, with or without a slash at its end', async () => {
    const { stdout } = await user('invite', 'eve', '--url', 'http://Example.com/todo/');
    expect(stdout).to.match(/^http:\/\/example\.com\/todo\/#\/password\//);
  });

  for (const url of [
    'todo.example',
    'ftp://todo.example',
    'https://a@b.example',
    `${site}/#x`,
    `${site}?a`,
    '',
  ]) {
    it(`rejects --url=${url}, and makes no user`, async () => {
      expectRejection(
        await user('invite', 'fay', `--url=${url}`),
        64,
        /^--url takes the address of the page/,
      );
      expect((await user('list')).stdout).not.to.contain('fay');
    });
  }
});
