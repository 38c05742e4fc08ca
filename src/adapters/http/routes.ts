import { Router } from '@koa/router';
import type { AccountController } from './controllers/account-controller.js';
import type { AuthController } from './controllers/auth-controller.js';
import type { Authentication, RequiresSession } from './middleware/authenticate.js';
import type { Context, Handler, Middleware, ReplyContext, RequestState, SessionHandler } from './context.js';
import type { HealthController } from './controllers/health-controller.js';
import type { PublicKeysController } from './controllers/public-keys-controller.js';
import { HttpError, httpError } from './response/http-error.js';
import { replyEmpty } from './response/reply.js';
import type { TaskController } from './controllers/task-controller.js';

/** One method on one path. */
export interface Route {
  readonly method: 'get' | 'post' | 'put' | 'delete';
  /** A pattern of @koa/router; a trailing slash is optional. */
  readonly path: string;
  /** Authentication. It runs before the handler, and before the 405 for other methods. */
  readonly access: Middleware;
  readonly handler: Handler;
}

interface Controllers {
  readonly auth: AuthController;
  readonly account: AccountController;
  readonly tasks: TaskController;
  readonly health: HealthController;
  readonly publicKeys: PublicKeysController;
}

/**
 * All routes. If two patterns match a path, the first one counts. With `required` the storage checks the session in the
 * step that the handler asks for; with `active` it is checked before, too.
 */
export function createRoutes(
  { auth, account, tasks, health, publicKeys }: Controllers,
  { required, active, optional, none }: Authentication,
): readonly Route[] {
  return [
    post('/tasks/register', optional, auth.register),
    post('/api/token', none, auth.signIn),
    post('/api/token/refresh', none, auth.refresh),
    post('/api/token/verify', none, auth.verify),
    post('/api/logout', none, auth.logout),
    post('/api/logout/all', required, account.logoutAll),
    get('/api/sessions', required, account.listSessions),
    del('/api/sessions/:sessionId', required, account.endSession),
    post('/api/password/change', active, account.changePassword),
    del('/api/account', active, account.delete),
    get('/tasks', required, tasks.list),
    post('/tasks/create', required, tasks.create),
    get('/tasks/:taskId', required, tasks.get),
    put('/tasks/:taskId/update', required, tasks.update),
    del('/tasks/:taskId/delete', required, tasks.delete),
    get('/livez', none, health.live),
    get('/readyz', none, health.ready),
    get('/.well-known/jwks.json', none, publicKeys.list),
  ];
}

interface CreateRoute {
  /** A handler that needs a session does not compile without middleware that requires one. */
  (path: string, access: RequiresSession, handler: SessionHandler): Route;
  (path: string, access: Middleware, handler: Handler): Route;
}

const route =
  (method: Route['method']): CreateRoute =>
  (path: string, access: Middleware, handler: SessionHandler) => ({
    method,
    path,
    access,
    handler: handler as Handler,
  });
const get = route('get');
const post = route('post');
const put = route('put');
const del = route('delete');

/** Parses the ids in a path into the request's state, by the name of the parameter. Throws 404 for a malformed id. */
export const params: Readonly<Record<string, (id: string, ctx: Context) => void>> = {
  taskId: (id, ctx) => void (ctx.state.taskId = parseTaskId(id)),
  sessionId: (id, ctx) => void (ctx.state.sessionId = parseSessionId(id)),
};

/** A router for these routes. It adds HEAD to each GET, OPTIONS without authentication, and 405 for all other methods. */
export function createRouter(routes: readonly Route[]): Router<RequestState, ReplyContext> {
  const router = new Router<RequestState, ReplyContext>({ sensitive: true });
  for (const [name, parse] of Object.entries(params)) {
    router.param(name, (id, ctx, next) => {
      parse(id, ctx);
      return next();
    });
  }
  for (const path of new Set(routes.map((each) => each.path))) {
    const here = routes.filter((each) => each.path === path);
    // After the ids were parsed: a path with a malformed id matches no route.
    const setRoute: Middleware = (ctx, next) => {
      ctx.state.route = path;
      return next();
    };
    for (const { method, access, handler } of here) router[method](path, setRoute, access, handler);
    const allow = here.flatMap(({ method }) => (method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()]));
    const headers = { Allow: [...allow, 'OPTIONS'].join(', ') };
    router.options(path, setRoute, (ctx) => replyEmpty(ctx, headers));
    // Credentials are checked before the method (docs/api.md, section 2).
    const [first] = here;
    if (first) {
      router.all(path, setRoute, first.access, (ctx) => {
        throw new HttpError(405, { detail: `Method "${ctx.method}" not allowed.` }, headers);
      });
    }
  }
  return router;
}

export const notFound = httpError(404, 'Not found.');

/** A task id in a path (docs/api.md, section 7). An id too large for a number becomes 0, which no task has. */
function parseTaskId(text: string): number {
  if (!/^[0-9]+$/.test(text)) throw notFound;
  const id = Number(text);
  return Number.isSafeInteger(id) ? id : 0;
}

/** A session id in a path: 32 hexadecimal digits. */
function parseSessionId(text: string): string {
  if (!/^[0-9a-f]{32}$/.test(text)) throw notFound;
  return text;
}
