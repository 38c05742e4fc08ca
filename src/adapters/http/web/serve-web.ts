import type { Context, Middleware } from '../context.js';
import { namesMediaType } from '../request/accept.js';
import { ifNoneMatch } from '../request/preconditions.js';
import { replyAs, replyNotModified } from '../response/reply.js';
import { isBrowser } from './is-browser.js';
import type { WebFile, WebFiles } from './web-files.js';

/** Where the replaced backend has its documentation. */
const formerDocumentation = '/api/docs';

/**
 * Serves the files of the page. HTML goes to those who ask for it only, so that programs get the same responses as
 * without a page (docs/api.md, section 8.21). Comes after `decodePath`.
 */
export function serveWeb(files: WebFiles): Middleware {
  return async (ctx, next) => {
    if (ctx.method !== 'GET' && ctx.method !== 'HEAD') return next();
    const path = withoutSlash(ctx.state.decodedPath ?? ctx.path);
    if (path === formerDocumentation && isBrowser(ctx.req)) {
      return replyAs(ctx, 'text/plain', 302, 'See /docs/', { Location: '/docs/', Vary: 'Accept' });
    }
    const file = files.get(path);
    if (!file) return next();
    if (file.mediaType.startsWith('text/html')) {
      ctx.vary('Accept');
      const isWanted =
        path === '/' ? namesMediaType(ctx.req.headers.accept, 'text/html') : isBrowser(ctx.req);
      if (!isWanted) return next();
    }
    ctx.state.route = path;
    respond(ctx, file);
  };
}

function respond(ctx: Context, { mediaType, body, tag, headers }: WebFile): void {
  if (ifNoneMatch(ctx)?.(tag)) replyNotModified(ctx, tag, headers);
  else replyAs(ctx, mediaType, 200, body, { ...headers, ETag: tag });
}

/** A path with and without its trailing slash is the same, but for a file's, which has none. */
function withoutSlash(path: string): string {
  return /^\/.*[^/]\/$/.test(path) && !/\.\w+\/$/.test(path) ? path.slice(0, -1) : path;
}
