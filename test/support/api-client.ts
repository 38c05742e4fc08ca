import { send, type WireRequest, type WireResponse } from './http-client.js';

/** A user who has signed in. */
export interface SignedIn {
  readonly username: string;
  readonly password: string;
  readonly access: string;
  readonly refresh: string;
}

/** Calls a server on this machine as its clients do. */
export class ApiClient {
  private users = 0;

  constructor(readonly port: number) {}

  send(request: WireRequest): Promise<WireResponse> {
    return send(this.port, request);
  }

  /** Sends JSON, with an access token if there is one. */
  call(method: string, path: string, body?: unknown, access?: string): Promise<WireResponse> {
    const headers: Record<string, string> = {};
    if (access !== undefined) headers['Authorization'] = `Bearer ${access}`;
    if (body === undefined) return this.send({ method, path, headers });
    headers['Content-Type'] = 'application/json';
    return this.send({ method, path, headers, body: JSON.stringify(body) });
  }

  /** Registers a new user and signs them in. */
  async registerAndSignIn(name = 'user'): Promise<SignedIn> {
    const username = `${name}.${process.pid}.${++this.users}.${Date.now()}`;
    const password = 'Xk9-fence-Orbit';
    await this.call('POST', '/tasks/register/', { username, password });
    const tokens = (await this.call('POST', '/api/token/', { username, password })).json();
    return { username, password, ...(tokens as { access: string; refresh: string }) };
  }
}
