import type { Handler } from '../context.js';
import { describeApi } from '../openapi/document.js';
import { replyCacheable } from '../response/reply.js';
import type { Route } from '../routes.js';

/** How long caches may keep the description, in seconds. */
const maxAge = 300;

/** Publishes the description of the API. */
export class DescriptionController {
  private document: string | undefined;

  constructor(
    private readonly routes: readonly Route[],
    private readonly version: string,
  ) {}

  /** The OpenAPI document. It is made at the first request, so that no start waits for it. */
  readonly show: Handler = async (ctx) => {
    this.document ??= JSON.stringify(describeApi(this.routes, this.version));
    replyCacheable(ctx, this.document, maxAge);
  };
}
