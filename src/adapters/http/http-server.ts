import {
  createServer,
  STATUS_CODES,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { Server as NetServer, type AddressInfo, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { securityHeaders } from './answer.js';
import { refusal, type Refusal } from './refusal.js';

type Handle = (request: IncomingMessage, response: ServerResponse) => unknown;

/** How many connections may wait to be accepted: thousands come at once when a proxy or another server is restarted. */
const backlog = 4096;

/** How long a stopping server waits, in milliseconds. */
export interface StopPatience {
  /** For a request that may be on its way on a connection that looks idle. */
  readonly idle: number;
  /** For requests that are being answered; then they are cut off. */
  readonly busy: number;
}

/**
 * An HTTP/1.1 server that slow, silent and broken clients cannot hold up, and that stops without failing a request. Of
 * requests that come one behind the other on a connection, each is handled when the one before it was answered.
 */
export class HttpServer {
  private readonly server: Server;
  /** The open connections, each with the answer to the last request that came on it. */
  private readonly connections = new Map<Duplex, ServerResponse | undefined>();
  /** Those that are being refused, or were. */
  private readonly refused = new WeakSet<Duplex>();
  private stopping = false;

  constructor(handle: Handle) {
    const limits = {
      headersTimeout: 10_000,
      requestTimeout: 30_000,
      connectionsCheckingInterval: 1_000,
      keepAliveTimeout: 65_000,
      requireHostHeader: false, // Refused by the application, which gives a reason.
    };
    this.server = createServer(limits, (request, response) => {
      if (this.stopping) response.setHeader('Connection', 'close');
      const { socket } = request;
      const previous = this.connections.get(socket);
      this.connections.set(socket, response);
      if (!previous || previous.writableFinished) handle(request, response);
      else previous.once('close', () => socket.writable && handle(request, response));
    });
    this.server.timeout = 120_000; // For whoever takes none of their answer.
    // A client that has sent all it wants may say so at once, and is answered nevertheless.
    Object.assign(this.server, { httpAllowHalfOpen: true });
    this.server.on('connection', (socket: Socket) => {
      this.connections.set(socket, undefined);
      socket.once('close', () => this.connections.delete(socket));
    });
    // Expectations other than 100-continue are ignored, as clients are used to.
    this.server.on('checkExpectation', (request, response) => this.server.emit('request', request, response));
    this.server.on('connect', (_request, socket) => this.refuseUnreadable(new Error('CONNECT'), socket));
    this.server.on('clientError', (error, socket) => this.refuseUnreadable(error, socket));
  }

  /** Resolves with the port once connections are accepted; rejects if the address cannot be had. */
  listen(port: number, host: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen({ port, host, backlog }, () => resolve((this.server.address() as AddressInfo).port));
    });
  }

  /** Accepts no more connections, asks clients to close theirs, and resolves when all are closed. */
  stop(patience: StopPatience): Promise<void> {
    this.stopping = true;
    for (const response of this.connections.values()) {
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
    for (const connection of this.connections.keys()) {
      if ((connection as Socket).bytesRead === 0) connection.destroy();
    }
  }

  /**
   * Refuses what is no request to this server, or does not come to an end. If earlier requests are still being answered,
   * that comes first. What a refused client goes on to send is nobody's business.
   */
  private refuseUnreadable(error: NodeJS.ErrnoException, socket: Duplex): void {
    if (this.refused.has(socket) || socket.writableEnded) return;
    this.refused.add(socket);
    if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy();
    else refuseInTurn(socket, refusalOf(error), this.connections.get(socket));
  }
}

const malformed = refusal(400, 'Malformed request.');
const refusalsByCode: Readonly<Record<string, Refusal>> = {
  HPE_HEADER_OVERFLOW: refusal(431, 'Request headers too large.'),
  ERR_HTTP_REQUEST_TIMEOUT: refusal(408, 'Request timed out.'),
};

function refusalOf({ code = '' }: NodeJS.ErrnoException): Refusal {
  return refusalsByCode[code] ?? malformed;
}

const headersOfRefusals = { ...securityHeaders, 'Content-Type': 'application/json', Connection: 'close' };

/** Refuses what came behind the request with this answer, or is a part of it and keeps it from being answered. */
function refuseInTurn(socket: Duplex, reason: Refusal, last: ServerResponse | undefined): void {
  if (!last || last.writableFinished) refuse(socket, reason);
  else if (last.req.complete || last.headersSent) last.once('close', () => refuse(socket, reason));
  else if (last.socket) refuse(socket, reason);
  else last.once('socket', () => refuseInTurn(socket, reason, last));
}

/** Writes a refusal where there is no response object to write it with, and ends the connection. */
function refuse(socket: Duplex, { status, body }: Refusal): void {
  if (!socket.writable) return;
  const text = JSON.stringify(body);
  const headers = { ...headersOfRefusals, 'Content-Length': Buffer.byteLength(text) };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  socket.end([`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, '', text].join('\r\n'));
  // Time for the client to read this; closing at once would discard it where the client is still sending.
  setTimeout(() => socket.destroy(), 1_000).unref();
}
