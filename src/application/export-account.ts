import type { Session } from '../domain/session.js';
import type { TaskSelection } from '../domain/task-query.js';
import type { User } from '../domain/user.js';
import type { ManageSessions } from './manage-sessions.js';
import type { ManageTasks } from './manage-tasks.js';
import type { SessionRef } from './ports/session-repository.js';
import type { ReadAccount } from './read-account.js';

/** Everything that is stored about a user, but for the password hash. */
export interface AccountExport {
  readonly user: User;
  readonly sessions: readonly Session[];
  /** All tasks, by id. Every page but the first is read when it is asked for. Rejects with 'token_revoked' once the session has ended. */
  readonly tasks: AsyncIterable<TaskSelection>;
}

/** Exports a user's own data. Throws 'token_revoked' if the session is not active, or 'user_not_found'. */
export class ExportAccount {
  constructor(
    private readonly account: ReadAccount,
    private readonly sessions: ManageSessions,
    private readonly tasks: ManageTasks,
  ) {}

  async execute(session: SessionRef): Promise<AccountExport> {
    const pages = this.tasks.listOn(session, { after: 0, limit: Infinity });
    const [user, sessions, first] = await Promise.all([
      this.account.user(session),
      this.sessions.list(session),
      pages.next(), // What fails at once is an error of this method, and not of an export that has begun.
    ]);
    return { user, sessions, tasks: pagesFrom(first, pages) };
  }
}

async function* pagesFrom<Page>(
  first: IteratorResult<Page, void>,
  rest: AsyncIterable<Page>,
): AsyncGenerator<Page> {
  if (first.done) return;
  yield first.value;
  yield* rest;
}
