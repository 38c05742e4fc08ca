import assert from 'node:assert/strict';
import type { SessionRef } from '../application/ports/session-repository.js';
import type { Storage } from '../application/ports/storage.js';
import type { User } from '../domain/user.js';
import { aSessionOf, addUser, createTask, openSession, refTo, updateTask } from './builders.js';
import { afterTurns } from './concurrency.js';
import { outcomeOf } from './rejection.js';
import type { Suite } from './suite.js';

/** Everything that ends a session. `other` is another session of its user. */
export const enders: readonly ((
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
 * Expects that `read` resolves neither to a task nor to a revision that came after its session had ended. `taskId` is
 * that of the task that is changed then.
 */
export async function readsNothingAfterItsEnd(
  { open }: Suite,
  read: (storage: Storage, by: SessionRef, taskId: number) => Promise<unknown>,
): Promise<void> {
  const { storage, clock } = await open();
  const user = await addUser(storage);
  const other = await openSession(storage, aSessionOf(user, clock, { id: 'other' }), user);
  for (let round = 0; round < 20; round++) {
    const by = refTo(user, `session ${round}`);
    await openSession(storage, aSessionOf(user, clock, { id: by.sessionId }), user);
    const { id } = await createTask(storage, refTo(user, other.id));
    const reading = outcomeOf(read(storage, by, id));
    await afterTurns(Math.floor(round / 2) % 5, () => storage.sessions.end(by));
    await updateTask(storage, refTo(user, other.id), id, { title: 'changed after the end' });
    const { revision } = await storage.tasks.summaryOf(user.id);
    const seen = JSON.stringify(await reading) ?? '';
    assert.ok(!seen.includes('changed after the end') && !seen.includes(`${revision}`), seen);
    await storage.tasks.remove(refTo(user, other.id), id);
  }
}

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
      const acting = outcomeOf(act(storage, by, user));
      const ended = await afterTurns(delay, () => outcomeOf(end(storage, by, other, user)));
      const atItsEnd = await everythingOf(storage, user);
      await acting;
      // The end is refused or false if the act came first and has ended the other session, or removed the user.
      const isEnded = ended !== false && ended !== 'token_revoked';
      if (isEnded) assert.deepEqual(await everythingOf(storage, user), atItsEnd, end.toString());
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
