import type { SessionRef } from '../application/ports/session-repository.js';
import type { Storage } from '../application/ports/storage.js';
import type { CreateTaskOptions, UpdateTaskOptions } from '../application/ports/task-repository.js';
import type { RefreshGeneration, RotationRequest, Session } from '../domain/session.js';
import type { Task, TaskChanges, TaskDraft, TaskLimits } from '../domain/task.js';
import type { NewUser, User } from '../domain/user.js';
import type { SettableClock } from './settable-clock.js';

/** A user who is not added yet. */
export function aNewUser(given: Partial<NewUser> = {}): NewUser {
  return { username: 'alice', passwordHash: 'hash of alice', createdAt: 1_700_000_000, ...given };
}

/** A task that is not created yet. */
export function aDraft(given: Partial<TaskDraft> = {}): TaskDraft {
  return { title: 'Milk', description: 'Two litres', status: 'pending', ...given };
}

export const unlimited: TaskLimits = { tasks: Infinity, bytes: Infinity, idempotencyKeys: Infinity };

/** Creates a task, by default without limits. */
export function createTask(
  { tasks }: Storage,
  session: SessionRef,
  draft: TaskDraft = aDraft(),
  { limits = unlimited, idempotency }: Partial<CreateTaskOptions> = {},
): Promise<Task> {
  return tasks.create(session, draft, { limits, idempotency });
}

/** Updates a task, by default without a limit. */
export function updateTask(
  { tasks }: Storage,
  session: SessionRef,
  id: number,
  changes: TaskChanges,
  options: Partial<UpdateTaskOptions> = {},
): Promise<Task | undefined> {
  return tasks.update(session, id, changes, { maxBytes: Infinity, ...options });
}

/** A reference to a session of this user, which need not exist. */
export function refTo(user: Pick<User, 'id'>, sessionId = 'session'): SessionRef {
  return { userId: user.id, sessionId };
}

/** Which of these sessions of the user are active. */
export async function activeOf(
  { sessions }: Storage,
  user: Pick<User, 'id'>,
  ids: readonly string[],
): Promise<string[]> {
  const found = await Promise.all(ids.map((id) => sessions.find(refTo(user, id))));
  return ids.filter((_, index) => found[index] !== undefined);
}

/** A refresh token that lasts `lifetime` seconds from now. */
export function aGenerationAt(clock: SettableClock, id: string, lifetime = 3600): RefreshGeneration {
  const issuedAt = Math.floor(clock.now());
  return { id, issuedAt, expiresAt: issuedAt + lifetime };
}

/** A presented refresh token, by default issued long ago. */
export function presented(id: string, issuedAt = 0): Pick<RefreshGeneration, 'id' | 'issuedAt'> {
  return { id, issuedAt };
}

/** The rotation of a refresh token that was issued long ago, with ten seconds of grace. */
export function rotation(id: string, next: RefreshGeneration): RotationRequest {
  return { presented: presented(id), next, grace: 10 };
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

/** Adds a user and opens a session for that user. */
export async function signIn(
  storage: Storage,
  clock: SettableClock,
  given: Partial<Session> = {},
  username = 'alice',
): Promise<{ readonly user: User; readonly session: Session; readonly ref: SessionRef }> {
  const user = await addUser(storage, { username });
  const session = await openSession(storage, aSessionOf(user, clock, given), user);
  return { user, session, ref: refTo(user, session.id) };
}

/** Opens a session of an active user. */
export async function openSession({ sessions }: Storage, session: Session, user: User): Promise<Session> {
  const opened = await sessions.open(session, user.passwordHash, Infinity);
  if (opened === undefined) throw new Error('the session was not opened');
  return session;
}

/** Opens a session for each id, each for the given number of seconds from now. */
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

/** Adds a user with an active session, and returns sessions that the storage must reject. */
export async function signInWithUselessSessions(
  storage: Storage,
  clock: SettableClock,
): Promise<{ readonly user: User; readonly ref: SessionRef; readonly others: readonly SessionRef[] }> {
  const { user, ref } = await signIn(storage, clock);
  await openSession(storage, aSessionOf(user, clock, { id: 'ended' }), user);
  await storage.sessions.end(refTo(user, 'ended'));
  await signIn(storage, clock, { id: 'foreign' }, 'bob');
  await openSessionsLasting(storage, clock, user, { expired: 60 });
  clock.advance(60);
  const others = ['ended', 'expired', 'unknown', 'foreign'].map((id) => refTo(user, id));
  return { user, ref, others };
}
