import { EventEmitter, once } from 'node:events';
import type { Server } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { expect } from 'chai';
import { HttpServer } from '../../../src/adapters/http/http-server.js';
import { concurrently } from '../../../src/storage-contract/concurrency.js';
import {
  badHeader,
  expectResponse,
  expectCommonHeaders,
  invalidCredentials,
  malformedRequest,
  noCredentials,
  tokenInvalid,
  unknownPath,
} from '../../support/responses.js';
import { chunked, RawConnection } from '../../support/raw-connection.js';
import { withStub } from '../../support/with-stub.js';
import { RunningServer, type SignedIn } from '../../support/running-server.js';
import { waitFor } from '../../support/wait-for.js';

/** Request targets that are not a path, or an unusual one. */
const targets = (
  'tasks/ ?limit=1 # /tasks/#x /\\tasks/ //x/tasks/ /tasks/\xff/ /tasks/?\xff=\xff /?% http:// http://x http://[ ' +
  'http://[::1]/ http://x:99999/ http://%/ http:x x: x:443 javascript:alert(1) http:///tasks/ ftp://x/tasks/ ' +
  'http://a@b@c/ http://\xff/ http://x?'
).split(' ');

/** Invalid hosts (RFC 9110, 7.2), and hosts with characters that no name has. */
const invalidHosts = [
  'x y',
  'x@y',
  'user:secret@x',
  'x/y',
  'x?y',
  'x#y',
  'x,y',
  'x\\y',
  '"x"',
  '<x>',
  '*',
  'x;y',
  'x%20y',
  '\xe9',
  'x:y',
  'x:1:2',
  'x:-1',
  ':80',
  '::1',
  '[::1',
  '[::1]x',
  '[]',
  'http://x',
  'x\ty',
];

const headersTooLarge = { detail: 'Request headers too large.' };

