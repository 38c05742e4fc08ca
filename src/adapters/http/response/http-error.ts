/** An answer that refuses a request. Thrown where the reason is one of HTTP; other reasons are translated into one. */
export class HttpError extends Error {
  override readonly name = 'Refusal';

  constructor(
    readonly status: number,
    /** Answered as JSON. */
    readonly body: object,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(`refused with ${status}`);
  }
}

/** An error response in one sentence, with the code that clients know it by, where it has one. */
export function httpError(status: number, detail: string, code?: string): HttpError {
  return new HttpError(status, code === undefined ? { detail } : { detail, code });
}
