import { expect } from 'chai';
import type { Session } from '../../src/domain/session.js';
import { addUser, aGenerationAt, aSessionOf, openSession, signIn } from './builders.js';
import { concurrently, race } from './concurrency.js';
import type { OpenStorage } from './open-storage.js';

const strict = 0;
const rounds = 60;

/** What every SessionRepository promises. */
export function sessionRepositoryContract(open: OpenStorage): void {
  describe('opening', () => {
    it('holds the session of an active user whose password is the one that was checked', async () => {
      const { storage, clock } = await open();
      const user = await addUser(storage);
      const session = aSessionOf(user, clock);
      expect(await storage.sessions.open(session, user.passwordHash)).to.equal(true);
      expect(await storage.sessions.find(user.id, session.id)).to.deep.equal(session);
    });

    it('is refused to somebody inactive, removed or unknown', async () => {
      const { storage, clock } = await open();
      const [inactive, removed] = [await addUser(storage), await addUser(storage, { username: 'bob' })];
      await storage.users.deactivate(inactive.id);
      await storage.users.remove(removed.id);
      for (const user of [inactive, removed, { ...removed, id: 99 }]) {
        expect(await storage.sessions.open(aSessionOf(user, clock), user.passwordHash)).to.equal(false);
        expect(await storage.sessions.find(user.id, 'session')).to.equal(undefined);
      }
    });

    it('is refused with a password hash that is not the one stored now', async () => {
      const { storage, clock } = await open();
      const user = await addUser(storage);
      await storage.users.setPasswordHash(user.id, 'new');
      expect(await storage.sessions.open(aSessionOf(user, clock), user.passwordHash)).to.equal(false);
      expect(await storage.sessions.find(user.id, 'session')).to.equal(undefined);
    });

    it('leaves the other sessions of the user open', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      const another = await openSession(storage, aSessionOf(user, clock, { id: 'another' }), user);
      expect(await storage.sessions.find(user.id, session.id)).to.deep.equal(session);
      expect(await storage.sessions.find(user.id, another.id)).to.deep.equal(another);
    });

    it('opens a hundred at once', async () => {
      const { storage, clock } = await open();
      const user = await addUser(storage);
      await concurrently(100, (index) =>
        openSession(storage, aSessionOf(user, clock, { id: `${index}` }), user),
      );
      const held = await concurrently(100, (index) => storage.sessions.find(user.id, `${index}`));
      expect(held.filter((session) => session === undefined)).to.deep.equal([]);
    });
  });

  describe('finding', () => {
    it('answers none for an id that was never opened', async () => {
      const { storage, clock } = await open();
      const { user } = await signIn(storage, clock);
      expect(await storage.sessions.find(user.id, 'unknown')).to.equal(undefined);
    });

    it('answers no session of somebody else', async () => {
      const { storage, clock } = await open();
      const { session } = await signIn(storage, clock);
      const bob = await addUser(storage, { username: 'bob' });
      expect(await storage.sessions.find(bob.id, session.id)).to.equal(undefined);
    });

    it('answers a session as it was then, whatever happens to it later', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      const found = await storage.sessions.find(user.id, session.id);
      const then = structuredClone(found);
      await storage.sessions.rotate(user.id, session.id, 'first', aGenerationAt(clock, 'second'), strict);
      expect(found).to.deep.equal(then);
      expect(session).to.deep.equal(then);
    });
  });

  describe('an expired session', () => {
    it('is as good as none from the second of its expiry on', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      clock.advance(3599.5);
      expect(await storage.sessions.find(user.id, session.id)).to.deep.equal(session);
      clock.advance(0.5);
      expect(await storage.sessions.find(user.id, session.id)).to.equal(undefined);
      const next = aGenerationAt(clock, 'second');
      expect(await storage.sessions.rotate(user.id, session.id, 'first', next, 10)).to.equal('gone');
      expect(await storage.sessions.end(user.id, session.id)).to.equal(false);
      expect(await storage.sessions.find(user.id, session.id)).to.equal(undefined);
    });

    it('takes none along that lasts longer, whichever was opened first', async () => {
      const { storage, clock } = await open();
      const user = await addUser(storage);
      for (const [id, lifetime] of [
        ['long', 9000],
        ['short', 100],
        ['longer', 9000],
        ['shorter', 50],
      ] as const) {
        const current = aGenerationAt(clock, 'first', lifetime);
        await openSession(storage, aSessionOf(user, clock, { id, current }), user);
      }
      clock.advance(100);
      await openSession(storage, aSessionOf(user, clock, { id: 'new' }), user);
      const held = await Promise.all(
        ['long', 'short', 'longer', 'shorter', 'new'].map((id) => storage.sessions.find(user.id, id)),
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
    it('makes the next refresh token the current one, and answers the session as it is then', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      clock.advance(60.5);
      const next = aGenerationAt(clock, 'second');
      const rotated = await storage.sessions.rotate(user.id, session.id, 'first', next, strict);
      const previous = { id: 'first', rotatedAt: clock.now() };
      expect(rotated).to.deep.equal({ ...session, current: next, previous });
      expect(await storage.sessions.find(user.id, session.id)).to.deep.equal(rotated);
    });

    it('can be done with each new refresh token in turn', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      for (const [from, to] of [
        ['first', 'second'],
        ['second', 'third'],
        ['third', 'fourth'],
      ] as const) {
        const next = aGenerationAt(clock, to);
        const rotated = await storage.sessions.rotate(user.id, session.id, from, next, strict);
        expect(currentOf(rotated)).to.equal(to);
      }
    });

    it('lets the session last as long as its new refresh token, longer or shorter than before', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      const longer = aGenerationAt(clock, 'second', 7200);
      await storage.sessions.rotate(user.id, session.id, 'first', longer, strict);
      clock.advance(7199);
      expect(currentOf(await storage.sessions.find(user.id, session.id))).to.equal('second');
      const shorter = aGenerationAt(clock, 'third', 1);
      await storage.sessions.rotate(user.id, session.id, 'second', shorter, strict);
      clock.advance(1);
      expect(await storage.sessions.find(user.id, session.id)).to.equal(undefined);
    });

    it('answers the same successor again to the previous token within the grace time', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      const second = aGenerationAt(clock, 'second');
      const rotated = await storage.sessions.rotate(user.id, session.id, 'first', second, 10);
      clock.advance(9.5);
      const third = aGenerationAt(clock, 'third');
      expect(await storage.sessions.rotate(user.id, session.id, 'first', third, 10)).to.deep.equal(rotated);
      expect(await storage.sessions.find(user.id, session.id)).to.deep.equal(rotated);
    });

    it('ends the session when the previous token is used after the grace time', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      await storage.sessions.rotate(user.id, session.id, 'first', aGenerationAt(clock, 'second'), 10);
      clock.advance(10);
      const third = aGenerationAt(clock, 'third');
      expect(await storage.sessions.rotate(user.id, session.id, 'first', third, 10)).to.equal('reused');
      expect(await storage.sessions.find(user.id, session.id)).to.equal(undefined);
      expect(await storage.sessions.rotate(user.id, session.id, 'second', third, 10)).to.equal('gone');
    });

    it('ends the session when a token before the previous one is used, also within the grace time', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      await storage.sessions.rotate(user.id, session.id, 'first', aGenerationAt(clock, 'second'), 10);
      await storage.sessions.rotate(user.id, session.id, 'second', aGenerationAt(clock, 'third'), 10);
      const fourth = aGenerationAt(clock, 'fourth');
      expect(await storage.sessions.rotate(user.id, session.id, 'first', fourth, 10)).to.equal('reused');
      expect(await storage.sessions.find(user.id, session.id)).to.equal(undefined);
    });

    it('ends no other session of the user when a token is reused', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      const another = await openSession(storage, aSessionOf(user, clock, { id: 'another' }), user);
      await storage.sessions.rotate(user.id, session.id, 'unknown', aGenerationAt(clock, 'second'), strict);
      expect(await storage.sessions.find(user.id, another.id)).to.deep.equal(another);
    });

    it("has no session to rotate that was ended, never opened, or is somebody else's", async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      const bob = await addUser(storage, { username: 'bob' });
      const next = aGenerationAt(clock, 'second');
      expect(await storage.sessions.rotate(bob.id, session.id, 'first', next, 10)).to.equal('gone');
      expect(await storage.sessions.rotate(user.id, 'unknown', 'first', next, 10)).to.equal('gone');
      expect(await storage.sessions.find(user.id, session.id)).to.deep.equal(session);
      await storage.sessions.end(user.id, session.id);
      expect(await storage.sessions.rotate(user.id, session.id, 'first', next, 10)).to.equal('gone');
      expect(await storage.sessions.find(user.id, session.id)).to.equal(undefined);
    });

    it('makes one step for fifty at once, and answers all of them the same session within the grace time', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      const answers = await concurrently(50, (index) =>
        storage.sessions.rotate(user.id, session.id, 'first', aGenerationAt(clock, `next-${index}`), 10),
      );
      const held = await storage.sessions.find(user.id, session.id);
      expect(held?.previous).to.deep.equal({ id: 'first', rotatedAt: clock.now() });
      expect(held?.current.id).to.match(/^next-\d+$/);
      for (const answer of answers) expect(answer).to.deep.equal(held);
    });

    it('makes one step for fifty at once without a grace time, and then ends the session', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      const answers = await concurrently(50, (index) =>
        storage.sessions.rotate(user.id, session.id, 'first', aGenerationAt(clock, `next-${index}`), strict),
      );
      expect(answers.filter((answer) => typeof answer === 'object')).to.have.length(1);
      expect(answers).to.include('reused');
      expect(await storage.sessions.find(user.id, session.id)).to.equal(undefined);
    });
  });

  describe('ending', () => {
    it('ends the session, and no other', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      const another = await openSession(storage, aSessionOf(user, clock, { id: 'another' }), user);
      expect(await storage.sessions.end(user.id, session.id)).to.equal(true);
      expect(await storage.sessions.find(user.id, session.id)).to.equal(undefined);
      expect(await storage.sessions.find(user.id, another.id)).to.deep.equal(another);
    });

    it('has nothing to end the second time', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      await storage.sessions.end(user.id, session.id);
      expect(await storage.sessions.end(user.id, session.id)).to.equal(false);
    });

    it("ends no session of somebody else's", async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      const bob = await addUser(storage, { username: 'bob' });
      expect(await storage.sessions.end(bob.id, session.id)).to.equal(false);
      expect(await storage.sessions.find(user.id, session.id)).to.deep.equal(session);
    });

    it('was done by exactly one of fifty at once', async () => {
      const { storage, clock } = await open();
      const { user, session } = await signIn(storage, clock);
      const answers = await concurrently(50, () => storage.sessions.end(user.id, session.id));
      expect(answers.filter((ended) => ended)).to.have.length(1);
    });
  });

  describe('a race', () => {
    for (const [what, change] of [
      ['a deactivation', 'deactivate'],
      ['a removal', 'remove'],
      ['a new password', 'setPasswordHash'],
    ] as const) {
      it(`between a sign-in and ${what} leaves no session open`, async () => {
        const { storage, clock } = await open();
        for (let round = 0; round < rounds; round++) {
          const user = await addUser(storage, { username: `user${round}` });
          await race(round, [
            () => storage.sessions.open(aSessionOf(user, clock), user.passwordHash),
            () => storage.users[change](user.id, 'new'),
          ]);
          expect(await storage.sessions.find(user.id, 'session')).to.equal(undefined);
        }
      });

      it(`between a rotation and ${what} leaves no session open`, async () => {
        const { storage, clock } = await open();
        for (let round = 0; round < rounds; round++) {
          const user = await addUser(storage, { username: `user${round}` });
          await openSession(storage, aSessionOf(user, clock), user);
          await race(round, [
            () => storage.sessions.rotate(user.id, 'session', 'first', aGenerationAt(clock, 'second'), 10),
            () => storage.users[change](user.id, 'new'),
          ]);
          expect(await storage.sessions.find(user.id, 'session')).to.equal(undefined);
        }
      });
    }

    it('between a logout and a rotation leaves no session open', async () => {
      const { storage, clock } = await open();
      const user = await addUser(storage);
      for (let round = 0; round < rounds; round++) {
        await openSession(storage, aSessionOf(user, clock), user);
        await race(round, [
          () => storage.sessions.rotate(user.id, 'session', 'first', aGenerationAt(clock, 'second'), 10),
          () => storage.sessions.end(user.id, 'session'),
        ]);
        expect(await storage.sessions.find(user.id, 'session')).to.equal(undefined);
      }
    });
  });
}

function currentOf(session: Session | 'reused' | 'gone' | undefined): string | undefined {
  return typeof session === 'object' ? session.current.id : session;
}
