import { expect } from 'chai';
import { address, Application } from '../support/application.js';
import { rejectionOf } from '../support/rejection.js';

describe('Logout', () => {
  let application: Application;
  beforeEach(async () => {
    application = await Application.start({ rotate: true, refreshLifetime: 3600 });
  });

  const logout = (refresh: unknown) => application.logout.execute({ refresh });

  it('ends the session of both tokens at once', async () => {
    const { access, refresh } = await application.signedUpUser('maria');
    expect(await logout(refresh)).to.equal(undefined);
    expect(await rejectionOf(application.authenticate.execute(access))).to.equal('token_revoked');
    expect(await rejectionOf(application.refreshToken.execute({ refresh }, address))).to.equal(
      'token_revoked',
    );
  });

  it('ends no other session of the user at a logout', async () => {
    const { refresh } = await application.signedUpUser('maria');
    const other = await application.signIn('maria');
    await logout(refresh);
    expect(await application.authenticate.execute(other.access)).to.include({ userId: 1 });
  });

  it('accepts any refresh token of an active session, also rotated-out ones', async () => {
    const tokens = await application.signedUpUser('maria');
    const { access, refresh } = await application.refreshToken.execute(tokens, address);
    application.passTime(60);
    await logout(tokens.refresh);
    expect(await rejectionOf(application.authenticate.execute(access))).to.equal('token_revoked');
    expect(await rejectionOf(logout(refresh))).to.equal('token_revoked');
  });

  it('rejects a second logout', async () => {
    const { refresh } = await application.signedUpUser('maria');
    await logout(refresh);
    expect(await rejectionOf(logout(refresh))).to.equal('token_revoked');
  });

  it('succeeds for exactly one of several concurrent logouts', async () => {
    const { refresh } = await application.signedUpUser('maria');
    const outcomes = await Promise.allSettled([logout(refresh), logout(refresh), logout(refresh)]);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).to.have.length(1);
  });

  it('rejects an access token, and ends nothing', async () => {
    const { access } = await application.signedUpUser('maria');
    expect(await rejectionOf(logout(access))).to.equal('token_wrong_type');
    expect(await application.authenticate.execute(access)).to.include({ userId: 1 });
  });

  it('rejects what is not a token of ours, and tokens that have expired', async () => {
    const { refresh } = await application.signedUpUser('maria');
    expect(await rejectionOf(logout(`${refresh}x`))).to.equal('token_invalid');
    application.passTime(3600);
    expect(await rejectionOf(logout(refresh))).to.equal('token_invalid');
  });

  it('rejects a logout after a deactivation has ended the session', async () => {
    const { refresh } = await application.signedUpUser('maria');
    await application.users.deactivate('maria');
    expect(await rejectionOf(logout(refresh))).to.equal('token_revoked');
  });

  it('rejects a missing token', async () => {
    expect(await rejectionOf(application.logout.execute({}))).to.deep.equal({
      refresh: [{ code: 'required' }],
    });
  });
});
