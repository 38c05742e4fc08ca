import { Router } from '@koa/router';
import type { AccountController } from './account-controller.js';
import { answerEmpty } from './answer.js';
import type { AuthController } from './auth-controller.js';
import type { Authentication } from './authentication.js';
import type { Action, Context, RequestState } from './context.js';
import type { HealthController } from './health-controller.js';
import type { PublicKeysController } from './public-keys-controller.js';
import { Refusal, refusal } from './refusal.js';
import type { TaskController } from './task-controller.js';

/** Everything that the server answers: a path with or without its trailing slash, and what each method does there. */
export function createRouter(
  auth: AuthController,
  account: AccountController,
  tasks: TaskController,
  health: HealthController,
  publicKeys: PublicKeysController,
  authentication: Authentication,
): Router<RequestState> {
  const router = new Router<RequestState>({ sensitive: true });

  // Who may learn which methods a resource knows: the contract wants a bad token told before a wrong method.
  const anybody = (ctx: Context) => authentication.anybody(ctx);
  const callers = (ctx: Context) => authentication.caller(ctx);

  resource(router, '/tasks/register', anybody, { POST: auth.register });
  resource(router, '/api/token', everybody, { POST: auth.signIn });
  resource(router, '/api/token/refresh', everybody, { POST: auth.refresh });
  resource(router, '/api/token/verify', everybody, { POST: auth.verify });
  resource(router, '/api/logout', everybody, { POST: auth.logout });
  resource(router, '/api/logout/all', callers, { POST: account.logoutAll });
  resource(router, '/api/sessions', callers, { GET: account.listSessions });
  resource(router, sessionPath, callers, { DELETE: account.endSession });
  resource(router, '/api/password/change', callers, { POST: account.changePassword });
  resource(router, '/api/account', callers, { DELETE: account.delete });
  resource(router, '/tasks', callers, { GET: tasks.list });
  resource(router, '/tasks/create', callers, { POST: tasks.create });
  resource(router, '/tasks/:id', callers, { GET: tasks.get });
  resource(router, '/tasks/:id/update', callers, { PUT: tasks.update });
  resource(router, '/tasks/:id/delete', callers, { DELETE: tasks.delete });
  resource(router, '/livez', everybody, { GET: health.live });
  resource(router, '/readyz', everybody, { GET: health.ready });
  resource(router, '/.well-known/jwks.json', everybody, { GET: publicKeys.list });
  return router;
}

/** Answers each request by the resource that its path names. */
export function routes(router: Router<RequestState>): Action {
  // The router would hold a path against each of its patterns, and compose a chain of the one that it found.
  const byFirstSegment = new Map<string, Router<RequestState>['stack']>();
  for (const layer of router.stack) {
    const segment = firstSegment(String(layer.path));
    byFirstSegment.set(segment, [...(byFirstSegment.get(segment) ?? []), layer]);
  }
  return (ctx) => {
    const path = decodedPath(ctx) ?? '';
    const found = byFirstSegment.get(firstSegment(path))?.find((layer) => layer.match(path));
    if (!found) throw unknownPath;
    const [id] = found.captures(path);
    if (id !== undefined) {
      if (found.path === sessionPath) ctx.state.sessionId = parseSessionId(id);
      else ctx.state.taskId = parseId(id);
    }
    ctx.state.route = String(found.path);
    return (found.stack[0] as Action)(ctx);
  };
}

const sessionPath = '/api/sessions/:id';

async function everybody(): Promise<void> {}

/** Registers a path: its actions by method, HEAD with GET, OPTIONS for everybody, and 405 for what is left. */
function resource(
  router: Router<RequestState>,
  path: string,
  admit: (ctx: Context) => Promise<unknown>,
  actions: Readonly<Record<string, Action>>,
): void {
  const { GET } = actions;
  const byMethod = new Map(Object.entries(GET ? { GET, HEAD: GET, ...actions } : actions));
  const allow = [...byMethod.keys(), 'OPTIONS'].join(', ');

  const otherwise: Action = async (ctx) => {
    if (ctx.method === 'OPTIONS') return answerEmpty(ctx, { Allow: allow });
    await admit(ctx);
    throw new Refusal(405, { detail: `Method "${ctx.method}" not allowed.` }, { Allow: allow });
  };
  router.all(path, (ctx) => (byMethod.get(ctx.method) ?? otherwise)(ctx));
}

const unknownPath = refusal(404, 'Not found.');

/** Of a path, what stands between its first slash and its second. */
function firstSegment(path: string): string {
  const end = path.indexOf('/', 1);
  return path.slice(1, end === -1 ? undefined : end);
}

/** An id in a path (contract, section 7). One that no number can hold becomes 0, which no task has either. */
function parseId(text: string): number {
  if (!/^[0-9]+$/.test(text)) throw unknownPath;
  const id = Number(text);
  return Number.isSafeInteger(id) ? id : 0;
}

/** An id of a session, as sessions are given theirs. */
function parseSessionId(text: string): string {
  if (!/^[0-9a-f]{32}$/.test(text)) throw unknownPath;
  return text;
}

/**
 * The path decoded as a whole, as the replaced backend does; undefined or empty if the target of the request is no URL,
 * or what it encodes is no text.
 */
function decodedPath(ctx: Context): string | undefined {
  const { url = '' } = ctx.req;
  if (/^[\w/]+$/.test(url)) return url; // Nothing in it to be parsed.
  try {
    const { path } = ctx;
    return path.includes('%') ? decodeURIComponent(path) : path;
  } catch {
    return undefined;
  }
}
