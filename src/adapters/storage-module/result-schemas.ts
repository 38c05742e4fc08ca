import { asSentence } from './as-sentence.js';
import type { ArchivedTaskPage } from '../../application/ports/archive.js';
import type { Finding, Storage, StorageHealth } from '../../application/ports/storage.js';
import type { LimitSubject, ReachedLimit, ReachedLimits } from '../../application/ports/rate-limiter.js';
import { auditedAs, type AuditPage, type AuditRecord } from '../../domain/audit.js';
import { limitNames, type CountedAttempts, type RateLimit } from '../../domain/rate-limit.js';
import type { Page } from '../../domain/page.js';
import type { PasswordLink } from '../../domain/password-link.js';
import type { RefreshGeneration, RotatedOut, Session } from '../../domain/session.js';
import { compareTasks, type TaskQuery, type TaskSelection } from '../../domain/task-query.js';
import { taskStatuses, type Task, type TaskPage, type TaskSummary } from '../../domain/task.js';
import type { User } from '../../domain/user.js';

/** For each method of a port, the function that checks the result of a call with these arguments. */
export type SchemasOf<Port> = {
  readonly [K in keyof Port]-?: NonNullable<Port[K]> extends (...args: infer A) => Promise<infer R>
    ? (result: unknown, args: A) => R
    : SchemasOf<Port[K]>;
};

/** The methods that a storage may leave out. */
export const optionalMethods: readonly string[] = ['inspect'];

/** Thrown for a result that does not have the promised shape. */
export class InvalidResult extends Error {
  override readonly name = 'InvalidResult';
}

/** Returns the value as the expected type, without unknown fields. Throws InvalidResult. */
type Read<T> = (value: unknown) => T;

const primitive =
  <T>(isValid: (value: unknown) => value is T): Read<T> =>
  (value) => {
    if (!isValid(value)) throw new InvalidResult();
    return value;
  };
const string = primitive((value) => typeof value === 'string');
const boolean = primitive((value) => typeof value === 'boolean');
const time = primitive((value): value is number => Number.isFinite(value));
const wholeTime = primitive((value): value is number => Number.isSafeInteger(value));
const count = primitive((value): value is number => Number.isSafeInteger(value) && Number(value) >= 0);
const id = primitive((value): value is number => Number.isSafeInteger(value) && Number(value) > 0);
const oneOf = <T>(values: readonly T[]) =>
  primitive((value): value is T => values.some((each) => each === value));
const ignored: Read<void> = () => undefined;

const optional =
  <T>(read: Read<T>): Read<T | undefined> =>
  (value) =>
    value === undefined ? undefined : read(value);

const union =
  <T, U>(read: Read<T>, readOther: Read<U>): Read<T | U> =>
  (value) =>
    typeof value === 'object' ? read(value) : readOther(value);

/** An object with these fields, in this order. The compiler checks that none is missing. */
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
    return Array.from(value, read); // Unlike `map`, this reads what is missing, too.
  };

/** A page, ordered by id. Items outside the page could make clients that read page by page loop for ever. */
function pageOf<T extends { readonly id: number }>(read: Read<T>) {
  const readAll = list(read);
  return (value: unknown, { after, limit }: Page): readonly T[] => {
    requireLength(value, limit);
    const items = readAll(value);
    const isOutside = items.some((item, index) => item.id <= (items[index - 1]?.id ?? after));
    if (isOutside) throw new InvalidResult();
    return items;
  };
}

/** Rejects a list that is too long before it is read, which would take as long as it is. */
function requireLength(value: unknown, limit: number): void {
  if (Array.isArray(value) && value.length > limit) throw new InvalidResult();
}

/** The wait before the next attempt: never longer than the share of one attempt in the limit's period. */
function retryAfter(
  result: unknown,
  [, { attempts, period }]: [key: string, limit: RateLimit, subject: LimitSubject],
): number {
  const wait = time(result);
  if (wait < 0 || wait > period / attempts + 1e-6) throw new InvalidResult();
  return wait;
}

