import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describedServers } from './described-responses.js';

/** A response as it came over the wire, with header names in lower case. */
export interface RawResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** A connection that sends any bytes and reads whole responses, even to malformed requests. */
export class RawConnection {
  // One character per byte, so that lengths are those of the wire.
  private received = '';
  private hasEnded = false;
  private notify: () => void = () => undefined;

  private constructor(
    private readonly socket: Socket,
    private readonly port: number,
  ) {
    socket.on('data', (bytes: Buffer) => {
      this.received += bytes.toString('latin1');
      this.notify();
    });
    socket.on('error', () => undefined); // A connection that is reset has ended too.
    for (const event of ['end', 'close']) {
      socket.on(event, () => {
        this.hasEnded = true;
        this.notify();
      });
    }
  }

  static async open(port: number): Promise<RawConnection> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    socket.unref(); // A test that fails may leave it open.
    await once(socket, 'connect');
    return new RawConnection(socket, port);
  }

  /** Sends lines of a request's head as they are and, after an empty line, its body. */
  sendRequest(lines: readonly string[], body = ''): void {
    this.send([...lines, '', body].join('\r\n'));
  }

  /** Sends bytes, one per character. */
  send(bytes: string): void {
    this.socket.write(bytes, 'latin1');
  }

  /** The next whole response, without a body if it is one to HEAD. Rejects if the connection ends before. */
  async response({ toHead = false } = {}): Promise<RawResponse> {
    for (;;) {
      const taken = takeResponse(this.received, toHead, this.hasEnded);
      if (taken) {
        this.received = taken.rest;
        describedServers.get(this.port)?.expectForAnyRequest(toHead ? 'HEAD' : 'GET', taken.response);
        return taken.response;
      }
      if (this.hasEnded) throw new Error(`the connection ended after ${JSON.stringify(this.received)}`);
      await this.change();
    }
  }

  /** Resolves once bytes of a response have come. */
  async beginning(): Promise<void> {
    while (this.received === '' && !this.hasEnded) await this.change();
  }

  /** Resolves, once the server has ended the connection, with what came and was not read as a response. */
  async end(): Promise<string> {
    while (!this.hasEnded) await this.change();
    return this.received;
  }

  /** Says that nothing more will be sent, and stays to listen. */
  finish(): void {
    this.socket.end();
  }

  /** Breaks the connection off. */
  abort(): void {
    this.socket.resetAndDestroy();
  }

  /** Lets go of the connection. */
  close(): void {
    this.socket.destroy();
  }

  private change(): Promise<void> {
    return new Promise((resolve) => {
      this.notify = resolve;
    });
  }
}

/** Takes a whole response from the start of the received bytes; undefined while it is incomplete. */
export function takeResponse(
  received: string,
  toHead: boolean,
  isAll: boolean,
): { readonly response: RawResponse; readonly rest: string } | undefined {
  const bodyAt = received.indexOf('\r\n\r\n') + 4;
  if (bodyAt === 3) return undefined;
  const [statusLine = '', ...lines] = received.slice(0, bodyAt - 4).split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1]);
  const headers = Object.fromEntries(lines.map(parseHeader));
  const hasNoBody = toHead || status < 200 || status === 204 || status === 304;
  const following = received.slice(bodyAt);
  const body = hasNoBody ? { bytes: '', rest: following } : takeBody(following, headers, isAll);
  if (!body) return undefined;
  const text = Buffer.from(body.bytes, 'latin1').toString();
  return { response: { status, headers, text }, rest: body.rest };
}

function parseHeader(line: string): [name: string, value: string] {
  const [name = '', ...value] = line.split(':');
  return [name.toLowerCase(), value.join(':').trim()];
}

interface Body {
  readonly bytes: string;
  readonly rest: string;
}

function takeBody(
  received: string,
  headers: Readonly<Record<string, string>>,
  isAll: boolean,
): Body | undefined {
  if (headers['transfer-encoding'] === 'chunked') return takeChunks(received);
  const length = headers['content-length'];
  if (length === undefined) return isAll ? { bytes: received, rest: '' } : undefined;
  if (received.length < Number(length)) return undefined;
  return { bytes: received.slice(0, Number(length)), rest: received.slice(Number(length)) };
}

function takeChunks(received: string): Body | undefined {
  let bytes = '';
  let rest = received;
  for (;;) {
    const [sizeLine, size] = /^([0-9a-f]+)\r\n/i.exec(rest) ?? [];
    if (sizeLine === undefined || size === undefined) return undefined;
    const end = sizeLine.length + Number.parseInt(size, 16);
    if (rest.length < end + 2) return undefined;
    bytes += rest.slice(sizeLine.length, end);
    rest = rest.slice(end + 2);
    if (end === sizeLine.length) return { bytes, rest };
  }
}

/** A body in chunks, as `Transfer-Encoding: chunked` has it, one byte per character. */
export function chunked(...chunks: readonly string[]): string {
  return [...chunks, ''].map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('');
}
