import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a client needs to speak to a server with a certificate of these, as PEM. */
export interface ClientTls {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** How a server is made to speak TLS, and what its clients need for it. */
export interface ServerTls {
  /** Arguments of redis-server. */
  readonly args: readonly string[];
  readonly client: ClientTls;
}

/** The files of a certificate and of its key. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** An authority of a test's own, and certificates that it has signed, as files. */
export class TlsCertificates {
  private readonly directory = mkdtempSync(join(tmpdir(), 'hexado-tls-'));
  readonly ca = this.make('ca');
  /** For clients. */
  readonly client = this.make('client', '-CA', this.ca.cert, '-CAkey', this.ca.key);

  /** Redis with a certificate for this name or address; it asks its clients for one, too. */
  serverFor(altName: string): ServerTls {
    const { cert, key } = this.certificateFor(altName);
    const files = ['--tls-cert-file', cert, '--tls-key-file', key, '--tls-ca-cert-file', this.ca.cert];
    return {
      args: [...files, '--tls-replication', 'yes', '--tls-cluster', 'yes'],
      client: this.forClients(),
    };
  }

  /** The certificate of any server with this name or address. */
  certificateFor(altName: string): Certificate {
    const names = ['-addext', `subjectAltName=${altName}`];
    return this.make('server', '-CA', this.ca.cert, '-CAkey', this.ca.key, ...names);
  }

  /** The settings of a server of ours, all of them. */
  get environment(): Readonly<Record<string, string>> {
    return {
      REDIS_TLS_CA_FILE: this.ca.cert,
      REDIS_TLS_CERT_FILE: this.client.cert,
      REDIS_TLS_KEY_FILE: this.client.key,
    };
  }

  async stop(): Promise<void> {
    rmSync(this.directory, { recursive: true });
  }

  private forClients(): ClientTls {
    const [ca, cert, key] = [this.ca.cert, this.client.cert, this.client.key].map((file) =>
      readFileSync(file, 'utf8'),
    ) as [string, string, string];
    return { ca, cert, key };
  }

  private make(name: string, ...args: string[]): Certificate {
    const pair = { cert: join(this.directory, `${name}.crt`), key: join(this.directory, `${name}.key`) };
    const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    const files = ['-keyout', pair.key, '-out', pair.cert, '-days', '2', '-subj', `/CN=${name}`];
    execFileSync('openssl', ['req', '-x509', ...newKey, ...files, ...args], { stdio: 'ignore' });
    return pair;
  }
}
