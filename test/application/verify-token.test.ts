import { expect } from 'chai';
import { address, Application } from '../support/application.js';
import { rejectionOf } from '../support/rejection.js';

describe('VerifyToken', () => {
  let application: Application;
  beforeEach(async () => {
    application = await Application.start({ rotate: true, accessLifetime: 60, refreshLifetime: 3600 });
  });

  const verify = (token: unknown) => application.verifyToken.execute({ token });

  it('accepts access and refresh tokens', async () => {
    const { access, refresh } = await application.signedUpUser('maria');
    expect(await verify(access)).to.equal(undefined);
    expect(await verify(refresh)).to.equal(undefined);
    expect(await verify(` ${refresh}\n`)).to.equal(undefined);
  });

  it('does not use up a refresh token', async () => {
    const { refresh } = await application.signedUpUser('maria');
    await verify(refresh);
    expect(await application.refreshToken.execute({ refresh }, address)).to.include.keys('access');
  });

  for (const [value, code] of [
    [undefined, 'required'],
    [null, 'null'],
    [' ', 'blank'],
    [{}, 'not_text'],
  ] as const) {
    it(`rejects ${JSON.stringify(value)} in the field`, async () => {
      expect(await rejectionOf(verify(value))).to.deep.equal({ token: [{ code }] });
    });
  }

  it('rejects what is not a token of ours', async () => {
    const { access } = await application.signedUpUser('maria');
    for (const token of ['x', 'a.b.c', access.slice(0, -1), access.slice(1)]) {
      expect(await rejectionOf(verify(token)), token).to.equal('token_invalid');
    }
  });

  it('rejects tokens that have expired', async () => {
    const { access, refresh } = await application.signedUpUser('maria');
    application.passTime(60);
    expect(await rejectionOf(verify(access))).to.equal('token_invalid');
    expect(await verify(refresh)).to.equal(undefined);
    application.passTime(3540);
    expect(await rejectionOf(verify(refresh))).to.equal('token_invalid');
  });

  it('rejects a rotated-out refresh token, even within the grace time, and accepts its successor', async () => {
    const tokens = await application.signedUpUser('maria');
    const { refresh } = await application.refreshToken.execute(tokens, address);
    expect(await rejectionOf(verify(tokens.refresh))).to.equal('token_revoked');
    expect(await verify(refresh)).to.equal(undefined);
    expect(await verify(tokens.access)).to.equal(undefined);
  });

  it('rejects both tokens after logout', async () => {
    const { access, refresh } = await application.signedUpUser('maria');
    await application.logout.execute({ refresh });
    expect(await rejectionOf(verify(access))).to.equal('token_revoked');
    expect(await rejectionOf(verify(refresh))).to.equal('token_revoked');
  });

  it('rejects both tokens of an inactive user, and as ended when the user is active again', async () => {
    const { access, refresh } = await application.signedUpUser('maria');
    await application.users.deactivate('maria');
    expect(await rejectionOf(verify(access))).to.equal('no_active_account');
    expect(await rejectionOf(verify(refresh))).to.equal('no_active_account');
    await application.users.activate('maria');
    expect(await rejectionOf(verify(access))).to.equal('token_revoked');
    expect(await rejectionOf(verify(refresh))).to.equal('token_revoked');
  });

  it('rejects both tokens of a deleted user', async () => {
    const { access, refresh } = await application.signedUpUser('maria');
    await application.users.delete('maria');
    expect(await rejectionOf(verify(access))).to.equal('no_active_account');
    expect(await rejectionOf(verify(refresh))).to.equal('no_active_account');
  });
});
