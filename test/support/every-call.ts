import { inspect } from 'node:util';
import { expect } from 'chai';
import { StorageUnavailable, type Storage } from '../../src/application/ports/storage.js';
import type { SettableClock } from '../../src/storage-contract/settable-clock.js';
import {
  aDraft,
  aGenerationAt,
  aNewUser,
  aSessionOf,
  createTask,
  presented,
  refTo,
  updateTask,
} from '../../src/storage-contract/builders.js';

/** The methods of a storage, but for the one that closes it. */
type MethodName =
  'check' | 'inspect' | { [Port in PortName]: `${Port}.${keyof Storage[Port] & string}` }[PortName];

type PortName = 'users' | 'sessions' | 'tasks' | 'rateLimiter' | 'archive' | 'staff';

/** Each method of a storage, called with a secret in its arguments. */
export function everyCall(
  storage: Storage,
  clock: SettableClock,
): Record<MethodName, () => Promise<unknown>> {
  const { users, sessions, tasks, rateLimiter, archive, staff } = storage;
  const secret = aNewUser({ username: 'secret', passwordHash: 'secret' });
  const user = { id: 1, active: true, ...secret };
  const session = aSessionOf(user, clock, { id: 'secret' });
  const by = refTo(user, 'secret');
  const next = aGenerationAt(clock, 'secret');
  const page = { after: 0, limit: 10 };
  const subject = { limit: 'sign_in', username: 'secret' } as const;
  const record = {
    at: 1,
    by: 'staff',
    actor: 'secret',
    act: 'secret',
    userId: 1,
    username: 'secret',
  } as const;
  return {
    check: () => storage.check(),
    inspect: async () => storage.inspect?.(),
    'users.add': () => users.add(secret),
    'users.find': () => users.find(1),
    'users.findByName': () => users.findByName('secret'),
    'users.list': () => users.list(page),
    'users.replacePasswordHash': () => users.replacePasswordHash(1, 'secret', 'secret'),
    'users.setPasswordHash': () => users.setPasswordHash(1, 'secret'),
    'users.changePasswordHash': () => users.changePasswordHash(by, 'secret', 'secret'),
    'users.setPasswordLink': () => users.setPasswordLink(1, { digest: 'secret', expiresAt: 1 }),
    'users.usePasswordLink': () => users.usePasswordLink(1, 'secret', 'secret'),
    'users.activate': () => users.activate(1),
    'users.deactivate': () => users.deactivate(1),
    'users.remove': () => users.remove(1),
    'users.removeOwn': () => users.removeOwn(by),
    'sessions.open': () => sessions.open(session, 'secret', 1),
    'sessions.adopt': () => sessions.adopt(session),
    'sessions.find': () => sessions.find(by),
    'sessions.list': () => sessions.list(by),
    'sessions.touch': () => sessions.touch(by, 1),
    'sessions.rotate': () => sessions.rotate(by, { presented: presented('secret'), next, grace: 0 }),
    'sessions.end': () => sessions.end(by),
    'sessions.endOther': () => sessions.endOther(by, 'secret'),
    'sessions.endAll': () => sessions.endAll(by),
    'sessions.listOf': () => sessions.listOf(1),
    'sessions.endAllOf': () => sessions.endAllOf(1),
    'tasks.create': () => createTask(storage, by, aDraft({ title: 'secret' })),
    'tasks.find': () => tasks.find(by, 1),
    'tasks.list': () => tasks.list(by, page),
    'tasks.select': () =>
      tasks.select(by, {
        search: 'secret',
        order: { by: 'id', descending: false },
        offset: 0,
        limit: 10,
        count: true,
      }),
    'tasks.summary': () => tasks.summary(by),
    'tasks.summaryOf': () => tasks.summaryOf(1),
    'tasks.update': () => updateTask(storage, by, 1, { title: 'secret' }),
    'tasks.remove': () => tasks.remove(by, 1),
    'rateLimiter.consume': () => rateLimiter.consume('secret', { attempts: 1, period: 1 }, subject),
    'rateLimiter.clear': () => rateLimiter.clear('secret'),
    'rateLimiter.listReached': () => rateLimiter.listReached(),
    'rateLimiter.giveBack': () => rateLimiter.giveBack('secret'),
    'rateLimiter.trust': () => rateLimiter.trust('secret', 1),
    'rateLimiter.isTrusted': () => rateLimiter.isTrusted('secret'),
    'archive.lastUserId': () => archive.lastUserId(),
    'archive.tasksOf': () => archive.tasksOf(1, page),
    'archive.reserveUserIds': () => archive.reserveUserIds(1),
    'archive.begin': () => archive.begin(user),
    'archive.addTasks': () => archive.addTasks(1, [{ id: 1, ...aDraft({ title: 'secret' }) }]),
    'archive.finish': () => archive.finish(user, 1),
    'staff.add': () => staff.add(1),
    'staff.remove': () => staff.remove(1),
    'staff.list': () => staff.list(),
    'staff.authorise': () => staff.authorise(by),
    'staff.act': () => staff.act(by, { ...record, act: 'end_sessions' }),
    'staff.record': () => staff.record(record),
    'staff.records': () => staff.records({ before: Infinity, limit: 10 }),
  };
}

/** Expects StorageUnavailable, without the secret in it. */
export async function expectUnavailable(call: Promise<unknown>): Promise<void> {
  const error: unknown = await call.then(
    () => 'a result',
    (reason: unknown) => reason,
  );
  expect(error).to.be.instanceOf(StorageUnavailable);
  expect(inspect(error, { showHidden: true })).not.to.contain('secret');
}
