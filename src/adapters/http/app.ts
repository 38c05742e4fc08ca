import Koa from 'koa';
import type { Log } from '../../application/ports/environment.js';
import type { Middleware, ReplyContext, RequestState } from './context.js';
import { respondToPreflights, type CorsHeaders } from './middleware/cors.js';
import { handleErrors, replyWithError } from './middleware/error-handler.js';
import { fastRoutes } from './fast-routes.js';
import { LeanKoa } from './lean-koa.js';
import type { ReadClientAddress } from './request/client-address.js';
import { exposeReply, sendReply } from './response/reply.js';
import { decodePath } from './middleware/request-path.js';
import { accessLog, type ObserveRequest } from './middleware/access-log.js';
import { rejectAmbiguous } from './middleware/reject-ambiguous.js';
import { createRouter, notFound } from './router.js';
import { errorPages } from './web/error-pages.js';
import { serveWeb } from './web/serve-web.js';
import type { WebFiles } from './web/web-files.js';
import type { Route } from './routes.js';
import { describeError } from '../../application/describe-error.js';

/** Middleware of those who embed Hexado. */
export interface Extensions {
  /** Around everything, error responses included: CORS, compression, tracing. */
  readonly outer?: readonly Middleware[];
  /** Inside the error handler and before the routes: authentication, additional routes. */
  readonly inner?: readonly Middleware[];
}

export type App = Koa<RequestState, ReplyContext>;

/** How an application differs from others. */
export interface AppSettings extends Extensions {
  /** Reads the address of a client, for the log. */
  readonly readAddress: ReadClientAddress;
  /** Whether common requests skip parts of Koa and its router. */
  readonly fastPaths: boolean;
  /** The scheme that a 401 names. */
  readonly authScheme: string;
  /** Undefined if no page of another origin may call. */
  readonly corsHeaders: CorsHeaders | undefined;
  /** The page for people; undefined if there is none. */
  readonly web: WebFiles | undefined;
  /** Undefined if nothing is measured. */
  readonly observeRequest: ObserveRequest | undefined;
}

/** The Koa application: what a request meets, in this order. */
export function createApp(
  routes: readonly Route[],
  log: Log,
  {
    readAddress,
    outer = [],
    inner = [],
    fastPaths,
    authScheme,
    corsHeaders,
    web,
    observeRequest,
  }: AppSettings,
): App {
  const app: App = fastPaths ? new LeanKoa() : new Koa();
  exposeReply(app);
  app.on('error', (error, ctx) => {
    if (!ctx.writable) return; // The client has disconnected, and Koa reports the error of its socket.
    log.error(describeError(error), 'Unexpected error in the Koa application');
  });
  app.use(accessLog(log, readAddress, observeRequest));
  app.use(sendReply(log, authScheme, corsHeaders)); // On the way back: writes what `reply` has recorded.
  app.use(rejectAmbiguous);
  for (const middleware of outer) app.use(middleware);
  app.use(respondToPreflights(corsHeaders));
  if (web) app.use(errorPages); // On the way back: the errors that a person would see.
  app.use(handleErrors(log, authScheme));
  for (const middleware of inner) app.use(middleware);
  if (fastPaths) app.use(fastRoutes(routes)); // Finds most routes; for the rest there is the router.
  app.use(decodePath);
  if (web) app.use(serveWeb(web));
  app.use(createRouter(routes).routes());
  app.use(async (ctx) => replyWithError(ctx, notFound, log, authScheme));
  return app;
}
