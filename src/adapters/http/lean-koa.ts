import Koa from 'koa';
import type { Context, ReplyContext, RequestState } from './context.js';

type Run = (ctx: Context) => Promise<unknown>;

/** Koa's own step, which its types leave out. */
type HandleRequest = (ctx: Context, run: Run) => Promise<unknown>;

/**
 * A Koa whose requests cost less where `sendReply` has written the response: Koa's on-finished makes an AsyncResource per
 * request, and there is nothing left for Koa to send. In every other case, errors included, Koa goes its ordinary way.
 */
export class LeanKoa extends Koa<RequestState, ReplyContext> {
  handleRequest(ctx: Context, run: Run): Promise<unknown> {
    ctx.res.statusCode = 404;
    return run(ctx).then(
      () => (ctx.respond === false ? undefined : this.#ordinary(ctx, async () => undefined)),
      (error: unknown) => this.#ordinary(ctx, () => Promise.reject(error)),
    );
  }

  /** Koa sets the status to 404 before middleware runs; here it has run. */
  #ordinary(ctx: Context, outcome: () => Promise<unknown>): Promise<unknown> {
    const { statusCode } = ctx.res;
    const { handleRequest } = Koa.prototype as unknown as { handleRequest: HandleRequest };
    return handleRequest.call(this, ctx, () => {
      ctx.res.statusCode = statusCode;
      return outcome();
    });
  }
}
