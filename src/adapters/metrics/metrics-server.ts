import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Registry } from 'prom-client';

/** How long a scraper may take to send its request and to read the response, in milliseconds. */
const timeout = 10_000;

/** Scrapers are few. */
const maxConnections = 64;

/**
 * Serves `GET /metrics`, and nothing else, on an address of its own. `read` returns the metrics as text; scrapes at the
 * same time share one call. Resolves with the port; rejects if it cannot listen. It does not keep the process running.
 */
export function serveMetrics(
  { host, port }: { readonly host: string; readonly port: number },
  read: () => Promise<string>,
): Promise<number> {
  let reading: Promise<string> | undefined;
  const server = createServer(
    { headersTimeout: timeout, requestTimeout: timeout, keepAliveTimeout: 65_000 },
    (request, response) => {
      const respond = (status: number, body: string, headers: Readonly<Record<string, string>> = {}) =>
        response
          .writeHead(status, {
            'Content-Type': 'text/plain; charset=utf-8',
            'Cache-Control': 'no-store',
            ...headers,
          })
          .end(body);
      if (request.url?.split('?', 1)[0] !== '/metrics') return void respond(404, 'Only /metrics is here.\n');
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        return void respond(405, 'Only GET and HEAD are allowed.\n', { Allow: 'GET, HEAD' });
      }
      reading ??= read().finally(() => {
        reading = undefined;
      });
      reading.then(
        (text) => respond(200, text, { 'Content-Type': Registry.PROMETHEUS_CONTENT_TYPE }),
        () => respond(500, 'The metrics cannot be read.\n'),
      );
    },
  );
  server.maxConnections = maxConnections;
  server.setTimeout(timeout);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject).on('error', () => undefined);
      resolve((server.address() as AddressInfo).port);
    });
    server.unref();
  });
}
