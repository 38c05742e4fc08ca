import { expect } from 'chai';
import { concurrently } from '../../src/storage-contract/concurrency.js';
import { address, Application, client, password } from '../support/application.js';
import { comparisonCosts } from '../support/comparison-costs.js';
import { rejectionOf } from '../support/rejection.js';

const newPassword = 'Another & longer kite';
const invalid = { token: [{ code: 'link_invalid' }] };
const day = 86_400;

describe('a password link', () => {
  let application: Application;
  beforeEach(async () => {
    application = await Application.start();
  });

  const use = (token: string, given: unknown = newPassword) =>
    application.usePasswordLink.execute({ token, new_password: given }, client);
  const signInWith = (username: string, given: string) =>
    application.issueTokens.execute({ username, password: given }, client);

  describe('for a reset', () => {
    it('sets the password once, and ends all sessions of the user and of nobody else', async () => {
      const { access } = await application.signedUpUser('maria');
      const other = await application.signedUpUser('jigyasnh');
      const token = await application.makePasswordLink.reset('maria');
      await use(` ${token} `, ` ${newPassword} `);

      expect(await rejectionOf(application.authenticate.execute(access))).to.equal('token_revoked');
      expect(await application.authenticate.execute(other.access)).to.include({ userId: 2 });
      expect(await rejectionOf(application.signIn('maria'))).to.equal('invalid_credentials');
      expect(await signInWith('maria', newPassword)).to.have.keys('refresh', 'access');
      expect(await rejectionOf(use(token, 'Yet an0ther kite'))).to.deep.equal(invalid);
      expect(await signInWith('maria', newPassword)).to.have.keys('refresh', 'access');
    });

    it('leaves the password and the sessions as they are until it is used', async () => {
      const { access } = await application.signedUpUser('maria');
      await application.makePasswordLink.reset('maria');
      expect(await application.authenticate.execute(access)).to.include({ userId: 1 });
      expect(await application.signIn('maria')).to.have.keys('refresh', 'access');
    });

    it('finds the user by any form of the name, and needs one', async () => {
      await application.register('maria');
      await use(await application.makePasswordLink.reset('ｍａｒｉａ'));
      expect(await rejectionOf(application.makePasswordLink.reset('nobody'))).to.equal('user_not_found');
    });

    it('works for a day', async () => {
      await application.register('maria');
      const token = await application.makePasswordLink.reset('maria');
      application.passTime(day);
      expect(await rejectionOf(use(token))).to.deep.equal(invalid);
      application.passTime(-1);
      await use(token);
    });

    it('ends with the next link, with any other new password, and with the account', async () => {
      for (const [index, end] of [
        (name: string) => application.makePasswordLink.reset(name),
        (name: string) => application.users.setPassword(name, 'Yet an0ther kite'),
        async (name: string) => {
          const session = await application.sessionOf((await application.signIn(name)).access);
          const passwords = { old_password: password, new_password: 'Yet an0ther kite' };
          await application.changePassword.execute(session, passwords, client);
        },
        (name: string) => application.users.delete(name),
        async (name: string) => {
          await application.users.delete(name);
          await application.register(name);
        },
      ].entries()) {
        const name = `user-of-case-${index}`;
        await application.register(name);
        const token = await application.makePasswordLink.reset(name);
        await end(name);
        expect(await rejectionOf(use(token)), name).to.deep.equal(invalid);
      }
    });

    it('works for exactly one of twenty concurrent uses', async () => {
      await application.register('maria');
      const token = await application.makePasswordLink.reset('maria');
      const outcomes = await concurrently(20, (index) => outcomeOf(use(token, `${newPassword} ${index}`)));
      expect(outcomes.filter((outcome) => outcome === undefined)).to.have.length(1);
      expect(outcomes.filter(Boolean)).to.deep.equal(Array.from({ length: 19 }, () => invalid));
      const winner = outcomes.indexOf(undefined);
      expect(await signInWith('maria', `${newPassword} ${winner}`)).to.have.keys('refresh', 'access');
    });

    it('does not work while the user is inactive, and does not activate', async () => {
      await application.register('maria');
      const token = await application.makePasswordLink.reset('maria');
      await application.users.deactivate('maria');
      expect(await rejectionOf(use(token))).to.deep.equal(invalid);
      expect(await rejectionOf(application.signIn('maria'))).to.equal('invalid_credentials');
      await application.users.activate('maria');
      await use(token);
    });

    it('stands nowhere in the storage', async () => {
      await application.register('maria');
      const token = await application.makePasswordLink.reset('maria');
      const stored = JSON.stringify(await application.storage.users.find(1));
      expect(stored).to.contain('passwordLink').and.not.contain(token.slice(2));
    });
  });

  it('is never the same twice, and has 128 random bits', async () => {
    await application.register('maria');
    const tokens = new Set<string>();
    for (let i = 0; i < 100; i++) tokens.add(await application.makePasswordLink.reset('maria'));
    expect(tokens.size).to.equal(100);
    for (const token of tokens) expect(token).to.match(/^1-[0-9a-f]{32}$/);
  });

  it('is refused by one issue, without a comparison or a hash, whatever is wrong with it', async () => {
    await application.register('maria');
    await application.register('jigyasnh');
    const token = await application.makePasswordLink.reset('maria');
    const secret = token.slice(2);
    const wrong = [
      'x',
      secret,
      `1-${'0'.repeat(32)}`,
      `2-${secret}`,
      `3-${secret}`,
      `01-${secret}`,
      `${'9'.repeat(30)}-${secret}`,
      `${token}0`,
      token.slice(0, -1),
      token.toUpperCase(),
      '1'.repeat(100_000),
    ].filter((each) => each !== token);
    const costs = await comparisonCosts(async () => {
      for (const each of wrong) expect(await rejectionOf(use(each)), each).to.deep.equal(invalid);
    });
    expect(costs).to.deep.equal([]);
    await use(token);
  });

  it('keeps the rules for passwords, and is not used up by a weak one', async () => {
    await application.register('maria');
    const token = await application.makePasswordLink.reset('maria');
    for (const [given, code] of [
      ['short', 'password_too_short'],
      ['password', 'password_common'],
      ['mariamar', 'password_similar_to_username'],
      ['', 'blank'],
      [undefined, 'required'],
    ] as const) {
      const rejection = await rejectionOf(use(token, given ?? null));
      const expected = given === undefined ? 'null' : code;
      expect(JSON.stringify(rejection), given).to.contain(`{"new_password":[{"code":"${expected}"`);
    }
    expect(await rejectionOf(application.usePasswordLink.execute({}, client))).to.deep.equal({
      token: [{ code: 'required' }],
      new_password: [{ code: 'required' }],
    });
    await use(token);
  });

  it('is reported as a new password by link that ends sessions, and only when it is used', async () => {
    await application.register('maria');
    const token = await application.makePasswordLink.reset('maria');
    application.events.length = 0;
    await rejectionOf(use(`${token}0`));
    await rejectionOf(use(token, 'short'));
    expect(application.events).to.deep.equal([]);
    await use(token);
    expect(application.events).to.deep.equal([
      { event: 'password_changed', userId: 1, by: 'link' },
      { event: 'session_ended', userId: 1, by: 'password' },
    ]);
  });

  describe('under rate limits', () => {
    const twice = { attempts: 2, period: 600 };

    it('counts wrong links with the sign-ins from the address, and no right one', async () => {
      const limited = application.restart({ limits: { signInAddress: twice } });
      const useThere = (token: string, given = newPassword) =>
        limited.usePasswordLink.execute({ token, new_password: given }, client);
      await limited.register('maria');
      const token = await limited.makePasswordLink.reset('maria');
      for (let i = 0; i < 5; i++) await rejectionOf(useThere(token, 'short'));
      for (let i = 0; i < 2; i++) expect(await rejectionOf(useThere('x'))).to.deep.equal(invalid);
      expect(await thrownBy(useThere(token))).to.include({ name: 'Throttled', limit: 'sign_in_address' });
      expect(limited.events.at(-1)).to.deep.equal({ event: 'throttled', address, limit: 'sign_in_address' });
      limited.passTime(300);
      await useThere(token);
    });

    it('lets its user sign in at once, though both limits of the name were reached', async () => {
      const limited = application.restart({ limits: { signIn: twice, signInUsername: twice } });
      await limited.register('maria');
      const guess = () =>
        limited.issueTokens.execute({ username: 'maria', password: 'wr0ng' }, client).catch(() => undefined);
      for (let i = 0; i < 3; i++) await guess();
      const token = await limited.makePasswordLink.reset('maria');
      await limited.usePasswordLink.execute({ token, new_password: newPassword }, client);
      const credentials = { username: 'maria', password: newPassword };
      expect(await limited.issueTokens.execute(credentials, client)).to.have.keys('refresh', 'access');
    });
  });

  describe('for an invitation', () => {
    it('lets a new user in, also where registration is closed', async () => {
      const closed = application.restart({ registration: 'closed' });
      const token = await closed.makePasswordLink.invite('ｍａｒｉａ');
      await use(token ?? '');
      expect(await closed.signIn('maria').catch(() => 'wrong')).to.equal('wrong');
      expect(await signInWith('maria', newPassword)).to.have.keys('refresh', 'access');
    });

    it('lets nobody in before it is used, after the same comparison as for any wrong password', async () => {
      await application.makePasswordLink.invite('maria');
      for (const given of ['!', '', newPassword]) {
        const costs = await comparisonCosts(async () => {
          expect(await rejectionOf(signInWith('maria', given || ' x'))).to.equal('invalid_credentials');
        });
        expect(costs).to.deep.equal(
          await comparisonCosts(async () => void (await rejectionOf(signInWith('nobody', 'wr0ng')))),
        );
      }
    });

    it('replaces the link of an earlier invitation', async () => {
      const first = await application.makePasswordLink.invite('maria');
      const second = await application.makePasswordLink.invite('maria');
      expect(await rejectionOf(use(first ?? ''))).to.deep.equal(invalid);
      await use(second ?? '');
    });

    it('is not made for a user who has a password', async () => {
      await application.register('maria');
      expect(await application.makePasswordLink.invite('maria')).to.equal(undefined);
      expect(await application.storage.users.find(1)).not.to.have.property('passwordLink');
      expect(await application.signIn('maria')).to.have.keys('refresh', 'access');
    });

    it('adds one user, however many invite them at once', async () => {
      const tokens = await concurrently(20, () => application.makePasswordLink.invite('maria'));
      const working = [];
      for (const token of tokens) if ((await outcomeOf(use(token ?? ''))) === undefined) working.push(token);
      expect(working).to.have.length(1);
      expect(await application.storage.users.list({ after: 0, limit: 10 })).to.have.length(1);
    });

    it('keeps the rules for names', async () => {
      expect(await rejectionOf(application.makePasswordLink.invite('two words'))).to.deep.equal({
        username: [{ code: 'username_characters' }],
      });
    });
  });
});

/** What the call rejects with; undefined if it does not. */
async function outcomeOf(promise: Promise<void>): Promise<unknown> {
  const thrown = await thrownBy(promise);
  return thrown === undefined ? undefined : rejectionOf(Promise.reject(thrown));
}

async function thrownBy(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}
