import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiClient } from './api-client.js';
import { freePort } from './free-port.js';
import { waitFor } from './wait-for.js';

/** An nginx of a test's own, with docs/nginx.conf in its http block, in front of servers on these ports. */
export class Nginx extends ApiClient {
  private constructor(
    port: number,
    private readonly process: ChildProcess,
    private readonly directory: string,
  ) {
    super(port);
  }

  /** Resolves once it responds. */
  static async start(servers: readonly [number, number]): Promise<Nginx> {
    const port = await freePort();
    const directory = mkdtempSync(join(tmpdir(), 'hexado-nginx-'));
    chmodSync(directory, 0o755); // Its workers may be another user's.
    const ports: Record<string, number> = { '8080': port, '3001': servers[0], '3002': servers[1] };
    const site = readFileSync('docs/nginx.conf', 'utf8').replace(
      /(?<=listen |127\.0\.0\.1:)\d+/g,
      (documented) => String(ports[documented]),
    );
    writeFileSync(join(directory, 'hexado.conf'), site.replace('listen ', 'listen 127.0.0.1:'));
    writeFileSync(join(directory, 'nginx.conf'), main);
    const child = spawn('nginx', ['-p', directory, '-c', 'nginx.conf', '-e', 'stderr'], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const nginx = new Nginx(port, child, directory);
    // Reads the end of its input when the tests' process ends, however that comes about.
    const guard = spawn('sh', ['-c', `read _; kill ${child.pid}`], { stdio: ['pipe', 'ignore', 'ignore'] });
    child.once('exit', () => guard.kill('SIGKILL'));
    await waitFor('nginx responds', () =>
      nginx.call('GET', '/livez').then(
        ({ status }) => status === 200,
        () => false,
      ),
    );
    return nginx;
  }

  async stop(): Promise<void> {
    if (this.process.exitCode === null) {
      const ended = once(this.process, 'exit');
      this.process.kill('SIGTERM');
      await ended;
    }
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** What stands around the http block's part that is documented. */
const main = `
daemon off;
worker_processes 2;
pid nginx.pid;
error_log stderr crit;
events {}
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  include hexado.conf;
}
`;
