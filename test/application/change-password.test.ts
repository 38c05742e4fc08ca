import { expect } from 'chai';
import { address, Application, client, password } from '../support/application.js';
import { comparisonCosts } from '../support/comparison-costs.js';
import { rejectionOf } from '../support/rejection.js';

const newPassword = 'Another & longer kite';
const change = { old_password: password, new_password: newPassword };
const incorrect = { old_password: [{ code: 'password_incorrect' }] };

describe('ChangePassword', () => {
  let application: Application;
  beforeEach(async () => {
    application = await Application.start();
  });

  const changePassword = async (access: string, input: object = change) =>
    application.changePassword.execute(await application.sessionOf(access), { ...input }, client);
  const authenticate = (access: string) => rejectionOf(application.authenticate.execute(access));

  it('accepts only the new password after a change', async () => {
    const { access } = await application.signedUpUser('maria');
    await changePassword(access, { old_password: ` ${password}`, new_password: ` ${newPassword} ` });
    expect(await rejectionOf(application.signIn('maria'))).to.equal('invalid_credentials');
    const signedIn = await application.issueTokens.execute(
      { username: 'maria', password: newPassword },
      client,
    );
    expect(signedIn).to.have.keys('refresh', 'access');
  });

  it('ends all other sessions of the user, and no other user’s', async () => {
    const { access, refresh } = await application.signedUpUser('maria');
    const desktop = await application.signIn('maria');
    const other = await application.signedUpUser('jigyasnh');
    await changePassword(access);

    expect(await application.authenticate.execute(access)).to.include({ userId: 1 });
    expect(await application.refreshToken.execute({ refresh }, address)).to.have.keys('access');
    expect(await authenticate(desktop.access)).to.equal('token_revoked');
    expect(await application.authenticate.execute(other.access)).to.include({ userId: 2 });
  });

  it('rejects a wrong old password, and changes nothing', async () => {
    const { access } = await application.signedUpUser('maria');
    const desktop = await application.signIn('maria');
    const changing = changePassword(access, { ...change, old_password: 'wrong' });
    expect(await rejectionOf(changing)).to.deep.equal(incorrect);
    expect(await application.authenticate.execute(desktop.access)).to.include({ userId: 1 });
    expect(await application.signIn('maria')).to.have.keys('refresh', 'access');
  });

  it('reports invalid fields together, before any password is compared', async () => {
    const { access } = await application.signedUpUser('maria');
    expect(await rejectionOf(changePassword(access, {}))).to.deep.equal({
      old_password: [{ code: 'required' }],
      new_password: [{ code: 'required' }],
    });
    const odd = { old_password: 1, new_password: 'x'.repeat(129) };
    expect(await rejectionOf(changePassword(access, odd))).to.deep.equal({
      new_password: [{ code: 'too_long', limit: 128 }],
    });
  });

  for (const [weak, issue] of [
    ['kT#9xw2', 'password_too_short'],
    ['password1', 'password_common'],
    ['93847261', 'password_numeric'],
    ['Jigyasnh1', 'password_similar_to_username'],
  ] as const) {
    it(`rejects ${weak} as registration does (${issue})`, async () => {
      const { access } = await application.signedUpUser('jigyasnh');
      const changing = changePassword(access, { ...change, new_password: weak });
      expect(await rejectionOf(changing)).to.deep.equal({ new_password: [{ code: issue }] });
      expect(await application.signIn('jigyasnh')).to.have.keys('refresh', 'access');
    });
  }

  it('compares one password, whether it is correct or wrong', async () => {
    const { access } = await application.signedUpUser('maria');
    for (const input of [{ ...change, old_password: 'wrong' }, change]) {
      const costs = await comparisonCosts(async () => {
        await changePassword(access, input).catch(() => undefined);
      });
      expect(costs).to.deep.equal([4]);
    }
  });

  it('changes the password while a sign-in rehashes the old one', async () => {
    const { access } = await application.signedUpUser('maria');
    const session = await application.sessionOf(access);
    const stronger = application.restart({ bcryptCost: 5 });
    await Promise.all([changePassword(access), stronger.signIn('maria').catch(() => undefined)]);
    expect(await rejectionOf(application.signIn('maria'))).to.equal('invalid_credentials');
    expect(await application.storage.sessions.list(session)).to.have.length(1);
  });

  it('changes the password once for two concurrent calls', async () => {
    const { access } = await application.signedUpUser('maria');
    const outcomes = await Promise.allSettled([changePassword(access), changePassword(access)]);
    const rejected = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(rejected).to.have.length(1);
    expect(await rejectionOf(Promise.reject(rejected[0]?.reason))).to.deep.equal(incorrect);
  });

  it('rejects a change when the session of the caller ends before it is done', async () => {
    const { access, refresh } = await application.signedUpUser('maria');
    const caller = await application.sessionOf(access);
    await application.logout.execute({ refresh });
    expect(await rejectionOf(application.changePassword.execute(caller, change, client))).to.equal(
      'token_revoked',
    );
    expect(await application.signIn('maria')).to.have.keys('refresh', 'access');
  });

  it('rejects a change when the caller is deleted before it is done', async () => {
    const { access } = await application.signedUpUser('maria');
    const caller = await application.sessionOf(access);
    await application.users.delete('maria');
    expect(await rejectionOf(application.changePassword.execute(caller, change, client))).to.equal(
      'user_not_found',
    );
  });
});
