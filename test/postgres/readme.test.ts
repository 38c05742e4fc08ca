import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { PostgresServer } from '../support/postgres-server.js';
import { openPostgresStorage, query } from '../support/postgres-storage.js';
import { RecordedLog } from '../support/recorded-log.js';
import { sendSignal } from '../support/send-signal.js';
import { run, runCommand, ServerProcess } from '../support/server-process.js';
import { stopAfterEach } from '../support/stop-after-each.js';

describe('examples/postgres-storage', () => {
  const stopped = stopAfterEach();

  it('starts as its README says, in a checkout of which nothing but the packages is there', async () => {
    const postgres = stopped(await PostgresServer.start());
    const checkout = await copyCheckout();
    stopped({ stop: async () => rmSync(checkout, { recursive: true }) });
    const readme = readFileSync(join(checkout, 'examples/postgres-storage/README.md'), 'utf8');
    const [, commands = ''] = /^```sh\n(.*?)^```/ms.exec(readme) ?? [];
    expect(commands).to.include('npm start');

    const printed = commands.replace(':5432/postgres', `:${postgres.port}/hexado_test`);
    // npm may need more of it to reach its registry.
    const environment = process.env as Record<string, string>;
    const server = await ServerProcess.start(
      { ...environment, PORT: '0' },
      { command: ['bash', '-euo', 'pipefail', '-c', printed], directory: checkout },
    );
    stopped({
      stop: async () => {
        const { stdout: npm } = await runCommand(['pgrep', '-P', String(server.pid)]);
        sendSignal(Number(npm), 'SIGTERM');
        await server.ending;
      },
    });
    const { username } = await server.registerAndSignIn();
    expect(await query(postgres, 'select username from hexado.users')).to.deep.equal([{ username }]);
  });

  it('keeps all promises by its own command, on a database for tests', async () => {
    const postgres = stopped(await PostgresServer.start());
    const { stdout, stderr, code } = await run(
      ['storage', 'check', './examples/postgres-storage/emptied.js'],
      {
        environment: { DATABASE_URL: postgres.url },
        directory: resolve('.'),
      },
    );
    expect(stdout).to.match(/The storage keeps all promises \(\d+ tests\)/);
    expect({ stderr, code }).to.deep.equal({ stderr: '', code: 0 });
  }).timeout(180_000); // The whole contract.

  it('empties no database whose name does not say that it is for tests', async () => {
    const postgres = stopped(await PostgresServer.start());
    postgres.createDatabase('production');
    const url = postgres.url.replace('hexado_test', 'production');
    const opening = openPostgresStorage({ url }, { clock: () => 0, log: new RecordedLog() });
    expect(String(await opening.catch((error: unknown) => error))).to.include('must contain "test"');
  });

  it('has the types that Hexado expects of a storage', async () => {
    const { stdout, stderr, code } = await runCommand(
      [process.execPath, resolve('node_modules/typescript/bin/tsc'), '-p', 'examples/postgres-storage'],
      { directory: resolve('.') },
    );
    expect({ stdout, stderr, code }).to.deep.equal({ stdout: '', stderr: '', code: 0 });
  });
});

/** Copies the files that belong to the project, and the packages that `npm ci` installs. */
async function copyCheckout(): Promise<string> {
  const checkout = mkdtempSync(join(tmpdir(), 'hexado-checkout-'));
  const { stdout } = await runCommand(['git', 'ls-files'], { directory: resolve('.') });
  for (const file of stdout.trim().split('\n')) cpSync(file, join(checkout, file), { force: true });
  symlinkSync(resolve('node_modules'), join(checkout, 'node_modules'));
  return checkout;
}
