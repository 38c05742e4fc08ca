import { Router } from '@koa/router';
import type { Context, Middleware, ReplyContext, RequestState } from './context.js';
import { HttpError, httpError } from './response/http-error.js';
import { replyEmpty } from './response/reply.js';
import type { Route } from './routes.js';

/** Parses the ids in a path into the request's state, by the name of the parameter. Throws 404 for a malformed id. */
export const params: Readonly<Record<string, (id: string, ctx: Context) => void>> = {
  taskId: (id, ctx) => void (ctx.state.taskId = parseNumericId(id)),
  userId: (id, ctx) => void (ctx.state.userId = parseNumericId(id)),
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

/** The id of a task or a user in a path (docs/api.md, section 7). One too large for a number becomes 0, which is no id. */
function parseNumericId(text: string): number {
  if (!/^[0-9]+$/.test(text)) throw notFound;
  const id = Number(text);
  return Number.isSafeInteger(id) ? id : 0;
}

/** A session id in a path: 32 hexadecimal digits. */
function parseSessionId(text: string): string {
  if (!/^[0-9a-f]{32}$/.test(text)) throw notFound;
  return text;
}
