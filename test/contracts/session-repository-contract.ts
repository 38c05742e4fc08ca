import { expect } from 'chai';
import type { SessionRef } from '../../src/application/ports/session-repository.js';
import type { Storage } from '../../src/application/ports/storage.js';
import type { UserRepository } from '../../src/application/ports/user-repository.js';
import type { Session } from '../../src/domain/session.js';
import { rejectionOf } from '../support/rejection.js';
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
import type { OpenStorage } from './open-storage.js';

const strict = 0;
const rounds = 60;

/** What every SessionRepository promises. */
export function sessionRepositoryContract(open: OpenStorage): void {
  describe('opening', () => {
    it('opens a session for an active user with the checked password hash', async () => {
      const { storage, clock } = await open();
      const user = await addUser(storage);
      const session = aSessionOf(user, clock);
      expect(await storage.sessions.open(session, user.passwordHash, Infinity)).to.equal(0);
      expect(await storage.sessions.find(refTo(user, session.id))).to.deep.equal(session);
    });

    it('opens no session for an inactive, removed or unknown user', async () => {
      const { storage, clock } = await open();
      const [inactive, removed] = [await addUser(storage), await addUser(storage, { username: 'bob' })];
      await storage.users.deactivate(inactive.id);
      await storage.users.remove(removed.id);
      for (const user of [inactive, removed, { ...removed, id: 99 }]) {
        expect(await storage.sessions.open(aSessionOf(user, clock), user.passwordHash, Infinity)).to.equal(
          undefined,
        );
        expect(await storage.sessions.find(refTo(user, 'session'))).to.equal(undefined);
      }
    });

    it('opens no session with a password hash that is not the stored one', async () => {
      const { storage, clock } = await open();
      const user = await addUser(storage);
      await storage.users.setPasswordHash(user.id, 'new');
      expect(await storage.sessions.open(aSessionOf(user, clock), user.passwordHash, Infinity)).to.equal(
        undefined,
      );
      expect(await storage.sessions.find(refTo(user, 'session'))).to.equal(undefined);
    });

    it('opens a session that is active until it expires or ends', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      const isLive = async (id = session.id, userId = user.id) =>
        (await storage.sessions.find({ userId: userId, sessionId: id })) !== undefined;
      expect(await Promise.all([isLive(), isLive('unknown'), isLive(session.id, 99)])).to.deep.equal([
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
      expect(await isLive()).to.equal(true);
      clock.advance(59);
      expect(await isLive()).to.equal(true);
      clock.advance(1);
      expect(await isLive()).to.equal(false);

      const another = aSessionOf(user, clock, { id: 'another' });
      await openSession(storage, another, user);
      expect(await isLive(another.id)).to.equal(true);
      await storage.sessions.end(refTo(user, another.id));
      expect(await isLive(another.id)).to.equal(false);
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
        expect(await storage.sessions.find(refTo(user, session.id))).to.deep.equal(session);
        clock.advance(1);
        expect(await storage.sessions.find(refTo(user, session.id))).to.equal(undefined);
      }
    });

    it('leaves the other sessions of the user open at a sign-in', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      const another = await openSession(storage, aSessionOf(user, clock, { id: 'another' }), user);
      expect(await storage.sessions.find(refTo(user, session.id))).to.deep.equal(session);
      expect(await storage.sessions.find(refTo(user, another.id))).to.deep.equal(another);
    });

    it('opens a hundred sessions concurrently', async () => {
      const { storage, clock } = await open();
      const user = await addUser(storage);
      await concurrently(100, (index) =>
        openSession(storage, aSessionOf(user, clock, { id: `${index}` }), user),
      );
      const held = await concurrently(100, (index) => storage.sessions.find(refTo(user, `${index}`)));
      expect(held.filter((session) => session === undefined)).to.deep.equal([]);
    });
  });

  describe('opening more than there may be', () => {
    it('ends the least recently used session over the limit, and returns how many it ended', async () => {
      const { storage, clock } = await open();
      const user = await addUser(storage);
      const openAnother = (id: string) =>
        storage.sessions.open(aSessionOf(user, clock, { id }), user.passwordHash, 3);
      for (const id of ['first', 'second', 'third']) {
        expect(await openAnother(id)).to.equal(0);
        clock.advance(1);
      }
      const next = aGenerationAt(clock, 'next');
      await storage.sessions.rotate(refTo(user, 'first'), {
        presented: presented('first'),
        next,
        grace: strict,
      });
      await storage.sessions.touch(refTo(user, 'third'), clock.now());
      expect(await openAnother('fourth')).to.equal(1);
      expect(await idsOf(storage, refTo(user, 'first'))).to.deep.equal(['first', 'third', 'fourth']);
      clock.advance(1);
      await storage.sessions.touch(refTo(user, 'first'), clock.now());
      expect(await openAnother('fifth')).to.equal(1);
      expect(await idsOf(storage, refTo(user, 'first'))).to.deep.equal(['first', 'fourth', 'fifth']);
    });

    it('ends the session that was opened first among those last used in the same second', async () => {
      const { storage, clock } = await open();
      const user = await addUser(storage);
      const ids = Array.from({ length: 30 }, (_, index) => `${(index * 7) % 30}`);
      for (const id of ids) {
        await storage.sessions.open(aSessionOf(user, clock, { id }), user.passwordHash, 20);
      }
      expect(await idsOf(storage, refTo(user, ids.at(-1)))).to.deep.equal(ids.slice(10));
    });

    it('ends several sessions at once after the limit was lowered', async () => {
      const { storage, clock } = await open();
      const user = await addUser(storage);
      for (const id of ['1', '2', '3', '4', '5']) {
        await openSession(storage, aSessionOf(user, clock, { id }), user);
        clock.advance(1);
      }
      await storage.sessions.open(aSessionOf(user, clock, { id: '6' }), user.passwordHash, 2);
      expect(await idsOf(storage, refTo(user, '6'))).to.deep.equal(['5', '6']);
    });

    it('ends no session over the limit while expired ones make room', async () => {
      const { storage, clock } = await open();
      const user = await addUser(storage);
      await openSessionsLasting(storage, clock, user, { long: 9000, short: 100 });
      clock.advance(100);
      await storage.sessions.open(aSessionOf(user, clock, { id: 'new' }), user.passwordHash, 2);
      expect(await idsOf(storage, refTo(user, 'new'))).to.deep.equal(['long', 'new']);
    });

    it('ends no session of another user, and none when no session is opened', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      const bob = await addUser(storage, { username: 'bob' });
      await storage.sessions.open(aSessionOf(bob, clock, { id: 'bobs' }), bob.passwordHash, 1);
      await storage.sessions.open(aSessionOf(user, clock, { id: 'refused' }), 'another hash', 1);
      expect(await idsOf(storage, refTo(user))).to.deep.equal([session.id]);
      expect(await idsOf(storage, refTo(bob, 'bobs'))).to.deep.equal(['bobs']);
    });

    it('leaves exactly as many sessions as the limit allows after fifty concurrent sign-ins', async () => {
      const { storage, clock } = await open();
      const user = await addUser(storage);
      const opened = await concurrently(50, (index) =>
        storage.sessions.open(aSessionOf(user, clock, { id: `${index}` }), user.passwordHash, 7),
      );
      expect(opened).to.have.members([...Array<number>(7).fill(0), ...Array<number>(43).fill(1)]);
      const ids = Array.from({ length: 50 }, (_, index) => `${index}`);
      const left = await activeOf(storage, user, ids);
      expect(left).to.have.length(7);
      expect(await idsOf(storage, refTo(user, left[0]))).to.have.members(left);
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
      expect(await storage.sessions.list(refTo(user))).to.deep.equal([rotated, second]);
      expect(await storage.sessions.listOf(user.id)).to.deep.equal(
        await storage.sessions.list(refTo(user, '2')),
      );
      expect(await storage.sessions.listOf(99)).to.deep.equal([]);
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
      expect(await idsOf(storage, refTo(user, '0'))).to.deep.equal(ids.filter((id) => id !== '154'));
    });

    it('lists nothing for a session that has ended, has expired, is unknown, or is another user’s', async () => {
      const { storage, clock } = await open();
      const { others } = await signInWithUselessSessions(storage, clock);
      for (const by of [...others, { userId: 99, sessionId: 'session' }]) {
        expect(await rejectionOf(storage.sessions.list(by))).to.equal('token_revoked');
      }
    });
  });

  describe('where a session was opened from', () => {
    for (const address of ['192.0.2.1', '2001:db8:0:0::/64', '2001:db8::1', 'an odd@name, with blanks']) {
      it(`is kept as ${address}, through a rotation as well`, async () => {
        const { storage, clock } = await open();
        const { user, session } = await signIn(storage, clock, { address });
        expect(await storage.sessions.find(refTo(user, session.id))).to.deep.equal(session);
        await storage.sessions.rotate(refTo(user, session.id), {
          presented: presented('first'),
          next: aGenerationAt(clock, 'next'),
          grace: strict,
        });
        expect(await storage.sessions.find(refTo(user, session.id))).to.include({ address });
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
      expect(await storage.sessions.find(refTo(user, session.id))).to.include({ lastUsedAt: clock.now() });
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
      expect(rotated).to.deep.equal({ ...session, current: next });
      expect(await storage.sessions.find(refTo(user, session.id))).to.deep.equal(rotated);
    });

    it('is recorded by a touch, which changes nothing else', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock, { address: '192.0.2.1' });
      clock.advance(60);
      await storage.sessions.touch(refTo(user, session.id), clock.now());
      const held = await storage.sessions.find(refTo(user, session.id));
      expect(held).to.deep.equal({ ...session, lastUsedAt: clock.now() });
    });

    it('never moves back in time', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      const [now, later] = [clock.now(), clock.now() + 100];
      await concurrently(20, (index) => storage.sessions.touch(refTo(user, session.id), later - index));
      await storage.sessions.touch(refTo(user, session.id), now + 1);
      expect(await storage.sessions.find(refTo(user, session.id))).to.deep.equal({
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
      expect(await activeOf(storage, user, ids)).to.deep.equal([]);
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
        expect(held).to.deep.include({ current: next, lastUsedAt: later + round });
      }
    });
  });

  describe('finding', () => {
    it('returns none for an id that was never opened', async () => {
      const { storage, clock } = await open();
      const { user } = await signIn(storage, clock);
      expect(await storage.sessions.find(refTo(user, 'unknown'))).to.equal(undefined);
    });

    it('finds no session of another user', async () => {
      const { storage, clock } = await open();
      const { session } = await signIn(storage, clock);
      const bob = await addUser(storage, { username: 'bob' });
      expect(await storage.sessions.find(refTo(bob, session.id))).to.equal(undefined);
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
      expect(found).to.deep.equal(then);
      expect(session).to.deep.equal(then);
    });
  });

  describe('an expired session', () => {
    it('counts an expired session as missing, from the second of its expiry on', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      clock.advance(3599.5);
      expect(await storage.sessions.find(refTo(user, session.id))).to.deep.equal(session);
      clock.advance(0.5);
      expect(await storage.sessions.find(refTo(user, session.id))).to.equal(undefined);
      const next = aGenerationAt(clock, 'second');
      expect(await storage.sessions.rotate(refTo(user, session.id), rotation('first', next))).to.equal(
        'gone',
      );
      expect(await storage.sessions.end(refTo(user, session.id))).to.equal(false);
      expect(await storage.sessions.find(refTo(user, session.id))).to.equal(undefined);
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
      expect(held.map((session) => session?.id)).to.deep.equal([
        'long',
        undefined,
        'longer',
        undefined,
        'new',
      ]);
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
      expect(rotated).to.deep.equal({ ...session, lastUsedAt: next.issuedAt, current: next });
      expect(await storage.sessions.find(refTo(user, session.id))).to.deep.equal(rotated);
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
        expect(currentOf(rotated)).to.equal(to);
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
      expect(currentOf(await storage.sessions.find(refTo(user, session.id)))).to.equal('second');
      const shorter = aGenerationAt(clock, 'third', 1);
      await storage.sessions.rotate(refTo(user, session.id), {
        presented: presented('second'),
        next: shorter,
        grace: strict,
      });
      clock.advance(1);
      expect(await storage.sessions.find(refTo(user, session.id))).to.equal(undefined);
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
      expect(await storage.sessions.find(refTo(user, session.id))).to.deep.equal(held);
      clock.advance(7.5);
      for (const id of ['first', 'second', 'third']) expect(await rotate(id, 'fifth')).to.deep.equal(held);
      clock.advance(2.25);
      expect(await rotate('third', 'fifth')).to.deep.equal(held);
      expect(await rotate('second', 'fifth')).to.equal('reused');
      expect(await storage.sessions.find(refTo(user, session.id))).to.equal(undefined);
      expect(await rotate('fourth', 'fifth')).to.equal('gone');
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
      expect(await rotate(clock.now() - 9)).to.deep.equal(rotated);
      expect(await rotate(clock.now() - 10)).to.equal('reused');
      expect(await storage.sessions.find(refTo(user, session.id))).to.equal(undefined);
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
      expect(held?.rotatedOut?.map(({ id }) => id)).to.deep.equal(
        Array.from({ length: 64 }, (_, index) => `token-${index + 35}`),
      );
      const again = aGenerationAt(clock, 'another');
      expect(
        await storage.sessions.rotate(refTo(user, session.id), {
          presented: presented('token-35'),
          next: again,
          grace: day,
        }),
      ).to.deep.equal(held);
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
      expect(await storage.sessions.find(refTo(user, another.id))).to.deep.equal(another);
    });

    it("rotates no session that has ended, is unknown, or is another user's", async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      const bob = await addUser(storage, { username: 'bob' });
      const next = aGenerationAt(clock, 'second');
      expect(await storage.sessions.rotate(refTo(bob, session.id), rotation('first', next))).to.equal('gone');
      expect(await storage.sessions.rotate(refTo(user, 'unknown'), rotation('first', next))).to.equal('gone');
      expect(await storage.sessions.find(refTo(user, session.id))).to.deep.equal(session);
      await storage.sessions.end(refTo(user, session.id));
      expect(await storage.sessions.rotate(refTo(user, session.id), rotation('first', next))).to.equal(
        'gone',
      );
      expect(await storage.sessions.find(refTo(user, session.id))).to.equal(undefined);
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
      expect(held?.rotatedOut).to.deep.equal([{ id: 'first', issuedAt, rotatedAt: clock.now() }]);
      expect(held?.current.id).to.match(/^next-\d+$/);
      for (const result of results) expect(result).to.deep.equal(held);
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
      expect(results.filter((result) => typeof result === 'object')).to.have.length(1);
      expect(results).to.include('reused');
      expect(await storage.sessions.find(refTo(user, session.id))).to.equal(undefined);
    });
  });

  describe('ending', () => {
    it('ends one session, and no other', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      const another = await openSession(storage, aSessionOf(user, clock, { id: 'another' }), user);
      expect(await storage.sessions.end(refTo(user, session.id))).to.equal(true);
      expect(await storage.sessions.find(refTo(user, session.id))).to.equal(undefined);
      expect(await storage.sessions.find(refTo(user, another.id))).to.deep.equal(another);
    });

    it('reports that there is no session to end the second time', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      await storage.sessions.end(refTo(user, session.id));
      expect(await storage.sessions.end(refTo(user, session.id))).to.equal(false);
    });

    it("ends no session of another user's", async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      const bob = await addUser(storage, { username: 'bob' });
      expect(await storage.sessions.end(refTo(bob, session.id))).to.equal(false);
      expect(await storage.sessions.find(refTo(user, session.id))).to.deep.equal(session);
    });

    it('ends another session, or itself, by an active session', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      await openSession(storage, aSessionOf(user, clock, { id: 'another' }), user);
      expect(await storage.sessions.endOther(refTo(user, session.id), 'another')).to.equal(true);
      expect(await storage.sessions.endOther(refTo(user, session.id), 'another')).to.equal(false);
      expect(await storage.sessions.endOther(refTo(user, session.id), session.id)).to.equal(true);
      expect(await activeOf(storage, user, ['another', session.id])).to.deep.equal([]);
    });

    it('ends no other session by a session that has ended, has expired, is unknown, or is another user’s', async () => {
      const { storage, clock } = await open();
      const { ref, others } = await signInWithUselessSessions(storage, clock);
      for (const by of others) {
        expect(await rejectionOf(storage.sessions.endOther(by, 'session'))).to.equal('token_revoked');
        expect(await rejectionOf(storage.sessions.endOther(by, 'unknown'))).to.equal('token_revoked');
      }
      expect(await idsOf(storage, ref)).to.deep.equal(['session']);
    });

    it('ends a session in exactly one of fifty concurrent calls', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      const results = await concurrently(50, () => storage.sessions.end(refTo(user, session.id)));
      expect(results.filter((ended) => ended)).to.have.length(1);
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
      expect(await activeOf(storage, user, [session.id, 'another'])).to.deep.equal([]);
      expect(await idsOf(storage, refTo(bob, 'bobs'))).to.deep.equal(['bobs']);
    });

    it('ends no sessions by a session that has ended, has expired, is unknown, or is another user’s', async () => {
      const { storage, clock } = await open();
      const { ref, others } = await signInWithUselessSessions(storage, clock);
      for (const by of others) {
        expect(await rejectionOf(storage.sessions.endAll(by))).to.equal('token_revoked');
      }
      expect(await idsOf(storage, ref)).to.deep.equal(['session']);
    });

    it('ends every session for the operator, and says how many were active', async () => {
      const { storage, clock } = await open();
      const { user, ref } = await signInWithUselessSessions(storage, clock);
      await openSession(storage, aSessionOf(user, clock, { id: 'another' }), user);
      expect(await storage.sessions.endAllOf(user.id)).to.equal(2);
      expect(await activeOf(storage, user, [ref.sessionId, 'another'])).to.deep.equal([]);
      expect(await storage.sessions.endAllOf(user.id)).to.equal(0);
      expect(await storage.sessions.endAllOf(99)).to.equal(0);
      const bob = await storage.users.findByName('bob');
      expect((await storage.sessions.listOf(bob?.id ?? 0)).map(({ id }) => id)).to.deep.equal(['foreign']);
    });

    it('lets the user sign in again after all sessions were ended', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      await storage.sessions.endAll(refTo(user, session.id));
      await openSession(storage, aSessionOf(user, clock, { id: 'new' }), user);
      expect(await idsOf(storage, refTo(user, 'new'))).to.deep.equal(['new']);
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
        expect(await storage.sessions.find(refTo(user))).to.equal(undefined);
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
          expect(await storage.sessions.find(refTo(user, 'session'))).to.equal(undefined);
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
          expect(await storage.sessions.find(refTo(user, 'session'))).to.equal(undefined);
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
        expect(await storage.sessions.find(refTo(user, 'session'))).to.equal(undefined);
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
