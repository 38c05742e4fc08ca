/** An error response. Thrown for reasons of HTTP; the error handler translates all other errors into one. */
export class HttpError extends Error {
  override readonly name = 'HttpError';

  constructor(
    readonly status: number,
    /** Sent as JSON. */
    readonly body: object,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(`HTTP error ${status}`);
  }
}

/** An error response with one sentence for humans, and a code for programs if it has one. */
export function httpError(status: number, detail: string, code?: string): HttpError {
  return new HttpError(status, code === undefined ? { detail } : { detail, code });
}
