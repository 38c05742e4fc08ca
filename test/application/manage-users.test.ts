import { expect } from 'chai';
import type { ManageUsers } from '../../src/application/manage-users.js';
import { StorageUnavailable } from '../../src/application/ports/storage.js';
import { Application, address, client, password } from '../support/application.js';
import { aTask } from '../support/builders.js';
import { rejectionOf } from '../support/rejection.js';
import { withStub } from '../support/with-stub.js';

const newPassword = 'Another & longer kite';

describe('ManageUsers', () => {
  let application: Application;
  beforeEach(async () => {
    application = await Application.start();
  });

  const authenticate = (access: string) => rejectionOf(application.authenticate.execute(access));

  async function names(): Promise<string[]> {
    const found: string[] = [];
    for await (const { user } of application.users.list()) found.push(user.username);
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

  /** The acts in the audit log, in the order in which they were done. */
  async function acts(): Promise<readonly string[]> {
    const found: string[] = [];
    for await (const { act, username } of application.auditLog.list()) found.unshift(`${act} ${username}`);
    return found;
  }

  describe('promoting and demoting', () => {
    it('makes a user staff, once or twice, until they are demoted', async () => {
      for (const name of ['maria', 'ana']) {
        await application.register(name);
        await application.users.promote(name);
      }
      await application.users.promote('ana');
      expect(await application.storage.staff.list()).to.deep.equal([1, 2]);
      await application.users.demote('maria');
      expect(await application.storage.staff.list()).to.deep.equal([2]);
      expect(await rejectionOf(application.users.demote('maria'))).to.equal('not_staff');
    });

    it('shows and lists who is staff', async () => {
      for (const name of ['maria', 'ana']) await application.register(name);
      await application.users.promote('ana');
      const listed: unknown[] = [];
      for await (const { user, isStaff } of application.users.list()) listed.push([user.username, isStaff]);
      expect(listed).to.deep.equal([
        ['maria', false],
        ['ana', true],
      ]);
      expect((await application.users.show('ana')).isStaff).to.equal(true);
      expect((await application.users.show('maria')).isStaff).to.equal(false);
    });

    it('promotes no inactive user, who is staff no more once they are active again', async () => {
      for (const name of ['maria', 'ana']) {
        await application.register(name);
        await application.users.promote(name);
      }
      await application.users.deactivate('maria');
      expect(await rejectionOf(application.users.promote('maria'))).to.equal('user_inactive');
      await application.users.activate('maria');
      expect(await application.storage.staff.list()).to.deep.equal([2]);
    });

    it('neither demotes, deactivates nor deletes the last who is staff', async () => {
      const { access } = await application.signedUpUser('maria');
      await application.users.promote('maria');
      for (const act of ['demote', 'deactivate', 'delete'] as const) {
        expect(await rejectionOf(application.users[act]('maria'))).to.equal('last_administrator');
      }
      expect(await application.authenticate.execute(access)).to.include({ userId: 1 });
      expect(await acts()).to.deep.equal(['promote maria']);
    });
  });

  describe('the audit log', () => {
    it('has a record of each act that is done, with who has done it, when and to whom', async () => {
      await application.users.create('ana', password);
      await application.users.promote('ana');
      await application.makePasswordLink.invite('ｍａｒｉａ');
      await application.makePasswordLink.reset('maria');
      await application.users.promote('maria');
      await application.users.demote('maria');
      await application.users.setPassword('maria', newPassword);
      await application.users.deactivate('maria');
      await application.users.activate('maria');
      await application.users.logout('maria');
      application.passTime(60);
      await application.users.delete('maria');
      expect(await acts()).to.deep.equal([
        'create ana',
        'promote ana',
        'invite maria',
        'reset maria',
        'promote maria',
        'demote maria',
        'set_password maria',
        'deactivate maria',
        'activate maria',
        'end_sessions maria',
        'delete maria',
      ]);
      const [latest] = await application.storage.staff.records({ before: Infinity, limit: 1 });
      const at = Math.floor(application.now);
      const done = { act: 'delete', userId: 2, username: 'maria' };
      expect(latest).to.deep.equal({ id: 11, at, by: 'operator', actor: 'root', ...done });
    });

    it('has no record of what was refused', async () => {
      await application.register('maria');
      await application.makePasswordLink.reset('maria');
      await rejectionOf(application.users.create('maria', password));
      await rejectionOf(application.users.setPassword('maria', '1234'));
      await rejectionOf(application.users.demote('maria'));
      expect(await application.makePasswordLink.invite('maria')).to.equal(undefined);
      for (const act of ['promote', 'activate', 'deactivate', 'delete', 'logout'] as const) {
        await rejectionOf(application.users[act]('nobody'));
      }
      expect(await acts()).to.deep.equal(['reset maria']);
    });

    it('leaves an act done that cannot be recorded, and says so', async () => {
      const errors: unknown[] = [];
      const operator = { name: 'root', onUnrecorded: (error: unknown) => void errors.push(error) };
      const { users, storage } = application.restart({ operator });
      await application.register('maria');
      const away = new StorageUnavailable('gone');
      await withStub(
        storage.staff,
        'record',
        () => () => Promise.reject(away),
        () => users.deactivate('maria'),
      );
      expect(errors).to.deep.equal([away]);
      expect(await storage.users.find(1)).to.include({ active: false });
    });

    for (const [max, expected] of [
      [1, 1],
      [1000, 1000],
      [1001, 1001],
      [2500, 2000],
      [undefined, 2000],
    ] as const) {
      it(`gives ${expected} of 2000 records, the latest first, where ${max ?? 'all'} are asked for`, async () => {
        const { staff } = application.storage;
        const record = { at: 1, by: 'staff', actor: 'ana', act: 'delete', userId: 1, username: 'x' } as const;
        for (let i = 0; i < 2000; i++) await staff.record(record);
        const ids: number[] = [];
        for await (const { id } of application.auditLog.list(max)) ids.push(id);
        expect(ids).to.deep.equal(Array.from({ length: expected }, (_, i) => 2000 - i));
      });
    }
  });

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
