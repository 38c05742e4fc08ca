import assert from 'node:assert/strict';
import type { SessionRef } from '../application/ports/session-repository.js';
import type { Storage } from '../application/ports/storage.js';
import type { User } from '../domain/user.js';
import {
  aDraft,
  aGenerationAt,
  aSessionOf,
  addUser,
  createTask,
  openSession,
  refTo,
  rotation,
  updateTask,
} from './builders.js';
import { outcomeOf } from './rejection.js';
import { addAdministrator, anActOn, aRecord, recordsOf, withoutId } from './staff-builders.js';
import type { SettableClock } from './settable-clock.js';
import type { Suite } from './suite.js';

/** Somebody who calls a storage. */
interface Caller {
  readonly storage: Storage;
  readonly clock: SettableClock;
  readonly user: User;
  readonly by: SessionRef;
}

type Call = (caller: Caller) => Promise<unknown>;

const page = { after: 0, limit: 10 };
const byTitle = { order: { by: 'title', descending: false }, offset: 0, limit: 10, count: true } as const;
const byId = { ...byTitle, order: { by: 'id', descending: false } } as const;
const minute = { attempts: 1, period: 60 };

/** Calls that read what belongs to the caller. */
const reads: Readonly<Record<string, Call>> = {
  'users.find': ({ storage, user }) => storage.users.find(user.id),
  'users.findByName': ({ storage, user }) => storage.users.findByName(user.username),
  'users.list': ({ storage, user }) => storage.users.list({ after: user.id - 1, limit: 1 }),
  'sessions.find': ({ storage, by }) => storage.sessions.find(by),
  'sessions.list': ({ storage, by }) => storage.sessions.list(by),
  'sessions.listOf': ({ storage, user }) => storage.sessions.listOf(user.id),
  'tasks.find': ({ storage, by }) => storage.tasks.find(by, 1),
  'tasks.find another': ({ storage, by }) => storage.tasks.find(by, 2),
  'tasks.list': ({ storage, by }) => storage.tasks.list(by, page),
  'tasks.list a part': ({ storage, by }) => storage.tasks.list(by, { after: 0, limit: 1 }),
  'tasks.list the rest': ({ storage, by }) => storage.tasks.list(by, { after: 1, limit: 10 }),
  'tasks.select by title': ({ storage, by }) => storage.tasks.select(by, byTitle),
  'tasks.select by id': ({ storage, by }) => storage.tasks.select(by, byId),
  'tasks.summary': ({ storage, by }) => storage.tasks.summary(by),
  'tasks.summaryOf': ({ storage, user }) => storage.tasks.summaryOf(user.id),
  'archive.tasksOf': ({ storage, user }) => storage.archive.tasksOf(user.id, page),
  'rateLimiter.isTrusted': ({ storage, user }) => storage.rateLimiter.isTrusted(user.username),
  'staff.authorise': ({ storage, by }) => storage.staff.authorise(by),
  'staff.records': ({ storage }) => storage.staff.records({ before: Infinity, limit: 1 }),
  'staff.records of the rest': ({ storage }) => storage.staff.records({ before: 2, limit: 10 }),
};

