import { expect } from 'chai';
import type { WireRequest } from '../support/http-client.js';
import { report } from '../support/report.js';
import { ServerProcess } from '../support/server-process.js';
import { timeOf } from '../support/time-of.js';

const megabyte = 1_000_000;

describe('a token of a million characters', () => {
  let server: ServerProcess;
  afterEach(() => server.kill());

  const tokens: Readonly<Record<string, string>> = {
    'of one letter': 'a'.repeat(megabyte),
    'of dots': '.'.repeat(megabyte),
    'in three parts': ['a', 'b', 'c'].map((letter) => letter.repeat(megabyte / 3)).join('.'),
    'that begins like one of ours': 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.'.padEnd(megabyte, 'e30'),
  };
  for (const [where, request, environment, status, bound] of [
    ['in a JSON body', json, { BODY_LIMIT: '100kb' }, 413, 10],
    ['in a form', form, { BODY_LIMIT: '100kb' }, 413, 10],
    ['in the header', header, {}, 431, 10],
    // Here a megabyte is read and parsed as a body before anybody looks at the token.
    ['in a JSON body that may be as large', json, { BODY_LIMIT: '2mb' }, 401, 30],
    ['in a form that may be as large', form, { BODY_LIMIT: '2mb' }, 401, 30],
  ] as const) {
    it(`${where} is rejected within ${bound} ms, or five times what as long a text elsewhere takes (ReDoS)`, async () => {
      server = await ServerProcess.start(environment);
      for (const [what, token] of Object.entries(tokens)) {
        const harmless: number[] = [];
        const times: number[] = [];
        for (let i = 0; i < 30; i++) {
          harmless.push(await timeOf(() => server.send(request('elsewhere', token))));
          times.push(
            await timeOf(async () =>
              expect((await server.send(request('token', token))).status).to.equal(status),
            ),
          );
        }
        // The best of them, for what else the machine does is not the token's fault.
        const best = Math.min(...times);
        report(`${where}, ${what}: ${best.toFixed(1)} ms`);
        expect(best).to.be.below(Math.max(bound, 5 * Math.min(...harmless)));
      }
    });
  }
});

/** Where a text stands in a request: where a token is read, or where nobody looks. */
type Place = 'token' | 'elsewhere';

function json(place: Place, text: string): WireRequest {
  return {
    method: 'POST',
    path: '/api/token/verify/',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ [place]: text }),
  };
}

function form(place: Place, text: string): WireRequest {
  return {
    method: 'POST',
    path: '/api/token/refresh/',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: `${place === 'token' ? 'refresh' : place}=${text}`,
  };
}

function header(place: Place, text: string): WireRequest {
  return {
    method: 'GET',
    path: '/tasks/',
    headers: { [place === 'token' ? 'Authorization' : 'X-Elsewhere']: `Bearer ${text}` },
  };
}
