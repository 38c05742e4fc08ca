import assert from 'node:assert/strict';
import type { Storage } from '../application/ports/storage.js';
import type { PasswordLink } from '../domain/password-link.js';
import type { User } from '../domain/user.js';
import { assertIncludes, assertSameMembers } from './assertions.js';
import { outcomeOf, rejectionOf } from './rejection.js';
import type { SettableClock } from './settable-clock.js';
import {
  addUser,
  aNewUser,
  aSessionOf,
  createTask,
  openSession,
  refTo,
  signIn,
  signInWithUselessSessions,
} from './builders.js';
import { concurrently, inPortions, race } from './concurrency.js';
import type { Suite } from './suite.js';

const everybody = { after: 0, limit: 1000 };

/** What every UserRepository promises. */
export function userRepositoryContract({ describe, it, open }: Suite): void {
  describe('adding', () => {
    it('returns the user, active and with an id', async () => {
      const { storage } = await open();
      const newUser = aNewUser();
      assert.deepEqual(await storage.users.add(newUser), { id: 1, active: true, ...newUser });
    });

    it('counts the ids up from 1', async () => {
      const { storage } = await open();
      const users = await addUsers(storage, 3);
      assert.deepEqual(
        users.map(({ id }) => id),
        [1, 2, 3],
      );
    });

    it('rejects a name that is taken, and leaves its user as it was', async () => {
      const { storage } = await open();
      const alice = await addUser(storage);
      assert.equal(await storage.users.add(aNewUser({ passwordHash: 'another' })), undefined);
      assert.deepEqual(await storage.users.findByName('alice'), alice);
      assert.deepEqual(await storage.users.list(everybody), [alice]);
    });

    it('treats names that differ in any character as different names', async () => {
      const { storage } = await open();
      const names = [
        'alice',
        'Alice',
        'alicé',
        'alice.',
        'a',
        '1',
        '__proto__',
        'constructor',
        'älice',
        '名前',
      ];
      for (const username of names) {
        const user = await addUser(storage, { username });
        assert.deepEqual(await storage.users.findByName(username), user);
      }
      assert.equal((await storage.users.list(everybody)).length, names.length);
    });

    it('gives one name to exactly one of a hundred concurrent calls', async () => {
      const { storage } = await open();
      const results = await concurrently(100, (index) =>
        storage.users.add(aNewUser({ passwordHash: `hash ${index}` })),
      );
      const added = results.filter((user) => user !== undefined);
      assert.equal(added.length, 1);
      assert.deepEqual(await storage.users.findByName('alice'), added[0]);
      assert.deepEqual(await storage.users.list(everybody), added);
    });

    it('gives each of two hundred names to exactly one of two concurrent calls', async () => {
      const { storage } = await open();
      const results = await inPortions(400, (index) =>
        storage.users.add(
          aNewUser({ username: `user${Math.floor(index / 2)}`, passwordHash: `hash ${index}` }),
        ),
      );
      for (let index = 0; index < 400; index += 2) {
        const added = results.slice(index, index + 2).filter((user) => user !== undefined);
        assert.equal(added.length, 1);
        assert.deepEqual(await storage.users.findByName(`user${index / 2}`), added[0]);
      }
    });

    it('gives a hundred concurrent users a hundred different ids', async () => {
      const { storage } = await open();
      const users = await concurrently(100, (index) => addUser(storage, { username: `user${index}` }));
      assert.equal(new Set(users.map(({ id }) => id)).size, 100);
    });
  });

  describe('finding', () => {
    it('finds a user by id and by name', async () => {
      const { storage } = await open();
      const [alice, bob] = [await addUser(storage), await addUser(storage, { username: 'bob' })];
      assert.deepEqual(await storage.users.find(alice.id), alice);
      assert.deepEqual(await storage.users.find(bob.id), bob);
      assert.deepEqual(await storage.users.findByName('bob'), bob);
    });

    it('finds no user where there is none', async () => {
      const { storage } = await open();
      await addUser(storage);
      assert.equal(await storage.users.find(2), undefined);
      assert.equal(await storage.users.find(0), undefined);
      assert.equal(await storage.users.findByName('bob'), undefined);
      assert.equal(await storage.users.findByName('ALICE'), undefined);
    });

    it('finds who was looked for in vain before', async () => {
      const { storage, clock } = await open();
      const [ref, other] = [refTo({ id: 1 }), refTo({ id: 1 }, 'other')];
      assert.equal(await storage.users.find(1), undefined);
      assert.equal(await storage.users.findByName('alice'), undefined);
      assert.equal(await storage.sessions.find(ref), undefined);
      assert.deepEqual(await storage.sessions.listOf(1), []);
      const { user, session } = await signIn(storage, clock);
      assert.deepEqual(await storage.users.find(1), user);
      assert.deepEqual(await storage.users.findByName('alice'), user);
      assert.deepEqual(await storage.sessions.find(ref), session);
      assert.deepEqual(await storage.sessions.listOf(1), [session]);
      assert.equal(await rejectionOf(storage.tasks.find(other, 1)), 'token_revoked');
      await openSession(storage, aSessionOf(user, clock, { id: 'other' }), user);
      assert.equal(await storage.tasks.find(other, 1), undefined);
      const task = await createTask(storage, ref);
      assert.deepEqual(await storage.tasks.find(other, 1), task);
    });
  });

  describe('listing', () => {
    it('lists users ordered by id, whatever happened to them since', async () => {
      const { storage } = await open();
      const users = await addUsers(storage, 12);
      await storage.users.deactivate(2);
      await storage.users.setPasswordHash(1, 'new');
      const listed = await storage.users.list(everybody);
      assert.deepEqual(
        listed.map(({ id }) => id),
        users.map(({ id }) => id),
      );
    });

    it('lists every user once, in pages that are full except for the last one', async () => {
      const { storage } = await open();
      await addUsers(storage, 12);
      for (const id of [1, 4, 5, 6, 7]) await storage.users.remove(id);
      assert.deepEqual(await pagesOf(storage, 3), [[2, 3, 8], [9, 10, 11], [12]]);
    });

    it('lists no record of a registration that lost its name to another one', async () => {
      const { storage } = await open();
      await addUser(storage, { username: 'user1' });
      await concurrently(20, () => storage.users.add(aNewUser({ username: 'user1' })));
      await addUser(storage, { username: 'user2' });
      const users = await storage.users.list({ after: 0, limit: 2 });
      assert.deepEqual(
        users.map(({ username }) => username),
        ['user1', 'user2'],
      );
    });

    it('lists the users after the id of a removed user', async () => {
      const { storage } = await open();
      await addUsers(storage, 4);
      await storage.users.remove(2);
      const users = await storage.users.list({ after: 2, limit: 10 });
      assert.deepEqual(
        users.map(({ id }) => id),
        [3, 4],
      );
    });

    it('lists no users after the last id, however far', async () => {
      const { storage } = await open();
      await addUser(storage);
      assert.deepEqual(await storage.users.list({ after: 1, limit: 10 }), []);
      assert.deepEqual(await storage.users.list({ after: Number.MAX_SAFE_INTEGER, limit: 1000 }), []);
    });
  });

  describe('replacing a password hash', () => {
    it('stores a rehashed password and leaves the sessions open', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      await storage.users.replacePasswordHash(user.id, user.passwordHash, 'new');
      assert.deepEqual(await storage.users.find(user.id), { ...user, passwordHash: 'new' });
      assert.deepEqual(await storage.sessions.find(refTo(user, session.id)), session);
    });

    it('does not replace a password hash that is not the expected one', async () => {
      const { storage } = await open();
      const user = await addUser(storage);
      await storage.users.replacePasswordHash(user.id, 'older', 'new');
      assert.deepEqual(await storage.users.find(user.id), user);
    });

    it('adds no user when it replaces the hash of a missing one', async () => {
      const { storage } = await open();
      await storage.users.replacePasswordHash(1, '', 'new');
      assert.equal(await storage.users.find(1), undefined);
    });
  });

  describe('setting a new password', () => {
    it('stores the hash of a new password and ends all sessions of the user', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      await openSession(storage, aSessionOf(user, clock, { id: 'another' }), user);
      assert.equal(await storage.users.setPasswordHash(user.id, 'new'), true);
      assert.deepEqual(await storage.users.find(user.id), { ...user, passwordHash: 'new' });
      assert.equal(await storage.sessions.find(refTo(user, session.id)), undefined);
      assert.equal(await storage.sessions.find(refTo(user, 'another')), undefined);
    });

    it('ends all sessions also if the hash is the one that is stored', async () => {
      const { storage, clock } = await open();
      const { user } = await signIn(storage, clock);
      assert.equal(await storage.users.setPasswordHash(user.id, user.passwordHash), true);
      assert.deepEqual(await storage.sessions.listOf(user.id), []);
    });

    it('leaves an inactive user with a new password inactive', async () => {
      const { storage } = await open();
      const { id } = await addUser(storage);
      await storage.users.deactivate(id);
      await storage.users.setPasswordHash(id, 'new');
      assertIncludes(await storage.users.find(id), { active: false, passwordHash: 'new' });
    });
  });

  describe('changing the password by a session', () => {
    it('stores the hash of a changed password and ends all other sessions of the user', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      await openSession(storage, aSessionOf(user, clock, { id: 'another' }), user);
      const changed = await storage.users.changePasswordHash(
        refTo(user, session.id),
        user.passwordHash,
        'new',
      );
      assert.equal(changed, true);
      assert.deepEqual(await storage.users.find(user.id), { ...user, passwordHash: 'new' });
      assert.deepEqual(await storage.sessions.list(refTo(user)), [session]);
    });

    it('does not change a password whose old hash is not the expected one', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      const another = await openSession(storage, aSessionOf(user, clock, { id: 'another' }), user);
      assert.equal(await storage.users.changePasswordHash(refTo(user, session.id), 'older', 'new'), false);
      assert.deepEqual(await storage.users.find(user.id), user);
      assertSameMembers(await storage.sessions.list(refTo(user)), [session, another]);
    });

    it('changes no password by a session that has ended, has expired, is unknown, or is another user’s', async () => {
      const { storage, clock } = await open();
      const { user, ref, others } = await signInWithUselessSessions(storage, clock);
      for (const by of others) {
        const changing = storage.users.changePasswordHash(by, user.passwordHash, 'new');
        assert.equal(await rejectionOf(changing), 'token_revoked');
      }
      assert.deepEqual(await storage.users.find(user.id), user);
      assert.equal((await storage.sessions.list(ref)).length, 1);
    });

    it('changes the password in exactly one of twenty concurrent calls', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      const changed = await concurrently(20, (index) =>
        storage.users.changePasswordHash(refTo(user, session.id), user.passwordHash, `new ${index}`),
      );
      assert.equal(changed.filter(Boolean).length, 1);
      assertIncludes(await storage.users.find(user.id), { passwordHash: `new ${changed.indexOf(true)}` });
    });

    it('leaves no session of a racing sign-in with the old password open', async () => {
      const { storage, clock } = await open();
      for (let round = 0; round < 60; round++) {
        const user = await addUser(storage, { username: `user${round}` });
        const session = await openSession(storage, aSessionOf(user, clock), user);
        await race(round, [
          () => storage.sessions.open(aSessionOf(user, clock, { id: 'racing' }), user.passwordHash, Infinity),
          () => storage.users.changePasswordHash(refTo(user, session.id), user.passwordHash, 'new'),
        ]);
        assert.deepEqual(await storage.sessions.list(refTo(user)), [session]);
      }
    });

    it('changes the password before a racing deactivation or logout, or not at all', async () => {
      const { storage, clock } = await open();
      for (let round = 0; round < 60; round++) {
        const user = await addUser(storage, { username: `user${round}` });
        await openSession(storage, aSessionOf(user, clock), user);
        let changed: unknown;
        await race(round, [
          async () => {
            const changing = storage.users.changePasswordHash(
              refTo(user, 'session'),
              user.passwordHash,
              'new',
            );
            changed = await outcomeOf(changing);
          },
          () =>
            round % 3 === 0
              ? storage.users.deactivate(user.id)
              : storage.sessions.end(refTo(user, 'session')),
        ]);
        const { passwordHash } = (await storage.users.find(user.id)) ?? {};
        assert.equal(passwordHash, changed === true ? 'new' : user.passwordHash);
        assert.equal(await storage.sessions.find(refTo(user)), undefined);
      }
    });
  });

  describe('deactivating', () => {
    it('makes the user inactive and ends all their sessions', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      assert.equal(await storage.users.deactivate(user.id), true);
      assert.deepEqual(await storage.users.find(user.id), { ...user, active: false });
      assert.equal(await storage.sessions.find(refTo(user, session.id)), undefined);
    });

    it('deactivates an inactive user again without an error', async () => {
      const { storage } = await open();
      const { id } = await addUser(storage);
      await storage.users.deactivate(id);
      assert.equal(await storage.users.deactivate(id), true);
    });
  });

  describe('activating', () => {
    it('lets an activated user sign in again, while ended sessions stay ended', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      await storage.users.deactivate(user.id);
      assert.equal(await storage.users.activate(user.id), true);
      assert.deepEqual(await storage.users.find(user.id), user);
      assert.equal(await storage.sessions.find(refTo(user, session.id)), undefined);
      const again = aSessionOf(user, clock, { id: 'again' });
      assert.equal(await storage.sessions.open(again, user.passwordHash, Infinity), 0);
    });

    it('leaves the sessions of an already active user open', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      await storage.users.activate(user.id);
      assert.deepEqual(await storage.sessions.find(refTo(user, session.id)), session);
    });
  });

  describe('removing', () => {
    it('removes the sessions and tasks of a removed user', async () => {
      const { storage, clock } = await open();
      const { user, session, ref } = await signIn(storage, clock);
      const task = await createTask(storage, ref);
      assert.equal(await storage.users.remove(user.id), true);
      assert.equal(await storage.users.find(user.id), undefined);
      assert.equal(await storage.users.findByName(user.username), undefined);
      assert.deepEqual(await storage.users.list(everybody), []);
      assert.equal(await storage.sessions.find(refTo(user, session.id)), undefined);
      assert.equal(await rejectionOf(storage.tasks.find(ref, task.id)), 'token_revoked');
      assert.equal(await rejectionOf(storage.tasks.list(ref, everybody)), 'token_revoked');
    });

    it('frees the name of a removed user for another one, with no data and another id', async () => {
      const { storage, clock } = await open();
      const { user, session, ref } = await signIn(storage, clock);
      await createTask(storage, ref);
      await storage.users.remove(user.id);
      const another = await addUser(storage);
      assert.ok(another.id > user.id);
      assert.deepEqual(await storage.users.findByName(user.username), another);
      assert.equal(await storage.sessions.find(refTo(another, session.id)), undefined);
      await openSession(storage, aSessionOf(another, clock, { id: 'new' }), another);
      assert.deepEqual((await storage.tasks.list(refTo(another, 'new'), everybody)).tasks, []);
    });

    it('removes a user by an active session of that user', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      assert.equal(await storage.users.removeOwn(refTo(user, session.id)), true);
      assert.equal(await storage.users.findByName(user.username), undefined);
      assert.equal(await rejectionOf(storage.users.removeOwn(refTo(user, session.id))), 'token_revoked');
    });

    it('removes no user by a session that has ended, has expired, is unknown, or is another user’s', async () => {
      const { storage, clock } = await open();
      const { user, ref, others } = await signInWithUselessSessions(storage, clock);
      for (const by of others) {
        assert.equal(await rejectionOf(storage.users.removeOwn(by)), 'token_revoked');
      }
      assert.deepEqual(await storage.users.findByName(user.username), user);
      assert.equal((await storage.sessions.list(ref)).length, 1);
    });

    it('removes an inactive user', async () => {
      const { storage } = await open();
      const user = await addUser(storage);
      await storage.users.deactivate(user.id);
      assert.equal(await storage.users.remove(user.id), true);
      assertIncludes(await storage.users.add(aNewUser()), { username: user.username, active: true });
    });

    it('reports that there is no user to remove the second time', async () => {
      const { storage } = await open();
      const { id } = await addUser(storage);
      await storage.users.remove(id);
      assert.equal(await storage.users.remove(id), false);
    });

    it('leaves a new user with the same name alone when the old one is removed again', async () => {
      const { storage } = await open();
      const { id } = await addUser(storage);
      await storage.users.remove(id);
      const another = await addUser(storage);
      await storage.users.remove(id);
      assert.deepEqual(await storage.users.findByName(another.username), another);
    });

    it('frees the name once, however many concurrent calls remove the user or claim the name', async () => {
      const { storage } = await open();
      const { id } = await addUser(storage);
      const [added] = await Promise.all([
        concurrently(20, () => storage.users.add(aNewUser())),
        concurrently(5, () => storage.users.remove(id)),
      ]);
      const users = await storage.users.list(everybody);
      assert.deepEqual(
        users,
        added.filter((user) => user !== undefined),
      );
      assert.ok(users.length <= 1);
      assert.deepEqual(await storage.users.findByName('alice'), users[0]);
    });
  });

  describe('a password link', () => {
    it('is the last one that was made', async () => {
      const { storage, clock } = await open();
      const user = await addUser(storage);
      const [first, second] = [linkOf(clock, 'first'), linkOf(clock, 'second')];
      assert.equal(await storage.users.setPasswordLink(user.id, first), true);
      assert.deepEqual(await storage.users.find(user.id), { ...user, passwordLink: first });
      assert.equal(await storage.users.setPasswordLink(user.id, second), true);
      assert.deepEqual(await storage.users.findByName('alice'), { ...user, passwordLink: second });
      assert.equal(await storage.users.usePasswordLink(user.id, 'first', 'new'), false);
    });

    it('leaves the password and the sessions as they are until it is used', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      await storage.users.setPasswordLink(user.id, linkOf(clock));
      assert.deepEqual(await storage.sessions.list(refTo(user)), [session]);
      await openSession(storage, aSessionOf(user, clock, { id: 'another' }), user);
    });

    it('sets the password, ends all sessions and is gone when it is used', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      await storage.users.setPasswordLink(user.id, linkOf(clock));
      assert.equal(await storage.users.usePasswordLink(user.id, 'digest', 'new'), true);
      assert.deepEqual(await storage.users.find(user.id), { ...user, passwordHash: 'new' });
      assert.equal(await storage.sessions.find(refTo(user, session.id)), undefined);
      assert.equal(await storage.users.usePasswordLink(user.id, 'digest', 'newer'), false);
      assertIncludes(await storage.users.find(user.id), { passwordHash: 'new' });
    });

    it('is used by exactly one of fifty concurrent calls', async () => {
      const { storage, clock } = await open();
      const { id } = await addUser(storage);
      await storage.users.setPasswordLink(id, linkOf(clock));
      const used = await concurrently(50, (index) =>
        storage.users.usePasswordLink(id, 'digest', `hash ${index}`),
      );
      assert.equal(used.filter(Boolean).length, 1);
      assertIncludes(await storage.users.find(id), { passwordHash: `hash ${used.indexOf(true)}` });
    });

    it('works until it expires', async () => {
      const { storage, clock } = await open();
      const { id } = await addUser(storage);
      const { expiresAt } = linkOf(clock);
      await storage.users.setPasswordLink(id, { digest: 'digest', expiresAt });
      clock.advance(expiresAt - clock.now());
      assert.equal(await storage.users.usePasswordLink(id, 'digest', 'new'), false);
      clock.advance(-1);
      assert.equal(await storage.users.usePasswordLink(id, 'digest', 'new'), true);
    });

    it('changes nothing where it is wrong, another user’s, or none', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      const bob = await addUser(storage, { username: 'bob' });
      await storage.users.setPasswordLink(user.id, linkOf(clock));
      for (const [id, digest] of [
        [user.id, 'Digest'],
        [user.id, ''],
        [bob.id, 'digest'],
        [bob.id, ''],
        [bob.id + 1, 'digest'],
      ] as const) {
        assert.equal(await storage.users.usePasswordLink(id, digest, 'new'), false);
      }
      assert.deepEqual(await storage.users.find(user.id), { ...user, passwordLink: linkOf(clock) });
      assert.deepEqual(await storage.users.find(bob.id), bob);
      assert.deepEqual(await storage.sessions.list(refTo(user)), [session]);
    });

    it('does not work while the user is inactive, and does not activate', async () => {
      const { storage, clock } = await open();
      const { id } = await addUser(storage);
      await storage.users.setPasswordLink(id, linkOf(clock));
      await storage.users.deactivate(id);
      assert.equal(await storage.users.usePasswordLink(id, 'digest', 'new'), false);
      assertIncludes(await storage.users.find(id), { active: false, passwordHash: 'hash of alice' });
      await storage.users.activate(id);
      assert.equal(await storage.users.usePasswordLink(id, 'digest', 'new'), true);
    });

    it('ends when the password is set or changed, but not when it is rehashed', async () => {
      const { storage, clock } = await open();
      const { user } = await signIn(storage, clock);
      const renew = () => storage.users.setPasswordLink(user.id, linkOf(clock));
      await renew();
      await storage.users.replacePasswordHash(user.id, user.passwordHash, 'rehashed');
      assert.ok((await storage.users.find(user.id))?.passwordLink);
      await storage.users.changePasswordHash(refTo(user), 'rehashed', 'changed');
      assert.deepEqual(await storage.users.find(user.id), { ...user, passwordHash: 'changed' });
      await renew();
      await storage.users.setPasswordHash(user.id, 'set');
      assert.deepEqual(await storage.users.find(user.id), { ...user, passwordHash: 'set' });
      assert.equal(await storage.users.usePasswordLink(user.id, 'digest', 'new'), false);
    });

    it('ends with its user', async () => {
      const { storage, clock } = await open();
      const { id } = await addUser(storage);
      await storage.users.setPasswordLink(id, linkOf(clock));
      await storage.users.remove(id);
      assert.equal(await storage.users.usePasswordLink(id, 'digest', 'new'), false);
      const another = await addUser(storage);
      assert.equal(another?.passwordLink, undefined);
      assert.equal(await storage.users.usePasswordLink(another.id, 'digest', 'new'), false);
    });

    it('is either used or ended, when it meets a new password', async () => {
      const { storage, clock } = await open();
      for (let round = 0; round < 20; round++) {
        const user = await addUser(storage, { username: `user${round}` });
        await storage.users.setPasswordLink(user.id, linkOf(clock));
        let used = false;
        await race(round, [
          async () => {
            used = await storage.users.usePasswordLink(user.id, 'digest', 'by link');
          },
          () => storage.users.setPasswordHash(user.id, 'by operator'),
        ]);
        const after = await storage.users.find(user.id);
        assert.equal(after?.passwordLink, undefined);
        if (!used) assertIncludes(after, { passwordHash: 'by operator' });
      }
    });
  });

  it('returns false for a change of a missing user, and adds none', async () => {
    const { storage } = await open();
    assert.equal(await storage.users.setPasswordHash(1, 'new'), false);
    assert.equal(await storage.users.setPasswordLink(1, { digest: 'digest', expiresAt: 2e9 }), false);
    assert.equal(await storage.users.usePasswordLink(1, 'digest', 'new'), false);
    assert.equal(await storage.users.activate(1), false);
    assert.equal(await storage.users.deactivate(1), false);
    assert.equal(await storage.users.remove(1), false);
    assert.equal(await storage.users.find(1), undefined);
    assert.deepEqual(await storage.users.list(everybody), []);
  });

  it('changes no other user', async () => {
    const { storage, clock } = await open();
    const { user, session, ref } = await signIn(storage, clock);
    const task = await createTask(storage, ref);
    const bob = await addUser(storage, { username: 'bob' });

    await storage.users.replacePasswordHash(bob.id, bob.passwordHash, 'new');
    await storage.users.setPasswordHash(bob.id, 'newer');
    await storage.users.deactivate(bob.id);
    await storage.users.remove(bob.id);

    assert.deepEqual(await storage.users.find(user.id), user);
    assert.deepEqual(await storage.sessions.find(refTo(user, session.id)), session);
    assert.deepEqual(await storage.tasks.find(ref, task.id), task);
  });

  it('returns a snapshot of a user, which later changes do not alter', async () => {
    const { storage } = await open();
    const added = await addUser(storage);
    const [found, listed] = [await storage.users.find(added.id), await storage.users.list(everybody)];
    const then = structuredClone(added);
    await storage.users.setPasswordHash(added.id, 'new');
    await storage.users.deactivate(added.id);
    assert.deepEqual(added, then);
    assert.deepEqual(found, then);
    assert.deepEqual(listed, [then]);
  });
}

/** A password link for a minute from now. */
function linkOf(clock: SettableClock, digest = 'digest'): PasswordLink {
  return { digest, expiresAt: Math.floor(clock.now()) + 60 };
}

async function addUsers(storage: Storage, count: number): Promise<User[]> {
  const users: User[] = [];
  while (users.length < count) users.push(await addUser(storage, { username: `user${users.length + 1}` }));
  return users;
}

/** The ids on each page of the list of users. */
async function pagesOf({ users }: Storage, limit: number): Promise<number[][]> {
  const pages: number[][] = [];
  for (let after = 0; ;) {
    const ids = (await users.list({ after, limit })).map(({ id }) => id);
    if (ids.length > 0) pages.push(ids);
    if (ids.length < limit) return pages;
    after = ids.at(-1) ?? after;
  }
}