/** Calls that change what belongs to the caller. */
const changes: Readonly<Record<string, Call>> = {
  'users.replacePasswordHash': ({ storage, user }) =>
    storage.users.replacePasswordHash(user.id, user.passwordHash, `rehashed ${user.username}`),
  'users.setPasswordHash': ({ storage, user }) =>
    storage.users.setPasswordHash(user.id, `hash ${user.username}`),
  'users.changePasswordHash': ({ storage, user, by }) =>
    storage.users.changePasswordHash(by, user.passwordHash, `hash ${user.username}`),
  'users.setPasswordLink': ({ storage, user }) =>
    storage.users.setPasswordLink(user.id, { digest: `digest ${user.username}`, expiresAt: 4e9 }),
  'users.usePasswordLink': ({ storage, user }) =>
    storage.users.usePasswordLink(user.id, `link ${user.username}`, `hash ${user.username}`),
  'users.deactivate': ({ storage, user }) => storage.users.deactivate(user.id),
  'users.remove': ({ storage, user }) => storage.users.remove(user.id),
  'users.removeOwn': ({ storage, by }) => storage.users.removeOwn(by),
  'sessions.open': ({ storage, clock, user }) =>
    storage.sessions.open(
      aSessionOf(user, clock, { id: `new ${user.username}` }),
      user.passwordHash,
      Infinity,
    ),
  'sessions.adopt': ({ storage, clock, user }) =>
    storage.sessions.adopt(aSessionOf(user, clock, { id: `old ${user.username}` })),
  'sessions.touch': ({ storage, clock, user, by }) =>
    storage.sessions.touch(by, Math.floor(clock.now()) + user.username.length),
  'sessions.rotate': ({ storage, clock, user, by }) =>
    storage.sessions.rotate(by, rotation('first', aGenerationAt(clock, `next-${user.username}`))),
  'sessions.end': ({ storage, by }) => storage.sessions.end(by),
  'sessions.endOther': ({ storage, user, by }) => storage.sessions.endOther(by, `second ${user.username}`),
  'sessions.endAll': ({ storage, by }) => storage.sessions.endAll(by),
  'sessions.endAllOf': ({ storage, user }) => storage.sessions.endAllOf(user.id),
  'tasks.create': ({ storage, user, by }) => createTask(storage, by, aDraft({ title: user.username })),
  'tasks.update': ({ storage, user, by }) =>
    updateTask(storage, by, 1, { description: `of ${user.username}` }),
  'tasks.remove': ({ storage, by }) => storage.tasks.remove(by, 1),
  'rateLimiter.consume': ({ storage, user }) =>
    storage.rateLimiter.consume(user.username, minute, { limit: 'sign_in', username: user.username }),
  'rateLimiter.trust': ({ storage, user }) => storage.rateLimiter.trust(`new ${user.username}`, 60),
  'staff.remove': ({ storage, user }) => storage.staff.remove(user.id),
  'staff.add': async ({ storage, user }) => {
    await storage.staff.remove(user.id);
    return storage.staff.add(user.id);
  },
  'staff.act': ({ storage, user, by }) =>
    storage.staff.act(by, { ...anActOn(user, 'end_sessions'), actor: user.username }),
  'staff.record': ({ storage, user: { id, username } }) =>
    storage.staff.record(aRecord({ actor: username, userId: id, username })),
};

