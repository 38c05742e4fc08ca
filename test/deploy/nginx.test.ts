import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { freePort } from '../support/free-port.js';
import { send } from '../support/http-client.js';
import { Nginx } from '../support/nginx.js';
import { ServerProcess } from '../support/server-process.js';
import { TlsCertificates } from '../support/tls-certificates.js';

describe('deploy/nginx.conf', () => {
  const certificates = new TlsCertificates();
  let server: ServerProcess;
  let nginx: Nginx;

  before(async () => {
    server = await ServerProcess.start({ TRUST_PROXY: '127.0.0.1', BCRYPT_COST: '4' });
    const certificate = certificates.certificateFor('DNS:todo.example');
    nginx = await Nginx.start([server.port, await freePort()], certificate);
  });
  after(async () => {
    await nginx.stop();
    await server.kill();
    await certificates.stop();
  });

  /** Over TLS, as a client that trusts the authority. */
  async function get(path: string, headers: Readonly<Record<string, string>> = {}) {
    const ca = readFileSync(certificates.ca.cert);
    const options = { host: '127.0.0.1', port: nginx.port, path, ca, servername: 'todo.example' };
    const outgoing = request({ ...options, headers: { Host: 'todo.example', ...headers } }).end();
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    return { status: response.statusCode, headers: response.headers, body: await text(response) };
  }

  it('serves the page and the API from one origin, over TLS that clients are told to keep', async () => {
    const { access } = await server.registerAndSignIn();
    const page = await get('/', { Accept: 'text/html' });
    const tasks = await get('/tasks/', { Authorization: `Bearer ${access}` });
    expect([page.status, tasks.status, tasks.body]).to.deep.equal([200, 200, '[]']);
    expect(page.headers['content-type']).to.equal('text/html; charset=utf-8');
    expect(tasks.headers['strict-transport-security']).to.equal('max-age=31536000');
    expect((await get('/livez')).status).to.equal(200);
  });

  it('passes a streamed export on, whole', async () => {
    const { access } = await server.registerAndSignIn();
    const headers = { Authorization: `Bearer ${access}`, 'Content-Type': 'application/json' };
    const description = 'x'.repeat(20_000);
    const body = JSON.stringify({ title: 'Read', description });
    const create = () => send(server.port, { method: 'POST', path: '/tasks/create/', headers, body });
    await Promise.all(Array.from({ length: 50 }, create));
    const { status, body: exported } = await get('/api/account/export/', {
      Authorization: `Bearer ${access}`,
    });
    expect(status).to.equal(200);
    expect(exported.split(description)).to.have.length(51);
  });

  for (const path of [
    '/readyz',
    '/readyz/',
    '/READYZ',
    '/%72eadyz',
    '/metrics',
    '/metrics/',
    '/x/../metrics',
  ]) {
    it(`keeps ${path} from strangers`, async () => {
      const { status, body } = await get(path);
      expect(status).to.equal(404);
      expect(body).to.include('nginx'); // It was not Hexado that answered.
    });
  }

  it('redirects to HTTPS', async () => {
    const headers = { Host: 'todo.example' };
    const response = await send(nginx.redirectPort, { method: 'GET', path: '/tasks/?limit=1', headers });
    expect([response.status, response.headers.location]).to.deep.equal([
      301,
      'https://todo.example/tasks/?limit=1',
    ]);
  });
});