const reachedLimits = object<ReachedLimits>({
  reached: list(
    object<ReachedLimit>({
      key: string,
      subject: object<LimitSubject>({
        limit: oneOf(limitNames),
        network: optional(string),
        username: optional(string),
      }),
      counted: object<CountedAttempts>({ count: time, at: time }),
    }),
  ),
  next: optional(string),
});
const user = object<User>({
  id,
  username: string,
  passwordHash: string,
  active: boolean,
  createdAt: time,
  passwordLink: optional(object<PasswordLink>({ digest: string, expiresAt: wholeTime })),
});
const generation = object<RefreshGeneration>({ id: string, issuedAt: wholeTime, expiresAt: wholeTime });
const session = object<Session>({
  id: string,
  userId: id,
  openedAt: wholeTime,
  lastUsedAt: wholeTime,
  address: optional(string),
  current: generation,
  rotatedOut: optional(list(object<RotatedOut>({ id: string, issuedAt: wholeTime, rotatedAt: time }))),
});
const task = object<Task>({ id, title: string, description: string, status: oneOf(taskStatuses) });
const auditRecord = object<AuditRecord>({
  id,
  at: wholeTime,
  by: oneOf(auditedAs),
  actor: string,
  act: string,
  userId: id,
  username: string,
});
const sentence: Read<string> = (value) => asSentence(string(value));
/** A storage may leave out a list that is empty, and return its warnings alone. */
const messages: Read<readonly string[]> = (value) => (value === undefined ? [] : list(sentence)(value));
const health = object<StorageHealth>({ reasons: messages, warnings: messages });
const users = pageOf(user);
const tasks = pageOf(task);
const taskPage = (value: unknown, page: Page) => {
  const result = object<TaskPage>({
    tasks: (given) => tasks(given, page),
    hasMore: boolean,
    total: count,
    revision: count,
  })(value);
  return requireStart(result);
};
const archivedPage = (value: unknown, page: Page) =>
  requireStart(
    object<ArchivedTaskPage>({
      tasks: (given) => tasks(given, page),
      hasMore: boolean,
      lastTaskId: count,
    })(value),
  );
/** A page of the audit log. As with `pageOf`, every page leads on. */
const auditRecords = (value: unknown, { before, limit }: AuditPage) => {
  requireLength(value, limit);
  const records = list(auditRecord)(value);
  const isOutside = records.some((each, index) => each.id >= (records[index - 1]?.id ?? before));
  if (isOutside) throw new InvalidResult();
  return records;
};
/** A page in the order of the query. As with `pageOf`, every page leads on. */
const selection = (value: unknown, query: TaskQuery) => {
  const compare = compareTasks(query.order);
  const result = object<TaskSelection>({
    tasks: (given) => {
      requireLength(given, query.limit);
      return list(task)(given);
    },
    hasMore: boolean,
    total: query.count ? count : () => undefined,
    revision: count,
  })(value);
  const isOutside = result.tasks.some((each, index) => {
    const previous = result.tasks[index - 1] ?? query.after;
    return previous && compare(each, previous) <= 0;
  });
  if (isOutside) throw new InvalidResult();
  return requireStart(result);
};

/** A page without tasks has no last task after which the next page could start. */
function requireStart<T extends Pick<TaskPage, 'tasks' | 'hasMore'>>(page: T): T {
  if (page.hasMore && page.tasks.length === 0) throw new InvalidResult();
  return page;
}

const summary = object<TaskSummary>({ revision: count, count, bytes: count });

/** What every method of a storage returns. */
export const resultSchemas: SchemasOf<Storage> = {
  users: {
    add: optional(user),
    find: optional(user),
    findByName: optional(user),
    list: (result, [page]) => users(result, page),
    replacePasswordHash: ignored,
    setPasswordHash: boolean,
    changePasswordHash: boolean,
    setPasswordLink: boolean,
    usePasswordLink: boolean,
    activate: boolean,
    deactivate: boolean,
    remove: boolean,
    removeOwn: boolean,
  },
  sessions: {
    open: optional(count),
    adopt: boolean,
    find: optional(session),
    list: list(session),
    touch: ignored,
    rotate: union(session, oneOf(['reused', 'gone'])),
    end: boolean,
    endOther: boolean,
    endAll: ignored,
    listOf: list(session),
    endAllOf: count,
  },
  tasks: {
    create: task,
    find: optional(task),
    list: (result, [, page]) => taskPage(result, page),
    select: (result, [, query]) => selection(result, query),
    summary,
    summaryOf: summary,
    update: optional(task),
    remove: boolean,
  },
  rateLimiter: {
    consume: retryAfter,
    giveBack: ignored,
    clear: ignored,
    listReached: reachedLimits,
    trust: ignored,
    isTrusted: boolean,
  },
  archive: {
    lastUserId: count,
    tasksOf: (result, [, page]) => archivedPage(result, page),
    reserveUserIds: ignored,
    begin: oneOf(['begun', 'present', 'taken']),
    addTasks: ignored,
    finish: boolean,
  },
  staff: {
    add: boolean,
    remove: boolean,
    list: list(id),
    authorise: session,
    act: boolean,
    record: ignored,
    records: (result, [page]) => auditRecords(result, page),
  },
  check: (result) => health(Array.isArray(result) ? { warnings: result as unknown[] } : (result ?? {})),
  inspect: list(
    object<Finding>({ level: oneOf(['ok', 'warning', 'problem']), about: sentence, message: sentence }),
  ),
  close: ignored,
};
