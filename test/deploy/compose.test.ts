import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { parse } from 'yaml';
import { variables } from '../../src/config/variables.js';
import { freePort } from '../support/free-port.js';
import { run, runCommand, ServerProcess } from '../support/server-process.js';
import { waitFor } from '../support/wait-for.js';

interface Service {
  readonly image: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly command?: readonly string[];
  readonly healthcheck?: { readonly test: readonly [string, string] };
  readonly ports?: readonly string[];
  readonly secrets: readonly string[];
  readonly build?: { readonly context: string; readonly dockerfile: string };
}

describe('deploy/compose.yaml', () => {
  const compose = parse(readFileSync('deploy/compose.yaml', 'utf8')) as {
    readonly services: Readonly<Record<'hexado' | 'redis', Service>>;
    readonly secrets: Readonly<Record<string, { readonly file: string }>>;
  };
  const { hexado, redis } = compose.services;
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { readonly version: string };

  it('sets settings that exist, publishes the port on this machine only, and has the version of the package', () => {
    expect(Object.keys(variables)).to.include.members(Object.keys(hexado.environment ?? {}));
    const port = variables.PORT.default;
    expect(hexado.ports).to.deep.equal([`127.0.0.1:${port}:${port}`]);
    expect(hexado.image).to.equal(`hexado:${version}`);
    expect(hexado.build).to.deep.equal({ context: '..', dockerfile: 'deploy/Dockerfile' });
  });

  it('has no secret in an environment or in a command', () => {
    expect(Object.keys(compose.secrets).toSorted()).to.deep.equal(hexado.secrets.toSorted());
    const names = Object.keys(hexado.environment ?? {}).filter((name) => /KEY|PASSWORD/.test(name));
    expect(names.filter((name) => !name.endsWith('_FILE'))).to.deep.equal([]);
  });

  it('makes a Redis and a Hexado, run without containers, that are ready without a warning', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'hexado-compose-'));
    const port = await freePort();
    /** What compose would make of a text, with the folders and ports of this test. */
    const here = (given: string) =>
      given
        .replaceAll('$$', '$')
        .replaceAll('/run/secrets', directory)
        .replace('redis:6379', `127.0.0.1:${port}`)
        .replace('appendonly yes', `appendonly yes\nport ${port}\nbind 127.0.0.1`);
    const healthy = here(redis.healthcheck?.test[1] ?? '').replace('redis-cli', `redis-cli -p ${port}`);
    await run(['keys', 'new', join(directory, 'keys.json')]);
    writeFileSync(join(directory, 'redis-password'), 'correct-horse\n', { mode: 0o600 });

    const database = runCommand((redis.command ?? []).map(here), { directory, lifetime: 60_000 });
    await waitFor('Redis is healthy', async () => (await runCommand(['sh', '-c', healthy])).code === 0);
    const environment = Object.entries(hexado.environment ?? {}).map(([name, value]) => [name, here(value)]);
    const server = await ServerProcess.start(Object.fromEntries(environment) as Record<string, string>);
    try {
      const ready = await server.call('GET', '/readyz');
      expect(ready.json()).to.deep.equal({ status: 'ready' });
      expect(server.log.filter(({ level }) => level > 30)).to.deep.equal([]);
      expect(
        (await server.send({ method: 'GET', path: '/', headers: { Accept: 'text/html' } })).status,
      ).to.equal(200);
    } finally {
      await server.kill();
      const stop = `REDISCLI_AUTH=correct-horse redis-cli -p ${port} shutdown nosave`;
      await runCommand(['sh', '-c', stop]);
    }
    expect((await database).code).to.equal(0);
    rmSync(directory, { recursive: true });
  });
});
