import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect } from 'chai';
import { documentedCommands } from '../support/documented-commands.js';
import { freePort } from '../support/free-port.js';
import { send, type WireResponse } from '../support/http-client.js';
import { command } from '../support/redis-command.js';
import { RedisServer } from '../support/redis-server.js';
import { report } from '../support/report.js';
import { runCommand, ServerProcess, type Ending } from '../support/server-process.js';

const guide = 'docs/moving-from-django.md';

interface Task {
  readonly id: number;
  readonly title: string;
}

/** Somebody who signs in once, and from then on keeps their tokens and tries again whenever nobody responds. */
class PatientClient {
  signIns = 0;
  refreshes = 0;
  access = '';
  refresh = '';
  /** The tasks whose creation was acknowledged. */
  readonly created: Task[] = [];
  /** Every response that a client would not know what to do with. */
  readonly surprises: string[] = [];

  constructor(
    private readonly port: number,
    readonly username: string,
  ) {}

  async signIn(): Promise<void> {
    this.signIns++;
    const credentials = { username: this.username, password: `Xk9-fence-${this.username}` };
    await this.call('POST', '/tasks/register/', credentials);
    Object.assign(this, (await this.call('POST', '/api/token/', credentials)).json());
  }

  async exchange(): Promise<void> {
    this.refreshes++;
    const response = await this.call('POST', '/api/token/refresh/', { refresh: this.refresh });
    if (response.status === 200) Object.assign(this, response.json());
    else this.surprises.push(`refresh: ${response.status} ${response.text}`);
  }

  async list(): Promise<WireResponse> {
    return this.authorised('GET', '/tasks/');
  }

  async create(): Promise<void> {
    const title = `${this.username} ${this.created.length} ü€😀`;
    const response = await this.authorised('POST', '/tasks/create/', { title, description: 'two\nlines' });
    if (response.status === 201) this.created.push(response.json() as Task);
    else this.surprises.push(`create: ${response.status} ${response.text}`);
  }

  /** Creates tasks until it is told to stop. */
  async work(isOver: () => boolean): Promise<void> {
    while (!isOver()) await this.create();
  }

  private async authorised(method: string, path: string, body?: object): Promise<WireResponse> {
    const response = await this.call(method, path, body);
    if (response.status !== 401) return response;
    await this.exchange();
    return this.call(method, path, body);
  }

  private async call(method: string, path: string, body?: object): Promise<WireResponse> {
    const headers = {
      ...(this.access && path.startsWith('/tasks/') && { Authorization: `Bearer ${this.access}` }),
      ...(body && { 'Content-Type': 'application/json' }),
    };
    const request = { method, path, headers, ...(body && { body: JSON.stringify(body) }) };
    for (;;) {
      try {
        return await send(this.port, request);
      } catch {
        await setTimeout(20); // As any client does while nobody listens.
      }
    }
  }
}

