import {
  createServer,
  STATUS_CODES,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { Server as NetServer, type AddressInfo, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { securityHeaders } from './response/reply.js';
import { httpError, type HttpError } from './response/http-error.js';

type Handle = (request: IncomingMessage, response: ServerResponse) => unknown;

/** How many connections may wait to be accepted: thousands come at once when a proxy or another server is restarted. */
const backlog = 4096;

/** How many pipelined requests may wait on one connection before it is not read any further. */
const maxWaiting = 32;

/**
 * How many may wait on all connections. One read can bring some thousands, so that each connection may hold more than
 * `maxWaiting`. Beyond this sum such connections are closed.
 */
const maxWaitingOnAll = 10_000;

/** How often, during the send timeout, the server checks whether clients take their responses. */
const checksPerSendTimeout = 24;

/** How long a stopping server waits, in milliseconds. */
export interface ShutdownTimeouts {
  /** For a request that may be on its way on a connection that looks idle. */
  readonly idle: number;
  /** For requests that are being answered; then they are cut off. */
  readonly busy: number;
}

/** How long the server waits for a client. */
export interface Timeouts {
  /** Milliseconds for the head of a request. */
  readonly headers: number;
  /** Milliseconds for a whole request. */
  readonly request: number;
  /** Milliseconds during which a client may take nothing of a response. */
  readonly send: number;
}

const defaultTimeouts: Timeouts = { headers: 10_000, request: 30_000, send: 120_000 };

/** What the server knows of an open connection. */
interface Connection {
  readonly socket: Socket;
  /** The response that is being written, or was written last. */
  current: ServerResponse | undefined;
  /** Responses to pipelined requests that wait until `current` is written, in their order. */
  readonly waiting: ServerResponse[];
  /** Bytes that the system had taken for sending at the last check. */
  sent: number;
  /** How many checks in a row have found that the system had taken nothing more. */
  checksWithoutProgress: number;
}

/**
 * An HTTP/1.1 server that slow, silent and broken clients cannot hold up, and that stops without failing a request.
 * Pipelined requests are handled one at a time, each in a turn of the event loop of its own. No error of a socket leaves
 * this class.
 */
export class HttpServer {
  private readonly server: Server;
  private readonly connections = new Map<Duplex, Connection>();
  /** Those that are being rejected, or were. */
  private readonly rejected = new WeakSet<Duplex>();
  /** How many pipelined requests wait on all connections. */
  private waiting = 0;
  private stopping = false;

  constructor(
    private readonly handle: Handle,
    private readonly timeouts = defaultTimeouts,
  ) {
    const options = {
      headersTimeout: timeouts.headers,
      requestTimeout: timeouts.request,
      connectionsCheckingInterval: 1_000,
      keepAliveTimeout: 65_000,
      requireHostHeader: false, // Refused by the application, which gives a reason.
      joinDuplicateHeaders: true, // Node would drop the second of two, and another server the first.
    };
    this.server = createServer(options, (request, response) => this.take(request, response));
    this.server.maxHeadersCount = 0; // Node would drop what is beyond; the application refuses it.
    // A client that has sent all it wants may say so at once, and is answered nevertheless.
    Object.assign(this.server, { httpAllowHalfOpen: true });
    this.server.on('connection', (socket: Socket) => this.open(socket));
    this.server.on('checkContinue', (request, response) => {
      // Not before the body is read: a request that is rejected for another reason need not send it.
      request.once('resume', () => response.headersSent || response.writeContinue());
      this.take(request, response);
    });
    // Expectations other than 100-continue are ignored, as clients are used to.
    this.server.on('checkExpectation', (request, response) => this.take(request, response));
    this.server.on('connect', ({ socket }) => this.rejectConnect(socket));
    this.server.on('clientError', (error, socket) => this.rejectUnreadable(error, socket));
    // A connection that cannot be accepted, such as for want of file descriptors, is the client's loss only.
    this.server.on('error', ignore);
  }

  /** Resolves with the port once connections are accepted; rejects if the address cannot be had. */
  listen(port: number, host: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen({ port, host, backlog }, () => {
        const checking = setInterval(() => this.closeStalled(), this.timeouts.send / checksPerSendTimeout);
        this.server.once('close', () => clearInterval(checking));
        resolve((this.server.address() as AddressInfo).port);
      });
    });
  }

  /** Accepts no more connections, asks clients to close theirs, and resolves when all are closed. */
  stop(patience: ShutdownTimeouts): Promise<void> {
    this.stopping = true;
    for (const connection of this.connections.values()) {
      const response = lastOf(connection);
      if (response?.headersSent === false) response.setHeader('Connection', 'close');
    }
    return new Promise((resolve) => {
      // More than once, for answers that had begun before and end later.
      const idle = setInterval(() => this.closeIdleConnections(), patience.idle);
      const busy = setTimeout(() => this.server.closeAllConnections(), patience.busy);
      // Not http.Server's own close, which cuts idle connections at once, with requests that are on their way.
      NetServer.prototype.close.call(this.server, () => {
        clearInterval(idle);
        clearTimeout(busy);
        resolve();
      });
    });
  }

  private closeIdleConnections(): void {
    this.server.closeIdleConnections();
    // A connection on which nothing was ever sent does not count as idle there.
    for (const { socket } of this.connections.values()) {
      if (socket.bytesRead === 0) socket.destroy();
    }
  }

  private open(socket: Socket): void {
    const connection: Connection = {
      socket,
      current: undefined,
      waiting: [],
      sent: 0,
      checksWithoutProgress: 0,
    };
    this.connections.set(socket, connection);
    // Node takes its own listener off before it emits `connect` and `clientError`.
    socket.on('error', ignore);
    // Node resumes the socket after each request that it has read.
    socket.on('resume', () => {
      if (connection.waiting.length > maxWaiting) socket.pause();
    });
    socket.once('close', () => {
      this.waiting -= connection.waiting.length;
      this.connections.delete(socket);
    });
  }

  /** Handles a request at once, or when those before it on the connection were answered. */
  private take(request: IncomingMessage, response: ServerResponse): void {
    if (this.stopping) response.setHeader('Connection', 'close');
    const connection = this.connections.get(request.socket);
    if (!connection) return; // Already closed.
    const { current } = connection;
    if (current && (connection.waiting.length > 0 || !current.writableFinished)) {
      this.wait(connection, response);
    } else {
      connection.current = response;
      this.handle(request, response);
    }
  }

  private wait(connection: Connection, response: ServerResponse): void {
    const { socket, waiting } = connection;
    if (socket.destroyed) return;
    if (waiting.length === 0) this.continueAfterCurrent(connection);
    waiting.push(response);
    this.waiting++;
    if (waiting.length <= maxWaiting) return;
    if (this.waiting > maxWaitingOnAll) socket.destroy();
    else socket.pause();
  }

  private continueAfterCurrent(connection: Connection): void {
    connection.current?.once('close', () => setImmediate(() => this.handleNext(connection)));
  }

  private handleNext(connection: Connection): void {
    const { socket, waiting } = connection;
    const next = socket.writable ? waiting.shift() : undefined;
    if (!next) return;
    this.waiting--;
    connection.current = next;
    if (waiting.length === 0) socket.resume();
    else this.continueAfterCurrent(connection);
    this.handle(next.req, next);
  }

  /** Closes the connections whose clients have taken nothing of a response for too long. */
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
    // Node has taken its own listener off, and the response to an earlier request may wait for this.
    socket.on('drain', () => this.connections.get(socket)?.current?.emit('drain'));
    this.rejectUnreadable(new Error('CONNECT'), socket);
  }

  /**
   * Refuses what is no request to this server, or does not come to an end. If earlier requests are still being answered,
   * that comes first. What a rejected client goes on to send is ignored.
   */
  private rejectUnreadable(error: NodeJS.ErrnoException, socket: Duplex): void {
    if (this.rejected.has(socket) || socket.writableEnded) return;
    this.rejected.add(socket);
    if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy();
    else rejectInTurn(socket, httpErrorOf(error), lastOf(this.connections.get(socket)));
  }
}

