import { expect } from 'chai';
import type { WireRequest } from '../support/http-client.js';
import { report } from '../support/report.js';
import { ServerProcess } from '../support/server-process.js';

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
    ['in a JSON body', json, {}, 413, 10],
    ['in a form', form, {}, 413, 10],
    ['in the header', header, {}, 431, 10],
    // Here a megabyte is read and parsed as a body before anybody looks at the token.
    ['in a JSON body that may be as large', json, { BODY_LIMIT: '2mb' }, 401, 30],
    ['in a form that may be as large', form, { BODY_LIMIT: '2mb' }, 401, 30],
  ] as const) {
    it(`${where} is rejected within ${bound} ms (ReDoS)`, async () => {
      server = await ServerProcess.start(environment);
      for (const [what, token] of Object.entries(tokens)) {
        const times: number[] = [];
        for (let i = 0; i < 30; i++) {
          const startedAt = performance.now();
          expect((await server.send(request(token))).status).to.equal(status);
          times.push(performance.now() - startedAt);
        }
        // The best of them, for what else the machine does is not the token's fault.
        const best = Math.min(...times);
        report(`${where}, ${what}: ${best.toFixed(1)} ms`);
        expect(best).to.be.below(bound);
      }
    });
  }
});

function json(token: string): WireRequest {
  return {
    method: 'POST',
    path: '/api/token/verify/',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ token }),
  };
}

function form(token: string): WireRequest {
  return {
    method: 'POST',
    path: '/api/token/refresh/',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: `refresh=${token}`,
  };
}

function header(token: string): WireRequest {
  return {
    method: 'GET',
    path: '/tasks/',
    headers: { Authorization: `Bearer ${token}` },
  };
}
