import type { Middleware } from '../context.js';
import { notFound } from '../routes.js';

/**
 * Lets the router match the path as a whole decoded once, as the replaced backend does: `/tasks/%31/` is `/tasks/1/`.
 * Throws 404 for a target that is no URL, or encodes no text.
 */
export const decodePath: Middleware = (ctx, next) => {
  const path = decoded(() => ctx.path);
  if (path === undefined) throw notFound;
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
