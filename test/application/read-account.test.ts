import { expect } from 'chai';
import { StorageUnavailable, UnreadableData } from '../../src/application/ports/storage.js';
import { Application } from '../support/application.js';
import { rejectionOf } from '../support/rejection.js';

describe('ReadAccount', () => {
  let application: Application;
  beforeEach(async () => {
    application = await Application.start();
  });

  it("reads the account of the session's user, and nobody else's", async () => {
    await application.signedUpUser('maria');
    const createdAt = Math.floor(application.now);
    const { access } = await application.signedUpUser('jigyasnh');
    application.passTime(60);
    const { user } = await application.readAccount.execute(await application.sessionOf(access));
    expect(user).to.include({ id: 2, username: 'jigyasnh', createdAt });
  });

  for (const [what, error] of [
    ['out of reach', new StorageUnavailable('timeout')],
    ['unreadable', new UnreadableData('staff')],
  ] as const) {
    it(`reads the account while the list of staff is ${what}, as it may be on a shard of its own`, async () => {
      const { access } = await application.signedUpUser('maria');
      application.storage.staff.authorise = () => Promise.reject(error);
      const account = await application.readAccount.execute(await application.sessionOf(access));
      expect(account).to.have.property('isStaff', false);
    });
  }

  it('reads no account for a session that has ended', async () => {
    const { access, refresh } = await application.signedUpUser('maria');
    const session = await application.sessionOf(access);
    await application.logout.execute({ refresh });
    expect(await rejectionOf(application.readAccount.execute(session))).to.equal('token_revoked');
  });
});
