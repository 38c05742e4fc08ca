import { writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { OpenApiDocument } from '../../../src/adapters/http/openapi/document.js';
import { RunningServer, type SignedIn } from '../../support/running-server.js';
import { runCommand } from '../../support/server-process.js';

describe('the OpenAPI description', () => {
  let server: RunningServer;
  let user: SignedIn;
  let document: OpenApiDocument;
  before(async () => {
    server = await RunningServer.start();
    user = await server.registerAndSignIn();
    document = (await server.call('GET', '/openapi.json')).json() as OpenApiDocument;
  });
  after(() => server.stop());

  it('is served at /openapi.json and /api/schema/, for caches to keep for five minutes', async () => {
    const [one, other] = [
      await server.call('GET', '/openapi.json'),
      await server.call('GET', '/api/schema/'),
    ];
    expect(one.text).to.equal(other.text);
    expect(one.headers).to.include({
      'content-type': 'application/json',
      'cache-control': 'public, max-age=300',
    });
    expect(document.openapi).to.match(/^3\.1\./);
  });

  it('has every method of every route and no others', async () => {
    const described = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const known: string[] = [];
    for (const path of server.paths) {
      const ids = path.replace(/:(?:task|user)Id/, '1').replace(':sessionId', '0'.repeat(32));
      const { headers } = await server.call('OPTIONS', ids, undefined, user.access);
      const methods = `${headers.allow}`.split(', ').filter((each) => each !== 'HEAD' && each !== 'OPTIONS');
      known.push(...methods.map((method) => `${method} ${path.replace(/:(\w+)/, '{$1}')}`));
    }
    expect(described).to.have.members(known);
    expect(described).to.have.length.greaterThan(18);
  });

  it('requires an access token where the server does', async () => {
    for (const [path, item] of Object.entries(document.paths)) {
      for (const [method, { security }] of Object.entries(item)) {
        const ids = path.replace(/\{(?:task|user)Id\}/, '1').replace('{sessionId}', '0'.repeat(32));
        const { status } = await server.call(method.toUpperCase(), ids, method === 'get' ? undefined : {});
        const isRequired = JSON.stringify(security) === JSON.stringify([{ accessToken: [] }]);
        expect(status === 401 && path !== '/api/token', `${method} ${path}`).to.equal(isRequired);
      }
    }
  });

  it('has examples and schemas at which redocly lint finds no error and nothing to warn of', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hexado-'));
    try {
      const file = join(folder, 'openapi.json');
      writeFileSync(file, JSON.stringify(document));
      const environment = { REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };
      const command = [
        process.execPath,
        'node_modules/@redocly/cli/bin/cli.js',
        'lint',
        '--format=json',
        file,
      ];
      const { code, stdout } = await runCommand(command, { environment, lifetime: 60_000 });
      const { totals } = JSON.parse(stdout) as { totals: object };
      expect({ code, ...totals }).to.deep.equal({ code: 0, errors: 0, warnings: 0, ignored: 0 });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
