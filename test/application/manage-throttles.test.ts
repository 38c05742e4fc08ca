import { expect } from 'chai';
import type { Throttle } from '../../src/application/manage-throttles.js';
import { Throttled } from '../../src/domain/rate-limit.js';
import { Application, clientAt, password } from '../support/application.js';

const limits = {
  signIn: { attempts: 2, period: 60 },
  signInUsername: { attempts: 4, period: 60 },
  signInAddress: { attempts: 8, period: 60 },
  register: { attempts: 3, period: 60 },
};
const [here, there, elsewhere] = ['192.0.2.1', '192.0.2.2', '2001:db8:1:2:3::4'];
const network = '2001:db8:1:2::/64';

describe('ManageThrottles', () => {
  let application: Application;
  beforeEach(async () => {
    application = await Application.start({ limits });
    await application.register('maria');
    await application.register('ana');
  });

  /** The list, in whole seconds. */
  async function listed(): Promise<Throttle[]> {
    const throttles: Throttle[] = [];
    for await (const throttle of application.throttles.list())
      throttles.push({ ...throttle, wait: Math.ceil(throttle.wait - 1e-6) });
    return throttles;
  }

  async function signIn(
    username: string,
    address: string,
    given = password,
  ): Promise<'in' | 'wrong' | 'throttled'> {
    const signingIn = application.issueTokens.execute({ username, password: given }, clientAt(address));
    return signingIn.then(
      () => 'in',
      (error: unknown) => (error instanceof Throttled ? 'throttled' : 'wrong'),
    );
  }

  async function guess(username: string, address: string, times: number): Promise<void> {
    for (let i = 0; i < times; i++) await signIn(username, address, 'wr0ng');
  }

  it('lists nothing while no attempt was refused', async () => {
    await guess('maria', here, 2);
    expect(await listed()).to.deep.equal([]);
  });

  it('lists each limit that was reached, with whom it slows down and for how many seconds', async () => {
    await guess('maria', here, 3);
    expect(await listed()).to.deep.equal([{ limit: 'sign_in', network: here, username: 'maria', wait: 30 }]);
    application.passTime(10);
    await guess('maria', there, 2);
    await guess('maria', elsewhere, 1);
    expect(await listed()).to.deep.equal([
      { limit: 'sign_in', network: here, username: 'maria', wait: 20 },
      { limit: 'sign_in_username', username: 'maria', wait: 5 },
    ]);
  });

  it('lists limits of an address, too, by its network', async () => {
    for (let i = 0; i < 4; i++) {
      const input = { username: `user${i}`, password };
      await application.registerUser.execute(input, clientAt(elsewhere)).catch(() => undefined);
    }
    for (let i = 0; i < 9; i++) await guess(`nobody${i}`, elsewhere, 1);
    expect(await listed()).to.deep.equal([
      { limit: 'register', network, wait: 20 },
      { limit: 'sign_in_address', network, wait: 8 },
    ]);
  });

  it('lists a limit with no seconds left while there is room, until the attempts no longer count', async () => {
    await guess('maria', here, 3);
    application.passTime(40);
    const [throttle] = await listed();
    expect(throttle).to.include({ username: 'maria', wait: 0 });
    application.passTime(20);
    expect(await listed()).to.deep.equal([]);
  });

  it('lists no more of a name than an account’s can have', async () => {
    for (const name of ['x'.repeat(1000), `x${'😀'.repeat(500)}`]) await guess(name, here, 3);
    const usernames = (await listed()).map(({ username }) => username);
    expect(usernames).to.have.members(['x'.repeat(300), `x${'😀'.repeat(149)}`]);
  });

  it('forgets whom a limit slowed down when the user signs in', async () => {
    await guess('maria', here, 3);
    application.passTime(31);
    expect(await signIn('maria', here)).to.equal('in');
    expect(await listed()).to.deep.equal([]);
  });

  it('does not list a limit that is off by now', async () => {
    await guess('maria', here, 3);
    application = application.restart({ limits: { signIn: 'off' } });
    expect(await listed()).to.deep.equal([]);
  });

  it('lifts the limits of a name from all addresses, and of no other name', async () => {
    await guess('maria', here, 3);
    await guess('maria', there, 3);
    await guess('ana', here, 3);
    expect(await signIn('maria', elsewhere)).to.equal('throttled');

    expect(await application.throttles.clearUser('ｍａｒｉａ')).to.equal(3);
    for (const address of [here, there, elsewhere]) expect(await signIn('maria', address)).to.equal('in');
    expect(await signIn('ana', here)).to.equal('throttled');
    expect(await application.throttles.clearUser('maria')).to.equal(0);
  });

  it('lifts the limits of an address and its network, and of no other', async () => {
    await guess('maria', elsewhere, 3);
    await guess('ana', there, 3);
    for (let i = 0; i < 9; i++) await guess(`nobody${i}`, elsewhere, 1);
    expect(await signIn('ana', elsewhere)).to.equal('throttled');

    expect(await application.throttles.clearAddress('2001:db8:1:2::99')).to.equal(2);
    expect(await signIn('maria', elsewhere)).to.equal('in');
    expect(await signIn('ana', there)).to.equal('throttled');
  });
});
