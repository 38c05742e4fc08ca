import { BadRecord } from '../domain/archive.js';
import { parseDjangoRecord, type DjangoTask, type DjangoUser } from '../domain/django-dump.js';
import { adoptedSession, type TokenClaims } from '../domain/session.js';
import type { Task } from '../domain/task.js';
import { normaliseUsername } from '../domain/user.js';
import { AccountTaken } from './import-data.js';
import type { Archive } from './ports/archive.js';
import type { Clock } from './ports/environment.js';
import type { PasswordHasher } from './ports/password-hasher.js';
import type { SessionRepository } from './ports/session-repository.js';

/** Why a dump, or a record of it, cannot be imported. */
export type DumpProblem =
  | { readonly code: 'bad_record'; readonly record: string; readonly fields: readonly string[] }
  /** Two users have one id, or names that are the same after normalisation. */
  | { readonly code: 'same_user'; readonly record: string; readonly other: number }
  /** Comparing a password with the hash would take too much time or memory. */
  | { readonly code: 'costly_hash'; readonly record: string }
  /** The task's owner is not in the dump. */
  | { readonly code: 'unknown_owner'; readonly record: string }
  /** The ids of a user's tasks do not ascend. */
  | { readonly code: 'out_of_order'; readonly record: string }
  /** Tasks have no owner, and nobody was named to get them. */
  | { readonly code: 'no_owner'; readonly tasks: number }
  /** The user who should get the tasks without an owner is not in the dump. */
  | { readonly code: 'no_such_user'; readonly username: string }
  /** Another account in the storage has the id or the name of the user. */
  | { readonly code: 'taken'; readonly record: string };

/** Thrown for a dump that cannot be imported. Nothing was written. */
export class UnfitDump extends Error {
  override readonly name = 'UnfitDump';

  constructor(
    /** The first problems. */
    readonly problems: readonly DumpProblem[],
    /** How many there are. */
    readonly count: number,
  ) {
    super('unfit');
  }
}

/** The names of users who were staff or superusers of Django, and should be staff. */
export interface PrivilegedUsers {
  /** They were imported as staff. */
  readonly promoted: readonly string[];
  /** They were imported, but are not staff because they are inactive. */
  readonly inactive: readonly string[];
  /** They were there already, and were left as they are. */
  readonly present: readonly string[];
}

/** What is to be decided about an import. */
export interface DjangoImportChoices {
  /** The name of the user who gets the tasks without an owner. */
  readonly owner?: string | undefined;
  /** Whether active users who were staff or superusers become staff. */
  readonly takesStaff?: boolean;
}

/** What an import has done. */
export interface DjangoImportSummary {
  /** Users and tasks that are imported. */
  readonly users: number;
  readonly tasks: number;
  /** Users who were there already, and were left as they are. */
  readonly present: number;
  /** The names of users who were staff or superusers. */
  readonly staff: readonly string[];
  readonly superusers: readonly string[];
  /** What has become of them; undefined if they are users like any other here. */
  readonly privileged: PrivilegedUsers | undefined;
  /** The names of users whose password cannot be verified, by the algorithm of their hash. */
  readonly unverifiable: ReadonlyMap<string, readonly string[]>;
  /** How many tokens that Django has blacklisted are refused here, too. */
  readonly blacklisted: number;
  /** How many records of each other model were left out. */
  readonly leftOut: ReadonlyMap<string, number>;
}

/** So many problems are kept. */
const maxProblems = 100;

/** Tasks wait in memory until their texts exceed this many UTF-16 code units. */
const maxWaiting = 2 ** 22;

/** At most so many tasks are added at once. */
const batchSize = 1000;

/** Imports the users and tasks of the replaced Django backend, for the operator. */
export class ImportFromDjango {
  constructor(
    private readonly archive: Archive,
    private readonly hasher: PasswordHasher,
    private readonly sessions: SessionRepository,
    private readonly clock: Clock,
  ) {}