function ignore(): void {}

/** The response to the last request that came on a connection. */
function lastOf(connection: Connection | undefined): ServerResponse | undefined {
  return connection?.waiting.at(-1) ?? connection?.current;
}

/**
 * Bytes that the system has taken for sending. Those of a write that is under way count as soon as they are taken; only
 * the handle tells how many still wait.
 */
function bytesSent(socket: Socket): number {
  const handle: unknown = Reflect.get(socket, '_handle');
  const { writeQueueSize = 0 } = (handle ?? {}) as { readonly writeQueueSize?: number };
  return socket.bytesWritten - writeQueueSize;
}

const malformed = httpError(400, 'Malformed request.');
const errorsByCode: Readonly<Record<string, HttpError>> = {
  HPE_HEADER_OVERFLOW: httpError(431, 'Request headers too large.'),
  ERR_HTTP_REQUEST_TIMEOUT: httpError(408, 'Request timed out.'),
};

function httpErrorOf({ code = '' }: NodeJS.ErrnoException): HttpError {
  return errorsByCode[code] ?? malformed;
}

const errorHeaders = { ...securityHeaders, 'Content-Type': 'application/json', Connection: 'close' };

/** Refuses what came behind the request with this answer, or is a part of it and keeps it from being answered. */
function rejectInTurn(socket: Duplex, reason: HttpError, last: ServerResponse | undefined): void {
  if (!last || last.writableFinished) writeError(socket, reason);
  else if (last.req.complete || last.headersSent) last.once('close', () => writeError(socket, reason));
  else if (last.socket) writeError(socket, reason);
  else last.once('socket', () => rejectInTurn(socket, reason, last));
}

/** Writes an error response where there is no response object to write it with, and ends the connection. */
function writeError(socket: Duplex, { status, body }: HttpError): void {
  if (!socket.writable) return;
  const text = JSON.stringify(body);
  const headers = { ...errorHeaders, 'Content-Length': Buffer.byteLength(text) };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  socket.end([`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, '', text].join('\r\n'));
  // Time for the client to read this; closing at once would discard it where the client is still sending.
  setTimeout(() => socket.destroy(), 1_000).unref();
}
