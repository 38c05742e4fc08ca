import { Readable } from 'node:stream';
import type { AccountExport, ExportAccount } from '../../../application/export-account.js';
import type { LongReadLimiter } from '../../../application/long-read-limiter.js';
import type { SessionHandler } from '../context.js';
import { presentAccount, presentSession } from '../response/account-json.js';
import { replyAs } from '../response/reply.js';
import { taskToJson } from '../response/task-json.js';

/** Handler for the export of the user's own data. */
export class ExportController {
  constructor(
    private readonly accounts: ExportAccount,
    private readonly longReads: LongReadLimiter,
  ) {}

  /** Streams JSON lines with backpressure. An export counts as a long read, however short it is. */
  readonly export: SessionHandler = async (ctx) => {
    const { session } = ctx.state;
    const release = this.longReads.begin(session.userId);
    try {
      const lines = jsonLines(await this.accounts.execute(session), session.sessionId);
      // Backpressure: a page is read when the client has read the one before it.
      const body = Readable.from(lines, { highWaterMark: 1 }).once('close', release);
      const headers = { 'Content-Disposition': 'attachment; filename="account.ndjson"' };
      replyAs(ctx, 'application/x-ndjson', 200, body, headers);
    } catch (error) {
      release();
      throw error;
    }
  };
}

async function* jsonLines(
  { user, sessions, tasks }: AccountExport,
  currentSessionId: string,
): AsyncGenerator<string> {
  const first = [
    { type: 'account', ...presentAccount(user) },
    ...sessions.map((session) => ({ type: 'session', ...presentSession(session, currentSessionId) })),
  ];
  yield first.map((line) => `${JSON.stringify(line)}\n`).join('');
  for await (const page of tasks) {
    yield page.tasks.map((task) => `{"type":"task",${taskToJson(task).slice(1)}\n`).join('');
  }
}
