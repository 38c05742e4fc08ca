import type { ParameterizedContext, Middleware as KoaMiddleware } from 'koa';
import type { SessionRef } from '../../application/ports/session-repository.js';
import type { Reply } from './response/reply.js';

/** What is known of a request while it is handled, for the log and for the next middleware. */
export interface RequestState {
  requestId: string;
  /** The session of the access token, where the route asks for one. The storage checks that it is active. */
  session?: SessionRef;
  /** The pattern of the path, such as `/tasks/:taskId`; undefined while no route was found. */
  route?: string;
  /** The id in the path, where the route has one; 0 stands for any that no task can have. */
  taskId?: number;
  /** The id of a session in the path, where the route has one. */
  sessionId?: string;
  /** Why the response is a 5xx, in a word. */
  failure?: string;
}

/** What Hexado adds to Koa's context. */
export interface ReplyContext {
  /** The response that `reply` has recorded and `sendReply` will write. */
  reply?: Reply | undefined;
}

export type Context = ParameterizedContext<RequestState, ReplyContext>;

export type Middleware = KoaMiddleware<RequestState, ReplyContext>;

/** Responds to one method of a route. */
export type Handler = (ctx: Context) => Promise<void>;

/** The context behind middleware that requires a session. */
export type SessionContext = ParameterizedContext<RequestState & { session: SessionRef }, ReplyContext>;

/** Responds to one method of a route that requires a session. */
export type SessionHandler = (ctx: SessionContext) => Promise<void>;