for (const rotation of [false, true]) {
  describe(`moving in from Django, ${rotation ? 'with' : 'without'} rotation`, () => {
    let directory: string;
    let redis: RedisServer;
    let port: number;
    let django: ChildProcess | undefined;
    let hexado: ServerProcess | undefined;
    let environment: Readonly<Record<string, string>>;

    before(async () => {
      directory = mkdtempSync(join(tmpdir(), 'hexado-moving-'));
      cpSync('test/django/backend', directory, { recursive: true });
      const programs = join(directory, 'bin');
      mkdirSync(programs);
      symlinkSync('/usr/bin/python3', join(programs, 'python3'));
      symlinkSync(resolve('bin/hexado'), join(programs, 'hexado'));
      redis = await RedisServer.start();
      port = await freePort();
      environment = {
        PATH: `${programs}:${process.env['PATH']}`,
        ROTATE_REFRESH_TOKENS: String(rotation),
        REFRESH_GRACE: '10s',
        PYTHONDONTWRITEBYTECODE: '1',
        DJANGO_SUPERUSER_PASSWORD: 'Xk9-fence-boss',
      };
      await run('python3 manage.py migrate --run-syncdb --verbosity 0');
    });
    after(async () => {
      django?.kill('SIGKILL');
      await hexado?.kill();
      await redis.stop();
      rmSync(directory, { recursive: true });
    });

    /** The commands of a section of the guide, on this test's ports. */
    const commandsOf = (section: string): string[] =>
      documentedCommands(guide, section).map((line) =>
        line.replaceAll(':6379', `:${redis.port}`).replaceAll('8000', String(port)),
      );

    async function run(script: string): Promise<Ending> {
      const ending = await runCommand(['bash', '-euo', 'pipefail', '-c', script], { directory, environment });
      expect(ending.code, ending.stderr).to.equal(0);
      return ending;
    }

    async function startDjango(): Promise<void> {
      const words = ['manage.py', 'runserver', '--noreload', `127.0.0.1:${port}`];
      django = spawn('/usr/bin/python3', words, { cwd: directory, env: environment, stdio: 'ignore' });
    }

    async function stopDjango(): Promise<void> {
      const ended = once(django ?? expect.fail('Django does not run'), 'exit');
      django?.kill('SIGINT');
      await ended;
      django = undefined;
    }

    /** Runs the third section: imports, and starts the server with the line that ends in `&`. */
    async function move(): Promise<void> {
      const commands = commandsOf('3. Move');
      const start = commands.findIndex((line) => line.endsWith(' &'));
      const [, words = ''] = /^hexado (serve .*) &$/.exec(commands[start] ?? '') ?? [];
      const { stdout } = await run(commands.slice(0, start).join('\n'));
      report(stdout.trim());
      hexado = await ServerProcess.start(
        { ...environment, PORT: String(port) },
        {
          command: [resolve('bin/hexado'), ...words.split(' ')],
          directory,
        },
      );
      await run(commands.slice(start + 1).join('\n'));
    }

    /** The names of all who are staff where the move has led. */
    async function staff(): Promise<readonly string[]> {
      const { stdout } = await run('hexado user list --env-file hexado.env');
      return [...stdout.matchAll(/^\d+\t(\S+)\t.*\tstaff$/gm)].map(([, name = '']) => name);
    }

    it('signs nobody out and loses no task, while clients go on working', async () => {
      await startDjango();
      const clients = ['ann', 'bob', 'cleo'].map((name) => new PatientClient(port, name));
      for (const client of clients) await client.signIn();
      const gone = new PatientClient(port, 'dora');
      await gone.signIn();
      await gone.create();
      const loggedOut = gone.refresh;
      await send(port, {
        method: 'POST',
        path: '/api/logout/',
        headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${gone.access}` },
        body: JSON.stringify({ refresh: loggedOut }),
      });

      let isOver = false;
      const working = clients.map((client) => client.work(() => isOver));
      await run('python3 manage.py createsuperuser --noinput --username boss --email boss@todo.example');
      await run(commandsOf('1. Prepare').join('\n'));
      const rehearsal = await run(commandsOf('2. Rehearse').join('\n'));
      expect(rehearsal.stdout)
        .to.match(/^5 users and \d+ tasks imported\.$/m)
        .and.match(/^1\tann\tactive\t/m)
        .and.match(/^Staff: boss\.\nSuperusers: boss\.$/m)
        .and.not.match(/\tstaff$/m);

      await stopDjango();
      const before = clients.map(({ created }) => created.length);
      const startedAt = Date.now();
      await move();
      expect(await staff()).to.deep.equal(['boss']);
      report(`Nobody listened for ${Date.now() - startedAt} ms`);
      while (clients.some(({ created }, index) => created.length < (before[index] ?? 0) + 5))
        await setTimeout(20);
      for (const client of clients) await client.exchange();
      isOver = true;
      await Promise.all(working);

      for (const client of clients) {
        expect(client.surprises).to.deep.equal([]);
        expect(client.signIns).to.equal(1);
        const tasks = (await client.list()).json() as Task[];
        // A task may have been created without that the client has heard of it.
        expect(tasks).to.deep.include.members(client.created);
      }
      const refused = await send(port, {
        method: 'POST',
        path: '/api/token/refresh/',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ refresh: loggedOut }),
      });
      expect(refused.status).to.equal(401);
      const adopted = hexado?.log.filter(({ event }) => event === 'session_adopted') ?? [];
      expect(adopted.length).to.be.within(3, 12);
      expect(hexado?.log.some(({ msg }) => msg.startsWith('ACCEPT_LEGACY_TOKENS_UNTIL='))).to.equal(true);
      await hexado?.kill();
    });

    it('leaves a way back, until something has changed', async () => {
      await command(redis, 'FLUSHALL');
      await startDjango();
      const client = new PatientClient(port, 'emma');
      await client.signIn();
      await client.create();
      const { text } = await client.list();
      await stopDjango();
      await move();
      expect((await client.list()).text).to.equal(text);
      await hexado?.kill();
      await startDjango();
      expect((await client.list()).text).to.equal(text);
      expect({ signIns: client.signIns, refreshes: client.refreshes }).to.deep.equal({
        signIns: 1,
        refreshes: 0,
      });
      await stopDjango();
    });
  });
}

describe('the guide for moving in from Django', () => {
  it('has every setting of Simple JWT', async () => {
    const script = 'from rest_framework_simplejwt.settings import DEFAULTS; print("\\n".join(DEFAULTS))';
    const { stdout } = await runCommand(['/usr/bin/python3', '-c', script], {
      directory: 'test/django/backend',
      environment: { DJANGO_SETTINGS_MODULE: 'settings', PYTHONDONTWRITEBYTECODE: '1' },
    });
    const names = stdout.trim().split('\n');
    expect(names).to.have.length.greaterThan(25);
    const [, table = ''] = readFileSync(guide, 'utf8').split('## Settings\n');
    expect(names.filter((name) => !table.includes(`\`${name}`))).to.deep.equal([]);
  });
});
