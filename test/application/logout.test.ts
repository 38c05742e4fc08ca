import { expect } from 'chai';
import { address, Application } from '../support/application.js';
import { rejectionOf } from '../support/rejection.js';

describe('Logout', () => {
  let application: Application;
  beforeEach(async () => {
    application = await Application.start({ rotate: true, refreshLifetime: 3600 });
  });

  const logout = (refresh: unknown) => application.logout.execute({ refresh });

  it('ends the session at once, for both of its tokens', async () => {
    const { access, refresh } = await application.signedUpUser('maria');
    expect(await logout(refresh)).to.equal(undefined);
    expect(await rejectionOf(application.authenticate.execute(access))).to.equal('token_revoked');
    expect(await rejectionOf(application.refreshToken.execute({ refresh }, address))).to.equal(
      'token_revoked',
    );
  });

  it('ends no other session of the user', async () => {
    const { refresh } = await application.signedUpUser('maria');
    const other = await application.signIn('maria');
    await logout(refresh);
    expect(await application.authenticate.execute(other.access)).to.include({ userId: 1 });
  });

  it('takes any refresh token of a live session, spent ones too', async () => {
    const tokens = await application.signedUpUser('maria');
    const { access, refresh } = await application.refreshToken.execute(tokens, address);
    application.passTime(60);
    await logout(tokens.refresh);
    expect(await rejectionOf(application.authenticate.execute(access))).to.equal('token_revoked');
    expect(await rejectionOf(logout(refresh))).to.equal('token_revoked');
  });

  it('is refused the second time', async () => {
    const { refresh } = await application.signedUpUser('maria');
    await logout(refresh);
    expect(await rejectionOf(logout(refresh))).to.equal('token_revoked');
  });

  it('lets exactly one of several have ended the session who ask at once', async () => {
    const { refresh } = await application.signedUpUser('maria');
    const answers = await Promise.allSettled([logout(refresh), logout(refresh), logout(refresh)]);
    expect(answers.filter(({ status }) => status === 'fulfilled')).to.have.length(1);
  });

  it('takes no access token, and ends nothing then', async () => {
    const { access } = await application.signedUpUser('maria');
    expect(await rejectionOf(logout(access))).to.equal('token_wrong_type');
    expect(await application.authenticate.execute(access)).to.include({ userId: 1 });
  });

  it('refuses what is no token of ours, and tokens whose time is over', async () => {
    const { refresh } = await application.signedUpUser('maria');
    expect(await rejectionOf(logout(`${refresh}x`))).to.equal('token_invalid');
    application.passTime(3600);
    expect(await rejectionOf(logout(refresh))).to.equal('token_invalid');
  });

  it('is refused when a deactivation has ended the session before', async () => {
    const { refresh } = await application.signedUpUser('maria');
    await application.users.deactivate('maria');
    expect(await rejectionOf(logout(refresh))).to.equal('token_revoked');
  });

  it('refuses a missing token', async () => {
    expect(await rejectionOf(application.logout.execute({}))).to.deep.equal({
      refresh: [{ code: 'required' }],
    });
  });
});
