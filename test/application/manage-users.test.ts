import { expect } from 'chai';
import type { ManageUsers } from '../../src/application/manage-users.js';
import { Application, address, client, password } from '../support/application.js';
import { aTask } from '../support/builders.js';
import { rejectionOf } from '../support/rejection.js';

const newPassword = 'Another & longer kite';

describe('ManageUsers', () => {
  let application: Application;
  beforeEach(async () => {
    application = await Application.start();
  });

  const authenticate = (access: string) => rejectionOf(application.authenticate.execute(access));

  async function names(): Promise<string[]> {
    const found: string[] = [];
    for await (const { username } of application.users.list()) found.push(username);
    return found;
  }

  describe('creating', () => {
    it('adds an active user who can sign in, even if registration is closed and limited', async () => {
      const limits = { register: { attempts: 1, period: 3600 } };
      const closed = application.restart({ registration: 'closed', limits });
      for (const [index, name] of ['maria', 'jigyasnh', 'ana'].entries()) {
        expect(await closed.users.create(name, password)).to.include({ id: index + 1, active: true });
        expect(await closed.signIn(name)).to.have.keys('refresh', 'access');
      }
    });

    it('rejects the names and passwords that registration rejects', async () => {
      await application.register('maria');
      expect(await rejectionOf(application.users.create('maria', ''))).to.deep.equal({
        username: [{ code: 'username_taken' }],
        password: [{ code: 'blank' }],
      });
      expect(await rejectionOf(application.users.create('jigyasnh', 'Jigyasnh1'))).to.deep.equal({
        password: [{ code: 'password_similar_to_username' }],
      });
    });
  });

  describe('deactivating', () => {
    it('deactivates a user, and ends all their sessions and no other', async () => {
      const mobile = await application.signedUpUser('maria');
      const desktop = await application.signIn('maria');
      const other = await application.signedUpUser('jigyasnh');
      await application.users.deactivate('maria');

      expect(await authenticate(mobile.access)).to.equal('user_inactive');
      expect(await authenticate(desktop.access)).to.equal('user_inactive');
      expect(await application.authenticate.execute(other.access)).to.include({ userId: 2 });
    });

    it('keeps the name and tasks of a deactivated user', async () => {
      const { access } = await application.signedUpUser('maria');
      const task = await application.tasks.create(await application.sessionOf(access), aTask());
      await application.users.deactivate('maria');
      expect(await rejectionOf(application.register('maria'))).to.deep.equal({
        username: [{ code: 'username_taken' }],
      });
      await application.users.activate('maria');
      const session = await application.sessionOf((await application.signIn('maria')).access);
      expect(await application.tasks.get(session, task.id)).to.deep.equal(task);
    });

    it('deactivates a user twice without an error', async () => {
      await application.register('maria');
      await application.users.deactivate('maria');
      await application.users.deactivate('maria');
      expect(await application.storage.users.find(1)).to.include({ active: false });
    });
  });

  describe('activating', () => {
    it('lets an activated user sign in again, while ended sessions stay ended', async () => {
      const { access, refresh } = await application.signedUpUser('maria');
      await application.users.deactivate('maria');
      await application.users.activate('maria');

      expect(await authenticate(access)).to.equal('token_revoked');
      expect(await rejectionOf(application.refreshToken.execute({ refresh }, address))).to.equal(
        'token_revoked',
      );
      expect(await application.signIn('maria')).to.have.keys('refresh', 'access');
    });

    it('leaves the sessions of an already active user open', async () => {
      const { access } = await application.signedUpUser('maria');
      await application.users.activate('maria');
      expect(await application.authenticate.execute(access)).to.include({ userId: 1 });
    });
  });

  describe('deleting', () => {
    it('deletes a user, and ends all their sessions and no other', async () => {
      const { access } = await application.signedUpUser('maria');
      const other = await application.signedUpUser('jigyasnh');
      await application.users.delete('maria');
      expect(await authenticate(access)).to.equal('user_not_found');
      expect(await application.authenticate.execute(other.access)).to.include({ userId: 2 });
    });

    it('deletes the user’s tasks, and frees the name for a user with another id', async () => {
      const { access } = await application.signedUpUser('maria');
      const session = await application.sessionOf(access);
      await application.tasks.create(session, aTask());
      await application.users.delete('maria');
      const listing = application.tasks.list(session, { after: 0, limit: 10 });
      expect(await rejectionOf(listing)).to.equal('token_revoked');
      expect((await application.register('maria')).id).to.equal(2);
    });
  });

  describe('setting a password', () => {
    it('accepts only the new password after it was set', async () => {
      await application.register('maria');
      await application.users.setPassword('maria', ` ${newPassword} `);
      expect(await rejectionOf(application.signIn('maria'))).to.equal('invalid_credentials');
      expect(
        await application.issueTokens.execute({ username: 'maria', password: newPassword }, client),
      ).to.have.keys('refresh', 'access');
    });

    it('sets a password, and ends all sessions of the user and no other', async () => {
      const { access, refresh } = await application.signedUpUser('maria');
      const other = await application.signedUpUser('jigyasnh');
      await application.users.setPassword('maria', newPassword);
      expect(await authenticate(access)).to.equal('token_revoked');
      expect(await rejectionOf(application.refreshToken.execute({ refresh }, address))).to.equal(
        'token_revoked',
      );
      expect(await application.authenticate.execute(other.access)).to.include({ userId: 2 });
    });

    it('does not activate a user whose password it sets', async () => {
      await application.register('maria');
      await application.users.deactivate('maria');
      await application.users.setPassword('maria', newPassword);
      expect(await application.storage.users.find(1)).to.include({ active: false });
    });

    for (const [what, weak, issue] of [
      ['a blank one', ' ', { code: 'blank' }],
      ['one that is too long', 'x'.repeat(129), { code: 'too_long', limit: 128 }],
      ['one with U+0000', 'Tr0ub\0adour', { code: 'null_character' }],
      ['one that is too short', 'kT#9xw2', { code: 'password_too_short' }],
      ['one that is too common', 'password1', { code: 'password_common' }],
      ['one of digits', '93847261', { code: 'password_numeric' }],
      ['one like the name', 'Jigyasnh1', { code: 'password_similar_to_username' }],
    ] as const) {
      it(`rejects ${what}, and changes nothing then`, async () => {
        const { access } = await application.signedUpUser('jigyasnh');
        expect(await rejectionOf(application.users.setPassword('jigyasnh', weak))).to.deep.equal({
          password: [issue],
        });
        expect(await application.authenticate.execute(access)).to.include({ userId: 1 });
        expect(await application.signIn('jigyasnh')).to.have.keys('refresh', 'access');
      });
    }

    it('leaves no session of a racing sign-in with the old password open', async () => {
      await application.register('maria');
      const [signedIn] = await Promise.allSettled([
        application.signIn('maria'),
        application.users.setPassword('maria', newPassword),
      ]);
      if (signedIn.status === 'rejected') {
        expect(await rejectionOf(Promise.reject(signedIn.reason))).to.equal('invalid_credentials');
      } else {
        expect(await authenticate(signedIn.value.access)).to.equal('token_revoked');
      }
    });
  });

  it('finds users by any form of their name', async () => {
    await application.register('fiona');
    await application.users.deactivate('ﬁona');
    expect(await application.storage.users.find(1)).to.include({ active: false });
    await application.users.activate('ﬁona');
    expect(await application.storage.users.find(1)).to.include({ active: true });
    await application.users.setPassword('ﬁona', newPassword);
    await application.users.delete('ﬁona');
    expect(await application.storage.users.find(1)).to.equal(undefined);
  });

  it('rejects names that no user has', async () => {
    await application.register('maria');
    for (const name of ['nobody', 'Maria', '']) {
      expect(await rejectionOf(application.users.activate(name))).to.equal('user_not_found');
      expect(await rejectionOf(application.users.deactivate(name))).to.equal('user_not_found');
      expect(await rejectionOf(application.users.delete(name))).to.equal('user_not_found');
      expect(await rejectionOf(application.users.setPassword(name, password))).to.equal('user_not_found');
    }
  });

  for (const [what, change] of [
    ['deleted', (users) => users.delete('maria')],
    ['activated', (users) => users.activate('maria')],
    ['deactivated', (users) => users.deactivate('maria')],
    ['given a password', (users) => users.setPassword('maria', newPassword)],
  ] as readonly [string, (users: ManageUsers) => Promise<void>][]) {
    it(`rejects a user who is deleted while being ${what}`, async () => {
      await application.register('maria');
      const deleted = application.users.delete('maria');
      expect(await rejectionOf(change(application.users))).to.equal('user_not_found');
      await deleted;
    });
  }

  describe('listing', () => {
    it('lists no users if there are none', async () => {
      expect(await names()).to.deep.equal([]);
    });

    it('lists all users ordered by id, inactive ones too', async () => {
      for (const name of ['zoe', 'maria', 'ana']) await application.register(name);
      await application.users.deactivate('zoe');
      await application.users.delete('maria');
      await application.register('maria');
      expect(await names()).to.deep.equal(['zoe', 'ana', 'maria']);
    });

    for (const count of [1000, 2001]) {
      it(`lists all of ${count} users`, async () => {
        const everybody = Array.from({ length: count }, (_, i) => `user${i}`);
        for (const username of everybody) {
          await application.storage.users.add({ username, passwordHash: 'none', createdAt: 0 });
        }
        expect(await names()).to.deep.equal(everybody);
      });
    }
  });
});
