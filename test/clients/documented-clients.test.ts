import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { documentedClient } from '../support/documented-client.js';
import { runCommand } from '../support/server-process.js';
import { RunningServer } from '../support/running-server.js';
import { SettableClock } from '../../src/storage-contract/settable-clock.js';

interface Tokens {
  readonly access: string;
  readonly refresh: string;
}

/** A module of docs/clients.md. */
interface Client {
  readonly tokens: Tokens;
  readonly signIn: (username: string, password: string) => Promise<void>;
  /** Gets the tasks: their status and the tasks. */
  readonly getTasks: () => Promise<unknown>;
}

const document = readFileSync('docs/clients.md', 'utf8');
const username = 'ada';
const password = 'Xk9-fence-Orbit';

/** The module of docs/clients.md with this name, calling this server. */
async function load(name: string, server: RunningServer): Promise<Record<string, unknown>> {
  // Beside this file, where the module finds its packages.
  const file = fileURLToPath(new URL(`./${server.port}-${name}`, import.meta.url));
  writeFileSync(file, documentedClient(name, server.port));
  try {
    return (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  } finally {
    rmSync(file);
  }
}

/** Each with what differs between them. */
const clients: Record<string, (server: RunningServer) => Promise<Client>> = {
  'api.js': async (server) => {
    const module = (await load('api.js', server)) as unknown as Client & { api: typeof fetch };
    const getTasks = async () => {
      const response = await module.api('/tasks/');
      if (!response.ok) throw new Error(`${response.status}`);
      return response.json();
    };
    return {
      getTasks,
      signIn: module.signIn,
      get tokens() {
        return module.tokens;
      },
    };
  },
  'client.js': async (server) => {
    interface Axios {
      get(path: string): Promise<{ readonly data: unknown }>;
    }
    const module = (await load('client.js', server)) as unknown as Client & { client: Axios };
    const getTasks = async () => (await module.client.get('/tasks/')).data;
    return {
      getTasks,
      signIn: module.signIn,
      get tokens() {
        return module.tokens;
      },
    };
  },
};

describe('docs/clients.md', () => {
  let server: RunningServer;
  let clock: SettableClock;
  const start = async (rotate: boolean) => {
    clock = new SettableClock();
    const environment = { ROTATE_REFRESH_TOKENS: `${rotate}`, REFRESH_GRACE: '0' };
    server = await RunningServer.start(environment, clock.now);
    await server.call('POST', '/tasks/register/', { username, password });
  };
  afterEach(() => server.stop());

  const refreshes = () => server.log.filter(({ fields }) => fields['route'] === '/api/token/refresh').length;

  for (const [name, open] of Object.entries(clients)) {
    for (const rotate of [true, false]) {
      it(`${name} refreshes once for many requests, and stores what comes back (rotation: ${rotate})`, async () => {
        await start(rotate);
        const client = await open(server);
        await client.signIn(username, password);
        for (let time = 1; time <= 3; time++) {
          const { refresh } = client.tokens;
          clock.advance(31 * 60);
          const responses = await Promise.all(Array.from({ length: 10 }, () => client.getTasks()));
          expect(responses).to.deep.equal(Array.from({ length: 10 }, () => []));
          expect(refreshes()).to.equal(time);
          expect(client.tokens.refresh === refresh).to.equal(!rotate);
        }
      });
    }

    it(`${name} rejects once the session has ended, and works again after a new sign-in`, async () => {
      await start(true);
      const client = await open(server);
      await client.signIn(username, password);
      await server.call('POST', '/api/logout/all/', undefined, client.tokens.access);
      const rejected = await client.getTasks().then(
        () => false,
        () => true,
      );
      expect(rejected).to.equal(true);
      await client.signIn(username, password);
      expect(await client.getTasks()).to.deep.equal([]);
    });
  }

  for (const rotate of [true, false]) {
    it(`has commands for curl that sign in and refresh (rotation: ${rotate})`, async () => {
      await start(rotate);
      const [, commands = ''] = /```sh\n(.*?)```/s.exec(document) ?? [];
      const script = `set -eu\n${commands.replace('http://127.0.0.1:3000', `http://127.0.0.1:${server.port}`)}`;
      const { code, stdout } = await runCommand(['sh', '-c', `${script}echo "$REFRESH" | wc -c`]);
      expect(code).to.equal(0);
      const [, length] = /^\{"message":"User registered successfully"\}\[\]\[\](\d+)\n$/.exec(stdout) ?? [];
      expect(Number(length)).to.be.greaterThan(100);
      expect(refreshes()).to.equal(1);
    });
  }
});
