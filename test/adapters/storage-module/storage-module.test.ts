import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import type { StorageOptions } from '../../../src/application/ports/storage.js';
import { StorageError } from '../../../src/adapters/storage-module/load-storage-module.js';
import { createStorage } from '../../../src/create-storage.js';
import { expectRejection } from '../../support/expect-rejection.js';
import { freePort } from '../../support/free-port.js';
import { RecordedLog } from '../../support/recorded-log.js';
import { rejectionOf } from '../../support/rejection.js';
import { expectResponse, unavailable } from '../../support/responses.js';
import { signingKey } from '../../support/running-server.js';
import { run, ServerProcess } from '../../support/server-process.js';
import { waitFor } from '../../support/wait-for.js';

const inMemory = new URL('../../../src/adapters/in-memory/create-storage.js', import.meta.url).href;

/** Every method of a storage, as ports.ts has them. */
const methods = {
  users: [
    'add',
    'find',
    'findByName',
    'list',
    'replacePasswordHash',
    'setPasswordHash',
    'changePasswordHash',
    'setPasswordLink',
    'usePasswordLink',
    'activate',
    'deactivate',
    'remove',
    'removeOwn',
  ],
  sessions: [
    'open',
    'adopt',
    'find',
    'list',
    'touch',
    'rotate',
    'end',
    'endOther',
    'endAll',
    'listOf',
    'endAllOf',
  ],
  tasks: ['create', 'find', 'list', 'select', 'summary', 'summaryOf', 'update', 'remove'],
  rateLimiter: ['consume', 'giveBack', 'clear', 'listReached', 'trust', 'isTrusted'],
  archive: ['lastUserId', 'tasksOf', 'reserveUserIds', 'begin', 'addTasks', 'finish'],
  staff: ['add', 'remove', 'list', 'authorise', 'act', 'record', 'records'],
};
const allMethods = [
  ...Object.entries(methods).flatMap(([port, names]) => names.map((name) => `${port}.${name}`)),
  'check',
  'close',
];

