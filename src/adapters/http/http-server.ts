import {
  createServer,
  STATUS_CODES,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { Server as NetServer, type AddressInfo, type ListenOptions, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { securityHeaders } from './response/reply.js';
import { httpError, parseError, type HttpError } from './response/http-error.js';

/** Headers for the errors that the server writes itself. Without a request if its head could not be read. */
type ErrorHeaders = (request?: IncomingMessage) => Readonly<Record<string, string>>;

type RequestListener = (request: IncomingMessage, response: ServerResponse) => unknown;

/** How many connections may wait to be accepted. Thousands arrive at once when a proxy or another server restarts. */
const backlog = 4096;

/** Backpressure: with more pipelined requests waiting than this, a connection is not read any further. */
const maxQueued = 32;

/**
 * How many pipelined requests may wait on all connections together. One read can bring thousands of requests, so a
 * connection may hold more than `maxQueued`. When this total is exceeded, such connections are closed.
 */
const maxQueuedInTotal = 10_000;

/** How often the server checks, within the send timeout, whether clients read their responses. */
const checksPerSendTimeout = 24;

/** How long a graceful shutdown waits, in milliseconds. */
export interface ShutdownTimeouts {
  /** For a request that may be in transit on a connection that looks idle. */
  readonly idle: number;
  /** For requests in progress; after that their connections are closed. */
  readonly busy: number;
}

/** How long the server of a process waits. */
export const shutdownTimeouts: ShutdownTimeouts = { idle: 1_000, busy: 10_000 };

/** How long the server waits for slow clients (Slowloris), in milliseconds. */
export interface Timeouts {
  /** For the headers of a request. */
  readonly headers: number;
  /** For a whole request. */
  readonly request: number;
  /** For a client that reads nothing of its response. */
  readonly send: number;
}

const defaultTimeouts: Timeouts = { headers: 10_000, request: 30_000, send: 120_000 };

/** The state of an open connection. */
interface Connection {
  readonly socket: Socket;
  /** The response that is being written, or was written last. */
  current: ServerResponse | undefined;
  /** Responses to pipelined requests that wait until `current` is written, in order of arrival. */
  readonly queued: ServerResponse[];
  /** How many bytes the operating system had accepted for sending at the last check. */
  sent: number;
  /** How many checks in a row found that it had accepted nothing more. */
  checksWithoutProgress: number;
}

/**
 * An HTTP/1.1 server that slow, silent and broken clients cannot block, and that shuts down gracefully: no request fails.
 * Pipelined requests are handled one at a time, each in its own turn of the event loop. Socket errors never leave this
 * class.
 */
export class HttpServer {
  private readonly server: Server;
  private readonly connections = new Map<Duplex, Connection>();
  /** Connections that got an error response, or will get one. */
  private readonly rejected = new WeakSet<Duplex>();
  /** How many errors the server wrote itself, by status: no request could be read, or none in time. */
  readonly rejections = new Map<number, number>();
  /** How many pipelined requests wait on all connections together. */
  private queuedInTotal = 0;
  private draining = false;

  constructor(
    private readonly handle: RequestListener,
    private readonly timeouts = defaultTimeouts,
    private readonly errorHeadersFor: ErrorHeaders = () => ({}),
  ) {
    const options = {
      headersTimeout: timeouts.headers,
      requestTimeout: timeouts.request,
      connectionsCheckingInterval: 1_000,
      keepAliveTimeout: 65_000,
      requireHostHeader: false, // The application rejects these requests, with a reason.
      joinDuplicateHeaders: true, // Node would drop the second of two, and another server the first.
    };
    this.server = createServer(options, (request, response) => this.accept(request, response));
    this.server.maxHeadersCount = 0; // Node would drop the headers above a limit; the application rejects the request.
    // A client may close its side of the connection after its last request, and still gets the response.
    Object.assign(this.server, { httpAllowHalfOpen: true });
    this.server.on('connection', (socket: Socket) => this.open(socket));
    this.server.on('checkContinue', (request, response) => {
      // Not before the body is read: a request that is rejected for another reason need not send it.
      request.once('resume', () => response.headersSent || response.writeContinue());
      this.accept(request, response);
    });
    // Expectations other than 100-continue are ignored, as in the replaced backend.
    this.server.on('checkExpectation', (request, response) => this.accept(request, response));
    this.server.on('connect', ({ socket }) => this.rejectConnect(socket));
    this.server.on('clientError', (error, socket) => this.rejectUnreadable(error, socket));
    // If a connection cannot be accepted, for example for lack of file descriptors, only that client is affected.
    this.server.on('error', ignore);
  }

  /** How many connections are open. */
  get connectionCount(): number {
    return this.connections.size;
  }

  /** Resolves with the port once connections are accepted; rejects if it cannot listen on the address. */
  async listen(port: number, host: string): Promise<number> {
    await this.start({ port, host });
    return (this.server.address() as AddressInfo).port;
  }

  /** Resolves once connections to a unix socket are accepted. The process's umask decides who may connect. */
  listenOnSocket(path: string): Promise<void> {
    return this.start({ path });
  }

  private start(address: ListenOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen({ ...address, backlog }, () => {
        const checking = setInterval(() => this.closeStalled(), this.timeouts.send / checksPerSendTimeout);
        this.server.once('close', () => clearInterval(checking));
        resolve();
      });
    });
  }

  /** From now on each response asks the client to close its connection. New connections are still accepted. */
  startDraining(): void {
    this.draining = true;
    for (const connection of this.connections.values()) {
      const response = lastOf(connection);
      if (response?.headersSent === false) response.setHeader('Connection', 'close');
    }
  }

  /** Shuts down gracefully: drains, accepts no more connections, and resolves when all are closed. */
  stop(waits: ShutdownTimeouts): Promise<void> {
    this.startDraining();
    return new Promise((resolve) => {
      // Repeated, because a connection becomes idle when the response in progress ends.
      const idle = setInterval(() => this.closeIdleConnections(), waits.idle);
      const busy = setTimeout(() => this.server.closeAllConnections(), waits.busy);
      // Not http.Server's own close: it closes idle connections at once, and loses requests that are in transit.
      NetServer.prototype.close.call(this.server, () => {
        clearInterval(idle);
        clearTimeout(busy);
        resolve();
      });
    });
  }

  private closeIdleConnections(): void {
    this.server.closeIdleConnections();
    // Node does not count a connection as idle if nothing was ever sent on it.
    for (const { socket } of this.connections.values()) {
      if (socket.bytesRead === 0) socket.destroy();
    }
  }

  private open(socket: Socket): void {
    const connection: Connection = {
      socket,
      current: undefined,
      queued: [],
      sent: 0,
      checksWithoutProgress: 0,
    };
    this.connections.set(socket, connection);
    // Node removes its own listener before it emits `connect` and `clientError`.
    socket.on('error', ignore);
    // Node resumes the socket after each request that it has read.
    socket.on('resume', () => {
      if (connection.queued.length > maxQueued) socket.pause();
    });
    socket.once('close', () => {
      this.queuedInTotal -= connection.queued.length;
      this.connections.delete(socket);
    });
  }

  /** Handles a request at once, or after the responses to earlier ones on its connection (pipelining). */
  private accept(request: IncomingMessage, response: ServerResponse): void {
    if (this.draining) response.setHeader('Connection', 'close');
    const connection = this.connections.get(request.socket);
    if (!connection) return; // Already closed.
    const { current } = connection;
    if (current && (connection.queued.length > 0 || !current.writableFinished)) {
      this.enqueue(connection, response);
    } else {
      connection.current = response;
      this.handle(request, response);
    }
  }

  private enqueue(connection: Connection, response: ServerResponse): void {
    const { socket, queued } = connection;
    if (socket.destroyed) return;
    if (queued.length === 0) this.continueAfterCurrent(connection);
    queued.push(response);
    this.queuedInTotal++;
    if (queued.length <= maxQueued) return;
    if (this.queuedInTotal > maxQueuedInTotal) socket.destroy();
    else socket.pause();
  }

  private continueAfterCurrent(connection: Connection): void {
    connection.current?.once('close', () => setImmediate(() => this.handleNext(connection)));
  }

  private handleNext(connection: Connection): void {
    const { socket, queued } = connection;
    const next = socket.writable ? queued.shift() : undefined;
    if (!next) return;
    this.queuedInTotal--;
    connection.current = next;
    if (queued.length === 0) socket.resume();
    else this.continueAfterCurrent(connection);
    this.handle(next.req, next);
  }

  /** Closes the connections whose clients have read nothing of a response for too long. */
  private closeStalled(): void {
    for (const connection of this.connections.values()) {
      const { socket } = connection;
      const sent = bytesSent(socket);
      const isStalled = socket.writableLength > 0 && sent === connection.sent;
      connection.sent = sent;
      connection.checksWithoutProgress = isStalled ? connection.checksWithoutProgress + 1 : 0;
      if (connection.checksWithoutProgress >= checksPerSendTimeout) socket.destroy();
    }
  }

  private rejectConnect(socket: Socket): void {
    // Node has removed its own listener, and the response to an earlier request may wait for this event.
    socket.on('drain', () => this.connections.get(socket)?.current?.emit('drain'));
    this.rejectUnreadable(new Error('CONNECT'), socket);
  }

  /**
   * Responds with an error to input that is not a request to this server, or that does not end in time. Responses to
   * earlier requests come first. Whatever a rejected client sends after that is ignored.
   */
  private rejectUnreadable(error: NodeJS.ErrnoException, socket: Duplex): void {
    if (this.rejected.has(socket) || socket.writableEnded) return;
    this.rejected.add(socket);
    if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy();
    else {
      const last = lastOf(this.connections.get(socket));
      // The error is in the body of the last request, or before the end of another one's head.
      const headers = this.errorHeadersFor(last?.req.complete === false ? last.req : undefined);
      const response = httpErrorOf(error);
      this.rejections.set(response.status, (this.rejections.get(response.status) ?? 0) + 1);
      rejectInOrder(socket, errorMessage(response, headers), last);
    }
  }
}

