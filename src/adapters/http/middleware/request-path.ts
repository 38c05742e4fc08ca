import type { Middleware } from '../context.js';
import { notFound } from '../router.js';

/**
 * Decodes the whole path once before the router matches it, like the replaced backend: `/tasks/%31/` is `/tasks/1/`.
 * Throws 404 for a target that is not a URL or whose encoding is invalid.
 */
export const decodePath: Middleware = (ctx, next) => {
  const path = decoded(() => ctx.path);
  if (path === undefined) throw notFound;
  ctx.state.decodedPath = path;
  // The router decodes parameters once more, hence the escapes.
  Object.assign(ctx, { newRouterPath: path.replaceAll('%', '%25') });
  return next();
};

function decoded(path: () => string): string | undefined {
  try {
    return decodeURIComponent(path());
  } catch {
    return undefined;
  }
}
