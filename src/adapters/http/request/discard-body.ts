import type { IncomingMessage } from 'node:http';

/** More chunks than any client has reason to send so many bytes in. Each costs microseconds, and many come at once. */
export function maxChunks(bytes: number): number {
  return 1000 + bytes / 100;
}

/** Lets the rest of a body go by, so that the connection can be used again; ends it if the rest comes in many chunks. */
export function discardBody(request: IncomingMessage): void {
  let chunks = 0;
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (++chunks <= maxChunks(bytes)) return;
    request.pause();
    setImmediate(() => request.destroy()); // The response first.
  });
}
