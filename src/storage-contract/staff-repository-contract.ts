import assert from 'node:assert/strict';
import type { Storage } from '../application/ports/storage.js';
import type { User } from '../domain/user.js';
import {
  aNewUser,
  aSessionOf,
  addUser,
  createTask,
  openSession,
  refTo,
  signIn,
  signInWithUselessSessions,
} from './builders.js';
import { rejectionOf } from './rejection.js';
import { addAdministrator, recordsOf, takers } from './staff-builders.js';
import type { Suite } from './suite.js';

/** What every StaffRepository promises of who is staff. */
export function staffRepositoryContract({ describe, it, open }: Suite): void {
  describe('adding', () => {
    it('makes an active user staff, who stays so when added again', async () => {
      const { storage } = await open();
      const { id } = await addUser(storage);
      assert.deepEqual(await storage.staff.list(), []);
      for (let times = 0; times < 2; times++) {
        assert.equal(await storage.staff.add(id), true);
        assert.deepEqual(await storage.staff.list(), [id]);
      }
    });

    it('leaves the account as it is', async () => {
      const { storage, clock } = await open();
      const { user, session, ref } = await signIn(storage, clock);
      await storage.staff.add(user.id);
      assert.deepEqual(await storage.users.find(user.id), user);
      assert.deepEqual(await storage.sessions.find(ref), session);
    });

    it('makes nobody staff who is missing, inactive or removed', async () => {
      const { storage } = await open();
      const [inactive, removed] = [await addUser(storage), await addUser(storage, { username: 'bob' })];
      await storage.users.deactivate(inactive.id);
      await storage.users.remove(removed.id);
      for (const id of [inactive.id, removed.id, 3, 0]) assert.equal(await storage.staff.add(id), false);
      assert.deepEqual(await storage.staff.list(), []);
      await storage.users.activate(inactive.id);
      assert.deepEqual(await storage.staff.list(), []);
      assert.equal(await storage.staff.add(inactive.id), true);
    });

    it('makes nobody staff who is not added', async () => {
      const { storage, clock } = await open();
      await addAdministrator(storage, clock);
      const { ref } = await signIn(storage, clock, { id: 'other' });
      assert.deepEqual(await storage.staff.list(), [1]);
      assert.equal(await rejectionOf(storage.staff.authorise(ref)), 'not_staff');
    });
  });

  it('lists ids in ascending order, those of more than 32 bits too', async () => {
    const { storage } = await open();
    for (let index = 1; index <= 11; index++) await addUser(storage, { username: `user${index}` });
    await storage.archive.reserveUserIds(2 ** 40);
    await addUser(storage, { username: 'late' });
    for (const id of [10, 2 ** 40 + 1, 2, 11, 9]) assert.equal(await storage.staff.add(id), true);
    assert.deepEqual(await storage.staff.list(), [2, 9, 10, 11, 2 ** 40 + 1]);
    assert.equal(await storage.staff.remove(2 ** 40 + 1), true);
    assert.deepEqual(await storage.staff.list(), [2, 9, 10, 11]);
  });

  describe('removing', () => {
    it('takes the right away once, and leaves the account and its sessions', async () => {
      const { storage, clock } = await open();
      await addAdministrator(storage, clock);
      const { user, session, ref } = await signIn(storage, clock, {}, 'bob');
      await storage.staff.add(user.id);
      assert.equal(await storage.staff.remove(user.id), true);
      assert.equal(await storage.staff.remove(user.id), false);
      assert.deepEqual(await storage.staff.list(), [1]);
      assert.deepEqual(await storage.users.find(user.id), user);
      assert.deepEqual(await storage.sessions.find(ref), session);
    });

    it('is false for users who are not staff, and for nobody', async () => {
      const { storage, clock } = await open();
      const { id } = await addUser(storage, { username: 'bob' });
      for (const each of [id, 7, 0]) assert.equal(await storage.staff.remove(each), false);
      const { user } = await addAdministrator(storage, clock);
      for (const each of [id, 7, 0]) assert.equal(await storage.staff.remove(each), false);
      assert.deepEqual(await storage.staff.list(), [user.id]);
    });
  });

  describe('losing the right', () => {
    for (const [name, take] of Object.entries(takers)) {
      it(`${name} takes it, and nothing but adding gives it back`, async () => {
        const { storage, clock } = await open();
        const ada = await addAdministrator(storage, clock);
        const bob = await addAdministrator(storage, clock, 'bob');
        assert.equal((await storage.staff.authorise(bob.ref)).userId, bob.user.id);
        assert.equal(await take(storage, bob.user, ada.ref), true);
        assert.deepEqual(await storage.staff.list(), [ada.user.id]);
        const refusal = name === 'staff.remove' ? 'not_staff' : 'token_revoked';
        assert.equal(await rejectionOf(storage.staff.authorise(bob.ref)), refusal);
        assert.equal(await storage.staff.remove(bob.user.id), false);

        const isThere = await storage.users.activate(bob.user.id);
        assert.deepEqual(await storage.staff.list(), [ada.user.id]);
        assert.equal(await storage.staff.add(bob.user.id), isThere);
        if (isThere) {
          await storage.staff.remove(bob.user.id);
          await openSession(storage, aSessionOf(bob.user, clock, { id: 'new' }), bob.user);
          const ref = refTo(bob.user, 'new');
          assert.equal(await rejectionOf(storage.staff.authorise(ref)), 'not_staff');
          assert.equal(await storage.staff.add(bob.user.id), true);
          assert.equal((await storage.staff.authorise(ref)).id, 'new');
        }
      });

      it(`${name} does not take it from the last one, whose account stays as it is`, async () => {
        const { storage, clock } = await open();
        const bob = await addAdministrator(storage, clock, 'bob');
        const carol = await addAdministrator(storage, clock, 'carol');
        await addUser(storage, { username: 'dave' });
        await storage.staff.remove(carol.user.id);
        const task = await createTask(storage, bob.ref);
        const session = await storage.sessions.find(bob.ref);
        for (let times = 0; times < 2; times++) {
          assert.equal(await rejectionOf(take(storage, bob.user, bob.ref)), 'last_administrator');
        }
        assert.deepEqual(await storage.staff.list(), [bob.user.id]);
        assert.deepEqual(await storage.users.findByName('bob'), bob.user);
        assert.deepEqual(await storage.sessions.listOf(bob.user.id), [session]);
        assert.deepEqual(await storage.tasks.find(bob.ref, task.id), task);
        assert.deepEqual(await recordsOf(storage), []);

        await storage.staff.add(carol.user.id);
        assert.equal(await take(storage, bob.user, carol.ref), true);
        assert.deepEqual(await storage.staff.list(), [carol.user.id]);
      });
    }

    it('comes with nothing but the loss of the account', async () => {
      const { storage, clock } = await open();
      const { user, ref } = await addAdministrator(storage, clock);
      const { users, sessions } = storage;
      const acts: readonly (() => Promise<unknown>)[] = [
        () => users.activate(user.id),
        () => users.changePasswordHash(ref, user.passwordHash, 'changed'),
        () => users.replacePasswordHash(user.id, 'changed', 'rehashed'),
        () => users.setPasswordLink(user.id, { digest: 'digest', expiresAt: 4e9 }),
        () => users.usePasswordLink(user.id, 'digest', 'by link'),
        () => users.setPasswordHash(user.id, 'set'),
        () => sessions.endAllOf(user.id),
        () => users.deactivate(user.id + 1),
        () => users.remove(user.id + 1),
      ];
      for (const act of acts) {
        await act();
        assert.deepEqual(await storage.staff.list(), [user.id], act.toString());
      }
    });

    it('is not asked of users who are not staff, while one is or nobody is', async () => {
      const { storage, clock } = await open();
      const remove = async (index: number) => {
        const { user } = await signIn(storage, clock, { id: `session ${index}` }, `user${index}`);
        assert.equal(await storage.users.deactivate(user.id), true);
        await storage.users.activate(user.id);
        await openSession(storage, aSessionOf(user, clock), user);
        assert.equal(await storage.users.removeOwn(refTo(user)), true);
      };
      await remove(1);
      const { user } = await addAdministrator(storage, clock);
      await storage.sessions.endAllOf(user.id);
      await remove(2);
      assert.deepEqual(await storage.staff.list(), [user.id]);
    });

    it('gives nothing to whoever registers the name', async () => {
      const { storage, clock } = await open();
      await addAdministrator(storage, clock);
      const bob = await addAdministrator(storage, clock, 'bob');
      await storage.users.remove(bob.user.id);
      const next = await addUser(storage, { username: 'bob' });
      await openSession(storage, aSessionOf(next, clock, { id: 'next' }), next);
      assert.equal(await rejectionOf(storage.staff.authorise(refTo(next, 'next'))), 'not_staff');
    });

    it('is refused to the last one after an ended session is told', async () => {
      const { storage, clock } = await open();
      const { user, others } = await signInWithUselessSessions(storage, clock);
      await storage.staff.add(user.id);
      for (const by of others) {
        assert.equal(await rejectionOf(storage.users.removeOwn(by)), 'token_revoked');
      }
      assert.deepEqual(await storage.users.find(user.id), user);
    });
  });

  describe('authorising', () => {
    it('returns the session of somebody who is staff', async () => {
      const { storage, clock } = await open();
      const { user, session, ref } = await signIn(storage, clock, { address: '192.0.2.1' });
      await storage.staff.add(user.id);
      assert.deepEqual(await storage.staff.authorise(ref), session);
    });

    it('tells a session that is not active before it tells who is not staff', async () => {
      const { storage, clock } = await open();
      const { user, ref, others } = await signInWithUselessSessions(storage, clock);
      const refuses = async () => {
        for (const by of others)
          assert.equal(await rejectionOf(storage.staff.authorise(by)), 'token_revoked');
      };
      await refuses();
      assert.equal(await rejectionOf(storage.staff.authorise(ref)), 'not_staff');
      await storage.staff.add(user.id);
      await refuses();
    });
  });

  describe('an imported user', () => {
    const bob: User = { id: 7, active: true, ...aNewUser({ username: 'bob' }) };
    it('is staff if the import says so and they are active', async () => {
      const { storage, clock } = await open();
      await importUser(storage, bob, true);
      await importUser(storage, { ...bob, id: 8, username: 'inactive', active: false }, true);
      await importUser(storage, { ...bob, id: 9, username: 'other' }, false);
      await importUser(storage, { ...bob, id: 10, username: 'another' });
      await storage.users.activate(8);
      assert.deepEqual(await storage.staff.list(), [7]);
      assert.deepEqual(await storage.users.find(7), bob);
      await openSession(storage, aSessionOf(bob, clock), bob);
      assert.equal((await storage.staff.authorise(refTo(bob))).userId, 7);
      assert.equal(await rejectionOf(storage.users.deactivate(7)), 'last_administrator');
    });

    it('who is there keeps or lacks the right', async () => {
      const { storage } = await open();
      await importUser(storage, bob);
      assert.equal(await importUser(storage, bob, true), 'present');
      assert.deepEqual(await storage.staff.list(), []);
      await storage.staff.add(7);
      assert.equal(await importUser(storage, bob, false), 'present');
      assert.deepEqual(await storage.staff.list(), [7]);
    });

    it('whose name or id is taken before the end leaves nobody who is staff', async () => {
      const { storage } = await open();
      await storage.archive.begin({ ...bob, id: 1 });
      await storage.archive.begin({ ...bob, id: 9 });
      await addUser(storage, { username: 'first' });
      await addUser(storage, { username: 'bob' });
      for (const id of [1, 9]) {
        assert.equal(await storage.archive.finish({ ...bob, id, isStaff: true }, 0), false);
      }
      assert.deepEqual(await storage.staff.list(), []);
      assert.equal(await storage.users.find(9), undefined);
      assert.equal(await storage.users.deactivate(1), true);
    });
  });
}

/** Imports the user, unless they are there already. */
async function importUser(
  { archive }: Storage,
  user: User,
  isStaff?: boolean,
): Promise<boolean | 'present' | 'taken'> {
  const begun = await archive.begin(user);
  if (begun !== 'begun') return begun;
  return archive.finish({ ...user, ...(isStaff !== undefined && { isStaff }) }, 0);
}
