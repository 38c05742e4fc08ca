import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Serves HTTP with nothing but Node: `handle` says what to answer. */
export function serve(port: number, handle: (request: IncomingMessage) => Promise<Answer>): void {
  const server = createServer((request, response) => {
    handle(request).then(
      (answer) => send(response, answer),
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

function send(response: ServerResponse, { status, body }: Answer): void {
  const text = JSON.stringify(body);
  response
    .writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) })
    .end(text);
}
