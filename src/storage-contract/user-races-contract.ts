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
import { concurrently, inOneStep, inPortions, race, type Effects } from './concurrency.js';
import { changesNothingAfterItsEnd } from './ended-session.js';
import { outcomeOf, rejectionOf } from './rejection.js';
import type { SettableClock } from './settable-clock.js';
import type { Suite } from './suite.js';

const rounds = 20;

/** What every UserRepository promises of steps and concurrent calls. */
export function userRacesContract(suite: Suite): void {
  const { describe, it, open } = suite;

  describe('one step', () => {
    const acts: Record<string, (storage: Storage, user: User) => Promise<boolean>> = {
      'sets a password': ({ users }, user) => users.setPasswordHash(user.id, 'new'),
      'changes a password': ({ users }, user) =>
        users.changePasswordHash(refTo(user, 'kept'), user.passwordHash, 'new'),
      'uses a password link': ({ users }, user) => users.usePasswordLink(user.id, 'digest', 'new'),
      deactivates: ({ users }, user) => users.deactivate(user.id),
      'removes a user': ({ users }, user) => users.remove(user.id),
      'removes one’s own user': ({ users }, user) => users.removeOwn(refTo(user, 'kept')),
    };
    for (const [what, act] of Object.entries(acts)) {
      it(`${what}, and ends all sessions that must end`, async () => {
        const { storage, clock } = await open();
        const { user, ids } = await signInOften(storage, clock);
        await createTask(storage, refTo(user, 'kept'));
        await storage.users.setPasswordLink(user.id, { digest: 'digest', expiresAt: 2e9 + 60 });
        const result = await inOneStep(() => act(storage, user), {
          'the end of the first session': hasEnded(storage, user, ids[0]),
          'the change of the account': async () => {
            const found = await storage.users.find(user.id);
            return !found?.active || found.passwordHash === 'new';
          },
          'the end of another session': hasEnded(storage, user, ids[15]),
          ...(what !== 'deactivates' && {
            'the end of the link': async () => !(await storage.users.find(user.id))?.passwordLink,
          }),
          ...(what.startsWith('removes') && removalOf(storage, user)),
          'the end of the last session': hasEnded(storage, user, ids.at(-1)),
        });
        assert.equal(result, true);
        const left = await storage.sessions.listOf(user.id);
        assert.deepEqual(
          left.map(({ id }) => id),
          what === 'changes a password' ? ['kept'] : [],
        );
      });
    }
  });

  describe('a session that has ended', () => {
    it('changes no password', async () => {
      await changesNothingAfterItsEnd(suite, ({ users }, by, user) =>
        users.changePasswordHash(by, user.passwordHash, 'new'),
      );
    });

    it('removes no user', async () => {
      await changesNothingAfterItsEnd(suite, ({ users }, by) => users.removeOwn(by));
    });

    it('is told before a wrong hash', async () => {
      const { storage, clock } = await open();
      const { others } = await signInWithUselessSessions(storage, clock);
      for (const by of others) {
        assert.equal(
          await rejectionOf(storage.users.changePasswordHash(by, 'wrong', 'new')),
          'token_revoked',
        );
      }
    });
  });

  describe('concurrent changes', () => {
    it('tell one of fifty who remove a user that they have', async () => {
      const { storage } = await open();
      const { id } = await addUser(storage);
      const removed = await concurrently(50, () => storage.users.remove(id));
      assert.equal(removed.filter(Boolean).length, 1);
    });

    it('tell one of fifty sessions of a user who removes themselves that it has', async () => {
      const { storage, clock } = await open();
      const { user, ids } = await signInOften(storage, clock);
      const removed = await concurrently(50, (index) =>
        outcomeOf(storage.users.removeOwn(refTo(user, ids[index % ids.length]))),
      );
      assert.equal(removed.filter((each) => each === true).length, 1);
      assert.equal(removed.filter((each) => each === 'token_revoked').length, 49);
    });

    it('tell either the operator or a session that the user is removed, and refuse the other', async () => {
      const { storage, clock } = await open();
      for (let round = 0; round < rounds; round++) {
        const user = await addUser(storage, { username: `user${round}` });
        await openSession(storage, aSessionOf(user, clock), user);
        let [byOperator, bySession]: unknown[] = [];
        await race(round, [
          async () => (byOperator = await storage.users.remove(user.id)),
          async () => (bySession = await outcomeOf(storage.users.removeOwn(refTo(user)))),
        ]);
        assert.deepEqual([byOperator, bySession], byOperator ? [true, 'token_revoked'] : [false, true]);
      }
    });

    it('change the password for one of two sessions, which ends the other', async () => {
      const { storage, clock } = await open();
      for (let round = 0; round < rounds; round++) {
        const user = await addUser(storage, { username: `user${round}` });
        for (const id of ['a', 'b']) await openSession(storage, aSessionOf(user, clock, { id }), user);
        const change = (id: string) =>
          outcomeOf(storage.users.changePasswordHash(refTo(user, id), user.passwordHash, id));
        let [a, b]: unknown[] = [];
        await race(round, [async () => (a = await change('a')), async () => (b = await change('b'))]);
        const [winner] = await storage.sessions.listOf(user.id);
        assert.deepEqual([a, b], winner?.id === 'a' ? [true, 'token_revoked'] : ['token_revoked', true]);
        assert.equal((await storage.users.find(user.id))?.passwordHash, winner?.id);
      }
    });

    it('never put the old password, rehashed, in the place of a new one', async () => {
      const { storage, clock } = await open();
      for (let round = 0; round < 2 * rounds; round++) {
        const user = await addUser(storage, { username: `user${round}` });
        await openSession(storage, aSessionOf(user, clock), user);
        let hasChanged = true;
        await race(round, [
          () => storage.users.replacePasswordHash(user.id, user.passwordHash, 'rehashed'),
          async () => {
            hasChanged = await (round % 4 < 2
              ? storage.users.setPasswordHash(user.id, 'new')
              : storage.users.changePasswordHash(refTo(user), user.passwordHash, 'new'));
          },
        ]);
        const { passwordHash } = (await storage.users.find(user.id)) ?? {};
        assert.equal(passwordHash, hasChanged ? 'new' : 'rehashed');
      }
    });

    const link = { digest: 'digest', expiresAt: 4e9 };
    const changes: Record<
      string,
      [change: (storage: Storage, user: User) => Promise<unknown>, to: Partial<User>]
    > = {
      'a rehashed password': [
        ({ users }, user) => users.replacePasswordHash(user.id, user.passwordHash, 'rehashed'),
        { passwordHash: 'rehashed' },
      ],
      'a password link': [({ users }, user) => users.setPasswordLink(user.id, link), { passwordLink: link }],
      'a deactivation': [({ users }, user) => users.deactivate(user.id), { active: false }],
    };
    const names = Object.entries(changes);
    for (const [index, [name, [change, to]]] of names.entries()) {
      for (const [otherName, [otherChange, otherTo]] of names.slice(index + 1)) {
        it(`are both kept: ${name} and ${otherName}`, async () => {
          const { storage } = await open();
          for (let round = 0; round < rounds; round++) {
            const user = await addUser(storage, { username: `user${round}` });
            await race(round, [() => change(storage, user), () => otherChange(storage, user)]);
            assert.deepEqual(await storage.users.find(user.id), { ...user, ...to, ...otherTo });
          }
        });
      }
    }

    it('keep a new password and a deactivation, an activation and a password link', async () => {
      const { storage } = await open();
      for (let round = 0; round < rounds; round++) {
        const user = await addUser(storage, { username: `user${round}` });
        await race(round, [
          () => storage.users.setPasswordHash(user.id, 'new'),
          () => storage.users.deactivate(user.id),
        ]);
        assert.deepEqual(await storage.users.find(user.id), { ...user, passwordHash: 'new', active: false });
        await race(round, [
          () => storage.users.activate(user.id),
          () => storage.users.setPasswordLink(user.id, link),
        ]);
        assert.deepEqual(await storage.users.find(user.id), {
          ...user,
          passwordHash: 'new',
          passwordLink: link,
        });
      }
    });

    it('never bring a removed user back', async () => {
      const { storage } = await open();
      const all: ((user: User) => Promise<unknown>)[] = [
        ...names.map(
          ([, [change]]) =>
            (user: User) =>
              change(storage, user),
        ),
        ({ id }) => storage.users.setPasswordHash(id, 'new'),
        ({ id }) => storage.users.activate(id),
        async (user) => {
          await storage.users.setPasswordLink(user.id, link);
          await storage.users.usePasswordLink(user.id, link.digest, 'new');
        },
      ];
      for (const [index, change] of all.entries()) {
        for (let round = 0; round < rounds; round++) {
          const user = await addUser(storage, { username: `user${index}-${round}` });
          await race(round, [() => change(user), () => storage.users.remove(user.id)]);
          assert.equal(await storage.users.find(user.id), undefined);
          assert.equal(await storage.users.findByName(user.username), undefined);
        }
      }
      assert.deepEqual(await storage.users.list({ after: 0, limit: 1000 }), []);
    });

    it('leave the link that was made last, used or not', async () => {
      const { storage } = await open();
      const second = { digest: 'second', expiresAt: 4e9 };
      for (let round = 0; round < rounds; round++) {
        const user = await addUser(storage, { username: `user${round}` });
        await storage.users.setPasswordLink(user.id, link);
        let isUsed = false;
        await race(round, [
          async () => (isUsed = await storage.users.usePasswordLink(user.id, 'digest', 'by link')),
          () => storage.users.setPasswordLink(user.id, second),
        ]);
        const passwordHash = isUsed ? 'by link' : user.passwordHash;
        assert.deepEqual(await storage.users.find(user.id), { ...user, passwordHash, passwordLink: second });
      }
    });

    it('leave full pages, whoever is removed or added while they are listed', async () => {
      const { storage } = await open();
      await inPortions(60, (index) => addUser(storage, { username: `user${index}` }));
      for (let round = 0; round < rounds; round++) {
        let users: readonly User[] = [];
        await race(round, [
          async () => (users = await storage.users.list({ after: 0, limit: 5 })),
          () => Promise.all([storage.users.remove(round * 2 + 1), storage.users.remove(round * 2 + 2)]),
        ]);
        assert.equal(users.length, 5);
        assert.ok(users.some(({ id }) => id === round * 2 + 3));
      }
    });

    it('let a name be taken by one user as soon as its user is gone, who keeps it', async () => {
      const { storage } = await open();
      for (let round = 0; round < rounds; round++) {
        const username = `user${round}`;
        const { id } = await addUser(storage, { username });
        const added: User[] = [];
        const removing = storage.users.remove(id);
        while ((await storage.users.find(id)) !== undefined);
        const user = await storage.users.add(aNewUser({ username }));
        if (user) added.push(user);
        await removing;
        assert.deepEqual([await storage.users.findByName(username)], added, 'the name was not free');
      }
    });
  });
}

/** Signs in so often that an end of a part of the sessions is seen. The last session is `kept`. */
async function signInOften(storage: Storage, clock: SettableClock): Promise<{ user: User; ids: string[] }> {
  const ids = Array.from({ length: 105 }, (_, index) => `session ${index}`);
  const { user } = await signIn(storage, clock, { id: ids[0] ?? '' });
  for (const id of [...ids.slice(1), 'kept']) {
    await openSession(storage, aSessionOf(user, clock, { id }), user);
  }
  return { user, ids };
}

function hasEnded({ sessions }: Storage, user: User, id = ''): () => Promise<boolean> {
  return async () => (await sessions.find(refTo(user, id))) === undefined;
}

/** What is gone with the user, besides sessions. */
function removalOf({ users, tasks }: Storage, { id, username }: User): Effects {
  return {
    'the end of the tasks': async () => (await tasks.summaryOf(id)).count === 0,
    'the end of the name': async () => (await users.findByName(username)) === undefined,
    'the end on the list': async () => (await users.list({ after: 0, limit: 10 })).length === 0,
  };
}