/** What every storage promises of calls that are made in one turn of the event loop. */
export function callersApartContract({ describe, it, open }: Suite): void {
  for (const [name, read] of Object.entries(reads)) {
    it(`${name} resolves to what is the caller’s, whatever others read at the same time`, async () => {
      const { storage, clock } = await open();
      const ada = await aCaller(storage, clock, 'ada');
      const bob = await aCaller(storage, clock, 'bob');
      await createTask(storage, bob.by, aDraft({ title: 'third of bob' }));
      await storage.staff.remove(bob.user.id);
      const ended = { ...ada, by: refTo(ada.user, 'ended') };
      const callers = [ada, bob, ended, bob, ada];
      const alone: unknown[] = [];
      for (const caller of callers) alone.push(await outcomeOf(read(caller)));
      assert.deepEqual(await Promise.all(callers.map((caller) => outcomeOf(read(caller)))), alone);
      // Each read at once with each other one, of the same session.
      const others = Object.values(reads);
      const otherwise: unknown[] = [];
      for (const other of others) otherwise.push(await other(ada));
      assert.deepEqual(
        await Promise.all(others.flatMap((other) => [read(ada), other(ada)])),
        others.flatMap((_, index) => [alone[0], otherwise[index]]),
      );
    });
  }

  for (const [name, change] of Object.entries(changes)) {
    it(`${name} changes what is the caller’s, whatever others change at the same time`, async () => {
      const { storage, clock } = await open();
      await addAdministrator(storage, clock, 'root');
      // These have names of one length, so that what belongs to them differs in nothing else.
      const [eve, ada, bob] = [
        await aCaller(storage, clock, 'eve'),
        await aCaller(storage, clock, 'ada'),
        await aCaller(storage, clock, 'bob'),
      ];
      const alone = { result: withoutName(await change(eve), eve), ...(await everythingOf(eve)) };
      const results = await Promise.all([ada, bob].map((caller) => change(caller)));
      for (const [index, caller] of [ada, bob].entries()) {
        const both = { result: withoutName(results[index], caller), ...(await everythingOf(caller)) };
        assert.deepEqual(both, alone, `${caller.user.username} beside another, and eve alone`);
      }
    });
  }

  describe('a refusal', () => {
    it('is that of one call, and of no other one that waits beside it', async () => {
      const { storage, clock } = await open();
      const { by, user } = await aCaller(storage, clock, 'ada');
      await createTask(storage, by);
      const nothing = { tasks: 0, bytes: 0, idempotencyKeys: 0 };
      const expected = aDraft({ title: 'another' });
      const outcomes = await Promise.all(
        [
          createTask(storage, by, aDraft(), { limits: nothing }),
          updateTask(storage, by, 1, { status: 'completed' }),
          storage.tasks.remove(by, 2, expected),
          createTask(storage, refTo(user, 'ended')),
          storage.tasks.remove(by, 3),
          storage.sessions.endOther(refTo(user, 'ended'), by.sessionId),
          storage.sessions.end(refTo(user, 'second ada')),
          storage.users.changePasswordHash(by, 'wrong', 'new'),
          storage.users.deactivate(user.id),
          storage.staff.authorise(by).then(({ id }) => id),
          storage.staff.act(refTo(user, 'ended'), anActOn(user, 'activate')),
          createTask(storage, by).then(({ id }) => id),
        ].map((call) => outcomeOf<unknown>(call)),
      );
      assert.deepEqual(outcomes, [
        'task_limit_reached',
        { ...aDraft({ title: 'first of ada', status: 'completed' }), id: 1 },
        'task_changed',
        'token_revoked',
        true,
        'token_revoked',
        true,
        false,
        'last_administrator',
        by.sessionId,
        'token_revoked',
        4,
      ]);
    });
  });
}

/** Adds a user who is staff, with two tasks and two sessions, of whom everything contains the name. */
async function aCaller(storage: Storage, clock: SettableClock, username: string): Promise<Caller> {
  const user = await addUser(storage, { username, passwordHash: `first hash ${username}` });
  for (const id of [username, `second ${username}`]) {
    await openSession(storage, aSessionOf(user, clock, { id, address: `address ${username}` }), user);
  }
  const by = refTo(user, username);
  await createTask(storage, by, aDraft({ title: `first of ${username}` }));
  await createTask(storage, by, aDraft({ title: `second of ${username}` }));
  await storage.users.setPasswordLink(user.id, { digest: `link ${username}`, expiresAt: 4e9 });
  await storage.staff.add(user.id);
  await storage.staff.record(aRecord({ actor: username, userId: user.id, username }));
  // Only one of them is trusted.
  if (username === 'ada') await storage.rateLimiter.trust(username, 60);
  return { storage, clock, user, by };
}

/** All that belongs to a caller, so that it can be compared with what belongs to another one. */
async function everythingOf(caller: Caller): Promise<object> {
  const { storage, user } = caller;
  const { username } = user;
  const everything = [
    await storage.users.find(user.id),
    await storage.sessions.listOf(user.id),
    await storage.tasks.summaryOf(user.id),
    await storage.archive.tasksOf(user.id, page),
    await storage.rateLimiter.isTrusted(`new ${username}`),
    (await storage.staff.list()).includes(user.id),
    (await recordsOf(storage)).filter(({ userId }) => userId === user.id).map(withoutId),
    await outcomeOf(storage.rateLimiter.consume(username, minute, { limit: 'sign_in' })),
  ];
  return { everything: everything.map((each) => withoutName(each, caller)) };
}

/** The value with the same text in place of the name and of the id of any caller. */
function withoutName(value: unknown, { user: { id, username } }: Caller): string {
  return (JSON.stringify(value) ?? 'undefined')
    .replaceAll(`"userId":${id},`, '"userId":0,')
    .replaceAll(`{"id":${id},"username"`, '{"id":0,"username"')
    .replaceAll(username, 'caller');
}
