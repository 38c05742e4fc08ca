import type { IncomingMessage } from 'node:http';

/** More chunks than any client needs for so many bytes. Each chunk costs microseconds, and many arrive at once. */
export function maxChunks(bytes: number): number {
  return 1000 + bytes / 100;
}

/** Discards the rest of a body, so that the connection can be reused; closes it if the rest comes in too many chunks. */
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
