import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { RunningServer } from '../support/running-server.js';
import { SettableClock } from '../../src/storage-contract/settable-clock.js';
import { startChromium } from './chromium.js';
import { PageServer } from './page-server.js';

interface Tokens {
  readonly access: string;
  readonly refresh: string;
}

/** The modules of docs/clients.md, as the functions below see them in the page. */
interface DocumentedClient {
  readonly tokens: Tokens;
  readonly signIn: (username: string, password: string) => Promise<void>;
  /** Of api.js. */
  readonly api: (path: string, options?: object) => Promise<Response>;
  /** Of client.js. */
  readonly client: {
    get(path: string): Promise<AxiosResponse>;
    post(path: string, data: object): Promise<AxiosResponse>;
  };
}

interface AxiosResponse {
  readonly status: number;
  readonly data: unknown;
  readonly headers: Readonly<Record<string, string>>;
}

const credentials = { username: 'ada', password: 'Xk9-fence-Orbit' };
const twoHours = 7200;

describe('a page of another origin, in Chromium', () => {
  let browser: Browser;
  let pages: PageServer;
  let page: Page;
  let clock: SettableClock;
  let server: RunningServer;
  before(async () => {
    browser = await startChromium();
    pages = await PageServer.start();
  });
  after(async () => {
    await browser.close();
    pages.stop();
  });

  /** Starts the API, and opens the page. */
  async function open(environment: Readonly<Record<string, string>> = {}): Promise<void> {
    clock = new SettableClock();
    server = await RunningServer.start(environment, clock.now);
    pages.apiPort = server.port;
    page = await browser.newPage();
    await page.goto(pages.origin);
  }

  afterEach(async () => {
    await page.close();
    await server.stop();
  });

  /** Registers the user, and signs them in with a module of docs/clients.md. */
  async function signIn(module: '/api.js' | '/client.js'): Promise<void> {
    await request('/tasks/register/', { method: 'POST', body: credentials });
    await page.evaluate(
      async ([path, { username, password }]) => {
        const { signIn: signInWith } = (await import(path)) as DocumentedClient;
        await signInWith(username, password);
      },
      [module, credentials] as const,
    );
  }

  /** Sends a request with fetch, and resolves with what the page can read of the response. */
  function request(path: string, { method = 'GET', body, headers = {} }: FetchOptions = {}): Promise<Seen> {
    const json = body === undefined ? {} : { 'Content-Type': 'application/json' };
    return page.evaluate(
      async ([url, options]) => {
        try {
          const response = await fetch(url, options);
          const text = await response.text();
          return { status: response.status, headers: Object.fromEntries(response.headers), text };
        } catch (error) {
          return String(error);
        }
      },
      [
        `http://127.0.0.1:${server.port}${path}`,
        {
          method,
          headers: { ...json, ...headers },
          ...(body !== undefined && { body: JSON.stringify(body) }),
        },
      ] as const,
    );
  }

  for (const origins of ['the default in memory', 'its origin alone', 'two origins', '*']) {
    it(`makes a whole visit with fetch, with CORS_ORIGINS being ${origins}`, async () => {
      const given: Readonly<Record<string, string>> = {
        '*': '*',
        'its origin alone': pages.origin,
        'two origins': `https://app.example,${pages.origin}`,
      };
      const value = given[origins];
      await open(value === undefined ? {} : { CORS_ORIGINS: value });
      const task = { title: 'Buy milk', description: 'Two litres' };

      expect(await request('/tasks/register/', { method: 'POST', body: credentials })).to.include({
        status: 201,
      });
      const { refresh, access } = parsed(
        await request('/api/token/', { method: 'POST', body: credentials }),
      ) as Tokens;
      const headers = { Authorization: `Bearer ${access}` };
      for (let id = 1; id <= 2; id++) {
        const created = await request('/tasks/', {
          method: 'POST',
          body: task,
          headers: { ...headers, 'Idempotency-Key': `${id}`, 'X-Request-Id': `mine-${id}` },
        });
        expect(parsed(created)).to.deep.equal({ id, ...task, status: 'pending' });
        expect(headersOf(created)['x-request-id']).to.equal(`mine-${id}`);
      }
      const list = await request('/tasks/?limit=1', { headers });
      expect(headersOf(list)).to.include({ link: '<?limit=1&after=1>; rel="next"', 'x-total-count': '2' });
      expect(headersOf(list)['etag']).to.match(/^W\//);

      const { etag = '' } = headersOf(await request('/tasks/1/', { headers }));
      const unchanged = { headers: { ...headers, 'If-None-Match': etag } };
      expect(await request('/tasks/1/', unchanged)).to.include({ status: 304 });
      const change = {
        method: 'PATCH',
        body: { status: 'completed' },
        headers: { ...headers, 'If-Match': etag },
      };
      expect(await request('/tasks/1/', change)).to.include({ status: 200 });
      expect(await request('/tasks/1/', change)).to.include({ status: 412 });
      expect(await request('/tasks/1/', { method: 'DELETE', headers })).to.include({ status: 200 });
      expect(await request('/tasks/1/', { headers })).to.include({ status: 404 });
      expect(await request('/nowhere/', { method: 'PUT' })).to.include({ status: 404 });
      expect(await request('/tasks/', { method: 'OPTIONS' })).to.include({ status: 204 });

      expect(await request('/api/logout/', { method: 'POST', body: { refresh } })).to.include({
        status: 200,
      });
      const rejected = await request('/tasks/', { headers });
      expect(rejected).to.include({ status: 401 });
      expect(headersOf(rejected)['www-authenticate']).to.equal('Bearer realm="api"');
    });
  }

  it('makes a whole visit with axios and the interceptors of docs/clients.md', async () => {
    await open();
    await signIn('/client.js');
    const seen = await page.evaluate(async (path) => {
      const { client, tokens } = (await import(path)) as DocumentedClient;
      for (const title of ['one', 'two']) await client.post('/tasks/', { title, description: 'd' });
      const list = await client.get('/tasks/?limit=1');
      const statuses: number[] = [];
      for (const ask of [
        () => client.get('/tasks/9/'),
        () => client.post('/tasks/', {}),
        () => client.post('/api/logout/', { refresh: tokens.refresh }),
        () => client.get('/tasks/'),
      ]) {
        const response = await ask().catch((error: { readonly response: AxiosResponse }) => error.response);
        statuses.push(response.status);
      }
      return {
        data: list.data,
        headers: ['link', 'x-total-count', 'etag'].map((name) => list.headers[name]),
        statuses,
      };
    }, '/client.js');
    expect(seen.data).to.deep.equal([{ id: 1, title: 'one', description: 'd', status: 'pending' }]);
    const [link, count, etag] = seen.headers;
    expect([link, count]).to.deep.equal(['<?limit=1&after=1>; rel="next"', '2']);
    expect(etag).to.match(/^W\//);
    expect(seen.statuses).to.deep.equal([404, 400, 200, 401]);
  });

  for (const module of ['/api.js', '/client.js'] as const) {
    it(`refreshes an expired access token once for three requests, with ${module.slice(1)} of docs/clients.md`, async () => {
      await open({ ROTATE_REFRESH_TOKENS: 'true', REFRESH_GRACE: '0' });
      await signIn(module);
      const refreshes: string[] = [];
      page.on('request', (sent) => {
        if (sent.method() === 'POST' && sent.url().endsWith('/api/token/refresh/'))
          refreshes.push(sent.url());
      });
      clock.advance(twoHours);
      const statuses = await page.evaluate(async (path) => {
        const { api, client } = (await import(path)) as Partial<DocumentedClient>;
        const get = () => api?.('/tasks/') ?? client?.get('/tasks/');
        const responses = await Promise.all([get(), get(), get()]);
        return responses.map((response) => response?.status);
      }, module);
      expect(statuses).to.deep.equal([200, 200, 200]);
      expect(refreshes).to.have.length(1);
    });
  }

  it('reads after how many seconds to try again from a 429', async () => {
    await open({ THROTTLE_SIGN_IN: '1/60s' });
    const wrong = { method: 'POST', body: { username: 'ada', password: 'wrong' } };
    expect(await request('/api/token/', wrong)).to.include({ status: 401 });
    const throttled = await request('/api/token/', wrong);
    expect(throttled).to.include({ status: 429 });
    expect(headersOf(throttled)['retry-after']).to.equal('60');
  });

  it('reads the response to a body that is too large', async () => {
    await open({ BODY_LIMIT: '1kb' });
    const large = { method: 'POST', body: { username: 'x'.repeat(2000) } };
    expect(await request('/api/token/', large)).to.include({ status: 413 });
  });

  for (const origins of ['https://app.example', 'none']) {
    it(`reads nothing and changes nothing with CORS_ORIGINS=${origins}`, async () => {
      await open({ CORS_ORIGINS: origins });
      const register = { method: 'POST', body: credentials };
      expect(await request('/livez')).to.equal('TypeError: Failed to fetch');
      expect(await request('/tasks/register/', register)).to.equal('TypeError: Failed to fetch');
      // The preflight kept the browser from sending the request itself.
      expect((await server.call('POST', '/api/token/', credentials)).status).to.equal(401);
    });
  }
});

interface FetchOptions {
  readonly method?: string;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A response as far as the page may read it, or the error of fetch. */
type Seen =
  | { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly text: string }
  | string;

function parsed(seen: Seen): unknown {
  return typeof seen === 'string' ? seen : (JSON.parse(seen.text) as unknown);
}

function headersOf(seen: Seen): Readonly<Record<string, string>> {
  return typeof seen === 'string' ? {} : seen.headers;
}
