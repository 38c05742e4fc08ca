import type { Storage, StorageHealth } from '../../application/ports/storage.js';
import type { RateLimit } from '../../domain/rate-limit.js';
import type { Page } from '../../domain/page.js';
import type { RefreshGeneration, RotatedOut, Session } from '../../domain/session.js';
import { taskStatuses, type Task, type TaskPage } from '../../domain/task.js';
import type { User } from '../../domain/user.js';

/** For each method of a port, how its answer to a call with these arguments is read. */
export type SchemasOf<Port> = {
  readonly [K in keyof Port]-?: Port[K] extends (...args: infer A) => Promise<infer R>
    ? (answer: unknown, args: A) => R
    : SchemasOf<Port[K]>;
};

/** Thrown for an answer that is not what a storage promises. */
export class InvalidResult extends Error {
  override readonly name = 'InvalidResult';
}

/** Answers a value of any kind as what it should be, with nothing else in it; throws InvalidResult. */
type Read<T> = (value: unknown) => T;

const one =
  <T>(isRight: (value: unknown) => value is T): Read<T> =>
  (value) => {
    if (!isRight(value)) throw new InvalidResult();
    return value;
  };
const text = one((value) => typeof value === 'string');
const truth = one((value) => typeof value === 'boolean');
const time = one((value): value is number => Number.isFinite(value));
const wholeTime = one((value): value is number => Number.isSafeInteger(value));
const count = one((value): value is number => Number.isSafeInteger(value) && Number(value) >= 0);
const id = one((value): value is number => Number.isSafeInteger(value) && Number(value) > 0);
const among = <T>(values: readonly T[]) => one((value): value is T => values.some((each) => each === value));
const nothing: Read<void> = () => undefined;

const maybe =
  <T>(read: Read<T>): Read<T | undefined> =>
  (value) =>
    value === undefined ? undefined : read(value);

const either =
  <T, U>(read: Read<T>, readOther: Read<U>): Read<T | U> =>
  (value) =>
    typeof value === 'object' ? read(value) : readOther(value);

/** An object of these members, in this order; the compiler sees to it that none is forgotten. */
function object<T extends object>(members: { readonly [K in keyof T]-?: Read<T[K]> }): Read<T> {
  const readers = Object.entries<Read<unknown>>(members);
  return (value) => {
    if (typeof value !== 'object' || value === null) throw new InvalidResult();
    const entries = readers.map(([name, read]) => [name, read(Reflect.get(value, name))] as const);
    return Object.fromEntries(entries.filter(([, member]) => member !== undefined)) as T;
  };
}

const list =
  <T>(read: Read<T>): Read<readonly T[]> =>
  (value) => {
    if (!Array.isArray(value)) throw new InvalidResult();
    return value.map(read);
  };

/** A page in the order of ids. What is outside of it could keep those who read page by page from coming to an end. */
function pageOf<T extends { readonly id: number }>(read: Read<T>) {
  const readAll = list(read);
  return (value: unknown, { after, limit }: Page): readonly T[] => {
    const items = readAll(value);
    const isOutside = items.some((item, index) => item.id <= (items[index - 1]?.id ?? after));
    if (isOutside || items.length > limit) throw new InvalidResult();
    return items;
  };
}

/** Nobody waits for longer than a limit's share of one attempt. */
function waitFor(answer: unknown, [, { attempts, period }]: [key: string, limit: RateLimit]): number {
  const wait = time(answer);
  if (wait < 0 || wait > period / attempts + 1e-6) throw new InvalidResult();
  return wait;
}

const user = object<User>({ id, username: text, passwordHash: text, active: truth, createdAt: time });
const generation = object<RefreshGeneration>({ id: text, issuedAt: wholeTime, expiresAt: wholeTime });
const session = object<Session>({
  id: text,
  userId: id,
  openedAt: wholeTime,
  lastUsedAt: wholeTime,
  address: maybe(text),
  current: generation,
  rotatedOut: maybe(list(object<RotatedOut>({ id: text, issuedAt: wholeTime, rotatedAt: time }))),
});
const task = object<Task>({ id, title: text, description: text, status: among(taskStatuses) });
/** A storage may leave out what it has nothing to say about, and answer its warnings alone. */
const sentences: Read<readonly string[]> = (value) => (value === undefined ? [] : list(text)(value));
const health = object<StorageHealth>({ reasons: sentences, warnings: sentences });
const users = pageOf(user);
const tasks = pageOf(task);
const taskPage = (value: unknown, page: Page) => {
  const answer = object<TaskPage>({ tasks: (given) => tasks(given, page), hasMore: truth })(value);
  // Else there would be no next page.
  if (answer.hasMore && answer.tasks.length === 0) throw new InvalidResult();
  return answer;
};

/** What every method of a storage returns. */
export const resultSchemas: SchemasOf<Storage> = {
  users: {
    add: maybe(user),
    find: maybe(user),
    findByName: maybe(user),
    list: (answer, [page]) => users(answer, page),
    replacePasswordHash: nothing,
    setPasswordHash: truth,
    changePasswordHash: truth,
    activate: truth,
    deactivate: truth,
    remove: truth,
    removeOwn: truth,
  },
  sessions: {
    open: maybe(count),
    find: maybe(session),
    list: list(session),
    touch: nothing,
    rotate: either(session, among(['reused', 'gone'])),
    end: truth,
    endOther: truth,
    endAll: nothing,
  },
  tasks: {
    create: task,
    find: maybe(task),
    list: (answer, [, page]) => taskPage(answer, page),
    update: maybe(task),
    remove: truth,
  },
  rateLimiter: { consume: waitFor, giveBack: nothing, trust: nothing, isTrusted: truth },
  check: (answer) => health(Array.isArray(answer) ? { warnings: answer as unknown[] } : (answer ?? {})),
  close: nothing,
};