describe('the wire protocol', () => {
  let server: RunningServer;
  let user: SignedIn;
  let connection: RawConnection;
  before(async () => {
    server = await RunningServer.start({ TRUST_PROXY: '1' }); // Else it logs a warning about X-Forwarded-For.
    user = await server.registerAndSignIn();
  });
  beforeEach(async () => {
    connection = await RawConnection.open(server.port);
  });
  afterEach(async () => {
    connection.close();
    // After each test, the server still serves other clients, and has logged no unexpected error.
    expectResponse(await server.call('GET', '/tasks/', undefined, user.access), 200, []);
    expect(server.log.filter(({ level }) => level !== 'info' && level !== 'debug')).to.deep.equal([]);
  });
  after(() => server.stop());

  async function expectRejected(status: number, body: object): Promise<void> {
    const response = await connection.response();
    expectResponse(response, status, body);
    expect(response.headers['connection']).to.equal('close');
    expect(await connection.end()).to.equal('');
  }

  const lineWith = (id: string) => server.log.find(({ fields }) => fields['requestId'] === id);
  const get = (path: string, ...headers: readonly string[]) =>
    connection.sendRequest([`GET ${path} HTTP/1.1`, 'Host: x', ...headers]);
  const bearer = () => `Authorization: Bearer ${user.access}`;

  describe('malformed HTTP', () => {
    for (const [name, bytes] of [
      ['garbage', '\x00\x01\x02\xff\xfe garbage\r\n\r\n'],
      ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
      ['a sentence', 'Hello, is anybody there?\r\n\r\n'],
      ['HTTP/0.9', 'GET /livez\r\n\r\n'],
      ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
      ['HTTP/9.9', 'GET /livez HTTP/9.9\r\nHost: x\r\n\r\n'],
      ['a lower-case method', 'get /livez HTTP/1.1\r\nHost: x\r\n\r\n'],
      ['an unknown method', 'BREW /livez HTTP/1.1\r\nHost: x\r\n\r\n'],
      ['a path with a blank', 'GET /tasks/ x HTTP/1.1\r\nHost: x\r\n\r\n'],
      ['a path with a control character', 'GET /tasks/\x01 HTTP/1.1\r\nHost: x\r\n\r\n'],
      ['a header without a colon', 'GET /livez HTTP/1.1\r\nHost: x\r\nNonsense\r\n\r\n'],
      ['a header with a blank in its name', 'GET /livez HTTP/1.1\r\nHost: x\r\nA b: c\r\n\r\n'],
      ['a blank before the colon', 'GET /livez HTTP/1.1\r\nHost : x\r\n\r\n'],
      ['a folded header', 'GET /livez HTTP/1.1\r\n Host: x\r\n\r\n'],
      ['a null byte in a header', 'GET /livez HTTP/1.1\r\nHost: x\r\nA: \0\r\n\r\n'],
      ['a line break without a line feed', 'GET /livez HTTP/1.1\rHost: x\r\r'],
    ] as const) {
      it(`rejects malformed HTTP: ${name}`, async () => {
        connection.send(bytes);
        await expectRejected(400, malformedRequest);
      });
    }

    it('rejects garbage pipelined after a valid request, and responds to the request first', async () => {
      connection.send(`GET /tasks/ HTTP/1.1\r\nHost: x\r\n${bearer()}\r\n\r\n\x00garbage\r\n\r\n`);
      expectResponse(await connection.response(), 200, []);
      await expectRejected(400, malformedRequest);
    });

    it('rejects repeated garbage only once', async () => {
      const warnings: Error[] = [];
      const note = (warning: Error) => void warnings.push(warning);
      process.on('warning', note);
      const { tasks } = server.storage;
      const whenMoreHasCome =
        (list: typeof tasks.list): typeof tasks.list =>
        async (...args) => {
          for (let i = 0; i < 30; i++) {
            connection.send('\x00garbage\r\n\r\n');
            await server.call('GET', '/livez');
          }
          return list(...args);
        };
      await withStub(tasks, 'list', whenMoreHasCome, async () => {
        get('/tasks/', bearer());
        expectResponse(await connection.response(), 200, []);
      });
      await expectRejected(400, malformedRequest);
      process.off('warning', note);
      expect(warnings).to.deep.equal([]);
    });

    it('rejects garbage after a valid request and its response', async () => {
      get('/livez');
      expect((await connection.response()).status).to.equal(200);
      connection.send('garbage\r\n\r\n');
      await expectRejected(400, malformedRequest);
    });
  });

  describe('ambiguous requests (request smuggling)', () => {
    for (const [name, headers, body] of [
      ['a length and chunks', ['Content-Length: 5', 'Transfer-Encoding: chunked'], chunked()],
      ['chunks and a length', ['Transfer-Encoding: chunked', 'Content-Length: 5'], chunked()],
      ['two lengths', ['Content-Length: 2', 'Content-Length: 3'], '{}'],
      ['two lengths in one header', ['Content-Length: 2, 3'], '{}'],
      ['a negative length', ['Content-Length: -2'], '{}'],
      ['a length with a sign', ['Content-Length: +2'], '{}'],
      ['a hexadecimal length', ['Content-Length: 0x2'], '{}'],
      ['a length that is no number', ['Content-Length: two'], '{}'],
      ['an endless length', [`Content-Length: ${'9'.repeat(40)}`], '{}'],
      ['an encoding after chunks', ['Transfer-Encoding: chunked, identity'], chunked()],
      ['an unknown transfer encoding', ['Transfer-Encoding: xchunked'], chunked()],
      ['an encoding without chunks', ['Transfer-Encoding: gzip'], '{}'],
      ['an encoding without a name', ['Transfer-Encoding: '], '{}'],
      ['an encoding and a length', ['Transfer-Encoding: gzip', 'Content-Length: 2'], '{}'],
      ['chunks twice', ['Transfer-Encoding: chunked, chunked'], chunked()],
      [
        'chunks twice, in two headers',
        ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'],
        chunked(),
      ],
      ['chunks with a parameter', ['Transfer-Encoding: chunked;q=1'], chunked()],
      ['the same length twice', ['Content-Length: 2', 'Content-Length: 2'], '{}'],
      ['a length of nothing', ['Content-Length: '], '{}'],
      ['a folded header', ['Content-Length:', ' 2'], '{}'],
      ['a length among the trailers', ['Transfer-Encoding: chunked'], '0\r\nContent-Length: 2\r\n\r\n'],
      ['a line feed in front of a chunk', ['Transfer-Encoding: chunked'], '\n2\r\n{}\r\n0\r\n\r\n'],
      ['a chunk size that is no number', ['Transfer-Encoding: chunked'], 'x\r\n{}\r\n0\r\n\r\n'],
      ['a chunk size with a sign', ['Transfer-Encoding: chunked'], '+2\r\n{}\r\n0\r\n\r\n'],
      ['a chunk that is longer than it says', ['Transfer-Encoding: chunked'], '1\r\n{}\r\n0\r\n\r\n'],
    ] as const) {
      it(`rejects an ambiguous request with ${name}`, async () => {
        const lines = ['POST /api/token/ HTTP/1.1', 'Host: x', 'Content-Type: application/json', ...headers];
        connection.sendRequest(lines, body);
        await expectRejected(400, malformedRequest);
      });
    }

    it('rejects chunks in HTTP/1.0', async () => {
      const headers = ['Connection: keep-alive', 'Transfer-Encoding: chunked'];
      connection.sendRequest(['POST /api/token/ HTTP/1.0', ...headers], chunked('{}'));
      await expectRejected(400, malformedRequest);
    });

    for (const codings of [['gzip, chunked'], ['gzip', 'chunked'], ['identity, chunked'], ['x,CHUNKED']]) {
      it(`responds with 501 to the Transfer-Encoding ${codings.join(' and ')}`, async () => {
        const headers = codings.map((coding) => `Transfer-Encoding: ${coding}`);
        const type = 'Content-Type: application/json';
        connection.sendRequest(['POST /api/token/ HTTP/1.1', 'Host: x', type, ...headers], chunked('{}'));
        await expectRejected(501, { detail: 'The only supported Transfer-Encoding is chunked.' });
      });
    }

    for (const [name, lines] of [
      ['two hosts', ['GET /livez HTTP/1.1', 'Host: x', 'Host: x']],
      ['two hosts, one of them empty', ['GET /livez HTTP/1.1', 'Host: ', 'Host: x']],
      ['two hosts, in HTTP/1.0', ['GET /livez HTTP/1.0', 'Host: x', 'host: y']],
      ['no host', ['GET /livez HTTP/1.1']],
      ['no host beside a whole URL', ['GET http://x/livez HTTP/1.1']],
      ['a version that is none of HTTP/1', ['GET /livez HTTP/2.0', 'Host: x']],
    ] as const) {
      it(`rejects a request with ${name}`, async () => {
        connection.sendRequest(lines);
        expectResponse(await connection.response(), 400, malformedRequest);
      });
    }

    for (const host of invalidHosts) {
      it(`rejects the Host ${JSON.stringify(host)}`, async () => {
        connection.sendRequest(['GET /livez HTTP/1.1', `Host: ${host}`]);
        expectResponse(await connection.response(), 400, malformedRequest);
      });
    }

    it('accepts a name or an address as Host, with or without a port', async () => {
      for (const host of [
        'x',
        'EXAMPLE.com.',
        'a_b-c',
        'x:',
        'x:3000',
        '192.0.2.1:80',
        '[2001:db8::1]',
        '[::1]:80',
        '',
      ]) {
        connection.sendRequest(['GET /livez HTTP/1.1', `Host: ${host}`]);
        expectResponse(await connection.response(), 200, { status: 'live' });
      }
    });

    for (const target of [
      'http:///tasks/',
      'http://a@b/tasks/',
      'http://x:y/',
      'ftp://x/tasks/',
      'x:443',
      '/tasks/#x',
      '/#/../tasks/',
    ]) {
      it(`rejects the request target ${target}`, async () => {
        get(target, bearer());
        expectResponse(await connection.response(), 400, malformedRequest);
      });
    }

    it('rejects two Authorization headers, even if both are valid', async () => {
      get('/tasks/', bearer(), bearer());
      expectResponse(await connection.response(), 401, badHeader);
    });

    it('rejects two Content-Type headers', async () => {
      const types = ['Content-Type: application/json', 'Content-Type: text/plain'];
      connection.sendRequest(['POST /api/token/ HTTP/1.1', 'Host: x', ...types, 'Content-Length: 2'], '{}');
      const detail = 'Unsupported media type "application/json, text/plain" in request.';
      expectResponse(await connection.response(), 415, { detail });
    });

    it('rejects a malformed chunk after valid ones', async () => {
      connection.sendRequest(
        [
          'POST /api/token/ HTTP/1.1',
          'Host: x',
          'Content-Type: application/json',
          'Transfer-Encoding: chunked',
        ],
        '2\r\n{"\r\n',
      );
      connection.send('nonsense\r\n');
      await expectRejected(400, malformedRequest);
    });

    for (const [name, bytes] of [
      [
        'a malformed chunk',
        'POST /api/token/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n',
      ],
      ['garbage', '\x00garbage\r\n\r\n'],
      ['CONNECT', 'CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n'],
    ] as const) {
      it(`rejects ${name} pipelined after a request in progress, and responds to that first`, async () => {
        const { tasks } = server.storage;
        const events = new EventEmitter();
        const [asked, allowed] = [once(events, 'asked'), once(events, 'allowed')];
        const whenAllowed =
          (list: typeof tasks.list): typeof tasks.list =>
          async (...args) => {
            events.emit('asked');
            await allowed;
            return list(...args);
          };
        await withStub(tasks, 'list', whenAllowed, async () => {
          connection.send(`GET /tasks/ HTTP/1.1\r\nHost: x\r\n${bearer()}\r\n\r\n${bytes}`);
          await asked;
        });
        events.emit('allowed');
        expectResponse(await connection.response(), 200, []);
        await expectRejected(400, malformedRequest);
      });
    }
  });

  describe('headers', () => {
    it('responds with 431 to a header that is too large', async () => {
      get('/livez', `X-Large: ${'x'.repeat(20_000)}`);
      await expectRejected(431, headersTooLarge);
    });

    it('responds with 431 to headers that are too large together', async () => {
      get('/livez', ...Array.from({ length: 500 }, (_, i) => `X-Header-${i}: ${'x'.repeat(30)}`));
      await expectRejected(431, headersTooLarge);
    });

    it('responds with 431 to more than 1,000 headers', async () => {
      get('/livez', ...Array.from({ length: 999 }, () => 'a:'));
      expectResponse(await connection.response(), 200, { status: 'live' });
      get('/livez', ...Array.from({ length: 1_000 }, () => 'a:'));
      expectResponse(await connection.response(), 431, headersTooLarge);
      get('/livez', ...Array.from({ length: 15_000 }, () => 'a:'), 'Host: y');
      expectResponse(await connection.response(), 431, headersTooLarge);
    });

    it('ignores any number of trailers', async () => {
      const lines = ['POST /api/token/verify/ HTTP/1.1', 'Host: x', 'Content-Type: application/json'];
      const trailers = ['Host: y', ...Array.from({ length: 2_000 }, () => 'a:'), 'Authorization: x'];
      const end = `0\r\n${trailers.join('\r\n')}\r\n\r\n`;
      connection.sendRequest([...lines, 'Transfer-Encoding: chunked'], `d\r\n{"token":"x"}\r\n${end}`);
      expectResponse(await connection.response(), 401, tokenInvalid);
    });

    it('responds with 431 to trailers that are too large together', async () => {
      const lines = ['POST /api/token/verify/ HTTP/1.1', 'Host: x', 'Content-Type: application/json'];
      const trailers = Array.from({ length: 1_000 }, () => `a: ${'x'.repeat(20)}`).join('\r\n');
      connection.sendRequest([...lines, 'Transfer-Encoding: chunked'], `2\r\n{}\r\n0\r\n${trailers}\r\n\r\n`);
      await expectRejected(431, headersTooLarge);
    });

    it('responds with 431 to a path that is too long', async () => {
      get(`/tasks/${'1'.repeat(20_000)}/`);
      await expectRejected(431, headersTooLarge);
    });

    it('ignores many unusual headers', async () => {
      get(
        '/tasks/',
        bearer(),
        ...Array.from({ length: 300 }, (_, i) => `X-${i}: ${i}`),
        'Accept: text/html',
        'Accept-Encoding: gzip, br',
        'Accept-Charset: iso-8859-1',
        'Cookie: a=b; \xff',
        'If-Modified-Since: yesterday',
        'If-Match: "x"',
        'Range: bytes=0-0',
        'X-Forwarded-For: "><script>',
        'X-Forwarded-Host: evil',
        'X-HTTP-Method-Override: DELETE',
        'Forwarded: for=x',
        'Origin: null',
        'TE: trailers',
        'Via: 1.0 x',
        'Max-Forwards: 0',
        '__proto__: x',
      );
      expectResponse(await connection.response(), 200, []);
    });

    it('accepts headers with bytes outside ASCII', async () => {
      get('/tasks/', 'Authorization: Bearer \xff\xfe');
      expect((await connection.response()).status).to.equal(401);
      get('/tasks/', 'X-Request-Id: \xe9');
      const response = await connection.response();
      expectResponse(response, 401, noCredentials);
      expect(response.headers['x-request-id']).to.match(/^[0-9a-f-]{36}$/);
    });
  });

  describe('requests', () => {
    it('serves an HTTP/1.0 request without a Host, and closes the connection', async () => {
      connection.sendRequest(['GET /livez HTTP/1.0']);
      expectResponse(await connection.response(), 200, { status: 'live' });
      expect(await connection.end()).to.equal('');
    });

    it('accepts an absolute URL as request target', async () => {
      get('http://elsewhere.example/tasks/?limit=1', bearer());
      expectResponse(await connection.response(), 200, []);
    });

    it('responds with 404 to OPTIONS *', async () => {
      connection.sendRequest(['OPTIONS * HTTP/1.1', 'Host: x']);
      expectResponse(await connection.response(), 404, unknownPath);
    });

    for (const target of targets) {
      it(`survives the request target ${JSON.stringify(target)}`, async () => {
        get(target, bearer());
        const response = await connection.response();
        expect(response.status).to.be.oneOf([200, 400, 404]);
        expectResponse(response, response.status, JSON.parse(response.text));
      });
    }

    for (const target of ['x:443', '/livez']) {
      it(`rejects CONNECT to ${target}`, async () => {
        connection.sendRequest([`CONNECT ${target} HTTP/1.1`, 'Host: x']);
        await expectRejected(400, malformedRequest);
      });
    }

    it('ignores a protocol upgrade', async () => {
      get('/tasks/', bearer(), 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13');
      expectResponse(await connection.response(), 200, []);
      get('/tasks/', bearer(), 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: x');
      expectResponse(await connection.response(), 200, []);
    });

    it('sends 100 Continue to a request that expects it', async () => {
      const body = '{"token":"x"}';
      connection.sendRequest([
        'POST /api/token/verify/ HTTP/1.1',
        'Host: x',
        'Content-Type: application/json',
        `Content-Length: ${body.length}`,
        'Expect: 100-continue',
      ]);
      expect((await connection.response()).status).to.equal(100);
      connection.send(body);
      expectResponse(await connection.response(), 401, tokenInvalid);
    });

    for (const [name, status, path, headers] of [
      [
        'too large',
        413,
        '/api/token/verify/',
        ['Content-Type: application/json', 'Content-Length: 100000000'],
      ],
      ['for an unknown path', 404, '/nowhere', ['Content-Length: 2']],
      ['not signed in', 401, '/tasks/create/', ['Content-Type: application/json', 'Content-Length: 2']],
    ] as const) {
      it(`rejects a request with Expect: 100-continue before its body if it is ${name}`, async () => {
        connection.sendRequest([`POST ${path} HTTP/1.1`, 'Host: x', ...headers, 'Expect: 100-continue']);
        const response = await connection.response();
        expect(response.status).to.equal(status);
        expect(response.headers['connection']).to.equal('close');
        expect(await connection.end()).to.equal('');
      });
    }

    it('sends 100 Continue to a pipelined request after the responses before it', async () => {
      const body = '{"token":"x"}';
      const lines = ['POST /api/token/verify/ HTTP/1.1', 'Host: x', 'Content-Type: application/json'];
      get('/livez');
      get('/livez');
      connection.sendRequest([...lines, `Content-Length: ${body.length}`, 'Expect: 100-continue']);
      for (const status of [200, 200, 100]) expect((await connection.response()).status).to.equal(status);
      connection.send(body);
      expectResponse(await connection.response(), 401, tokenInvalid);
    });

    it('ignores other expectations than 100-continue', async () => {
      get('/tasks/', bearer(), 'Expect: the-unexpected');
      expectResponse(await connection.response(), 200, []);
      get('/tasks/', bearer());
      expectResponse(await connection.response(), 200, []);
    });

    it('serves a request that arrives byte by byte', async () => {
      for (const byte of `GET /livez HTTP/1.1\r\nHost: x\r\n\r\n`) connection.send(byte);
      expectResponse(await connection.response(), 200, { status: 'live' });
    });

    it('serves a request after empty lines', async () => {
      connection.send('\r\n\r\nGET /livez HTTP/1.1\r\nHost: x\r\n\r\n');
      expectResponse(await connection.response(), 200, { status: 'live' });
    });
  });

  describe('pipelined requests', () => {
    it('responds to pipelined requests in order', async () => {
      const body = JSON.stringify({ username: 'nobody', password: 'takes its time' });
      for (let round = 0; round < 10; round++) {
        connection.sendRequest(
          [
            'POST /api/token/ HTTP/1.1',
            'Host: x',
            'Content-Type: application/json',
            `Content-Length: ${body.length}`,
          ],
          body,
        );
        get('/livez');
        connection.sendRequest(['HEAD /tasks/ HTTP/1.1', 'Host: x', bearer()]);
        get('/nowhere');
        connection.sendRequest(['OPTIONS /tasks/ HTTP/1.1', 'Host: x']);
      }
      for (let round = 0; round < 10; round++) {
        expect((await connection.response()).status).to.equal(401);
        expectResponse(await connection.response(), 200, { status: 'live' });
        const head = await connection.response({ toHead: true });
        expect(head.status).to.equal(200);
        expectResponse(await connection.response(), 404, unknownPath);
        const options = await connection.response();
        expect(options.status).to.equal(204);
        expectCommonHeaders(options);
      }
    });

    it('handles pipelined requests one at a time, so that each sees the effects of the one before', async () => {
      const other = await server.registerAndSignIn();
      const headers = ['Host: x', `Authorization: Bearer ${other.access}`];
      const body = JSON.stringify({ title: 't', description: 'd' });
      const lines = ['POST /tasks/create/ HTTP/1.1', ...headers, 'Content-Type: application/json'];
      for (let i = 1; i <= 5; i++) {
        connection.sendRequest([...lines, `Content-Length: ${body.length}`], body);
        connection.sendRequest([`DELETE /tasks/${i}/delete/ HTTP/1.1`, ...headers]);
      }
      for (let i = 1; i <= 5; i++) {
        expect((await connection.response()).status).to.equal(201);
        expect((await connection.response()).status).to.equal(200);
      }
    });

    it('responds to pipelined requests up to the one that closes the connection', async () => {
      get('/livez');
      get('/nowhere', 'Connection: close');
      get('/livez');
      expectResponse(await connection.response(), 200, { status: 'live' });
      expectResponse(await connection.response(), 404, unknownPath);
      expect(await connection.end()).to.equal('');
    });
  });

  describe('clients', () => {
    const startOfRequest = [
      'POST /tasks/create/ HTTP/1.1',
      'Host: x',
      'Content-Type: application/json',
      'Content-Length: 100',
    ];

    it('responds to a client that has closed its side of the connection', async () => {
      get('/tasks/', bearer());
      connection.finish();
      expectResponse(await connection.response(), 200, []);
      expect(await connection.end()).to.equal('');
    });

    it('sends slow responses to a client that has closed its side of the connection', async () => {
      const body = JSON.stringify({ username: 'somebody', password: 'takes its time' });
      const length = `Content-Length: ${body.length}`;
      for (let i = 0; i < 2; i++) {
        const lines = ['POST /api/token/ HTTP/1.1', 'Host: x', 'Content-Type: application/json', length];
        connection.sendRequest(lines, body);
      }
      connection.finish();
      for (let i = 0; i < 2; i++) expectResponse(await connection.response(), 401, invalidCredentials);
      expect(await connection.end()).to.equal('');
    });

    it('responds to half-closed clients that wait for a password comparison', async () => {
      const body = JSON.stringify({ username: 'somebody', password: 'takes its time' });
      const lines = ['POST /api/token/ HTTP/1.1', 'Host: x', 'Content-Type: application/json'];
      await concurrently(20, async () => {
        const waiting = await RawConnection.open(server.port);
        waiting.sendRequest([...lines, `Content-Length: ${body.length}`], body);
        waiting.finish();
        expectResponse(await waiting.response(), 401, invalidCredentials);
      });
    });

    it('rejects a request that ends within its headers', async () => {
      connection.send('GET /livez HTTP/1.1\r\nHost');
      connection.finish();
      await expectRejected(400, malformedRequest);
    });

    for (const line of ['GET /tasks/ HTTP/1.1', 'POST /tasks/create/ HTTP/1.1']) {
      it(`rejects a pipelined ${line} that ends within its body, after the response before it`, async () => {
        const body = JSON.stringify({ username: 'somebody', password: 'takes its time' });
        const type = 'Content-Type: application/json';
        const length = `Content-Length: ${body.length}`;
        connection.sendRequest(['POST /api/token/ HTTP/1.1', 'Host: x', type, length], body);
        connection.sendRequest([line, 'Host: x', type, length, bearer()], body.slice(1));
        connection.finish();
        expectResponse(await connection.response(), 401, invalidCredentials);
        await expectRejected(400, malformedRequest);
      });
    }

    it('rejects a request that ends within its body', async () => {
      connection.sendRequest([...startOfRequest, bearer()], '{"title":');
      connection.finish();
      await expectRejected(400, malformedRequest);
    });

    it('logs a client that disconnects within a body as aborted', async () => {
      const lines = [...startOfRequest, bearer(), 'X-Request-Id: leaves-early', 'Expect: 100-continue'];
      connection.sendRequest(lines);
      expect((await connection.response()).status).to.equal(100);
      connection.send('{"title":');
      connection.abort();
      const line = await waitFor('it is logged', () => lineWith('leaves-early'));
      expect(line.fields).to.include({ aborted: true, route: '/tasks/create' });
    });

    for (const [name, before] of [
      ['', ''],
      [' pipelined after other requests', 'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(2)],
    ] as const) {
      for (const [kind, bytes] of [
        ['CONNECT', 'CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n'],
        ['CONNECT with a body', 'CONNECT x:443 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab'],
        [
          'a change of the protocol',
          'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n',
        ],
        ['garbage', '\x00garbage\r\n\r\n'],
      ] as const) {
        it(`survives a client that disconnects after ${kind}${name}`, async () => {
          for (let i = 0; i < 20; i++) {
            const other = await RawConnection.open(server.port);
            other.send(before + bytes);
            // The server needs some turns of the event loop to read this.
            for (let turn = 0; turn < i; turn++) await setImmediate();
            other.abort();
          }
        });
      }
    }

    it('survives clients that disconnect before their response', async () => {
      for (let i = 0; i < 20; i++) {
        const other = await RawConnection.open(server.port);
        other.sendRequest(['GET /tasks/ HTTP/1.1', 'Host: x', bearer()]);
        other.abort();
      }
    });

    it('closes the connection of a client that sends nothing and closes its side', async () => {
      connection.finish();
      expect(await connection.end()).to.equal('');
    });
  });

  it('has timeouts for slow clients (Slowloris)', () => {
    const limits = Reflect.get(new HttpServer(() => undefined), 'server') as Server;
    expect(limits.headersTimeout).to.be.within(1, 30_000);
    expect(limits.requestTimeout).to.be.within(limits.headersTimeout, 60_000);
    expect(limits.keepAliveTimeout).to.be.within(60_000, 120_000);
  });
});
