import type { ParameterizedContext, Middleware as KoaMiddleware } from 'koa';
import type { SessionRef } from '../../application/ports/session-repository.js';
import type { Reply } from './response/reply.js';

/** State of one request, for the log and for later middleware. */
export interface RequestState {
  requestId: string;
  /** The session of the access token, on routes that require one. The storage checks that it is active. */
  session?: SessionRef;
  /** The pattern of the path, such as `/tasks/:taskId`; undefined while no route was found. */
  route?: string;
  /** The path, decoded once as a whole; undefined where no middleware has needed it. */
  decodedPath?: string;
  /** The task id in the path, if the route has one; 0 stands for any id that no task can have. */
  taskId?: number;
  /** The user id in the path, if the route has one; 0 stands for any id that no user can have. */
  userId?: number;
  /** The session id in the path, if the route has one. */
  sessionId?: string;
  /** Why the response is a 5xx, in a word. */
  failure?: string;
}

/** What Hexado adds to Koa's context. */
export interface ReplyContext {
  /** The response that `reply` recorded and `sendReply` will write. */
  reply?: Reply | undefined;
}

export type Context = ParameterizedContext<RequestState, ReplyContext>;

export type Middleware = KoaMiddleware<RequestState, ReplyContext>;

/** Responds to one method of a route. */
export type Handler = (ctx: Context) => Promise<void>;

/** The context after middleware that requires a session. */
export type SessionContext = ParameterizedContext<RequestState & { session: SessionRef }, ReplyContext>;

/** Responds to one method of a route that requires a session. */
export type SessionHandler = (ctx: SessionContext) => Promise<void>;
