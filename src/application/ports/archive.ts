import type { Page } from '../../domain/page.js';
import type { Task } from '../../domain/task.js';
import type { User } from '../../domain/user.js';

/**
 * Export and import of users and tasks, for the operator: no session is asked for. An import of a user begins, adds
 * tasks and finishes. Until it has finished there is no such user: nobody can sign in, and no other method returns
 * anything of them. An import that was cut off leaves nothing that a new one does not replace. Two imports must not run
 * at once.
 */
export interface Archive {
  /** The last user id that was used; 0 before the first. */
  lastUserId(): Promise<number>;
  /**
   * The user's tasks with an id above `after`, at least one if there is one. The page ends at `limit` tasks, or
   * earlier, after about a megabyte of text.
   */
  tasksOf(userId: number, page: Page): Promise<ArchivedTaskPage>;
  /** From now on, users who are added get ids above this one. */
  reserveUserIds(lastUserId: number): Promise<void>;
  /**
   * Begins to import a user. Resolves to `present` if there is a user with this id and this name, whose data stays as
   * it is, or to `taken` if another account has the id or the name. Neither begins anything. A present user who is staff in
   * the import may become so, if an import or a promotion was cut off before they did.
   */
  begin(user: ImportedUser): Promise<'begun' | 'present' | 'taken'>;
  /** Adds tasks of the user whose import has begun, ordered by id and above those that were added before. */
  addTasks(userId: number, tasks: readonly Task[]): Promise<void>;
  /**
   * Makes the user exist with all tasks: once the user is found by name or listed, everything else is there, but for the
   * right of staff, which comes last. The next task gets an id above `lastTaskId`, and the revision is as `nextRevision` of
   * the domain decides. False if the id or the name has been taken since; then nothing is there.
   */
  finish(user: ImportedUser, lastTaskId: number): Promise<boolean>;
}

/** A user as an import knows them. */
export interface ImportedUser extends User {
  /** Whether the user becomes staff, unless they are inactive. */
  readonly isStaff?: boolean;
}

/** Some of a user's tasks, ordered by id, and whether more follow. */
export interface ArchivedTaskPage {
  readonly tasks: readonly Task[];
  readonly hasMore: boolean;
  /** The last task id that the user has used; 0 before the first. */
  readonly lastTaskId: number;
}
