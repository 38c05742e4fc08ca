import type { Storage } from '../../src/application/ports.js';
import type { RefreshGeneration, Session } from '../../src/domain/session.js';
import type { TaskDraft } from '../../src/domain/task.js';
import type { NewUser, User } from '../../src/domain/user.js';
import type { SettableClock } from '../support/settable-clock.js';

/** A user who is not added yet. */
export function aNewUser(given: Partial<NewUser> = {}): NewUser {
  return { username: 'alice', passwordHash: 'hash of alice', createdAt: 1_700_000_000, ...given };
}

/** A task that is not created yet. */
export function aDraft(given: Partial<TaskDraft> = {}): TaskDraft {
  return { title: 'Milk', description: 'Two litres', status: 'pending', ...given };
}

/** A refresh token that lasts `lifetime` seconds from now. */
export function aGenerationAt(clock: SettableClock, id: string, lifetime = 3600): RefreshGeneration {
  const issuedAt = Math.floor(clock.now());
  return { id, issuedAt, expiresAt: issuedAt + lifetime };
}

/** A refresh token that was issued long ago, unless it is said when. */
export function presented(id: string, issuedAt = 0): Pick<RefreshGeneration, 'id' | 'issuedAt'> {
  return { id, issuedAt };
}

/** A session that is not opened yet; its refresh token is `first` and lasts an hour. */
export function aSessionOf(user: User, clock: SettableClock, given: Partial<Session> = {}): Session {
  const current = aGenerationAt(clock, 'first');
  const openedAt = current.issuedAt;
  return { id: 'session', userId: user.id, openedAt, lastUsedAt: openedAt, current, ...given };
}

/** Adds a user whose name is free. */
export async function addUser({ users }: Storage, given: Partial<NewUser> = {}): Promise<User> {
  const user = await users.add(aNewUser(given));
  if (!user) throw new Error('the name is taken');
  return user;
}

/** Adds a user and opens a session of theirs. */
export async function signIn(
  storage: Storage,
  clock: SettableClock,
  given: Partial<Session> = {},
): Promise<{ readonly user: User; readonly session: Session }> {
  const user = await addUser(storage);
  const session = await openSession(storage, aSessionOf(user, clock, given), user);
  return { user, session };
}

/** Opens a session of an active user. */
export async function openSession({ sessions }: Storage, session: Session, user: User): Promise<Session> {
  const opened = await sessions.open(session, user.passwordHash);
  if (opened === undefined) throw new Error('the session was not opened');
  return session;
}

/** Opens a session for each id, which lasts so many seconds from now. */
export async function openSessionsLasting(
  storage: Storage,
  clock: SettableClock,
  user: User,
  lifetimes: Readonly<Record<string, number>>,
): Promise<void> {
  for (const [id, lifetime] of Object.entries(lifetimes)) {
    const current = aGenerationAt(clock, 'first', lifetime);
    await openSession(storage, aSessionOf(user, clock, { id, current }), user);
  }
}

/** Adds a user with a live session `session`, and answers the ids of others that nobody may do anything within. */
export async function signInWithUselessSessions(
  storage: Storage,
  clock: SettableClock,
): Promise<{ readonly user: User; readonly others: readonly string[] }> {
  const { user } = await signIn(storage, clock);
  await openSession(storage, aSessionOf(user, clock, { id: 'ended' }), user);
  await storage.sessions.end(user.id, 'ended');
  const bob = await addUser(storage, { username: 'bob' });
  await openSession(storage, aSessionOf(bob, clock, { id: 'foreign' }), bob);
  await openSessionsLasting(storage, clock, user, { expired: 60 });
  clock.advance(60);
  return { user, others: ['ended', 'expired', 'unknown', 'foreign'] };
}
