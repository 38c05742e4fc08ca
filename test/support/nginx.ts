import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiClient } from './api-client.js';
import { freePort } from './free-port.js';
import type { Certificate } from './tls-certificates.js';
import { waitFor } from './wait-for.js';

/** An nginx of a test's own, with deploy/nginx.conf in its http block, in front of servers on these ports. */
export class Nginx extends ApiClient {
  private constructor(
    port: number,
    /** Where it redirects to HTTPS. */
    readonly redirectPort: number,
    private readonly process: ChildProcess,
    private readonly directory: string,
  ) {
    super(port);
  }

  /** Resolves once it responds. Without a certificate it speaks plain HTTP, which is what the tests' clients speak. */
  static async start(servers: readonly [number, number], certificate?: Certificate): Promise<Nginx> {
    const [port, redirectPort] = [await freePort(), await freePort()];
    const directory = mkdtempSync(join(tmpdir(), 'hexado-nginx-'));
    chmodSync(directory, 0o755); // Its workers may be another user's.
    const site = readFileSync('deploy/nginx.conf', 'utf8')
      .replace('127.0.0.1:3001', `127.0.0.1:${servers[0]}`)
      .replace('127.0.0.1:3002', `127.0.0.1:${servers[1]}`)
      .replace('listen 80;', `listen 127.0.0.1:${redirectPort};`)
      .replace('listen 443 ssl;', `listen 127.0.0.1:${port}${certificate ? ' ssl' : ''};`);
    const installed = certificate
      ? site
          .replace('/etc/hexado/tls/fullchain.pem', certificate.cert)
          .replace('/etc/hexado/tls/privkey.pem', certificate.key)
      : site.replace(/^ *ssl_.*$/gm, '');
    writeFileSync(join(directory, 'hexado.conf'), installed);
    writeFileSync(join(directory, 'nginx.conf'), main);
    const child = spawn('nginx', ['-p', directory, '-c', 'nginx.conf', '-e', 'stderr'], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const nginx = new Nginx(port, redirectPort, child, directory);
    // Reads the end of its input when the tests' process ends, however that comes about.
    const guard = spawn('sh', ['-c', `read _; kill ${child.pid}`], { stdio: ['pipe', 'ignore', 'ignore'] });
    child.once('exit', () => guard.kill('SIGKILL'));
    await waitFor('nginx responds', () =>
      nginx.call('GET', '/livez').then(
        ({ status }) => status === (certificate ? 400 : 200), // 400: plain HTTP where it expects TLS.
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
