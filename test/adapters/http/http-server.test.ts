import { EventEmitter, once } from 'node:events';
import type { Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { expect } from 'chai';
import { HttpServer } from '../../../src/adapters/http/http-server.js';
import { expectResponse, malformedRequest } from '../../support/responses.js';
import { RawConnection } from '../../support/raw-connection.js';
import { stopAfterEach } from '../../support/stop-after-each.js';
import { waitFor } from '../../support/wait-for.js';

type Handle = ConstructorParameters<typeof HttpServer>[0];

const get = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
/** More requests than one read of a socket brings, and many times the number that may wait. */
const many = 5_000;
/** Longer than the operating system buffers for a connection between two processes of one machine. */
const longBody = 'x'.repeat(40_000_000);
const timeouts = { headers: 60_000, request: 60_000, send: 60_000 };

describe('the HTTP server', () => {
  const stopped = stopAfterEach();

  /** Starts a server that stops after the test, and resolves with its port. */
  async function listening(
    handle: Handle,
    given: Partial<typeof timeouts> = {},
    errorHeaders?: ConstructorParameters<typeof HttpServer>[2],
  ): Promise<number> {
    const server = new HttpServer(handle, { ...timeouts, ...given }, errorHeaders);
    stopped({ stop: () => server.stop({ idle: 0, busy: 0 }) });
    return server.listen(0, '127.0.0.1');
  }

  describe('with pipelined requests', () => {
    it('handles each pipelined request in its own turn of the event loop', async () => {
      let turn = 0;
      let isCounting = true;
      const count = () => {
        turn++;
        if (isCounting) void setImmediate().then(count);
      };
      count();
      const turns: number[] = [];
      const port = await listening((_request, response) => {
        turns.push(turn);
        response.end();
      });
      const connection = await RawConnection.open(port);
      connection.send(get.repeat(many));
      for (let i = 0; i < many; i++) await connection.response();
      connection.close();
      isCounting = false;
      // A request that was read after all others were handled may share their last turn.
      expect(new Set(turns).size).to.be.above(0.99 * many);
    });

    it('responds to 5,000 pipelined requests in order', async () => {
      const port = await listening(({ url }, response) => response.end(url));
      const connection = await RawConnection.open(port);
      const paths = Array.from({ length: many }, (_, i) => `/${i}`);
      connection.send(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`).join(''));
      const received: string[] = [];
      for (let i = 0; i < many; i++) received.push((await connection.response()).text);
      connection.close();
      expect(received).to.deep.equal(paths);
    });

    it('reads the body of a request that waited behind 5,000 pipelined ones', async () => {
      const bodies: string[] = [];
      const port = await listening(async (request, response) => {
        let body = '';
        for await (const chunk of request.setEncoding('latin1')) body += chunk as string;
        bodies.push(body);
        response.end();
      });
      const connection = await RawConnection.open(port);
      const body = 'x'.repeat(200_000);
      connection.send(
        `${get.repeat(many)}POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
      connection.finish();
      for (let i = 0; i <= many; i++) await connection.response();
      expect(await connection.end()).to.equal('');
      expect(bodies.at(-1)).to.equal(body);
    });

    it('closes only the connections with many pipelined requests when too many wait in total', async () => {
      const events = new EventEmitter();
      const released = once(events, 'released');
      const port = await listening(async (_request, response) => {
        await released;
        response.end();
      });
      const modest = await RawConnection.open(port);
      modest.send(get.repeat(10));
      const greedy = await Promise.all(Array.from({ length: 20 }, () => open(port)));
      for (const socket of greedy) socket.resume().write(get.repeat(many));
      const closed = () => greedy.filter((socket) => socket.closed).length;
      await waitFor('half of them are closed', () => closed() >= 10);
      expect(closed()).to.be.below(20);
      for (const socket of greedy) socket.destroy();
      events.emit('released');
      for (let i = 0; i < 10; i++) expect((await modest.response()).status).to.equal(200);
      modest.close();
    });

    it('rejects a pipelined CONNECT after the whole response to a slow reader', async () => {
      const chunk = Buffer.alloc(100_000, 'x');
      const chunks = Array.from({ length: 400 }, () => chunk);
      const port = await listening((_request, response) => {
        response.setHeader('Content-Length', chunk.length * chunks.length);
        return pipeline(Readable.from(chunks), response);
      });
      const socket = await open(port);
      socket.write(`${get}CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n`);
      let received = 0;
      let last = '';
      for await (const bytes of socket as AsyncIterable<Buffer>) {
        received += bytes.length;
        last = (last + bytes.toString('latin1')).slice(-1_000);
        await setTimeout(1);
      }
      expect(received).to.be.above(chunk.length * chunks.length);
      expect(last).to.match(/xHTTP\/1\.1 400 Bad Request\r\n/);
      expect(last).to.include(JSON.stringify(malformedRequest));
    });
  });

  describe('survives a socket error', () => {
    for (const [name, bytes] of [
      ['behind a request', ''],
      ['after CONNECT', 'CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n'],
      ['after CONNECT with a body', 'CONNECT x:443 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab'],
      ['after a change of the protocol', `${get.slice(0, -2)}Connection: Upgrade\r\nUpgrade: x\r\n\r\n`],
      ['after what is no HTTP', '\0garbage\r\n\r\n'],
    ] as const) {
      it(`survives a socket error ${name}`, async () => {
        const events = new EventEmitter();
        const handled = once(events, 'handled');
        const port = await listening(({ socket }) => void events.emit('handled', socket));
        const connection = await RawConnection.open(port);
        connection.send(get + bytes);
        const [socket] = (await handled) as [Socket];
        await setImmediate(); // The rest arrived with the same read.
        socket.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
        await waitFor('the socket is closed', () => socket.closed);
        connection.close();
      });
    }

    it('survives an error of the listening socket', async () => {
      const server = new HttpServer(() => undefined);
      stopped({ stop: () => server.stop({ idle: 0, busy: 0 }) });
      await server.listen(0, '127.0.0.1');
      const listener = Reflect.get(server, 'server') as Server;
      for (let i = 0; i < 2; i++) listener.emit('error', new Error('accept ENFILE'));
    });
  });

  describe('closes the connection of a stalled client', () => {
    for (const [name, bytes] of [
      ['that sends nothing', ''],
      ['that keeps sending requests', get],
      ['that keeps sending a body', `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n`],
    ] as const) {
      it(`closes the connection of a stalled client ${name}`, async () => {
        const events = new EventEmitter();
        const handle: Handle = (_request, response) => {
          response.once('close', () => events.emit('closed'));
          response.end(longBody);
        };
        const closed = once(events, 'closed');
        const socket = await open(await listening(handle, { send: 240 }));
        socket.write(get + bytes);
        const sending = setInterval(() => void socket.write(bytes === get ? get : bytes && 'x'), 20);
        await closed;
        clearInterval(sending);
        await waitFor('the connection has ended', () => socket.resume().closed);
        expect(socket.bytesRead).to.be.below(longBody.length);
      });
    }
  });

  it('serves a slow reader for longer than the send timeout', async () => {
    const send = 400;
    const port = await listening((_request, response) => response.end(longBody), { send });
    const socket = await open(port);
    socket.write(get);
    const startedAt = performance.now();
    let received = 0;
    for await (const bytes of socket as AsyncIterable<Buffer>) {
      received += bytes.length;
      if (received > longBody.length) break;
      await setTimeout(2);
    }
    expect(performance.now() - startedAt).to.be.above(send);
    expect(received).to.be.above(longBody.length);
  });

  it('responds with 408 to a client that sends its request too slowly (Slowloris)', async () => {
    const port = await listening((request) => request.resume(), { headers: 50, request: 50 });
    const starts = ['GET / HTTP/1.1\r\nHost', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{'];
    await Promise.all(
      starts.map(async (bytes) => {
        const client = await RawConnection.open(port);
        client.send(bytes);
        expectResponse(await client.response(), 408, { detail: 'Request timed out.' });
        expect(await client.end()).to.equal('');
        client.close();
      }),
    );
  });

  describe('errors that it writes itself', () => {
    const head = 'POST /known HTTP/1.1\r\nHost: x\r\n';
    const cases: Readonly<Record<string, readonly [bytes: string, status: number, request: string]>> = {
      'a body that does not arrive in time': [`${head}Content-Length: 5\r\n\r\nab`, 408, '/known'],
      'a chunk without a length': [`${head}Transfer-Encoding: chunked\r\n\r\nxyz\r\n`, 400, '/known'],
      'a head that does not arrive in time': [head, 408, 'unknown'],
      'a head that is no request': ['nonsense\r\n\r\n', 400, 'unknown'],
      'a head that is too large': [`${head}X: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'unknown'],
      'a second head that is no request': [`${get}nonsense\r\n\r\n`, 400, 'unknown'],
    };
    for (const [what, [bytes, status, expected]] of Object.entries(cases)) {
      it(`gives ${status} for ${what} the headers for ${expected === 'unknown' ? 'an unknown request' : 'that request'}`, async () => {
        const port = await listening(
          ({ method }, response) => void (method === 'GET' && response.end()),
          { headers: 500, request: 500 },
          (request) => ({ 'X-About': request?.url ?? 'unknown' }),
        );
        const connection = await RawConnection.open(port);
        connection.send(bytes);
        if (bytes.startsWith(get)) expect((await connection.response()).status).to.equal(200);
        const response = await connection.response();
        expect([response.status, response.headers['x-about']]).to.deep.equal([status, expected]);
        expect(response.headers['content-type']).to.equal('application/json');
      });
    }
  });
});

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' }).pause();
  socket.on('error', () => undefined); // A connection that is reset emits `close`, too.
  await once(socket, 'connect');
  return socket;
}
