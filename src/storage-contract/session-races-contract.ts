import assert from 'node:assert/strict';
import type { Storage, StorageRejection } from '../application/ports/storage.js';
import type { Session } from '../domain/session.js';
import type { User } from '../domain/user.js';
import {
  aGenerationAt,
  aSessionOf,
  addUser,
  openSession,
  refTo,
  rotation,
  signIn,
  signInWithUselessSessions,
} from './builders.js';
import { afterTurns, concurrently, inOneStep, race, type Effects } from './concurrency.js';
import { changesNothingAfterItsEnd } from './ended-session.js';
import { outcomeOf, rejectionOf } from './rejection.js';
import type { SettableClock } from './settable-clock.js';
import type { Suite } from './suite.js';

const rounds = 20;

/** What every SessionRepository promises of steps and concurrent calls. */
export function sessionRacesContract(suite: Suite): void {
  const { describe, it, open } = suite;

  describe('a session that has ended', () => {
    it('ends no other session', async () => {
      await changesNothingAfterItsEnd(suite, ({ sessions }, by) => sessions.endOther(by, 'third'));
    });

    it('does not end all sessions', async () => {
      await changesNothingAfterItsEnd(suite, ({ sessions }, by) => sessions.endAll(by));
    });

    it('is not brought back by a touch', async () => {
      await changesNothingAfterItsEnd(suite, ({ sessions }, by) => sessions.touch(by, 2e9));
    });

    it('is not brought back by a rotation', async () => {
      const next = { id: 'next', issuedAt: 2e9, expiresAt: 4e9 };
      await changesNothingAfterItsEnd(suite, ({ sessions }, by) =>
        sessions.rotate(by, rotation('first', next)),
      );
    });

    it('is told before a session that is missing', async () => {
      const { storage, clock } = await open();
      const { others } = await signInWithUselessSessions(storage, clock);
      for (const by of others) {
        for (const id of ['missing', by.sessionId, 'foreign']) {
          assert.equal(await rejectionOf(storage.sessions.endOther(by, id)), 'token_revoked');
        }
      }
    });

    it('never gets a list without itself', async () => {
      const { storage, clock } = await open();
      const user = await addUser(storage);
      await openSession(storage, aSessionOf(user, clock, { id: 'other' }), user);
      for (let round = 0; round < rounds; round++) {
        await openSession(storage, aSessionOf(user, clock), user);
        let listed: readonly string[] = ['session'];
        await race(round, [
          async () => {
            const list = await outcomeOf(storage.sessions.list(refTo(user)));
            if (list !== 'token_revoked') listed = idsOf(list);
          },
          () => storage.sessions.end(refTo(user)),
        ]);
        assert.ok(listed.includes('session'), `it got ${listed.join()}`);
      }
    });
  });

  describe('one step', () => {
    const acts: Record<string, (storage: Storage, user: User) => Promise<unknown>> = {
      'ends all sessions by one of them': ({ sessions }, user) => sessions.endAll(refTo(user, '60')),
      'ends all sessions for the operator': ({ sessions }, user) => sessions.endAllOf(user.id),
    };
    for (const [what, act] of Object.entries(acts)) {
      it(`${what}, however many there are`, async () => {
        const { storage, clock } = await open();
        const { user } = await signInTimes(storage, clock, 120);
        const ended: Effects = Object.fromEntries(
          ['0', '119', '60', '1', '118'].map((id) => [
            `the end of session ${id}`,
            async () => (await storage.sessions.find(refTo(user, id))) === undefined,
          ]),
        );
        await inOneStep(() => act(storage, user), {
          ...ended,
          'the end of the list': async () => (await storage.sessions.listOf(user.id)).length === 0,
        });
      });
    }

    it('opens a session and ends the ones over the limit', async () => {
      const { storage, clock } = await open();
      const { user } = await signInTimes(storage, clock, 3);
      const session = aSessionOf(user, clock, { id: 'new' });
      await inOneStep(() => storage.sessions.open(session, user.passwordHash, 2), {
        'the opening': async () => (await storage.sessions.find(refTo(user, 'new'))) !== undefined,
        'the end of the first': async () => (await storage.sessions.find(refTo(user, '0'))) === undefined,
        'the end of the second': async () => (await storage.sessions.find(refTo(user, '1'))) === undefined,
        'a list of as many as the limit': async () => (await storage.sessions.listOf(user.id)).length === 2,
      });
    });
  });

  describe('concurrent calls', () => {
    it('end one of two sessions that end each other, and tell the other that it has ended', async () => {
      const { storage, clock } = await open();
      const user = await addUser(storage);
      for (let round = 0; round < 2 * rounds; round++) {
        for (const id of ['a', 'b']) await openSession(storage, aSessionOf(user, clock, { id }), user);
        const end = (by: string, id: string) => outcomeOf(storage.sessions.endOther(refTo(user, by), id));
        let [a, b]: unknown[] = [];
        await race(round, [async () => (a = await end('a', 'b')), async () => (b = await end('b', 'a'))]);
        const [left, ...others] = await storage.sessions.listOf(user.id);
        assert.deepEqual(others, []);
        assert.deepEqual([a, b], left?.id === 'a' ? [true, 'token_revoked'] : ['token_revoked', true]);
        await storage.sessions.endAllOf(user.id);
      }
    });

    it('end all sessions once, for one of all sessions that do so', async () => {
      const { storage, clock } = await open();
      const { user } = await signInTimes(storage, clock, 10);
      const outcomes = await concurrently(10, (index) =>
        outcomeOf(storage.sessions.endAll(refTo(user, `${index}`))),
      );
      assert.equal(outcomes.filter((outcome) => outcome === undefined).length, 1);
      assert.equal(outcomes.filter((outcome) => outcome === 'token_revoked').length, 9);
    });

    it('of several operators end each session for one of them', async () => {
      const { storage, clock } = await open();
      const { user } = await signInTimes(storage, clock, 10);
      const ended = await concurrently(10, () => storage.sessions.endAllOf(user.id));
      assert.deepEqual(
        ended.toSorted((one, other) => one - other),
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 10],
      );
    });

    it('end a session as well that was opened before the end of the others', async () => {
      const { storage, clock } = await open();
      for (let round = 0; round < rounds; round++) {
        const { user } = await signInTimes(storage, clock, 3, `user${round}`);
        const late = aSessionOf(user, clock, { id: 'late' });
        const ending =
          round % 2 === 0 ? storage.sessions.endAll(refTo(user, '0')) : storage.sessions.endAllOf(user.id);
        await afterTurns(Math.floor(round / 2) % 4, () =>
          storage.sessions.open(late, user.passwordHash, Infinity),
        );
        const earlier = await storage.sessions.find(refTo(user, '2'));
        await ending;
        if (earlier) assert.deepEqual(await storage.sessions.listOf(user.id), []);
      }
    });

    it('record a touch and a rotation without losing tokens that were rotated out', async () => {
      const { storage, clock } = await open();
      const { user, ref } = await signIn(storage, clock, { address: '192.0.2.1' });
      let from = 'first';
      for (let round = 0; round < rounds; round++) {
        const next = aGenerationAt(clock, `next-${round}`);
        const expected = [
          ...((await storage.sessions.find(ref))?.rotatedOut ?? []).map(({ id }) => id),
          from,
        ];
        await race(round, [
          () => storage.sessions.touch(ref, 2e9 + round),
          () => storage.sessions.rotate(ref, rotation(from, next)),
        ]);
        const session = await storage.sessions.find(refTo(user));
        assert.deepEqual(
          session?.rotatedOut?.map(({ id }) => id),
          expected,
        );
        assert.equal(session.lastUsedAt, 2e9 + round);
        from = next.id;
      }
    });
  });
}

/** Adds a user and opens so many sessions, by the ids 0, 1 and so on. */
async function signInTimes(
  storage: Storage,
  clock: SettableClock,
  times: number,
  username = 'alice',
): Promise<{ readonly user: User }> {
  const user = await addUser(storage, { username });
  for (let id = 0; id < times; id++)
    await openSession(storage, aSessionOf(user, clock, { id: `${id}` }), user);
  return { user };
}

function idsOf(sessions: readonly Session[] | StorageRejection): readonly string[] {
  if (typeof sessions === 'string') assert.fail(`refused with ${sessions}`);
  return sessions.map(({ id }) => id);
}