describe('a storage of your own', () => {
  let directory: string;
  let modules = 0;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'hexado-storage-'));
  });
  after(() => rmSync(directory, { recursive: true }));

  /** The path of a module with this source. */
  function moduleOf(source: string): string {
    const path = join(directory, `storage-${++modules}.mjs`);
    writeFileSync(path, source);
    return path;
  }

  const environment = { SIGNING_KEY: signingKey };

  it('serves requests, gets the clock and the log, and is closed at the end', async () => {
    const path = moduleOf(`
      import { createStorage as create } from '${inMemory}';
      export async function createStorage({ clock, log, ...more }) {
        log.info({ clock: clock(), more: Object.keys(more) }, 'created');
        return { ...(await create({ clock, log })), close: async () => log.info({}, 'closed') };
      }`);
    const server = await ServerProcess.start(
      { ...environment, BCRYPT_COST: '4', STORAGE: `./${basename(path)}` },
      { directory },
    );
    const { access } = await server.registerAndSignIn();
    const task = { title: 'Buy milk', description: 'Two litres' };
    const created = await server.call('POST', '/tasks/create/', task, access);
    const listed = await server.call('GET', '/tasks/', undefined, access);
    server.signal('SIGTERM');
    const { code } = await server.ending;

    expect(created.status).to.equal(201);
    expect(listed.json()).to.deep.equal([{ id: 1, ...task, status: 'pending' }]);
    const line = server.log.find(({ msg }) => msg === 'created');
    expect(line?.['more']).to.deep.equal([]);
    expect(line?.['clock']).to.be.closeTo(Date.now() / 1000, 60);
    expect(server.log.map(({ msg }) => msg).slice(-2)).to.deep.equal(['closed', 'stopped']);
    expect(code).to.equal(0);
  });

  it('neither ends the server by an unhandled rejection, nor keeps it from stopping', async () => {
    const path = moduleOf(`
      import { createStorage as create } from '${inMemory}';
      export async function createStorage(options) {
        const check = async () => void Promise.reject(new RangeError('secret'));
        return { ...(await create(options)), check, close: () => new Promise(() => {}) };
      }`);
    const server = await ServerProcess.start({ ...environment, STORAGE: path });
    expect((await server.call('GET', '/readyz')).status).to.equal(200);
    const line = await server.logged(({ msg }) => msg.startsWith('Unhandled promise rejection'));
    expect(line).to.include({ kind: 'RangeError' });
    expect((await server.call('GET', '/readyz')).status).to.equal(200);
    server.signal('SIGTERM');
    const { code, stdout, stderr } = await server.ending;
    expect(code).to.equal(0);
    expect(server.log.map(({ msg }) => msg)).to.include('Closing the storage failed');
    expect(stdout + stderr).not.to.include('secret');
  });

  it('ends the server by an unhandled error event, which is reported with its code and the module', async () => {
    const path = moduleOf(`
      import { connect, createServer } from 'node:net';
      import { createStorage as create } from '${inMemory}';
      export async function createStorage(options) {
        const storage = await create(options);
        const server = createServer((socket) => socket.resetAndDestroy()).listen(0, '127.0.0.1');
        let checks = 0;
        const check = async () => {
          if (checks++ > 0) connect(server.address().port, '127.0.0.1').write('secret');
        };
        return { ...storage, check };
      }`);
    const server = await ServerProcess.start({ ...environment, STORAGE: path });
    await server.call('GET', '/readyz').catch(() => undefined);
    const { code, stderr } = await server.ending;
    expect(code).to.equal(70);
    expect(stderr).to.match(/^hexado: Unexpected error \(Error E(?:CONNRESET|PIPE)\)\.\n/);
    expect(stderr).to.include(`hexado: It may come from STORAGE=${path}, `).and.not.include('secret');
  });

  it('is found by an absolute path, a file URL, or the name of a package', async () => {
    const path = moduleOf(`export { createStorage } from '${inMemory}';`);
    for (const specifier of [path, pathToFileURL(path).href, 'ioredis']) {
      const outcome = await outcomeOf(specifier);
      if (specifier === 'ioredis') expect(outcome).to.match(/: the module does not export createStorage\.$/);
      else expect(outcome).to.equal('created');
    }
  });

  describe('in a package', () => {
    const around = process.cwd();
    before(() => {
      const ofPackage = (name: string, manifest: object, files: Readonly<Record<string, string>>) => {
        const folder = join(directory, 'node_modules', name);
        mkdirSync(folder, { recursive: true });
        writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, ...manifest }));
        for (const [file, source] of Object.entries(files)) writeFileSync(join(folder, file), source);
      };
      const storage = `export { createStorage } from '${inMemory}';`;
      ofPackage(
        '@acme/storage',
        { exports: { '.': { import: './a.mjs', require: './a.cjs' }, './fast': { import: './fast.mjs' } } },
        { 'a.mjs': storage, 'a.cjs': '', 'fast.mjs': storage },
      );
      ofPackage('broken-storage', { exports: './a.mjs' }, { 'a.mjs': `import 'not-installed';` });
      ofPackage('ioredis', { exports: './a.mjs' }, { 'a.mjs': storage });
      process.chdir(directory);
    });
    after(() => process.chdir(around));

    for (const [what, specifier] of [
      ['with a scope, by what it exports to imports', '@acme/storage'],
      ['by one of its entries', '@acme/storage/fast'],
      ['of the same name as one of ours', 'ioredis'],
    ] as const) {
      it(`is found from the working directory: one ${what}`, async () => {
        expect(await outcomeOf(specifier)).to.equal('created');
      });
    }

    it('is found where Hexado is, if the working directory has none of this name', async () => {
      expect(await outcomeOf('koa')).to.match(/: the module does not export createStorage\.$/);
    });

    it('is not found by the name of a file, whose path is named instead', async () => {
      const name = basename(moduleOf(''));
      expect(await outcomeOf(name)).to.match(
        new RegExp(`: there is no package of this name; the path of the file is \\./${name}\\.$`),
      );
    });

    it('is not taken for another if it lacks what it needs', async () => {
      expect(await outcomeOf('broken-storage')).to.match(
        /: Cannot find package 'not-installed' imported from /,
      );
    });

    for (const [what, specifier, reason] of [
      [
        'is not installed',
        '@acme/other',
        /: Cannot find package '@acme\/other' imported from \/.*hexado-storage-/,
      ],
      ['has no such entry', '@acme/storage/slow', /: Package subpath '\.\/slow' is not defined/],
    ] as const) {
      it(`is rejected with one line if it ${what}`, async () => {
        expect(await outcomeOf(specifier)).to.match(reason);
      });
    }
  });

  describe('whose database cannot be reached when it is created', () => {
    it('is created as soon as it can be, and is unavailable until then', async () => {
      const port = await freePort();
      const path = moduleOf(`
        import { once } from 'node:events';
        import { connect } from 'node:net';
        import { createStorage as create } from '${inMemory}';
        export async function createStorage(options) {
          const connection = connect(${port}, '127.0.0.1');
          await once(connection, 'connect');
          connection.unref();
          const check = async () => ({ warnings: ['It has no replica.'] });
          return { ...(await create(options)), check, close: async () => connection.end() };
        }`);
      const settings = { ...environment, BCRYPT_COST: '4', STORAGE: path };
      const server = await ServerProcess.start(settings);
      const ready = () => server.call('GET', '/readyz');
      const registered = await server.call('POST', '/tasks/register/', {
        username: 'ann',
        password: 'Xk9-fence',
      });
      const notReady = await ready();
      const listing = await run(['user', 'list'], { environment: settings });
      const checking = await run(['check'], { environment: settings });
      const database = createServer().listen(port, '127.0.0.1');
      await once(database, 'listening');
      await waitFor('the server is ready', async () => (await ready()).status === 200, { timeout: 2_000 });
      await server.registerAndSignIn();
      await server.logged(({ msg }) => msg === 'The storage is available again.');
      server.signal('SIGTERM');
      const { code } = await server.ending;
      database.close();

      expectResponse(registered, 503, unavailable);
      const reason = 'createStorage: Error ECONNREFUSED';
      expectResponse(notReady, 503, {
        status: 'degraded',
        reasons: [`The storage does not answer (${reason}). Is it running?`],
      });
      for (const ending of [listing, checking]) {
        expectRejection(ending, 69, /^The storage does not answer \(createStorage: Error ECONNREFUSED\)/);
      }
      const messages = server.log.map(({ msg }) => msg);
      expect(messages.filter((each) => /storage is|replica/.test(each))).to.deep.equal([
        `The storage is unavailable (${reason}); requests that need it get 503. Is it running?`,
        'It has no replica.',
        'The storage is available again.',
      ]);
      expect(code).to.equal(0);
    });

    for (const [what, error] of [
      ['says that it is unavailable', `{ code: 'storage_unavailable', reason: 'starting up' }`],
      ['refuses the connection', `{ code: 'ECONNREFUSED' }`],
      ['is not found by its name', `{ cause: { code: 'EAI_AGAIN' } }`],
      ['has no socket yet', `{ code: 'ENOENT', syscall: 'connect' }`],
      ['is starting', `{ code: '57P03' }`],
      ['takes no more connections', `{ cause: { code: '53300' } }`],
    ] as const) {
      it(`is not rejected: a module whose database ${what}`, async () => {
        const path = moduleOf(`
          export const createStorage = async () => { throw Object.assign(new Error('secret'), ${error}); };`);
        const log = new RecordedLog();
        const storage = await createStorage({ kind: 'module', specifier: path }, { ...options, log });
        expect(await rejectionOf(storage.users.find(1))).to.equal('storage_unavailable');
        await storage.close();
        expect(log.lines.map(({ message }) => message)).to.have.length(1);
        expect(JSON.stringify(log.lines))
          .to.match(/createStorage: /)
          .and.not.include('secret');
      });
    }

    it('is rejected if it has data of a layout that it does not know', async () => {
      const kit = new URL('../../../src/storage.js', import.meta.url).href;
      const unknown = `new UnknownLayout('data of layout 9', { advice: 'Go on with the newer version.' })`;
      const ofAnotherCopy = `Object.assign(new Error(), {
        name: 'UnknownLayout',
        code: 'storage_unavailable',
        reason: 'data of layout 9',
        advice: 'Go on with the newer version.',
      })`;
      for (const source of [
        `export const createStorage = async () => { throw ${unknown}; };`,
        `export const createStorage = async () => { throw ${ofAnotherCopy}; };`,
        `export const createStorage = async (options) => {
          return { ...(await create(options)), check: async () => { throw ${unknown}; } };
        };`,
      ]) {
        const path = moduleOf(`
          import { createStorage as create } from '${inMemory}';
          import { UnknownLayout } from '${kit}';
          ${source}`);
        const ending = await run(['user', 'list'], { environment: { ...environment, STORAGE: path } });
        expectRejection(ending, 78, /^The storage has data of layout 9\. Go on with the newer version\.$/);
      }
    });
  });

  it('is unavailable while createStorage has not resolved, and is closed once it has', async () => {
    const path = moduleOf(`
      import { createStorage as create } from '${inMemory}';
      let calls = 0;
      let resolve;
      export const goOn = () => resolve();
      export async function createStorage(options) {
        if (calls++ > 0) throw new Error('called twice');
        await new Promise((resolved) => (resolve = resolved));
        return { ...(await create(options)), close: async () => options.log.info({}, 'closed') };
      }`);
    const { goOn } = (await import(pathToFileURL(path).href)) as { readonly goOn: () => void };
    const log = new RecordedLog();
    const storage = await createStorage({ kind: 'module', specifier: path }, { ...options, log }, 10);
    expect(await rejectionOf(storage.users.find(1))).to.equal('storage_unavailable');
    goOn();
    expect(await storage.users.find(1)).to.equal(undefined);
    expect(await storage.inspect?.()).to.deep.equal([]);
    await storage.close();
    expect(log.lines[0]?.message).to.match(/^The storage is unavailable \(createStorage: timeout\)/);
    expect(log.messages('closed')).to.have.length(1);
  });

  it('may be an object of classes', async () => {
    const path = moduleOf(`
      const of = (names) => new (class {
        static { for (const name of names) this.prototype[name] = async () => {}; }
      })();
      class Storage {
        ${Object.entries(methods)
          .map(([port, names]) => `${port} = of(${JSON.stringify(names)});`)
          .join(' ')}
        async check() {}
        async close() {}
      }
      export const createStorage = async () => new Storage();`);
    expect(await outcomeOf(path)).to.equal('created');
  });

  describe('ends the start with exit code 78 and one line', () => {
    it('if there is no such file', async () => {
      const ending = await run([], { environment: { ...environment, STORAGE: './missing.mjs' }, directory });
      expectRejection(ending, 78, /^STORAGE=\.\/missing\.mjs: the module cannot be loaded: .*missing\.mjs/);
    });

    it('if createStorage fails', async () => {
      const path = moduleOf(
        `export const createStorage = async () => { throw new Error('no disk\\nat all') };`,
      );
      const ending = await run([], { environment: { ...environment, STORAGE: path } });
      expectRejection(ending, 78, /^STORAGE=\/.*mjs: createStorage failed: no disk\.$/);
    });

    it('if the storage lacks a method, also for the commands on users', async () => {
      const path = moduleOf('export const createStorage = async () => ({ users: {}, check() {} });');
      const ending = await run(['user', 'list'], { environment: { ...environment, STORAGE: path } });
      expectRejection(ending, 78, /: createStorage returned a storage without users\.add, .*, close\.$/);
    });
  });

  const rejected: readonly (readonly [what: string, source: string, reason: string])[] = [
    ['that cannot be parsed', 'export const = 1;', 'the module cannot be loaded: '],
    ['that throws when it is loaded', `throw new Error('broken');`, 'the module cannot be loaded: broken.'],
    ['that lacks what it imports', `import 'no-such-package';`, 'the module cannot be loaded: Cannot find'],
    ['without createStorage', 'export default {};', 'the module does not export createStorage.'],
    ['whose createStorage is no function', 'export const createStorage = {};', 'the module does not export'],
    [
      'that throws',
      'export const createStorage = () => { throw new TypeError("odd") };',
      'createStorage failed: odd.',
    ],
    [
      'that rejects',
      'export const createStorage = async () => { throw Error("late") };',
      'createStorage failed: late.',
    ],
    ['that throws null', 'export const createStorage = () => { throw null };', 'createStorage failed: null.'],
    [
      'that throws what is no text',
      'export const createStorage = () => { throw Object.create(null) };',
      'createStorage failed: what was thrown cannot be read.',
    ],
    [
      'that throws what is no text when it is loaded',
      'throw Object.create(null);',
      'the module cannot be loaded: what was thrown cannot be read.',
    ],
    [
      'that throws a proxy whose traps throw',
      'const refuse = () => { throw null }; export const createStorage = () => { throw new Proxy(Error(), { get: refuse, getPrototypeOf: refuse }) };',
      'createStorage failed: what was thrown cannot be read.',
    ],
    [
      'whose storage throws when it is looked at',
      'export const createStorage = async () => ({ get users() { throw null } });',
      'createStorage returned what cannot be read.',
    ],
    [
      'whose createStorage is a class',
      'export class createStorage {}',
      'createStorage failed: Class constructor createStorage cannot be invoked',
    ],
    [
      'that throws no error',
      'export const createStorage = () => { throw "words" };',
      'createStorage failed: words.',
    ],
  ];
  for (const [what, source, reason] of rejected) {
    it(`is rejected with one line: a module ${what}`, async () => {
      const path = moduleOf(source);
      const line = await outcomeOf(path);
      expect(line).to.satisfy((text: string) => text.startsWith(`STORAGE=${path}: ${reason}`));
      expect(line).not.to.include('\n');
    });
  }

  for (const value of [
    'undefined',
    'null',
    '"text"',
    '[]',
    '{}',
    '{ users: null, sessions: 1, tasks: true }',
  ]) {
    it(`is rejected with the list of missing methods: ${value}`, async () => {
      const path = moduleOf(`export const createStorage = async () => (${value});`);
      const line = await outcomeOf(path);
      expect(line).to.equal(
        `STORAGE=${path}: createStorage returned a storage without ${allMethods.join(', ')}.`,
      );
    });
  }

  it('is rejected if it does not load in time', async () => {
    const path = moduleOf(`await new Promise(() => {}); export const createStorage = () => {};`);
    expect(await outcomeOf(path, 10)).to.equal(
      `STORAGE=${path}: the module has not been loaded after 0.01 seconds.`,
    );
  });

  for (const missing of allMethods) {
    it(`is rejected without ${missing}`, async () => {
      const [port, name] = missing.split('.');
      const without = name === undefined ? { [missing]: 0 } : {};
      const path = moduleOf(`
        import { createStorage as create } from '${inMemory}';
        export async function createStorage(options) {
          const storage = await create(options);
          ${name === undefined ? '' : `storage.${port} = withOut(storage.${port}, '${name}');`}
          return { ...storage, ...${JSON.stringify(without)} };
        }
        const withOut = (port, name) =>
          new Proxy(port, { get: (target, key) => (key === name ? undefined : target[key]) });`);
      expect(await outcomeOf(path)).to.match(
        new RegExp(`: createStorage returned a storage without ${missing}\\.$`),
      );
    });
  }
});

const options: StorageOptions = {
  clock: () => Date.now() / 1000,
  log: { debug() {}, info() {}, warn() {}, error() {} },
};

/** 'created', or the sentence with which the module is rejected. */
async function outcomeOf(specifier: string, timeout?: number): Promise<string> {
  try {
    await createStorage({ kind: 'module', specifier }, options, timeout);
    return 'created';
  } catch (error) {
    if (error instanceof StorageError) return error.message;
    throw error;
  }
}
