import assert from 'node:assert/strict';
import type { Storage } from '../application/ports/storage.js';
import type { Session } from '../domain/session.js';
import type { User } from '../domain/user.js';
import { addUser, aGenerationAt, aSessionOf, openSession, presented, refTo } from './builders.js';
import { concurrently, race } from './concurrency.js';
import type { SettableClock } from './settable-clock.js';
import type { Suite } from './suite.js';

/** An id as Simple JWT makes them. */
const legacyId = (number: number): string => number.toString(16).padStart(32, '0');

/** The session of a token that was issued now. */
function aLegacySession(user: Pick<User, 'id'>, clock: SettableClock, number = 1, lifetime = 3600): Session {
  const id = legacyId(number);
  const current = aGenerationAt(clock, id, lifetime);
  return { id, userId: user.id, openedAt: current.issuedAt, lastUsedAt: current.issuedAt, current };
}

/** What ends all sessions of a user, or all but `by`. The functions that take a session need one. */
const endings: Readonly<Record<string, (storage: Storage, user: User, by: string) => Promise<unknown>>> = {
  'an end of all sessions by one of them': ({ sessions }, user, by) => sessions.endAll(refTo(user, by)),
  'an end of all sessions by the operator': ({ sessions }, { id }) => sessions.endAllOf(id),
  'a deactivation': async ({ users }, { id }) => {
    await users.deactivate(id);
    await users.activate(id);
  },
  'a new password by the operator': ({ users }, { id }) => users.setPasswordHash(id, 'new'),
  'a new password by a session': ({ users }, user, by) =>
    users.changePasswordHash(refTo(user, by), user.passwordHash, 'new'),
  'a new password by a link': async ({ users }, { id, createdAt }) => {
    await users.setPasswordLink(id, { digest: 'digest', expiresAt: createdAt + 10_000_000_000 });
    await users.usePasswordLink(id, 'digest', 'new');
  },
};

