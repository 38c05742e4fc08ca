import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { RunningServer, type SignedIn } from '../../support/running-server.js';

interface Case {
  readonly name: string;
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly headers: readonly (readonly [string, string])[];
    readonly body: string | null | { readonly hex: string };
  };
  readonly expect: {
    readonly status: number;
    readonly body?: unknown;
    readonly detailStartsWith?: string;
    readonly wwwAuthenticate?: string;
    readonly allow?: string;
  };
}

export const recorded = JSON.parse(
  readFileSync('test/adapters/http/recorded-cases.json', 'utf8'),
) as readonly Case[];

/** Deliberate differences from the record (docs/api.md, section 8): a 500 there is a rejection here. */
const departures: Readonly<Record<string, Case['expect']>> = {
  'create/status-surrogate': { status: 400, body: { status: ['"\ud800" is not a valid choice.'] } },
};

/** Methods that paths have got since the record was made (docs/api.md, section 8.17), and that Allow names. */
const addedMethods: Readonly<Record<string, string>> = { '/tasks/': 'POST' };

/** Tests that a server of this kind responds to every recorded request as recorded. */
export function respondsAsRecorded(start: () => Promise<RunningServer>): void {
  const tag = String(Math.floor(Math.random() * 1e8)).padStart(8, '0');
  let server: RunningServer;
  let user: SignedIn;
  before(async () => {
    server = await start();
    user = await server.registerAndSignIn();
    await server.call('POST', '/tasks/register/', { username: `alice.${tag}`, password: 'Xk9-fence-Orbit' });
  });
  after(() => server.stop());

  function fill(text: string): string {
    return text.replaceAll('<TAG>', tag).replaceAll('<access>', user.access);
  }

  for (const { name, request, expect: asRecorded } of recorded) {
    const expected = departures[name] ?? asRecorded;
    it(`responds to the recorded request ${name} as recorded`, async () => {
      const { body } = request;
      const response = await server.send({
        method: request.method,
        path: fill(request.path),
        headers: Object.fromEntries(request.headers.map(([header, value]) => [header, fill(value)])),
        ...(typeof body === 'string' && { body: fill(body) }),
        ...(typeof body === 'object' && body !== null && { body: Buffer.from(body.hex, 'hex') }),
      });

      expect(response.status).to.equal(expected.status);
      if ('body' in expected) expect(withoutId(response.json())).to.deep.equal(withoutId(expected.body));
      if (expected.detailStartsWith !== undefined) {
        expect((response.json() as { detail: string }).detail).to.match(/^JSON parse error - ./);
      }
      expect(response.headers['www-authenticate']).to.equal(expected.wwwAuthenticate);
      if (expected.allow !== undefined) {
        const added = addedMethods[request.path];
        const allow = added === undefined ? expected.allow : `${expected.allow}, ${added}`;
        expect(methods(response.headers.allow)).to.deep.equal(methods(allow));
      }
      expect(response.headers).to.include({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'same-origin',
      });
      if (request.method !== 'HEAD') expect(response.headers['content-type']).to.equal('application/json');
    });
  }
}

/** The body with its id replaced, if it is a task: ids may differ from the record. */
function withoutId(body: unknown): unknown {
  const isTask = typeof body === 'object' && body !== null && 'id' in body;
  if (!isTask) return body;
  expect(body.id).to.satisfy((id: unknown) => id === '<id>' || Number.isSafeInteger(id));
  return { ...body, id: 'any' };
}

function methods(allow = ''): string[] {
  return allow
    .split(', ')
    .filter((method) => method !== 'HEAD')
    .toSorted();
}
