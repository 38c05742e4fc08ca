import { expect } from 'chai';
import { Application, address, client, password } from '../support/application.js';
import { aTask } from '../support/builders.js';
import { rejectionOf } from '../support/rejection.js';

describe('DeleteAccount', () => {
  let application: Application;
  beforeEach(async () => {
    application = await Application.start();
  });

  const deleteAccount = async (access: string, input: object = { password }) =>
    application.deleteAccount.execute(await application.sessionOf(access), { ...input }, client);

  it('deletes the sessions and tasks of an account, and frees the name', async () => {
    const { access, refresh } = await application.signedUpUser('maria');
    const session = await application.sessionOf(access);
    await application.tasks.create(session, aTask());
    await deleteAccount(access);

    expect(await rejectionOf(application.authenticate.execute(access))).to.equal('user_not_found');
    expect(await rejectionOf(application.refreshToken.execute({ refresh }, address))).to.equal(
      'no_active_account',
    );
    expect(await rejectionOf(application.signIn('maria'))).to.equal('invalid_credentials');
    const listing = application.tasks.list(session, { after: 0, limit: 10 });
    expect(await rejectionOf(listing)).to.equal('token_revoked');
    expect((await application.register('maria')).id).to.equal(2);
  });

  it('leaves other accounts alone when one is deleted', async () => {
    const { access } = await application.signedUpUser('maria');
    const other = await application.signedUpUser('jigyasnh');
    const session = await application.sessionOf(other.access);
    const task = await application.tasks.create(session, aTask());
    await deleteAccount(access);
    expect(await application.authenticate.execute(other.access)).to.include({ userId: 2 });
    expect(await application.tasks.get(session, task.id)).to.deep.equal(task);
  });

  for (const [what, input, issues] of [
    ['a wrong password', { password: 'wrong' }, { password: [{ code: 'password_incorrect' }] }],
    ['no password', {}, { password: [{ code: 'required' }] }],
    ['a blank password', { password: ' ' }, { password: [{ code: 'blank' }] }],
  ] as const) {
    it(`rejects a deletion with ${what}`, async () => {
      const { access } = await application.signedUpUser('maria');
      expect(await rejectionOf(deleteAccount(access, input))).to.deep.equal(issues);
      expect(await application.authenticate.execute(access)).to.include({ userId: 1 });
    });
  }

  it('rejects a deletion when the session of the caller ends before it is done', async () => {
    const { access, refresh } = await application.signedUpUser('maria');
    const caller = await application.sessionOf(access);
    await application.logout.execute({ refresh });
    const deleting = application.deleteAccount.execute(caller, { password }, client);
    expect(await rejectionOf(deleting)).to.equal('token_revoked');
    expect(await application.signIn('maria')).to.have.keys('refresh', 'access');
  });

  it('deletes an account once for two concurrent calls', async () => {
    const { access } = await application.signedUpUser('maria');
    const outcomes = await Promise.allSettled([deleteAccount(access), deleteAccount(access)]);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).to.have.length(1);
  });
});