/** What every SessionRepository promises of tokens that the replaced backend has issued. */
export function sessionAdoptionContract({ describe, it, open }: Suite): void {
  it('opens the session of a token with its own id and times, and once', async () => {
    const { storage, clock } = await open();
    const user = await addUser(storage);
    const session = aLegacySession(user, clock);
    assert.equal(await storage.sessions.adopt(session), true);
    assert.deepEqual(await storage.sessions.find(refTo(user, session.id)), session);
    assert.equal(await storage.sessions.adopt(session), false);
    assert.deepEqual(await storage.sessions.list(refTo(user, session.id)), [session]);
  });

  it('opens it in exactly one of twenty concurrent calls', async () => {
    const { storage, clock } = await open();
    const user = await addUser(storage);
    const opened = await concurrently(20, () => storage.sessions.adopt(aLegacySession(user, clock)));
    assert.equal(opened.filter(Boolean).length, 1);
  });

  it('opens a session for each token, as many as there are, in the order of their times', async () => {
    const { storage, clock } = await open();
    const user = await addUser(storage);
    const numbers = Array.from({ length: 120 }, (_, index) => index + 1);
    for (const number of numbers) {
      if (number % 40 === 0) clock.advance(1);
      assert.equal(await storage.sessions.adopt(aLegacySession(user, clock, number)), true);
    }
    const listed = await storage.sessions.listOf(user.id);
    assert.deepEqual(
      listed.map(({ id }) => id),
      numbers.map(legacyId),
    );
  });

  it('lets an adopted session be rotated, with grace and reuse, and does not set it back', async () => {
    const { storage, clock } = await open();
    const user = await addUser(storage);
    const session = aLegacySession(user, clock);
    const ref = refTo(user, session.id);
    await storage.sessions.adopt(session);
    clock.advance(100);
    const next = aGenerationAt(clock, 'next');
    const request = { presented: presented(session.id, session.openedAt), next, grace: 10 };
    assert.notEqual(await storage.sessions.rotate(ref, request), 'gone');
    assert.equal(await storage.sessions.adopt(session), false);
    assert.deepEqual((await storage.sessions.find(ref))?.current, next);
    clock.advance(10);
    assert.equal(
      await storage.sessions.rotate(ref, { ...request, next: aGenerationAt(clock, 'third') }),
      'reused',
    );
    assert.equal(await storage.sessions.adopt(session), false);
    assert.equal(await storage.sessions.find(ref), undefined);
  });

  it('does not open again what has ended, until it would have expired', async () => {
    const { storage, clock } = await open();
    const user = await addUser(storage);
    await openSession(
      storage,
      aSessionOf(user, clock, { current: aGenerationAt(clock, 'first', 10_000) }),
      user,
    );
    const [one, other] = [aLegacySession(user, clock, 1), aLegacySession(user, clock, 2)];
    await storage.sessions.adopt(one);
    await storage.sessions.adopt(other);
    assert.equal(await storage.sessions.end(refTo(user, one.id)), true);
    assert.equal(await storage.sessions.endOther(refTo(user), other.id), true);
    for (const seconds of [0, 1, 3598, 1, 1]) {
      clock.advance(seconds);
      for (const session of [one, other]) {
        assert.equal(await storage.sessions.adopt(session), false);
        assert.equal(await storage.sessions.find(refTo(user, session.id)), undefined);
      }
    }
  });

  it('does not open again what has ended weeks ago and would still last', async () => {
    const { storage, clock } = await open();
    const user = await addUser(storage);
    const session = aLegacySession(user, clock, 1, 30 * 86_400);
    await storage.sessions.adopt(session);
    await storage.sessions.end(refTo(user, session.id));
    clock.advance(29 * 86_400);
    assert.equal(await storage.sessions.adopt(session), false);
  });

  it('does not open again what a sign-in over the limit has ended', async () => {
    const { storage, clock } = await open();
    const user = await addUser(storage);
    const session = aLegacySession(user, clock);
    await storage.sessions.adopt(session);
    clock.advance(1);
    assert.equal(await storage.sessions.open(aSessionOf(user, clock), user.passwordHash, 1), 1);
    assert.equal(await storage.sessions.adopt(session), false);
    assert.equal(await storage.sessions.find(refTo(user, session.id)), undefined);
  });

  it('opens nothing that has expired', async () => {
    const { storage, clock } = await open();
    const user = await addUser(storage);
    const session = aLegacySession(user, clock, 1, 60);
    clock.advance(60);
    assert.equal(await storage.sessions.adopt(session), false);
    assert.equal(await storage.sessions.find(refTo(user, session.id)), undefined);
  });

  it('opens nothing for a user who is missing, was removed or is inactive', async () => {
    const { storage, clock } = await open();
    const [inactive, removed] = [await addUser(storage), await addUser(storage, { username: 'bob' })];
    await storage.users.deactivate(inactive.id);
    await storage.users.remove(removed.id);
    clock.advance(10);
    for (const [index, user] of [inactive, removed, { id: 99 }].entries()) {
      const session = aLegacySession(user, clock, index);
      assert.equal(await storage.sessions.adopt(session), false);
      assert.equal(await storage.sessions.find(refTo(user, session.id)), undefined);
    }
  });

  it('opens nothing for a token that is older than the account, to the second', async () => {
    const { storage, clock } = await open();
    const user = await addUser(storage, { createdAt: clock.now() + 0.75 });
    const session = aLegacySession(user, clock);
    assert.equal(await storage.sessions.adopt(session), true);
    const older = { ...aLegacySession(user, clock, 2), openedAt: session.openedAt - 1 };
    assert.equal(await storage.sessions.adopt(older), false);
  });

  for (const [what, end] of Object.entries(endings)) {
    describe(`after ${what}`, () => {
      it('opens nothing for tokens that were issued before or in the same second, but for later ones', async () => {
        const { storage, clock } = await open();
        const user = await addUser(storage);
        const session = await openSession(storage, aSessionOf(user, clock), user);
        const older = aLegacySession(user, clock, 1);
        const adopted = aLegacySession(user, clock, 2);
        await storage.sessions.adopt(adopted);
        clock.advance(10.5);
        const sameSecond = aLegacySession(user, clock, 3);
        await end(storage, user, session.id);
        clock.advance(1);
        for (const each of [older, adopted, sameSecond]) {
          assert.equal(await storage.sessions.adopt(each), false);
          assert.equal(await storage.sessions.find(refTo(user, each.id)), undefined);
        }
        assert.equal(await storage.sessions.adopt(aLegacySession(user, clock, 4)), true);
      });

      it('opens nothing in a race with it', async () => {
        const { storage, clock } = await open();
        for (let round = 0; round < 30; round++) {
          const user = await addUser(storage, { username: `user${round}` });
          const session = await openSession(storage, aSessionOf(user, clock), user);
          const legacy = aLegacySession(user, clock, round);
          await race(round, [() => storage.sessions.adopt(legacy), () => end(storage, user, session.id)]);
          assert.equal(await storage.sessions.find(refTo(user, legacy.id)), undefined);
        }
      });
    });
  }

  it('opens nothing in a race with a removal of the user', async () => {
    const { storage, clock } = await open();
    for (let round = 0; round < 30; round++) {
      const user = await addUser(storage, { username: `user${round}` });
      const legacy = aLegacySession(user, clock, round);
      await race(round, [() => storage.sessions.adopt(legacy), () => storage.users.remove(user.id)]);
      assert.equal(await storage.sessions.find(refTo(user, legacy.id)), undefined);
      assert.deepEqual(await storage.sessions.listOf(user.id), []);
    }
  });

  it('opens nothing for tokens that were issued before, even if there was no session to be ended', async () => {
    const { storage, clock } = await open();
    for (const [what, end] of Object.entries(endings).filter(([, { length }]) => length === 2)) {
      const user = await addUser(storage, { username: what });
      const session = aLegacySession(user, clock, user.id);
      clock.advance(1);
      await end(storage, user, 'none');
      assert.equal(await storage.sessions.adopt(session), false, what);
    }
  });

  it('opens nothing for tokens from between two ends of all sessions', async () => {
    const { storage, clock } = await open();
    const user = await addUser(storage);
    await storage.sessions.endAllOf(user.id);
    clock.advance(10);
    const session = aLegacySession(user, clock);
    clock.advance(10);
    await storage.sessions.endAllOf(user.id);
    assert.equal(await storage.sessions.adopt(session), false);
  });

  it('opens nothing again that has ended with all others, whose token was issued by a clock that is ahead', async () => {
    const { storage, clock } = await open();
    const user = await addUser(storage);
    const session = { ...aLegacySession(user, clock), openedAt: Math.floor(clock.now()) + 3 };
    assert.equal(await storage.sessions.adopt(session), true);
    await storage.sessions.endAllOf(user.id);
    assert.equal(await storage.sessions.adopt(session), false);
    assert.equal(await storage.sessions.find(refTo(user, session.id)), undefined);
  });

  it('goes on after what ends no session, or not all of them', async () => {
    const { storage, clock } = await open();
    const harmless: Readonly<Record<string, (user: User) => Promise<unknown>>> = {
      'a rehashed password': (user) => storage.users.replacePasswordHash(user.id, user.passwordHash, 'new'),
      'an activation': (user) => storage.users.activate(user.id),
      'a password link': (user) => storage.users.setPasswordLink(user.id, { digest: 'd', expiresAt: 4e9 }),
      'a logout': (user) => storage.sessions.end(refTo(user, 'one')),
      'an end of another session': (user) => storage.sessions.endOther(refTo(user, 'one'), 'two'),
      'a reused token': (user) =>
        storage.sessions.rotate(refTo(user, 'one'), {
          presented: presented('reused'),
          next: aGenerationAt(clock, 'next'),
          grace: 0,
        }),
      'a sign-in over the limit': (user) =>
        storage.sessions.open(aSessionOf(user, clock, { id: 'three' }), user.passwordHash, 1),
    };
    for (const [what, act] of Object.entries(harmless)) {
      const user = await addUser(storage, { username: what });
      for (const id of ['one', 'two']) await openSession(storage, aSessionOf(user, clock, { id }), user);
      const session = aLegacySession(user, clock, user.id);
      await act(user);
      assert.equal(await storage.sessions.adopt(session), true, what);
    }
  });

  it('leaves other users and their sessions alone', async () => {
    const { storage, clock } = await open();
    const [alice, bob] = [await addUser(storage), await addUser(storage, { username: 'bob' })];
    await storage.sessions.endAllOf(bob.id);
    const session = aLegacySession(alice, clock);
    assert.equal(await storage.sessions.adopt(session), true);
    assert.equal(await storage.sessions.find(refTo(bob, session.id)), undefined);
  });
}
