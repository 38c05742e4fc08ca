import type { AdministerUsers } from '../../../application/administer-users.js';
import type { BrowseUsers, UserPage } from '../../../application/browse-users.js';
import type { LongReadLimiter } from '../../../application/long-read-limiter.js';
import type { SessionRef } from '../../../application/ports/session-repository.js';
import type { ReadAuditLog } from '../../../application/read-audit-log.js';
import type { AuditRecord } from '../../../domain/audit.js';
import { maxPageSize } from '../../../domain/page.js';
import type { StaffAct } from '../../../domain/staff.js';
import type { SessionContext, SessionHandler } from '../context.js';
import { linkToPage, parseAuditQuery, parseUserQuery } from '../request/admin-query.js';
import type { ReadFields } from '../request/body.js';
import type { ReadClient } from '../request/client.js';
import { presentAuditRecord, presentListedUser, presentUserDetails } from '../response/admin-json.js';
import { replyWithPages, type ItemPage } from '../response/reply-with-pages.js';
import { reply } from '../response/reply.js';

/** Handlers for staff. Whoever is signed in and no staff gets 403 before every other error. */
export class AdminController {
  constructor(
    private readonly readFields: ReadFields,
    private readonly readClient: ReadClient,
    private readonly users: BrowseUsers,
    private readonly administration: AdministerUsers,
    private readonly auditLog: ReadAuditLog,
    private readonly longReads: LongReadLimiter,
    private readonly version: string,
  ) {}

  /** A list without a limit is streamed; it counts as a long read, as a search does. */
  readonly listUsers: SessionHandler = async (ctx) => {
    const { session } = ctx.state;
    const { after, limit, search } = parseUserQuery(ctx.querystring);
    if (limit === Infinity) {
      const pages = itemPages(this.users.pages(session, after, search), ({ users, next }: UserPage) => ({
        items: users.map(presentListedUser),
        isLast: next === undefined,
      }));
      return replyWithPages(ctx, pages, await this.beginLongRead(session));
    }
    const release = search === undefined ? undefined : await this.beginLongRead(session);
    const { users, next } = await this.users.page(session, { after, limit }, search).finally(release);
    reply(ctx, 200, users.map(presentListedUser), linkToPage(ctx.querystring, limit, 'after', next));
  };

  readonly getUser: SessionHandler = async (ctx) => {
    reply(ctx, 200, presentUserDetails(await this.users.show(ctx.state.session, userIdOf(ctx))));
  };

  readonly activate: SessionHandler = async (ctx) => {
    await this.execute(ctx, 'activate', async () => ({}));
    reply(ctx, 200, { message: 'User activated successfully' });
  };

  readonly deactivate: SessionHandler = async (ctx) => {
    await this.execute(ctx, 'deactivate');
    reply(ctx, 200, { message: 'User deactivated successfully' });
  };

  readonly endSessions: SessionHandler = async (ctx) => {
    await this.execute(ctx, 'end_sessions');
    reply(ctx, 200, { message: 'Sessions ended successfully' });
  };

  readonly deleteUser: SessionHandler = async (ctx) => {
    await this.execute(ctx, 'delete');
    reply(ctx, 200, { message: 'User deleted successfully' });
  };

  readonly statistics: SessionHandler = async (ctx) => {
    const { staff, lastUserId } = await this.users.statistics(ctx.state.session);
    reply(ctx, 200, { version: this.version, staff, last_user_id: lastUserId });
  };

  readonly listAuditLog: SessionHandler = async (ctx) => {
    const { session } = ctx.state;
    const { before, limit } = parseAuditQuery(ctx.querystring);
    if (limit === Infinity) {
      const pages = itemPages(this.auditLog.pages(session, before), (records: readonly AuditRecord[]) => ({
        items: records.map(presentAuditRecord),
        isLast: records.length < maxPageSize,
      }));
      return replyWithPages(ctx, pages, await this.beginLongRead(session));
    }
    const records = await this.auditLog.page(session, { before, limit });
    const link = linkToPage(ctx.querystring, limit, 'before', records[limit - 1]?.id);
    reply(ctx, 200, records.map(presentAuditRecord), link);
  };

  /** Whoever is not staff must hear that, however many long lists they have in progress. */
  private async beginLongRead(session: SessionRef): Promise<() => void> {
    await this.administration.authorise(session);
    return this.longReads.begin(session.userId);
  }

  private async execute(ctx: SessionContext, act: StaffAct, readInput = this.readFields): Promise<void> {
    const session = await this.administration.authorise(ctx.state.session);
    const input = await readInput(ctx);
    await this.administration.execute(session, act, userIdOf(ctx), input, this.readClient(ctx.req));
  }
}

function userIdOf(ctx: SessionContext): number {
  return ctx.state.userId ?? 0;
}

async function* itemPages<Page>(
  pages: AsyncIterable<Page>,
  present: (page: Page) => ItemPage,
): AsyncGenerator<ItemPage, void, undefined> {
  for await (const page of pages) yield present(page);
}
