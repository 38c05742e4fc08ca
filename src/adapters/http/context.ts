import type { ParameterizedContext } from 'koa';

/** What is known of a request while it is being answered, for the log and for whoever comes next. */
export interface RequestState {
  requestId: string;
  /** The pattern of the path, such as `/tasks/:id`; undefined while no route was found. */
  route?: string;
  /** The id in the path, where the route has one; 0 stands for any that no task can have. */
  taskId?: number;
  /** The id of a session in the path, where the route has one. */
  sessionId?: string;
  /** The caller, once their access token was found good. */
  userId?: number;
  /** Why the answer is a 5xx, in a word. */
  failure?: string;
}

export type Context = ParameterizedContext<RequestState>;

/** Answers one method of a resource. */
export type Action = (ctx: Context) => Promise<void>;
