import { Agent, request, type IncomingHttpHeaders } from 'node:http';
import { buffer } from 'node:stream/consumers';

/** A request as it goes over the wire: nothing is added to it but the host and the length of the body. */
export interface WireRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

export interface WireResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body as JSON; throws if it is none. */
  json(): unknown;
}

const anyConnection = new Agent({ keepAlive: true });

/** Sends one request to a server on this machine, on a connection of the agent's. */
export function send(
  port: number,
  { method, path, headers = {}, body }: WireRequest,
  agent = anyConnection,
): Promise<WireResponse> {
  const length = body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) };
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, method, path, headers: { ...length, ...headers }, agent };
    const outgoing = request(options, (incoming) => {
      buffer(incoming).then((bytes) => {
        const text = bytes.toString();
        const status = incoming.statusCode ?? 0;
        resolve({ status, headers: incoming.headers, text, json: () => JSON.parse(text) as unknown });
      }, reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
