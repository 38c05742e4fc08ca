import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { demoUser } from '../../../src/application/add-demo-user.js';
import { send, type WireResponse } from '../../support/http-client.js';
import {
  expectCommonHeaders,
  expectResponse,
  noCredentials,
  notAllowed,
  unknownPath,
} from '../../support/responses.js';
import { RunningServer } from '../../support/running-server.js';

const browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8';

/** What Java's HttpURLConnection sends. */
const java = 'text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2';

const files = {
  '/app/style.css': 'text/css; charset=utf-8',
  '/app/main.js': 'text/javascript; charset=utf-8',
  '/icon.svg': 'image/svg+xml',
  '/favicon.ico': 'image/x-icon',
  '/manifest.webmanifest': 'application/manifest+json',
  '/docs/swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  '/docs/swagger-ui.css': 'text/css; charset=utf-8',
  '/docs/LICENSE': 'text/plain; charset=utf-8',
};

for (const fastPaths of ['on', 'off']) {
  describe(`the page for people, with FAST_PATHS=${fastPaths}`, () => {
    let server: RunningServer;
    before(async () => {
      server = await RunningServer.start({ FAST_PATHS: fastPaths, CORS_ORIGINS: 'none' });
    });
    after(() => server.stop());

    function request(
      method: string,
      path: string,
      headers: Record<string, string> = {},
    ): Promise<WireResponse> {
      return send(server.port, { method, path, headers });
    }

    const open = (path: string, headers = {}) => request('GET', path, { Accept: browser, ...headers });

    describe('is served at /', () => {
      for (const accept of [browser, java, 'text/html', 'TEXT/HTML;level=1', 'text/html;q=0.1, */*']) {
        it(`to a client that accepts ${accept}`, async () => {
          const response = await request('GET', '/', { Accept: accept });
          expect(response).to.include({ status: 200 });
          expect(response.headers).to.include({
            'content-type': 'text/html; charset=utf-8',
            'cache-control': 'no-cache',
            vary: 'Accept',
          });
          expect(response.text).to.match(/^<!doctype html>/);
          expectCommonHeaders(response);
        });
      }

      for (const accept of [
        undefined,
        '*/*',
        'application/json',
        'text/*',
        'text/html;q=0',
        'text/html; q=0.00',
      ]) {
        it(`not to a client that accepts ${accept ?? 'anything'}`, async () => {
          const response = await request('GET', '/', accept === undefined ? {} : { Accept: accept });
          expectResponse(response, 404, unknownPath);
          expect(response.headers['vary']).to.equal('Accept');
        });
      }

      it('to a client that accepts text/html and sends an access token', async () => {
        const response = await request('GET', '/', { Accept: 'text/html', Authorization: 'Bearer x' });
        expect(response.status).to.equal(200);
      });

      it('with a query', async () => {
        expect((await open('/?utm_source=x')).status).to.equal(200);
      });

      for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
        it(`and not to ${method}`, async () => {
          expectResponse(await request(method, '/', { Accept: browser }), 404, unknownPath);
        });
      }
    });

    it('responds to HEAD with the headers of GET, and no body', async () => {
      for (const path of ['/', '/docs/', '/tasks/', '/nowhere', '/app/style.css']) {
        const [get, head] = await Promise.all(
          ['GET', 'HEAD'].map((method) => request(method, path, { Accept: browser, 'X-Request-Id': 'same' })),
        );
        expect(head?.text).to.equal('');
        expect({ ...head?.headers, date: '' }).to.deep.equal({ ...get?.headers, date: '' });
        expect(head?.status).to.equal(get?.status);
      }
    });

    it('runs and loads files of this server only', async () => {
      const page = (await open('/')).headers['content-security-policy'];
      for (const directive of [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
      ]) {
        expect(page).to.include(directive);
      }
      const documentation = (await open('/docs/')).headers['content-security-policy'];
      expect(documentation).to.include("default-src 'none'").and.include("script-src 'self';");
      for (const policy of [page, documentation]) expect(policy).not.to.match(/unsafe|http|\*/);
    });

    it('has nothing inline', async () => {
      for (const path of ['/', '/docs/', '/nowhere']) {
        expect((await open(path)).text).not.to.match(
          /<script>|<script(?![^>]*src=)|<style|style=| on\w+=|https?:/,
        );
      }
    });

    for (const [path, mediaType] of Object.entries(files)) {
      it(`serves ${path} with an ETag`, async () => {
        const response = await request('GET', path);
        const { etag = '', ...headers } = response.headers;
        expect(response.status).to.equal(200);
        expect(headers).to.include({ 'content-type': mediaType, 'cache-control': 'no-cache' });
        expectCommonHeaders(response);
        expect(etag).to.match(/^"[\w-]{43}"$/);

        for (const tags of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
          const again = await request('GET', path, { 'If-None-Match': tags });
          expect({ status: again.status, text: again.text }, tags).to.deep.equal({ status: 304, text: '' });
          expect(again.headers).to.include({ etag, 'cache-control': 'no-cache' });
        }
        expect((await request('GET', path, { 'If-None-Match': '"other"' })).status).to.equal(200);
      });
    }

    it('serves the bytes of the files', async () => {
      const icon = readFileSync('web/icon.svg', 'utf8');
      expect((await request('GET', '/icon.svg')).text).to.equal(icon);
      expect((await request('GET', '/favicon.ico')).headers['content-length']).to.equal(
        String(readFileSync('web/favicon.ico').length),
      );
    });

    it('serves nothing but its files', async () => {
      for (const path of [
        '/index.html',
        '/app/',
        '/app',
        '/docs/index.html',
        '/app/../icon.svg',
        '/package.json',
        '/..%2fpackage.json',
      ]) {
        expectResponse(await request('GET', path), 404, unknownPath);
      }
    });

    it('has the documentation of the API at /docs/ and /docs, for browsers only', async () => {
      for (const path of ['/docs/', '/docs', '/%64ocs/']) {
        const response = await open(path);
        expect(response.status).to.equal(200);
        expect(response.text).to.include('swagger-ui-bundle.js');
        for (const accept of ['*/*', 'text/html', java]) {
          expectResponse(await request('GET', path, { Accept: accept }), 404, unknownPath);
        }
        expectResponse(await open(path, { Authorization: 'Bearer x' }), 404, unknownPath);
      }
    });

    it('leads browsers from /api/docs/ to /docs/', async () => {
      const response = await open('/api/docs/');
      expect(response.status).to.equal(302);
      expect(response.headers['location']).to.equal('/docs/');
      expectResponse(await request('GET', '/api/docs/'), 404, unknownPath);
    });

    describe('shows a browser a page instead of an error:', () => {
      for (const [path, status, title, programs] of [
        ['/tasks/', 401, 'You need to sign in', noCredentials],
        ['/tasks/7/', 401, 'You need to sign in', noCredentials],
        ['/api/', 404, 'There is nothing here', unknownPath],
        ['/admin/', 404, 'There is nothing here', unknownPath],
        ['/tasks/seven/', 404, 'There is nothing here', unknownPath],
        ['/%', 404, 'There is nothing here', unknownPath],
        ['/api/token/', 405, 'This address is for programs', notAllowed('GET')],
      ] as const) {
        it(`${path} is ${status}, "${title}"`, async () => {
          const response = await open(path);
          const { headers, text } = response;
          expect(response.status).to.equal(status);
          expect(headers['content-type']).to.equal('text/html; charset=utf-8');
          expect(headers['content-security-policy']).to.include("default-src 'none'");
          expect(headers).to.include({ vary: 'Accept', 'cache-control': 'no-store' });
          expect(headers['www-authenticate']).to.equal(status === 401 ? 'Bearer realm="api"' : undefined);
          expect(headers['allow']).to.equal(status === 405 ? 'POST, OPTIONS' : undefined);
          expect(headers['content-length']).to.equal(String(Buffer.byteLength(text)));
          expectCommonHeaders(response);
          expect(text).to.include(`<h1>${title}</h1>`).and.include('href="/"').and.include('href="/docs/"');

          for (const accept of ['*/*', 'text/html', java, 'application/xhtml+xml', 'application/json']) {
            expectResponse(await request('GET', path, { Accept: accept }), status, programs);
          }
        });
      }

      it('not to a request with credentials', async () => {
        const { access } = await server.registerAndSignIn();
        expectResponse(await open('/nowhere', { Authorization: `Bearer ${access}` }), 404, unknownPath);
        expectResponse(await open('/tasks/', { Authorization: 'Basic x' }), 401, noCredentials);
      });

      it('not to other methods', async () => {
        const response = await request('PUT', '/tasks/', { Accept: browser });
        expectResponse(response, 401, noCredentials);
      });

      it('nothing of the request becomes part of it', async () => {
        const { text } = await open('/%3Cscript%3Ealert(1)%3C/script%3E');
        expect(text).not.to.include('alert');
      });
    });

    it('leaves responses that are no errors as they are', async () => {
      for (const path of ['/livez', '/openapi.json']) {
        const response = await open(path);
        expect(response.headers['content-type']).to.equal('application/json');
        expect(response.headers['vary']).to.equal(undefined);
      }
    });
  });

  describe(`without a page, with FAST_PATHS=${fastPaths}`, () => {
    let server: RunningServer;
    before(async () => {
      server = await RunningServer.start({ WEB: 'off', FAST_PATHS: fastPaths, CORS_ORIGINS: 'none' });
    });
    after(() => server.stop());

    it('responds to browsers with the JSON 404 or 401 that programs get', async () => {
      const headers = { Accept: browser };
      for (const path of ['/', '/docs/', '/docs', '/api/docs/', '/nowhere', ...Object.keys(files)]) {
        const response = await send(server.port, { method: 'GET', path, headers });
        expectResponse(response, 404, unknownPath);
        expect(response.headers['vary']).to.equal(undefined);
      }
      expectResponse(
        await send(server.port, { method: 'GET', path: '/tasks/', headers }),
        401,
        noCredentials,
      );
    });

    it('still serves the description of the API', async () => {
      expect((await server.call('GET', '/openapi.json')).status).to.equal(200);
    });
  });
}

describe('the page', () => {
  it('says that it depends on the origin, too, where other origins may call', async () => {
    const server = await RunningServer.start();
    for (const path of ['/', '/docs/', '/nowhere']) {
      const { headers } = await send(server.port, { method: 'GET', path, headers: { Accept: browser } });
      expect((headers['vary'] ?? '').split(', ')).to.have.members(['Accept', 'Origin']);
    }
    await server.stop();
  });

  it('says whether everybody may register', async () => {
    expect(await pageOf({})).to.include('<meta name="hexado:registration" content="open" />');
    expect(await pageOf({ REGISTRATION: 'closed' })).to.include(
      '<meta name="hexado:registration" content="closed" />',
    );
  });

  it('has the name and password of the demo user only where there is one', async () => {
    expect(await pageOf({})).not.to.include('demo');
    const page = await pageOf({ DEMO: 'on' });
    expect(page).to.include(demoUser.username).and.include(demoUser.password);
  });
});

/** The page at `/` of a server with these settings. */
async function pageOf(environment: Record<string, string>): Promise<string> {
  const server = await RunningServer.start(environment);
  try {
    return (await send(server.port, { method: 'GET', path: '/', headers: { Accept: browser } })).text;
  } finally {
    await server.stop();
  }
}
