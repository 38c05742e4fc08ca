import Koa from 'koa';
import type { Context, ReplyContext, RequestState } from './context.js';

type Run = (ctx: Context) => Promise<unknown>;

/** A method of Koa that its types leave out. */
type HandleRequest = (ctx: Context, run: Run) => Promise<unknown>;

/**
 * A Koa application that skips Koa's own work for responses which `sendReply` has written: there is nothing left to send,
 * and Koa's on-finished would create an AsyncResource for each request. Everything else, errors included, is left to Koa.
 */
export class LeanKoa extends Koa<RequestState, ReplyContext> {
  handleRequest(ctx: Context, run: Run): Promise<unknown> {
    ctx.res.statusCode = 404;
    return run(ctx).then(
      () => (ctx.respond === false ? undefined : this.#ordinary(ctx, async () => undefined)),
      (error: unknown) => this.#ordinary(ctx, () => Promise.reject(error)),
    );
  }

  /** Koa sets the status to 404 before it runs middleware. Here middleware has run, so its status is kept. */
  #ordinary(ctx: Context, outcome: () => Promise<unknown>): Promise<unknown> {
    const { statusCode } = ctx.res;
    const { handleRequest } = Koa.prototype as unknown as { handleRequest: HandleRequest };
    return handleRequest.call(this, ctx, () => {
      ctx.res.statusCode = statusCode;
      return outcome();
    });
  }
}
