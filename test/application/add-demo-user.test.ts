import { expect } from 'chai';
import { demoUser } from '../../src/application/add-demo-user.js';
import { Application, client } from '../support/application.js';
import { rejectionOf } from '../support/rejection.js';

describe('AddDemoUser', () => {
  let application: Application;
  let access: string;
  beforeEach(async () => {
    application = await Application.start({ demo: true });
    await application.addDemoUser.execute();
    ({ access } = await application.issueTokens.execute({ ...demoUser }, client));
  });

  const changePassword = async (token: string, old: string) =>
    application.changePassword.execute(
      await application.sessionOf(token),
      { old_password: old, new_password: 'Xk9-fence-Orbit' },
      client,
    );

  const deleteAccount = async (token: string, password: string) =>
    application.deleteAccount.execute(await application.sessionOf(token), { password }, client);

  it('adds a user with tasks in every status, and leaves no session open', async () => {
    const session = await application.sessionOf(access);
    const { tasks } = await application.tasks.list(session, { after: 0, limit: 100 });
    expect(new Set(tasks.map(({ status }) => status))).to.have.all.keys(
      'pending',
      'in-progress',
      'completed',
    );
    const sessions = await application.sessions.list(session);
    expect(sessions.map(({ id }) => id)).to.deep.equal([session.sessionId]);
  });

  it('adds a user whose password cannot be changed, whatever the old one', async () => {
    for (const old of [demoUser.password, 'wrong']) {
      expect(await rejectionOf(changePassword(access, old))).to.equal('account_protected');
    }
    await application.issueTokens.execute({ ...demoUser }, client);
  });

  it('adds a user whose account cannot be deleted', async () => {
    for (const password of [demoUser.password, 'wrong']) {
      expect(await rejectionOf(deleteAccount(access, password))).to.equal('account_protected');
    }
    expect(await application.sessionOf(access)).to.include({ userId: 1 });
  });

  it('protects no other account', async () => {
    const other = await application.signedUpUser('maria');
    await changePassword(other.access, 'Tr0ubadour & kite');
    await deleteAccount(other.access, 'Xk9-fence-Orbit');
  });

  it('protects no account of that name where there is no demo user', async () => {
    const ordinary = application.restart({ demo: false });
    await ordinary.changePassword.execute(
      await ordinary.sessionOf(access),
      { old_password: demoUser.password, new_password: 'Xk9-fence-Orbit' },
      client,
    );
  });
});
