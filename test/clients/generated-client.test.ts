import { pathToFileURL } from 'node:url';
import { resolve } from 'node:path';
import { expect } from 'chai';
import { runCommand } from '../support/server-process.js';
import { RunningServer } from '../support/running-server.js';

const directory = resolve('examples/typescript-client');

interface Example {
  readonly visit: (baseUrl: string, username: string, password: string) => Promise<string[]>;
}

async function run(...command: string[]): Promise<void> {
  const { code, stdout, stderr } = await runCommand([process.execPath, ...command], { directory });
  expect(`${stdout}${stderr}`, command[0]).to.not.include('error');
  expect(code).to.equal(0);
}

describe('a client with types generated from /openapi.json', () => {
  let server: RunningServer;
  before(async () => {
    server = await RunningServer.start({ ROTATE_REFRESH_TOKENS: 'true' });
  });
  after(() => server.stop());

  it('type-checks, and registers, signs in, refreshes and works with tasks', async () => {
    const url = `http://127.0.0.1:${server.port}`;
    await run('node_modules/openapi-typescript/bin/cli.js', `${url}/openapi.json`, '-o', 'api.ts');
    await run('node_modules/typescript/bin/tsc');
    const { visit } = (await import(pathToFileURL(resolve(directory, 'dist/visit.js')).href)) as Example;
    expect(await visit(url, 'ada', 'Xk9-fence-Orbit')).to.deep.equal(['Buy milk: completed']);
  });
});