function ignore(): void {}

/** The response to the request that arrived last on a connection. */
function lastOf(connection: Connection | undefined): ServerResponse | undefined {
  return connection?.queued.at(-1) ?? connection?.current;
}

/**
 * How many bytes the operating system has accepted for sending. Bytes of an unfinished write count as soon as they are
 * accepted; only the handle knows how many are not.
 */
function bytesSent(socket: Socket): number {
  const handle: unknown = Reflect.get(socket, '_handle');
  const { writeQueueSize = 0 } = (handle ?? {}) as { readonly writeQueueSize?: number };
  return socket.bytesWritten - writeQueueSize;
}

const malformed = parseError('Malformed request.');
export const requestTimedOut = httpError(408, 'Request timed out.');
const errorsByCode: Readonly<Record<string, HttpError>> = {
  HPE_HEADER_OVERFLOW: httpError(431, 'Request headers too large.'),
  ERR_HTTP_REQUEST_TIMEOUT: requestTimedOut,
};

function httpErrorOf({ code = '' }: NodeJS.ErrnoException): HttpError {
  return errorsByCode[code] ?? malformed;
}

const commonHeaders = { ...securityHeaders, 'Content-Type': 'application/json', Connection: 'close' };

/** A whole error response, for where there is no response object to write it with. */
function errorMessage({ status, body }: HttpError, headers: Readonly<Record<string, string>>): string {
  const text = JSON.stringify(body);
  const all = { ...commonHeaders, ...headers, 'Content-Length': Buffer.byteLength(text) };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  return [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, '', text].join('\r\n');
}

/** Writes an error after the last response, or in its place if the error is in the body of that response's request. */
function rejectInOrder(socket: Duplex, message: string, last: ServerResponse | undefined): void {
  if (!last || last.writableFinished) writeError(socket, message);
  else if (last.req.complete || last.headersSent) last.once('close', () => writeError(socket, message));
  else if (last.socket) writeError(socket, message);
  else last.once('socket', () => rejectInOrder(socket, message, last));
}

/** Writes an error response and ends the connection. */
function writeError(socket: Duplex, message: string): void {
  if (!socket.writable) return;
  socket.end(message);
  // The client needs time to read this. Closing at once would discard it if the client is still sending.
  setTimeout(() => socket.destroy(), 1_000).unref();
}
