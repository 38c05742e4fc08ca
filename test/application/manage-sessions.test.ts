import { expect } from 'chai';
import { Application, address, clientAt, password } from '../support/application.js';
import { rejectionOf } from '../support/rejection.js';

describe('ManageSessions', () => {
  let application: Application;
  beforeEach(async () => {
    application = await Application.start({ maxPerUser: 3 });
  });

  const list = async (access: string) => application.sessions.list(await application.sessionOf(access));
  const idsOf = async (access: string) => (await list(access)).map(({ id }) => id);
  const authenticate = (access: string) => rejectionOf(application.authenticate.execute(access));
  const sessionOf = (token: string) => application.claims(token).sessionId;

  describe('listing', () => {
    it('lists the network of an IPv6 address, because a client has many addresses', async () => {
      await application.register('maria');
      const credentials = { username: 'maria', password };
      const { access } = await application.issueTokens.execute(credentials, clientAt('2001:db8:1:2:3:4:5:6'));
      const [session] = await list(access);
      expect(session).to.include({ address: '2001:db8:1:2::/64' });
    });

    it('lists when and from where each session was opened, and when it was last used', async () => {
      await application.register('maria');
      const credentials = { username: 'maria', password };
      const { access } = await application.issueTokens.execute(credentials, clientAt('198.51.100.7'));
      const openedAt = Math.floor(application.now);
      application.passTime(100);
      const { access: another } = await application.signIn('maria');
      const [first, second] = await list(access);
      expect(first).to.include({
        id: sessionOf(access),
        openedAt,
        lastUsedAt: openedAt,
        address: '198.51.100.7',
      });
      expect(second).to.include({ id: sessionOf(another), openedAt: openedAt + 100, address });
    });

    for (const rotate of [false, true]) {
      it(`lists when a session was refreshed, ${rotate ? 'with' : 'without'} rotation`, async () => {
        application = await Application.start({ rotate });
        const { access, refresh } = await application.signedUpUser('maria');
        application.passTime(100);
        await application.refreshToken.execute({ refresh }, address);
        const [session] = await list(access);
        expect(session).to.include({ lastUsedAt: Math.floor(application.now) });
      });
    }

    it('lists a last use that may be a minute behind without rotation', async () => {
      const { access, refresh } = await application.signedUpUser('maria');
      const openedAt = Math.floor(application.now);
      application.passTime(59);
      await application.refreshToken.execute({ refresh }, address);
      expect((await list(access))[0]).to.include({ lastUsedAt: openedAt });
      application.passTime(1);
      await application.refreshToken.execute({ refresh }, address);
      expect((await list(access))[0]).to.include({ lastUsedAt: openedAt + 60 });
    });
  });

  it('lists nothing for a session that has ended', async () => {
    const { access, refresh } = await application.signedUpUser('maria');
    await application.signIn('maria');
    const caller = await application.sessionOf(access);
    await application.logout.execute({ refresh });
    expect(await rejectionOf(application.sessions.list(caller))).to.equal('token_revoked');
  });

  describe('ending one', () => {
    it('ends the given session, and no other', async () => {
      const { access } = await application.signedUpUser('maria');
      const desktop = await application.signIn('maria');
      await application.sessions.end(await application.sessionOf(access), sessionOf(desktop.access));
      expect(await authenticate(desktop.access)).to.equal('token_revoked');
      expect(await idsOf(access)).to.deep.equal([sessionOf(access)]);
    });

    it('ends the session of the caller', async () => {
      const { access } = await application.signedUpUser('maria');
      await application.sessions.end(await application.sessionOf(access), sessionOf(access));
      expect(await authenticate(access)).to.equal('token_revoked');
    });

    it('rejects a session that has ended, is unknown, or is another user’s, like a missing one', async () => {
      const { access } = await application.signedUpUser('maria');
      const other = await application.signedUpUser('jigyasnh');
      const caller = await application.sessionOf(access);
      for (const id of [sessionOf(other.access), 'unknown']) {
        expect(await rejectionOf(application.sessions.end(caller, id))).to.equal('session_not_found');
      }
      expect(await application.authenticate.execute(other.access)).to.include({ userId: 2 });
    });
  });

  it('ends all sessions of the caller, and no other user’s', async () => {
    const { access } = await application.signedUpUser('maria');
    const desktop = await application.signIn('maria');
    const other = await application.signedUpUser('jigyasnh');
    await application.sessions.endAll(await application.sessionOf(access));
    expect(await authenticate(access)).to.equal('token_revoked');
    expect(await authenticate(desktop.access)).to.equal('token_revoked');
    expect(await application.authenticate.execute(other.access)).to.include({ userId: 2 });
  });

  it('rejects a caller whose session has ended', async () => {
    const { access, refresh } = await application.signedUpUser('maria');
    const desktop = await application.signIn('maria');
    const caller = await application.sessionOf(access);
    await application.logout.execute({ refresh });
    expect(await rejectionOf(application.sessions.endAll(caller))).to.equal('token_revoked');
    const ending = application.sessions.end(caller, sessionOf(desktop.access));
    expect(await rejectionOf(ending)).to.equal('token_revoked');
    expect(await application.authenticate.execute(desktop.access)).to.include({ userId: 1 });
  });

  it('ends the oldest session of a user at a sign-in over the limit', async () => {
    const { access } = await application.signedUpUser('maria');
    const later: string[] = [];
    for (let i = 0; i < 3; i++) {
      application.passTime(1);
      later.push((await application.signIn('maria')).access);
    }
    expect(await authenticate(access)).to.equal('token_revoked');
    expect(await idsOf(later[0] ?? '')).to.deep.equal(later.map(sessionOf));
  });
});
