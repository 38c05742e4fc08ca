import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

export interface HttpResponse {
  readonly status: number;
  readonly body: unknown;
}

/** Serves HTTP with nothing but Node: `handle` makes the responses. */
export function serve(port: number, handle: (request: IncomingMessage) => Promise<HttpResponse>): void {
  const server = createServer((request, response) => {
    handle(request).then(
      (result) => send(response, result),
      () => send(response, { status: 500, body: { detail: 'Internal server error.' } }),
    );
  });
  server.listen(port, '127.0.0.1');
}

/** The body as JSON; undefined if it is none. */
export function readJson(request: IncomingMessage): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('error', reject);
    request.on('end', () => {
      try {
        resolve(JSON.parse(Buffer.concat(chunks).toString()));
      } catch {
        resolve(undefined);
      }
    });
  });
}

export function bearerToken({ headers }: IncomingMessage): string | undefined {
  const { authorization } = headers;
  return authorization?.startsWith('Bearer ') ? authorization.slice('Bearer '.length) : undefined;
}

function send(response: ServerResponse, { status, body }: HttpResponse): void {
  const text = JSON.stringify(body);
  response
    .writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) })
    .end(text);
}