  /**
   * Imports a dump, of which `read` returns the records each time. The dump is read once to find all problems, and only
   * then once more to write. Each user appears with all of their tasks or not at all; users who are there already are left
   * as they are, so an import that was cut off can be run again. Calls `onProgress` now and then. Throws UnfitDump and,
   * for an account that was made meanwhile, AccountTaken.
   */
  async execute(
    read: () => AsyncIterable<unknown>,
    { owner, takesStaff = false }: DjangoImportChoices,
    onProgress: (step: 'checking' | 'writing') => void = () => undefined,
  ): Promise<DjangoImportSummary> {
    const dump = new CheckedDump(this.hasher, owner, this.clock());
    for await (const record of read()) {
      dump.take(record);
      onProgress('checking');
    }
    dump.finish();
    const isToBeStaff = (each: DjangoUser) => takesStaff && isPrivileged(each);
    const begun = await this.begin(dump, isToBeStaff);
    await this.archive.reserveUserIds(dump.lastUserId);
    const adding = new TasksInBatches(this.archive);
    for await (const record of read()) {
      const parsed = parseDjangoRecord(record);
      const userId = parsed.kind === 'task' ? dump.ownerOf(parsed) : undefined;
      if (parsed.kind === 'task' && userId !== undefined && begun.has(userId))
        await adding.add(userId, parsed.task);
      onProgress('writing');
    }
    await adding.finish();
    for (const each of begun.values()) {
      const user = { ...each.user, isStaff: isToBeStaff(each) };
      if (!(await this.archive.finish(user, dump.lastTaskId))) throw new AccountTaken(user);
      onProgress('writing');
    }
    const blacklisted = await this.endBlacklisted(dump);
    return {
      ...dump.summary(),
      privileged: takesStaff ? privilegedUsers(dump, begun) : undefined,
      blacklisted,
      users: begun.size,
      tasks: adding.count,
      present: dump.users.size - begun.size,
    };
  }

  /** Ends the sessions that blacklisted tokens would become. Resolves to their number. */
  private async endBlacklisted(dump: CheckedDump): Promise<number> {
    const blacklisted = dump.blacklisted();
    for (const claims of blacklisted) {
      await this.sessions.adopt(adoptedSession(claims));
      await this.sessions.end(claims);
    }
    return blacklisted.length;
  }

  /** The users who are not there yet, by their ids. Throws UnfitDump if another account has the id or name of one. */
  private async begin(
    { users }: CheckedDump,
    isToBeStaff: (user: DjangoUser) => boolean,
  ): Promise<ReadonlyMap<number, DjangoUser>> {
    const begun = new Map<number, DjangoUser>();
    const problems = new Problems();
    for (const [id, each] of users) {
      const outcome = await this.archive.begin({ ...each.user, isStaff: isToBeStaff(each) });
      if (outcome === 'begun') begun.set(id, each);
      if (outcome === 'taken') problems.add({ code: 'taken', record: `auth.user ${id}` });
    }
    problems.throwIfAny();
    return begun;
  }
}

/** Adds tasks in batches, each of one user. */
class TasksInBatches {
  count = 0;
  private readonly waiting = new Map<number, Task[]>();
  private length = 0;

  constructor(private readonly archive: Archive) {}

  async add(userId: number, task: Task): Promise<void> {
    const batch = this.waiting.get(userId) ?? [];
    this.waiting.set(userId, batch);
    batch.push(task);
    this.count++;
    this.length += task.title.length + task.description.length;
    if (this.length > maxWaiting) return this.finish();
    if (batch.length === batchSize) await this.addBatch(userId, batch);
  }

  async finish(): Promise<void> {
    for (const [userId, batch] of this.waiting) await this.addBatch(userId, batch);
    this.length = 0;
  }

  private async addBatch(userId: number, batch: readonly Task[]): Promise<void> {
    this.waiting.delete(userId);
    await this.archive.addTasks(userId, batch);
  }
}

/** The problems of a dump; only the first ones are kept. */
class Problems {
  private readonly first: DumpProblem[] = [];
  private count = 0;

  add(problem: DumpProblem): void {
    this.count++;
    if (this.first.length < maxProblems) this.first.push(problem);
  }

  throwIfAny(): void {
    if (this.count > 0) throw new UnfitDump(this.first, this.count);
  }
}

/** The users of a dump, and what has to be known of its tasks before they are written. */
class CheckedDump {
  readonly users = new Map<number, DjangoUser>();
  lastUserId = 0;
  lastTaskId = 0;
  private readonly problems = new Problems();
  private readonly idsByName = new Map<string, number>();
  /** For each owner who is named by a task, the first of their tasks. */
  private readonly owners = new Map<number | string, string>();
  private ownerless = 0;
  private records = 0;
  private readonly leftOut = new Map<string, number>();
  /** The tokens that have not expired, by their keys. */
  private readonly tokens = new Map<number, TokenClaims>();
  private readonly blacklistedKeys = new Set<number>();

  constructor(
    private readonly hasher: PasswordHasher,
    private readonly owner: string | undefined,
    private readonly now: number,
  ) {}

