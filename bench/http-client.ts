import { Agent, request } from 'node:http';
import { json } from 'node:stream/consumers';

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly token?: string | undefined;
  readonly body?: unknown;
  /** The address of this machine to send it from, where the server counts by address. */
  readonly from?: string;
}

export interface Reply {
  readonly status: number;
  readonly type: string;
  readonly body: unknown;
}

const agent = new Agent({ keepAlive: true });

/** Sends JSON to a server on this machine, and reads JSON. */
export function send(port: number, { method, path, token, body, from = '127.0.0.1' }: Call): Promise<Reply> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const headers = {
    ...(token !== undefined && { Authorization: `Bearer ${token}` }),
    ...(text !== undefined && {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(text),
    }),
  };
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, method, path, headers, agent, localAddress: from };
    const outgoing = request(options, (incoming) => {
      const { statusCode: status = 0, headers: received } = incoming;
      const type = received['content-type'] ?? '';
      json(incoming).then((value) => resolve({ status, type, body: value }), reject);
    });
    outgoing.on('error', reject);
    outgoing.end(text);
  });
}
