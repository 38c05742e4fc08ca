import assert from 'node:assert/strict';
import type { SessionRef } from '../application/ports/session-repository.js';
import type { Storage } from '../application/ports/storage.js';
import type { UserRepository } from '../application/ports/user-repository.js';
import type { Session } from '../domain/session.js';
import { assertIncludes, assertSameMembers } from './assertions.js';
import { rejectionOf } from './rejection.js';
import {
  aGenerationAt,
  aSessionOf,
  activeOf,
  addUser,
  openSession,
  openSessionsLasting,
  presented,
  refTo,
  rotation,
  signIn,
  signInWithUselessSessions,
} from './builders.js';
import { concurrently, race } from './concurrency.js';
import type { Suite } from './suite.js';

const strict = 0;
const rounds = 60;

/** What every SessionRepository promises. */
export function sessionRepositoryContract({ describe, it, open }: Suite): void {
  describe('opening', () => {
    it('opens a session for an active user with the checked password hash', async () => {
      const { storage, clock } = await open();
      const user = await addUser(storage);
      const session = aSessionOf(user, clock);
      assert.equal(await storage.sessions.open(session, user.passwordHash, Infinity), 0);
      assert.deepEqual(await storage.sessions.find(refTo(user, session.id)), session);
    });

    it('opens no session for an inactive, removed or unknown user', async () => {
      const { storage, clock } = await open();
      const [inactive, removed] = [await addUser(storage), await addUser(storage, { username: 'bob' })];
      await storage.users.deactivate(inactive.id);
      await storage.users.remove(removed.id);
      for (const user of [inactive, removed, { ...removed, id: 99 }]) {
        assert.equal(
          await storage.sessions.open(aSessionOf(user, clock), user.passwordHash, Infinity),
          undefined,
        );
        assert.equal(await storage.sessions.find(refTo(user, 'session')), undefined);
      }
    });

    it('opens no session with a password hash that is not the stored one', async () => {
      const { storage, clock } = await open();
      const user = await addUser(storage);
      await storage.users.setPasswordHash(user.id, 'new');
      assert.equal(
        await storage.sessions.open(aSessionOf(user, clock), user.passwordHash, Infinity),
        undefined,
      );
      assert.equal(await storage.sessions.find(refTo(user, 'session')), undefined);
    });

    it('opens a session that is active until it expires or ends', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      const isLive = async (id = session.id, userId = user.id) =>
        (await storage.sessions.find({ userId: userId, sessionId: id })) !== undefined;
      assert.deepEqual(await Promise.all([isLive(), isLive('unknown'), isLive(session.id, 99)]), [
        true,
        false,
        false,
      ]);
      const next = aGenerationAt(clock, 'second', 60);
      await storage.sessions.rotate(refTo(user, session.id), {
        presented: presented(session.current.id),
        next,
        grace: strict,
      });
      assert.equal(await isLive(), true);
      clock.advance(59);
      assert.equal(await isLive(), true);
      clock.advance(1);
      assert.equal(await isLive(), false);

      const another = aSessionOf(user, clock, { id: 'another' });
      await openSession(storage, another, user);
      assert.equal(await isLive(another.id), true);
      await storage.sessions.end(refTo(user, another.id));
      assert.equal(await isLive(another.id), false);
    });

    it('keeps a session for its whole lifetime, even if the clock is off by an hour or a day', async () => {
      for (const offset of [-3600, 3600, -86_400, 86_400]) {
        const { storage, clock } = await open();
        clock.advance(offset);
        const user = await addUser(storage);
        const current = aGenerationAt(clock, 'first', 60);
        const session = aSessionOf(user, clock, { current });
        await storage.sessions.open(session, user.passwordHash, Infinity);
        clock.advance(59);
        assert.deepEqual(await storage.sessions.find(refTo(user, session.id)), session);
        clock.advance(1);
        assert.equal(await storage.sessions.find(refTo(user, session.id)), undefined);
      }
    });

    it('leaves the other sessions of the user open at a sign-in', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      const another = await openSession(storage, aSessionOf(user, clock, { id: 'another' }), user);
      assert.deepEqual(await storage.sessions.find(refTo(user, session.id)), session);
      assert.deepEqual(await storage.sessions.find(refTo(user, another.id)), another);
    });

    it('opens a hundred sessions concurrently', async () => {
      const { storage, clock } = await open();
      const user = await addUser(storage);
      await concurrently(100, (index) =>
        openSession(storage, aSessionOf(user, clock, { id: `${index}` }), user),
      );
      const held = await concurrently(100, (index) => storage.sessions.find(refTo(user, `${index}`)));
      assert.deepEqual(
        held.filter((session) => session === undefined),
        [],
      );
    });
  });

  describe('opening more than there may be', () => {
    it('ends the least recently used session over the limit, and returns how many it ended', async () => {
      const { storage, clock } = await open();
      const user = await addUser(storage);
      const openAnother = (id: string) =>
        storage.sessions.open(aSessionOf(user, clock, { id }), user.passwordHash, 3);
      for (const id of ['first', 'second', 'third']) {
        assert.equal(await openAnother(id), 0);
        clock.advance(1);
      }
      const next = aGenerationAt(clock, 'next');
      await storage.sessions.rotate(refTo(user, 'first'), {
        presented: presented('first'),
        next,
        grace: strict,
      });
      await storage.sessions.touch(refTo(user, 'third'), clock.now());
      assert.equal(await openAnother('fourth'), 1);
      assert.deepEqual(await idsOf(storage, refTo(user, 'first')), ['first', 'third', 'fourth']);
      clock.advance(1);
      await storage.sessions.touch(refTo(user, 'first'), clock.now());
      assert.equal(await openAnother('fifth'), 1);
      assert.deepEqual(await idsOf(storage, refTo(user, 'first')), ['first', 'fourth', 'fifth']);
    });

    it('ends the session that was opened first among those last used in the same second', async () => {
      const { storage, clock } = await open();
      const user = await addUser(storage);
      const ids = Array.from({ length: 30 }, (_, index) => `${(index * 7) % 30}`);
      for (const id of ids) {
        await storage.sessions.open(aSessionOf(user, clock, { id }), user.passwordHash, 20);
      }
      assert.deepEqual(await idsOf(storage, refTo(user, ids.at(-1))), ids.slice(10));
    });

    it('compares the times of the last use as numbers, and the number of sessions with any limit', async () => {
      const { storage, clock } = await open();
      const user = await addUser(storage);
      for (const lastUsedAt of [1_000_000_001, 999_999_999, 1_000_000_000]) {
        const session = aSessionOf(user, clock, { id: `${lastUsedAt}`, openedAt: 999_999_999, lastUsedAt });
        assert.equal(await storage.sessions.open(session, user.passwordHash, 2 ** 32), 0);
      }
      assert.equal(await storage.sessions.open(aSessionOf(user, clock), user.passwordHash, 3), 1);
      const left = await activeOf(storage, user, ['999999999', '1000000000', '1000000001']);
      assert.deepEqual(left, ['1000000000', '1000000001']);
    });

    it('ends several sessions at once after the limit was lowered', async () => {
      const { storage, clock } = await open();
      const user = await addUser(storage);
      for (const id of ['1', '2', '3', '4', '5']) {
        await openSession(storage, aSessionOf(user, clock, { id }), user);
        clock.advance(1);
      }
      const sixth = aSessionOf(user, clock, { id: '6' });
      assert.equal(await storage.sessions.open(sixth, user.passwordHash, 2), 4);
      assert.deepEqual(await idsOf(storage, refTo(user, '6')), ['5', '6']);
    });

    it('ends no session over the limit while expired ones make room', async () => {
      const { storage, clock } = await open();
      const user = await addUser(storage);
      await openSessionsLasting(storage, clock, user, { long: 9000, short: 100 });
      clock.advance(100);
      await storage.sessions.open(aSessionOf(user, clock, { id: 'new' }), user.passwordHash, 2);
      assert.deepEqual(await idsOf(storage, refTo(user, 'new')), ['long', 'new']);
    });

    it('ends no session of another user, and none when no session is opened', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      const bob = await addUser(storage, { username: 'bob' });
      await storage.sessions.open(aSessionOf(bob, clock, { id: 'bobs' }), bob.passwordHash, 1);
      await storage.sessions.open(aSessionOf(user, clock, { id: 'refused' }), 'another hash', 1);
      assert.deepEqual(await idsOf(storage, refTo(user)), [session.id]);
      assert.deepEqual(await idsOf(storage, refTo(bob, 'bobs')), ['bobs']);
    });

    it('leaves exactly as many sessions as the limit allows after fifty concurrent sign-ins', async () => {
      const { storage, clock } = await open();
      const user = await addUser(storage);
      const opened = await concurrently(50, (index) =>
        storage.sessions.open(aSessionOf(user, clock, { id: `${index}` }), user.passwordHash, 7),
      );
      assertSameMembers(opened, [...Array<number>(7).fill(0), ...Array<number>(43).fill(1)]);
      const ids = Array.from({ length: 50 }, (_, index) => `${index}`);
      const left = await activeOf(storage, user, ids);
      assert.equal(left.length, 7);
      assertSameMembers(await idsOf(storage, refTo(user, left[0])), left);
    });
  });

  describe('listing', () => {
    it('lists the active sessions of the user in the order in which they were opened', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      clock.advance(1);
      const second = await openSession(storage, aSessionOf(user, clock, { id: '2' }), user);
      clock.advance(1);
      await openSessionsLasting(storage, clock, user, { expired: 60 });
      await openSession(storage, aSessionOf(user, clock, { id: 'ended' }), user);
      await storage.sessions.end(refTo(user, 'ended'));
      const bob = await addUser(storage, { username: 'bob' });
      await openSession(storage, aSessionOf(bob, clock, { id: 'bobs' }), bob);
      clock.advance(60);
      const next = aGenerationAt(clock, 'next');
      const rotated = await storage.sessions.rotate(refTo(user, session.id), {
        presented: presented('first'),
        next,
        grace: strict,
      });
      assert.deepEqual(await storage.sessions.list(refTo(user)), [rotated, second]);
      assert.deepEqual(await storage.sessions.listOf(user.id), await storage.sessions.list(refTo(user, '2')));
      assert.deepEqual(await storage.sessions.listOf(99), []);
    });

    it('lists sessions that were opened within one second in the order in which they were', async () => {
      const { storage, clock } = await open();
      const user = await addUser(storage);
      const ids = Array.from({ length: 200 }, (_, index) => `${(index * 77) % 200}`);
      for (const id of ids) await openSession(storage, aSessionOf(user, clock, { id }), user);
      // Whatever becomes of one of them.
      await storage.sessions.touch(refTo(user, '77'), clock.now() + 60);
      const next = aGenerationAt(clock, 'next');
      await storage.sessions.rotate(refTo(user, '0'), { presented: presented('first'), next, grace: strict });
      await storage.sessions.end(refTo(user, '154'));
      assert.deepEqual(
        await idsOf(storage, refTo(user, '0')),
        ids.filter((id) => id !== '154'),
      );
    });

    it('lists nothing for a session that has ended, has expired, is unknown, or is another user’s', async () => {
      const { storage, clock } = await open();
      const { others } = await signInWithUselessSessions(storage, clock);
      for (const by of [...others, { userId: 99, sessionId: 'session' }]) {
        assert.equal(await rejectionOf(storage.sessions.list(by)), 'token_revoked');
      }
    });
  });

  describe('where a session was opened from', () => {
    for (const address of ['192.0.2.1', '2001:db8:0:0::/64', '2001:db8::1', 'an odd@name, with blanks']) {
      it(`is kept as ${address}, through a rotation as well`, async () => {
        const { storage, clock } = await open();
        const { user, session } = await signIn(storage, clock, { address });
        assert.deepEqual(await storage.sessions.find(refTo(user, session.id)), session);
        await storage.sessions.rotate(refTo(user, session.id), {
          presented: presented('first'),
          next: aGenerationAt(clock, 'next'),
          grace: strict,
        });
        assertIncludes(await storage.sessions.find(refTo(user, session.id)), { address });
      });
    }
  });

  describe('when a session was last used', () => {
    it('is the time of the last rotation', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      clock.advance(60);
      await storage.sessions.rotate(refTo(user, session.id), {
        presented: presented('first'),
        next: aGenerationAt(clock, 'next'),
        grace: strict,
      });
      assertIncludes(await storage.sessions.find(refTo(user, session.id)), { lastUsedAt: clock.now() });
    });

    it('does not change in a rotation after the clock was set back', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock, { address: '192.0.2.1' });
      clock.advance(-60);
      const next = aGenerationAt(clock, 'next');
      const rotated = await storage.sessions.rotate(refTo(user, session.id), {
        presented: presented('first'),
        next,
        grace: strict,
      });
      assert.deepEqual(rotated, { ...session, current: next });
      assert.deepEqual(await storage.sessions.find(refTo(user, session.id)), rotated);
    });

    it('is recorded by a touch, which changes nothing else', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock, { address: '192.0.2.1' });
      clock.advance(60);
      await storage.sessions.touch(refTo(user, session.id), clock.now());
      const held = await storage.sessions.find(refTo(user, session.id));
      assert.deepEqual(held, { ...session, lastUsedAt: clock.now() });
    });

    it('never moves back in time', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      const [now, later] = [clock.now(), clock.now() + 100];
      await concurrently(20, (index) => storage.sessions.touch(refTo(user, session.id), later - index));
      await storage.sessions.touch(refTo(user, session.id), now + 1);
      assert.deepEqual(await storage.sessions.find(refTo(user, session.id)), {
        ...session,
        lastUsedAt: later,
      });
    });

    it('is not recorded for a session that has ended, has expired or is unknown', async () => {
      const { storage, clock } = await open();
      const { user } = await signIn(storage, clock, { id: 'ended' });
      await storage.sessions.end(refTo(user, 'ended'));
      await openSessionsLasting(storage, clock, user, { expired: 60 });
      clock.advance(60);
      const ids = ['ended', 'expired', 'unknown'];
      for (const id of ids) await storage.sessions.touch(refTo(user, id), clock.now());
      assert.deepEqual(await activeOf(storage, user, ids), []);
    });

    it('and a rotation at the same time are both recorded', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      const later = clock.now() + 100;
      for (let round = 0; round < rounds; round++) {
        const from = round === 0 ? 'first' : `next-${round - 1}`;
        const next = { ...aGenerationAt(clock, `next-${round}`), issuedAt: later + round };
        await race(round, [
          () => storage.sessions.touch(refTo(user, session.id), later + round - 1),
          () =>
            storage.sessions.rotate(refTo(user, session.id), {
              presented: presented(from),
              next,
              grace: strict,
            }),
        ]);
        const held = await storage.sessions.find(refTo(user, session.id));
        assertIncludes(held, { current: next, lastUsedAt: later + round });
      }
    });
  });

  describe('finding', () => {
    it('returns none for an id that was never opened', async () => {
      const { storage, clock } = await open();
      const { user } = await signIn(storage, clock);
      assert.equal(await storage.sessions.find(refTo(user, 'unknown')), undefined);
    });

    it('finds no session of another user', async () => {
      const { storage, clock } = await open();
      const { session } = await signIn(storage, clock);
      const bob = await addUser(storage, { username: 'bob' });
      assert.equal(await storage.sessions.find(refTo(bob, session.id)), undefined);
    });

    it('returns a session as it was then, whatever happens to it later', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      const found = await storage.sessions.find(refTo(user, session.id));
      const then = structuredClone(found);
      await storage.sessions.rotate(refTo(user, session.id), {
        presented: presented('first'),
        next: aGenerationAt(clock, 'second'),
        grace: strict,
      });
      assert.deepEqual(found, then);
      assert.deepEqual(session, then);
    });
  });

  describe('an expired session', () => {
    it('counts an expired session as missing, from the second of its expiry on', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      clock.advance(3599.5);
      assert.deepEqual(await storage.sessions.find(refTo(user, session.id)), session);
      clock.advance(0.5);
      assert.equal(await storage.sessions.find(refTo(user, session.id)), undefined);
      const next = aGenerationAt(clock, 'second');
      assert.equal(await storage.sessions.rotate(refTo(user, session.id), rotation('first', next)), 'gone');
      assert.equal(await storage.sessions.end(refTo(user, session.id)), false);
      assert.equal(await storage.sessions.find(refTo(user, session.id)), undefined);
    });

    it('keeps sessions that last longer when others expire, whichever was opened first', async () => {
      const { storage, clock } = await open();
      const user = await addUser(storage);
      const lifetimes = { long: 9000, short: 100, longer: 9000, shorter: 50 };
      await openSessionsLasting(storage, clock, user, lifetimes);
      clock.advance(100);
      await openSession(storage, aSessionOf(user, clock, { id: 'new' }), user);
      const held = await Promise.all(
        ['long', 'short', 'longer', 'shorter', 'new'].map((id) => storage.sessions.find(refTo(user, id))),
      );
      assert.deepEqual(
        held.map((session) => session?.id),
        ['long', undefined, 'longer', undefined, 'new'],
      );
    });
  });

  describe('rotating', () => {
    it('makes the next refresh token the current one, and returns the resulting session', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      clock.advance(60.5);
      const next = aGenerationAt(clock, 'second');
      const rotated = await storage.sessions.rotate(refTo(user, session.id), {
        presented: presented('first'),
        next,
        grace: strict,
      });
      assert.deepEqual(rotated, { ...session, lastUsedAt: next.issuedAt, current: next });
      assert.deepEqual(await storage.sessions.find(refTo(user, session.id)), rotated);
    });

    it('rotates each new refresh token in turn', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      for (const [from, to] of [
        ['first', 'second'],
        ['second', 'third'],
        ['third', 'fourth'],
      ] as const) {
        const next = aGenerationAt(clock, to);
        const rotated = await storage.sessions.rotate(refTo(user, session.id), {
          presented: presented(from),
          next,
          grace: strict,
        });
        assert.equal(currentOf(rotated), to);
      }
    });

    it('lets a rotated session last as long as its new refresh token, longer or shorter than before', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      const longer = aGenerationAt(clock, 'second', 7200);
      await storage.sessions.rotate(refTo(user, session.id), {
        presented: presented('first'),
        next: longer,
        grace: strict,
      });
      clock.advance(7199);
      assert.equal(currentOf(await storage.sessions.find(refTo(user, session.id))), 'second');
      const shorter = aGenerationAt(clock, 'third', 1);
      await storage.sessions.rotate(refTo(user, session.id), {
        presented: presented('second'),
        next: shorter,
        grace: strict,
      });
      clock.advance(1);
      assert.equal(await storage.sessions.find(refTo(user, session.id)), undefined);
    });

    it('returns the current token for every token that was rotated out within the grace time', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock, { address: '192.0.2.1' });
      const rotate = (from: string, to: string, grace = 10) =>
        storage.sessions.rotate(refTo(user, session.id), {
          presented: presented(from),
          next: aGenerationAt(clock, to),
          grace,
        });
      const rotatedOut = [];
      let from = session.current;
      for (const to of ['second', 'third', 'fourth']) {
        clock.advance(1.125);
        rotatedOut.push({ id: from.id, issuedAt: from.issuedAt, rotatedAt: clock.now() });
        await rotate(from.id, to);
        from = aGenerationAt(clock, to);
      }
      const held = { ...session, lastUsedAt: from.issuedAt, current: from, rotatedOut };
      assert.deepEqual(await storage.sessions.find(refTo(user, session.id)), held);
      clock.advance(7.5);
      for (const id of ['first', 'second', 'third']) assert.deepEqual(await rotate(id, 'fifth'), held);
      clock.advance(2.25);
      assert.deepEqual(await rotate('third', 'fifth'), held);
      assert.equal(await rotate('second', 'fifth'), 'reused');
      assert.equal(await storage.sessions.find(refTo(user, session.id)), undefined);
      assert.equal(await rotate('fourth', 'fifth'), 'gone');
    });

    it('returns the current token for one that was issued within the grace time, without a record of it', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      const rotated = await storage.sessions.rotate(refTo(user, session.id), {
        presented: presented('first'),
        next: aGenerationAt(clock, 'second'),
        grace: strict,
      });
      clock.advance(9);
      const rotate = (issuedAt: number) =>
        storage.sessions.rotate(refTo(user, session.id), {
          presented: presented('unknown', issuedAt),
          next: aGenerationAt(clock, 'third'),
          grace: 10,
        });
      assert.deepEqual(await rotate(clock.now() - 9), rotated);
      assert.equal(await rotate(clock.now() - 10), 'reused');
      assert.equal(await storage.sessions.find(refTo(user, session.id)), undefined);
    });

    it('remembers 64 rotated-out tokens, in few bytes each', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      const day = 86_400;
      let from = 'first';
      for (let step = 0; step < 100; step++) {
        clock.advance(5);
        const next = aGenerationAt(clock, `token-${step}`);
        await storage.sessions.rotate(refTo(user, session.id), {
          presented: presented(from),
          next,
          grace: day,
        });
        from = next.id;
      }
      const held = await storage.sessions.find(refTo(user, session.id));
      assert.deepEqual(
        held?.rotatedOut?.map(({ id }) => id),
        Array.from({ length: 64 }, (_, index) => `token-${index + 35}`),
      );
      const again = aGenerationAt(clock, 'another');
      assert.deepEqual(
        await storage.sessions.rotate(refTo(user, session.id), {
          presented: presented('token-35'),
          next: again,
          grace: day,
        }),
        held,
      );
    });

    it('ends no other session of the user when a token is reused', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      const another = await openSession(storage, aSessionOf(user, clock, { id: 'another' }), user);
      await storage.sessions.rotate(refTo(user, session.id), {
        presented: presented('unknown'),
        next: aGenerationAt(clock, 'second'),
        grace: strict,
      });
      assert.deepEqual(await storage.sessions.find(refTo(user, another.id)), another);
    });

    it("rotates no session that has ended, is unknown, or is another user's", async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      const bob = await addUser(storage, { username: 'bob' });
      const next = aGenerationAt(clock, 'second');
      assert.equal(await storage.sessions.rotate(refTo(bob, session.id), rotation('first', next)), 'gone');
      assert.equal(await storage.sessions.rotate(refTo(user, 'unknown'), rotation('first', next)), 'gone');
      assert.deepEqual(await storage.sessions.find(refTo(user, session.id)), session);
      await storage.sessions.end(refTo(user, session.id));
      assert.equal(await storage.sessions.rotate(refTo(user, session.id), rotation('first', next)), 'gone');
      assert.equal(await storage.sessions.find(refTo(user, session.id)), undefined);
    });

    it('rotates once for fifty concurrent calls, which all get the same session within the grace time', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      const results = await concurrently(50, (index) =>
        storage.sessions.rotate(
          refTo(user, session.id),
          rotation('first', aGenerationAt(clock, `next-${index}`)),
        ),
      );
      const held = await storage.sessions.find(refTo(user, session.id));
      const { issuedAt } = session.current;
      assert.deepEqual(held?.rotatedOut, [{ id: 'first', issuedAt, rotatedAt: clock.now() }]);
      assert.match(held?.current.id, /^next-\d+$/);
      for (const result of results) assert.deepEqual(result, held);
    });

    it('rotates once for fifty concurrent calls without a grace time, and then ends the session', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      const results = await concurrently(50, (index) =>
        storage.sessions.rotate(refTo(user, session.id), {
          presented: presented('first'),
          next: aGenerationAt(clock, `next-${index}`),
          grace: strict,
        }),
      );
      assert.equal(results.filter((result) => typeof result === 'object').length, 1);
      assert.ok(results.includes('reused'));
      assert.equal(await storage.sessions.find(refTo(user, session.id)), undefined);
    });
  });

  describe('ending', () => {
    it('ends one session, and no other', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      const another = await openSession(storage, aSessionOf(user, clock, { id: 'another' }), user);
      assert.equal(await storage.sessions.end(refTo(user, session.id)), true);
      assert.equal(await storage.sessions.find(refTo(user, session.id)), undefined);
      assert.deepEqual(await storage.sessions.find(refTo(user, another.id)), another);
    });

    it('reports that there is no session to end the second time', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      await storage.sessions.end(refTo(user, session.id));
      assert.equal(await storage.sessions.end(refTo(user, session.id)), false);
    });

    it("ends no session of another user's", async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      const bob = await addUser(storage, { username: 'bob' });
      assert.equal(await storage.sessions.end(refTo(bob, session.id)), false);
      assert.deepEqual(await storage.sessions.find(refTo(user, session.id)), session);
    });

    it('ends another session, or itself, by an active session', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      await openSession(storage, aSessionOf(user, clock, { id: 'another' }), user);
      assert.equal(await storage.sessions.endOther(refTo(user, session.id), 'another'), true);
      assert.equal(await storage.sessions.endOther(refTo(user, session.id), 'another'), false);
      assert.equal(await storage.sessions.endOther(refTo(user, session.id), session.id), true);
      assert.deepEqual(await activeOf(storage, user, ['another', session.id]), []);
    });

    it('ends no other session by a session that has ended, has expired, is unknown, or is another user’s', async () => {
      const { storage, clock } = await open();
      const { ref, others } = await signInWithUselessSessions(storage, clock);
      for (const by of others) {
        assert.equal(await rejectionOf(storage.sessions.endOther(by, 'session')), 'token_revoked');
        assert.equal(await rejectionOf(storage.sessions.endOther(by, 'unknown')), 'token_revoked');
      }
      assert.deepEqual(await idsOf(storage, ref), ['session']);
    });

    it('ends a session in exactly one of fifty concurrent calls', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      const results = await concurrently(50, () => storage.sessions.end(refTo(user, session.id)));
      assert.equal(results.filter((ended) => ended).length, 1);
    });
  });

  describe('ending all', () => {
    it('ends every session of the user, and of no other user', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      await openSession(storage, aSessionOf(user, clock, { id: 'another' }), user);
      const bob = await addUser(storage, { username: 'bob' });
      await openSession(storage, aSessionOf(bob, clock, { id: 'bobs' }), bob);
      await storage.sessions.endAll(refTo(user, session.id));
      assert.deepEqual(await activeOf(storage, user, [session.id, 'another']), []);
      assert.deepEqual(await idsOf(storage, refTo(bob, 'bobs')), ['bobs']);
    });

    it('ends no sessions by a session that has ended, has expired, is unknown, or is another user’s', async () => {
      const { storage, clock } = await open();
      const { ref, others } = await signInWithUselessSessions(storage, clock);
      for (const by of others) {
        assert.equal(await rejectionOf(storage.sessions.endAll(by)), 'token_revoked');
      }
      assert.deepEqual(await idsOf(storage, ref), ['session']);
    });

    it('ends every session for the operator, and says how many were active', async () => {
      const { storage, clock } = await open();
      const { user, ref } = await signInWithUselessSessions(storage, clock);
      await openSession(storage, aSessionOf(user, clock, { id: 'another' }), user);
      assert.equal(await storage.sessions.endAllOf(user.id), 2);
      assert.deepEqual(await activeOf(storage, user, [ref.sessionId, 'another']), []);
      assert.equal(await storage.sessions.endAllOf(user.id), 0);
      assert.equal(await storage.sessions.endAllOf(99), 0);
      const bob = await storage.users.findByName('bob');
      assert.deepEqual(
        (await storage.sessions.listOf(bob?.id ?? 0)).map(({ id }) => id),
        ['foreign'],
      );
    });

    it('lets the user sign in again after all sessions were ended', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      await storage.sessions.endAll(refTo(user, session.id));
      await openSession(storage, aSessionOf(user, clock, { id: 'new' }), user);
      assert.deepEqual(await idsOf(storage, refTo(user, 'new')), ['new']);
    });

    it('leaves no session that a concurrent rotation brings back', async () => {
      const { storage, clock } = await open();
      const user = await addUser(storage);
      for (let round = 0; round < rounds; round++) {
        await openSession(storage, aSessionOf(user, clock), user);
        await race(round, [
          () =>
            storage.sessions.rotate(
              refTo(user, 'session'),
              rotation('first', aGenerationAt(clock, 'second')),
            ),
          () => storage.sessions.endAll(refTo(user, 'session')),
        ]);
        assert.equal(await storage.sessions.find(refTo(user)), undefined);
      }
    });
  });

  describe('a race', () => {
    for (const [what, change] of [
      ['a deactivation', (users, id) => users.deactivate(id)],
      ['a removal', (users, id) => users.remove(id)],
      ['a new password', (users, id) => users.setPasswordHash(id, 'new')],
    ] as readonly [string, (users: UserRepository, id: number) => Promise<boolean>][]) {
      it(`between a sign-in and ${what} leaves no session open`, async () => {
        const { storage, clock } = await open();
        for (let round = 0; round < rounds; round++) {
          const user = await addUser(storage, { username: `user${round}` });
          await race(round, [
            () => storage.sessions.open(aSessionOf(user, clock), user.passwordHash, Infinity),
            () => change(storage.users, user.id),
          ]);
          assert.equal(await storage.sessions.find(refTo(user, 'session')), undefined);
        }
      });

      it(`between a rotation and ${what} leaves no session open`, async () => {
        const { storage, clock } = await open();
        for (let round = 0; round < rounds; round++) {
          const user = await addUser(storage, { username: `user${round}` });
          await openSession(storage, aSessionOf(user, clock), user);
          await race(round, [
            () =>
              storage.sessions.rotate(
                refTo(user, 'session'),
                rotation('first', aGenerationAt(clock, 'second')),
              ),
            () => change(storage.users, user.id),
          ]);
          assert.equal(await storage.sessions.find(refTo(user, 'session')), undefined);
        }
      });
    }

    it('between a logout and a rotation leaves no session open', async () => {
      const { storage, clock } = await open();
      const user = await addUser(storage);
      for (let round = 0; round < rounds; round++) {
        await openSession(storage, aSessionOf(user, clock), user);
        await race(round, [
          () =>
            storage.sessions.rotate(
              refTo(user, 'session'),
              rotation('first', aGenerationAt(clock, 'second')),
            ),
          () => storage.sessions.end(refTo(user, 'session')),
        ]);
        assert.equal(await storage.sessions.find(refTo(user, 'session')), undefined);
      }
    });
  });
}

/** The ids of the active sessions of a session's user. */
async function idsOf({ sessions }: Storage, by: SessionRef): Promise<string[]> {
  return (await sessions.list(by)).map(({ id }) => id);
}

function currentOf(session: Session | 'reused' | 'gone' | undefined): string | undefined {
  return typeof session === 'object' ? session.current.id : session;
}
