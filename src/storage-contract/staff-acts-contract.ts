import assert from 'node:assert/strict';
import type { Storage } from '../application/ports/storage.js';
import { staffActs, type StaffAct } from '../domain/staff.js';
import type { User } from '../domain/user.js';
import {
  aSessionOf,
  addUser,
  createTask,
  openSession,
  refTo,
  signIn,
  signInWithUselessSessions,
} from './builders.js';
import { enders } from './ended-session.js';
import { outcomeOf, rejectionOf } from './rejection.js';
import type { SettableClock } from './settable-clock.js';
import { addAdministrator, anActOn, recordsOf, withoutId } from './staff-builders.js';
import type { Suite } from './suite.js';

/** What each act does. */
const does: Readonly<Record<StaffAct, (storage: Storage, userId: number) => Promise<unknown>>> = {
  activate: ({ users }, userId) => users.activate(userId),
  deactivate: ({ users }, userId) => users.deactivate(userId),
  end_sessions: ({ sessions }, userId) => sessions.endAllOf(userId),
  delete: ({ users }, userId) => users.remove(userId),
};

/** What every StaffRepository promises of what staff do. */
export function staffActsContract({ describe, it, open }: Suite): void {
  for (const act of staffActs) {
    describe(act, () => {
      it('does to the user what the other port does, and to nobody else', async () => {
        const { storage, clock } = await open();
        const { ref } = await addAdministrator(storage, clock);
        const [eve, bob, other] = [
          await addSubject(storage, clock, 'eve'),
          await addSubject(storage, clock, 'bob'),
          await addSubject(storage, clock, 'leo'),
        ];
        if (act === 'activate') for (const { id } of [eve, bob]) await storage.users.deactivate(id);
        const untouched = await accountOf(storage, other);
        await does[act](storage, eve.id);
        assert.equal(await storage.staff.act(ref, anActOn(bob, act)), true);
        const [done, expected] = [
          await everythingOf(storage, clock, bob),
          await everythingOf(storage, clock, eve),
        ];
        assert.deepEqual(done, expected);
        assert.deepEqual(await accountOf(storage, other), untouched);
        assert.notDeepEqual(done, await everythingOf(storage, clock, other));
        assert.notEqual(await storage.sessions.find(ref), undefined);
      });

      it('adds its record, once for each time that it is done, also where it changes nothing', async () => {
        const { storage, clock } = await open();
        const { ref } = await addAdministrator(storage, clock);
        const bob = await addSubject(storage, clock, 'bob');
        const record = anActOn(bob, act);
        assert.equal(await storage.staff.act(ref, record), true);
        const isThere = act !== 'delete';
        assert.equal(await storage.staff.act(ref, { ...record, at: record.at + 1 }), isThere);
        const records = (await recordsOf(storage)).map(withoutId);
        assert.deepEqual(records, [...(isThere ? [{ ...record, at: record.at + 1 }] : []), record]);
      });

      it('is false for nobody, and leaves no record', async () => {
        const { storage, clock } = await open();
        const { ref } = await addAdministrator(storage, clock);
        const removed = await addUser(storage, { username: 'bob' });
        await storage.users.remove(removed.id);
        for (const id of [removed.id, 99, 0]) {
          assert.equal(await storage.staff.act(ref, anActOn({ ...removed, id }, act)), false);
        }
        assert.deepEqual(await recordsOf(storage), []);
        assert.equal((await storage.users.list({ after: 0, limit: 10 })).length, 1);
      });

      it('is refused to a session that is not active, and then to users who are not staff, also for nobody', async () => {
        const { storage, clock } = await open();
        const { user, ref, others } = await signInWithUselessSessions(storage, clock);
        const bob = await addSubject(storage, clock, 'carl');
        const before = await accountOf(storage, bob);
        const nobody = { ...bob, id: 99 };
        for (const subject of [bob, nobody]) {
          const record = anActOn(subject, act);
          assert.equal(await rejectionOf(storage.staff.act(ref, record)), 'not_staff');
          for (const by of others)
            assert.equal(await rejectionOf(storage.staff.act(by, record)), 'token_revoked');
        }
        await addAdministrator(storage, clock);
        await storage.staff.add(user.id);
        for (const by of others) {
          for (const subject of [bob, nobody]) {
            assert.equal(await rejectionOf(storage.staff.act(by, anActOn(subject, act))), 'token_revoked');
          }
        }
        assert.deepEqual(await accountOf(storage, bob), before);
        assert.deepEqual(await recordsOf(storage), []);
      });

      it('is done to the own account, too', async () => {
        const { storage, clock } = await open();
        await addAdministrator(storage, clock);
        const bob = await addAdministrator(storage, clock, 'bob');
        assert.equal(await storage.staff.act(bob.ref, anActOn(bob.user, act)), true);
        const found = await storage.users.find(bob.user.id);
        assert.equal(
          found?.active,
          { activate: true, deactivate: false, end_sessions: true, delete: undefined }[act],
        );
        assert.equal((await storage.sessions.find(bob.ref)) !== undefined, act === 'activate');
        assert.equal(
          (await storage.staff.list()).length,
          act === 'activate' || act === 'end_sessions' ? 2 : 1,
        );
        assert.equal((await recordsOf(storage)).length, 1);
      });

      it('tells of the last administrator before everything else, if it takes the right', async () => {
        const { storage, clock } = await open();
        const { user, ref, others } = await signInWithUselessSessions(storage, clock);
        const ada = await addAdministrator(storage, clock);
        const takesRight = act === 'deactivate' || act === 'delete';
        const record = anActOn(ada.user, act);
        for (const by of others) {
          const refusal = takesRight ? 'last_administrator' : 'token_revoked';
          assert.equal(await rejectionOf(storage.staff.act(by, record)), refusal);
        }
        const refusal = takesRight ? 'last_administrator' : 'not_staff';
        assert.equal(await rejectionOf(storage.staff.act(ref, record)), refusal);
        await storage.staff.add(user.id);
        for (const by of others)
          assert.equal(await rejectionOf(storage.staff.act(by, record)), 'token_revoked');
        assert.deepEqual(await recordsOf(storage), []);
        assert.deepEqual(await storage.users.find(ada.user.id), ada.user);
        assert.equal(await storage.staff.act(ref, record), true);
      });

      it('is refused as soon as the right is taken away, and done again once it is given back', async () => {
        const { storage, clock } = await open();
        await addAdministrator(storage, clock);
        const bob = await addAdministrator(storage, clock, 'bob');
        const record = anActOn(await addSubject(storage, clock, 'carl'), act);
        const first = anActOn(await addSubject(storage, clock, 'dave'), act);
        assert.equal(await storage.staff.act(bob.ref, first), true);
        await storage.staff.remove(bob.user.id);
        assert.equal(await rejectionOf(storage.staff.act(bob.ref, record)), 'not_staff');
        await storage.staff.add(bob.user.id);
        assert.equal(await storage.staff.act(bob.ref, record), true);
      });
    });
  }

  it('does nothing after the session has ended, however that came about', async () => {
    const { storage, clock } = await open();
    await addAdministrator(storage, clock);
    const bob = await addSubject(storage, clock, 'bob');
    const before = await accountOf(storage, bob);
    for (const [index, end] of enders.entries()) {
      const { user, ref } = await addAdministrator(storage, clock, `user${index}`);
      const other = refTo(user, 'other');
      await openSession(storage, aSessionOf(user, clock, { id: 'other' }), user);
      await end(storage, ref, other, user);
      for (const act of staffActs) {
        const outcome = await outcomeOf(storage.staff.act(ref, anActOn(bob, act)));
        assert.equal(outcome, 'token_revoked', end.toString());
      }
    }
    assert.deepEqual(await recordsOf(storage), []);
    assert.deepEqual(await accountOf(storage, bob), before);
  });
}

/** Adds a user of whom there is something that acts change. */
async function addSubject(storage: Storage, clock: SettableClock, username: string): Promise<User> {
  const { user, ref } = await signIn(storage, clock, { id: username }, username);
  await openSession(storage, aSessionOf(user, clock, { id: `second ${username}` }), user);
  await createTask(storage, ref);
  return user;
}

/** What acts may change of a user, without what differs between two users. */
async function accountOf({ users, sessions, tasks }: Storage, { id, username }: User) {
  const { id: _, username: __, passwordHash: ___, ...account } = (await users.find(id)) ?? {};
  return {
    account,
    isFound: (await users.findByName(username)) !== undefined,
    sessions: (await sessions.listOf(id)).length,
    tasks: await tasks.summaryOf(id),
  };
}

/** The same, and whether a session from before now is still adopted, which is then another session. */
async function everythingOf(storage: Storage, clock: SettableClock, user: User) {
  const account = await accountOf(storage, user);
  const openedAt = Math.floor(clock.now()) - 60;
  const old = aSessionOf(user, clock, { id: `old ${user.username}`, openedAt, lastUsedAt: openedAt });
  return { ...account, adopts: await storage.sessions.adopt(old) };
}
