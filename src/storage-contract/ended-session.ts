import assert from 'node:assert/strict';
import type { SessionRef } from '../application/ports/session-repository.js';
import type { Storage } from '../application/ports/storage.js';
import type { User } from '../domain/user.js';
import { aSessionOf, addUser, createTask, openSession, refTo } from './builders.js';
import { afterTurns } from './concurrency.js';
import type { Suite } from './suite.js';

/** Everything that ends a session. `other` is another session of its user. */
const enders: readonly ((
  storage: Storage,
  by: SessionRef,
  other: SessionRef,
  user: User,
) => Promise<unknown>)[] = [
  ({ sessions }, by) => sessions.end(by),
  ({ sessions }, by, other) => sessions.endOther(other, by.sessionId),
  ({ sessions }, by) => sessions.endAll(by),
  ({ sessions }, { userId }) => sessions.endAllOf(userId),
  ({ users }, { userId }) => users.deactivate(userId),
  ({ users }, { userId }) => users.setPasswordHash(userId, 'set'),
  ({ users }, _by, other, user) => users.changePasswordHash(other, user.passwordHash, 'changed'),
  ({ users }, { userId }) => users.remove(userId),
];

/** After how many turns of the event loop a session ends by which something is done. */
const delays = [0, 1, 3, 6];

/**
 * Expects that `act` changes nothing after its session `by` has ended, however that comes about. The user of the session
 * has another one, `other`, and the task 1.
 */
export async function changesNothingAfterItsEnd(
  { open }: Suite,
  act: (storage: Storage, by: SessionRef, user: User) => Promise<unknown>,
): Promise<void> {
  const { storage, clock } = await open();
  for (const [index, end] of enders.entries()) {
    for (const delay of delays) {
      const user = await addUser(storage, { username: `user-${index}-${delay}` });
      const [by, other] = [refTo(user, 'by'), refTo(user, 'other')];
      for (const id of ['by', 'other', 'third'])
        await openSession(storage, aSessionOf(user, clock, { id }), user);
      await createTask(storage, other);
      const acting = act(storage, by, user).catch(() => undefined);
      // It is rejected if the act came first and has ended the other session.
      const hasEnded = await afterTurns(delay, () => end(storage, by, other, user)).catch(() => false);
      const atItsEnd = await everythingOf(storage, user);
      await acting;
      if (hasEnded !== false) assert.deepEqual(await everythingOf(storage, user), atItsEnd, end.toString());
    }
  }
}

/** What is stored of a user. */
async function everythingOf({ users, sessions, tasks, archive }: Storage, { id }: User): Promise<unknown> {
  return Promise.all([
    users.find(id),
    sessions.listOf(id),
    tasks.summaryOf(id),
    archive.tasksOf(id, { after: 0, limit: 10 }),
  ]);
}
