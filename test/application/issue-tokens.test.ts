import { expect } from 'chai';
import type { Client } from '../../src/application/ports/client.js';
import { Throttled } from '../../src/domain/rate-limit.js';
import { Application, address, client, password } from '../support/application.js';
import { rejectionOf } from '../support/rejection.js';

describe('IssueTokens', () => {
  let application: Application;
  beforeEach(async () => {
    application = await Application.start({ accessLifetime: 60, refreshLifetime: 3600 });
    await application.register('maria');
  });

  const signIn = (input: Record<string, unknown>) => application.issueTokens.execute(input, client);

  it('returns a refresh and an access token of one session, in this order', async () => {
    const tokens = await signIn({ username: 'maria', password });
    expect(Object.keys(tokens)).to.deep.equal(['refresh', 'access']);

    const issuedAt = Math.floor(application.now);
    const refresh = application.claims(tokens.refresh);
    const access = application.claims(tokens.access);
    expect(refresh).to.include({ type: 'refresh', userId: 1, issuedAt, expiresAt: issuedAt + 3600 });
    expect(access).to.include({ type: 'access', userId: 1, issuedAt, expiresAt: issuedAt + 60 });
    expect(access.sessionId).to.equal(refresh.sessionId);
  });

  it('gives new ids to session and tokens at each sign-in', async () => {
    const tokens = [await application.signIn('maria'), await application.signIn('maria')];
    const claims = tokens.flatMap(({ refresh, access }) =>
      [refresh, access].map((t) => application.claims(t)),
    );
    const ids = [...claims.map(({ id }) => id), ...new Set(claims.map(({ sessionId }) => sessionId))];
    expect(new Set(ids)).to.have.property('size', 6);
    for (const id of ids) expect(id).to.match(/^[0-9a-f]{32}$/);
  });

  it('never issues an access token that outlives its session', async () => {
    const { access } = await application
      .restart({ accessLifetime: 9999, refreshLifetime: 60 })
      .signIn('maria');
    expect(application.claims(access).expiresAt).to.equal(Math.floor(application.now) + 60);
  });

  it('leaves other sessions of the user as they are at a sign-in', async () => {
    const earlier = await application.signIn('maria');
    await application.signIn('maria');
    expect(await application.refreshToken.execute(earlier, address)).to.have.keys('access');
  });

  it('accepts any form of the same name, and trims name and password', async () => {
    await application.register('fiona');
    expect(await signIn({ username: ' ﬁona ', password: `\t${password}\n` })).to.have.keys(
      'refresh',
      'access',
    );
  });

  it('accepts a password in any composition of its accents', async () => {
    await application.users.create('ana', 'caf\u00e9 com leite');
    expect(await signIn({ username: 'ana', password: 'cafe\u0301 com leite' })).to.have.keys(
      'refresh',
      'access',
    );
  });

  it('compares the whole password, however long', async () => {
    const long = `Tr0ub${'a'.repeat(120)}`;
    await application.users.create('ana', `${long}xyz`);
    expect(await rejectionOf(signIn({ username: 'ana', password: `${long}xyZ` }))).to.equal(
      'invalid_credentials',
    );
    expect(await signIn({ username: 'ana', password: `${long}xyz` })).to.have.keys('refresh', 'access');
  });

  describe("rejects as 'invalid_credentials'", () => {
    for (const [what, input] of [
      ['a wrong password', { username: 'maria', password: 'Wr0ng & kite' }],
      ['a password in other case', { username: 'maria', password: password.toUpperCase() }],
      ['an unknown name', { username: 'nobody', password }],
      ['a name in other case', { username: 'Maria', password }],
      ['a name that nobody can have', { username: 'ma ria', password }],
    ] as const) {
      it(what, async () => {
        expect(await rejectionOf(signIn(input))).to.equal('invalid_credentials');
      });
    }

    it('an inactive user', async () => {
      await application.users.deactivate('maria');
      expect(await rejectionOf(application.signIn('maria'))).to.equal('invalid_credentials');
    });

    it('a deleted user', async () => {
      await application.users.delete('maria');
      expect(await rejectionOf(application.signIn('maria'))).to.equal('invalid_credentials');
    });
  });

  it('reports invalid fields together, and reads no account then', async () => {
    expect(await rejectionOf(signIn({ username: null }))).to.deep.equal({
      username: [{ code: 'null' }],
      password: [{ code: 'required' }],
    });
  });

  it('opens no session for a user who is deactivated during the sign-in', async () => {
    const [signedIn] = await Promise.allSettled([
      application.signIn('maria'),
      application.users.deactivate('maria'),
    ]);
    await application.users.activate('maria');
    if (signedIn.status === 'rejected') {
      expect(await rejectionOf(Promise.reject(signedIn.reason))).to.equal('invalid_credentials');
    } else {
      expect(await rejectionOf(application.refreshToken.execute(signedIn.value, address))).to.equal(
        'token_revoked',
      );
    }
  });

  it('reports that it ended the least recently used session of a user', async () => {
    const restarted = application.restart({ maxPerUser: 2 });
    const tokens = [];
    for (let i = 0; i < 3; i++) tokens.push(await restarted.signIn('maria'));
    expect(restarted.events.filter(({ event }) => event === 'session_ended')).to.deep.equal([
      { event: 'session_ended', userId: 1, by: 'limit' },
    ]);
    const statuses = tokens.map(({ access }) => restarted.authenticate.execute(access).catch(() => 'ended'));
    expect((await Promise.all(statuses)).map((each) => each === 'ended')).to.deep.equal([true, false, false]);
  });

  describe('while passwords wait to be compared', () => {
    const limits = { signIn: { attempts: 60, period: 600 } };

    it('does not count an attempt that is rejected because the queue is full', async () => {
      const restarted = application.restart({ queueTime: 0.001, limits });
      const count = await compared(restarted, () => client);
      expect(count).to.be.within(1, 59);
      await expectRoomFor(60 - count, restarted);
    });

    it('does not count an attempt of a client that disconnects before its turn', async () => {
      const restarted = application.restart({ limits });
      const count = await compared(restarted, () => ({
        address,
        onDisconnect: (callback) => {
          const timer = setImmediate(callback);
          return () => clearImmediate(timer);
        },
      }));
      expect(count).to.be.within(1, 59);
      await expectRoomFor(60 - count, restarted);
    });
  });

  describe('when the cost of hashes has changed', () => {
    it('rehashes the password, which still works', async () => {
      const before = await application.storage.users.find(1);
      const restarted = application.restart({ bcryptCost: 5 });
      const tokens = await restarted.signIn('maria');

      const after = await application.storage.users.find(1);
      expect(after?.passwordHash).not.to.equal(before?.passwordHash);
      expect(await restarted.signIn('maria')).to.have.keys('refresh', 'access');
      expect(await application.storage.users.find(1)).to.deep.equal(after);
      expect(await restarted.refreshToken.execute(tokens, address)).to.have.keys('access');
    });

    it('keeps the sessions that were opened before the password is rehashed', async () => {
      const earlier = await application.signIn('maria');
      await application.restart({ bcryptCost: 5 }).signIn('maria');
      expect(await application.refreshToken.execute(earlier, address)).to.have.keys('access');
    });

    it('lets several clients sign in concurrently while the password is rehashed', async () => {
      const restarted = application.restart({ bcryptCost: 5 });
      const signedIn = await Promise.all(['maria', 'maria', 'maria'].map((name) => restarted.signIn(name)));
      for (const tokens of signedIn)
        expect(await restarted.refreshToken.execute(tokens, address)).to.have.keys('access');
    });

    it('does not rehash a wrong password', async () => {
      const before = await application.storage.users.find(1);
      const { issueTokens } = application.restart({ bcryptCost: 5 });
      await rejectionOf(issueTokens.execute({ username: 'maria', password: 'Wr0ng & kite' }, client));
      expect(await application.storage.users.find(1)).to.deep.equal(before);
    });
  });
});

/** Makes wrong attempts at once; returns how many were compared. The others must be 'overloaded'. */
async function compared({ issueTokens }: Application, from: (index: number) => Client): Promise<number> {
  const outcomes = await Promise.all(
    Array.from({ length: 60 }, (_, index) =>
      rejectionOf(issueTokens.execute({ username: 'maria', password: 'wrong' }, from(index))),
    ),
  );
  const count = outcomes.filter((outcome) => outcome === 'invalid_credentials').length;
  expect(outcomes.filter((outcome) => outcome === 'overloaded')).to.have.length(60 - count);
  return count;
}

/** Expects room for so many attempts, and for no more. */
async function expectRoomFor(count: number, { issueTokens }: Application): Promise<void> {
  const guess = () => issueTokens.execute({ username: 'maria', password: 'wrong' }, client);
  for (let i = 0; i < count; i++) expect(await rejectionOf(guess())).to.equal('invalid_credentials');
  expect(await guess().catch((error: unknown) => error)).to.be.instanceOf(Throttled);
}
