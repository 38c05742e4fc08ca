import type { Context, Middleware } from './context.js';
import { params } from './router.js';
import type { Route } from './routes.js';

/**
 * Finds the common routes by one lookup. The router, in contrast, matches the path against every pattern and composes a
 * chain for each request (docs/performance.md has the figures). This middleware is compiled from the same table and runs
 * the same steps. Everything else falls through to the router: ids that are not digits, encoded paths, other methods,
 * unknown paths.
 */
export function fastRoutes(routes: readonly Route[]): Middleware {
  const known = new Map(
    routes.map((route) => [
      `${route.method.toUpperCase()} ${route.path}`.replace(/:\w+/, ':'),
      compile(route),
    ]),
  );
  return (ctx, next) => {
    const { method = '', url = '' } = ctx.req;
    const [, before = '', id, after = ''] = plainPath.exec(url) ?? [];
    const run = known.get(id === undefined ? `${method} ${before}` : `${method} ${before}:${after}`);
    return run ? run(ctx, id) : next();
  };
}

/** Matches `/tasks` and `/tasks/7/update`, with an optional slash at the end and an optional query. */
const plainPath = /^((?:\/[a-z]+)+(?:\/(?=\d))?)(?:(\d+)((?:\/[a-z]+)*))?\/?(?:\?|$)/;

function compile({
  path,
  access,
  handler,
}: Route): (ctx: Context, id: string | undefined) => Promise<unknown> {
  const name = /:(\w+)/.exec(path)?.[1] ?? '';
  return (ctx, id) => {
    if (id !== undefined) params[name]?.(id, ctx);
    ctx.state.route = path;
    return access(ctx, () => handler(ctx));
  };
}