  take(record: unknown): void {
    this.records++;
    try {
      const parsed = parseDjangoRecord(record);
      switch (parsed.kind) {
        case 'user':
          return this.takeUser(parsed);
        case 'task':
          return this.takeTask(parsed);
        case 'token':
          if (parsed.claims && this.now < parsed.claims.expiresAt) this.tokens.set(parsed.key, parsed.claims);
          return;
        case 'blacklisted':
          return void this.blacklistedKeys.add(parsed.key);
        case 'other':
          return void this.leftOut.set(parsed.model, (this.leftOut.get(parsed.model) ?? 0) + 1);
      }
    } catch (error) {
      if (!(error instanceof BadRecord)) throw error;
      this.problems.add({ code: 'bad_record', record: this.nameOf(record), fields: error.fields });
    }
  }

  /** Throws UnfitDump if there are problems. */
  finish(): void {
    for (const [owner, record] of this.owners) {
      if (this.find(owner) === undefined) this.problems.add({ code: 'unknown_owner', record });
    }
    if (this.ownerless > 0 && this.owner === undefined) {
      this.problems.add({ code: 'no_owner', tasks: this.ownerless });
    }
    if (this.owner !== undefined && this.find(normaliseUsername(this.owner)) === undefined) {
      this.problems.add({ code: 'no_such_user', username: this.owner });
    }
    this.problems.throwIfAny();
  }

  /** The id of the task's owner. */
  ownerOf({ owner }: DjangoTask): number | undefined {
    return this.find(owner ?? normaliseUsername(this.owner ?? ''));
  }

  /** The blacklisted tokens that have not expired. */
  blacklisted(): readonly TokenClaims[] {
    return [...this.tokens].flatMap(([key, claims]) => (this.blacklistedKeys.has(key) ? [claims] : []));
  }

  summary(): Pick<DjangoImportSummary, 'staff' | 'superusers' | 'unverifiable' | 'leftOut'> {
    const all = [...this.users.values()];
    const unverifiable = new Map<string, string[]>();
    for (const { user } of all) {
      if (this.hasher.assess(user.passwordHash) === 'usable') continue;
      const [algorithm = 'unknown'] = /^\w{1,32}(?=\$)/.exec(user.passwordHash) ?? [];
      unverifiable.set(algorithm, [...(unverifiable.get(algorithm) ?? []), user.username]);
    }
    return {
      staff: namesOf(all.filter(({ isStaff }) => isStaff)),
      superusers: namesOf(all.filter(({ isSuperuser }) => isSuperuser)),
      unverifiable,
      leftOut: this.leftOut,
    };
  }

  private takeUser(each: DjangoUser): void {
    const { id, username, passwordHash } = each.user;
    const record = `auth.user ${id}`;
    const other = this.users.has(id) ? id : this.idsByName.get(username);
    if (other !== undefined) return this.problems.add({ code: 'same_user', record, other });
    if (this.hasher.assess(passwordHash) === 'too_costly') this.problems.add({ code: 'costly_hash', record });
    this.users.set(id, each);
    this.lastUserId = Math.max(this.lastUserId, id);
    this.idsByName.set(username, id);
  }

  private takeTask({ task, owner }: DjangoTask): void {
    const record = `tasks.task ${task.id}`;
    if (task.id <= this.lastTaskId) this.problems.add({ code: 'out_of_order', record });
    this.lastTaskId = Math.max(this.lastTaskId, task.id);
    if (owner === undefined) this.ownerless++;
    else if (!this.owners.has(owner)) this.owners.set(owner, record);
  }

  /** The id of a user who was named by id or by name. */
  private find(owner: number | string): number | undefined {
    return typeof owner === 'string' ? this.idsByName.get(owner) : this.users.get(owner)?.user.id;
  }

  /** The model and the key of a record, if it has them; else its position. */
  private nameOf(record: unknown): string {
    const { model, pk } = (record ?? {}) as { model?: unknown; pk?: unknown };
    return typeof model === 'string' && typeof pk === 'number' ? `${model} ${pk}` : `record ${this.records}`;
  }
}

function isPrivileged({ isStaff, isSuperuser }: DjangoUser): boolean {
  return isStaff || isSuperuser;
}

function privilegedUsers({ users }: CheckedDump, begun: ReadonlyMap<number, DjangoUser>): PrivilegedUsers {
  const all = [...users.values()].filter(isPrivileged);
  const imported = all.filter(({ user }) => begun.has(user.id));
  return {
    promoted: namesOf(imported.filter(({ user }) => user.active)),
    inactive: namesOf(imported.filter(({ user }) => !user.active)),
    present: namesOf(all.filter(({ user }) => !begun.has(user.id))),
  };
}

function namesOf(users: readonly DjangoUser[]): string[] {
  return users.map(({ user }) => user.username);
}
