import { EventEmitter, once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { expect } from 'chai';
import { createStorage } from '../../../src/adapters/in-memory/create-storage.js';
import {
  storageRejections,
  StorageUnavailable,
  type Storage,
} from '../../../src/application/ports/storage.js';
import { DomainError } from '../../../src/domain/errors.js';
import { checkedStorage } from '../../../src/adapters/storage-module/checked-storage.js';
import { resultSchemas } from '../../../src/adapters/storage-module/result-schemas.js';
import { everyCall, expectUnavailable } from '../../support/every-call.js';
import { storageContract } from '../../../src/storage-contract/storage-contract.js';
import { expectUnavailableWithin } from '../../support/every-endpoint.js';
import { RecordedLog } from '../../support/recorded-log.js';
import { rejectionOf } from '../../support/rejection.js';
import { RunningServer } from '../../support/running-server.js';
import { SettableClock } from '../../../src/storage-contract/settable-clock.js';
import { stopAfterEach } from '../../support/stop-after-each.js';

/** Milliseconds within which a call gets a response, and an endpoint, which may make two calls one after the other. */
const deadlines = { call: 1_500, request: 2_500 };

const user = { id: 1, username: 'a', passwordHash: 'h', active: true, createdAt: 0 };
const generation = { id: 'g', issuedAt: 0, expiresAt: 1 };
const by = { userId: 1, sessionId: 's' };
const session = { id: 's', userId: 1, openedAt: 0, lastUsedAt: 0, current: generation };
const task = { id: 1, title: 't', description: 'd', status: 'pending' };

const record = { id: 1, at: 0, by: 'staff', actor: 'a', act: 'delete', userId: 1, username: 'b' };

const reached = { key: 'k', subject: { limit: 'sign_in' }, counted: { count: 1, at: 0 } };
const aPageOf = (tasks: unknown) => ({ tasks, hasMore: false, total: 1, revision: 1 });
const page = aPageOf([task]);

const noUsers = [
  null,
  0,
  true,
  'user',
  [],
  {},
  { ...user, id: '1' },
  { ...user, createdAt: new Date() },
  { ...user, passwordLink: {} },
];
const noSessions = [
  null,
  1,
  'other',
  {},
  { ...session, current: 'g' },
  { ...session, userId: 1.5 },
  { ...session, current: { ...generation, expiresAt: NaN } },
  { ...session, rotatedOut: [{ id: 'p' }] },
  { ...session, address: 127 },
];
const noTasks = [
  null,
  1,
  'task',
  {},
  { ...task, id: 0 },
  { ...task, status: 'done' },
  { ...task, title: null },
];
const noSummaries = [undefined, null, 7, {}, { revision: 1, count: 1 }, { revision: 1, count: 1, bytes: -1 }];
const noTruths = [undefined, null, 0, 1, 'true', {}];
const noLists = [undefined, null, {}, 'list', [undefined], { length: 0 }];

/** For each method, results of `everyCall` that are not of the kind that it promises. */
const nonsense: Partial<Record<keyof ReturnType<typeof everyCall>, readonly unknown[]>> = {
  inspect: [...noLists, [{ level: 'fine', about: 'disk', message: 'All is well.' }]],
  'users.add': noUsers,
  'users.find': noUsers,
  'users.findByName': noUsers,
  'users.list': [...noLists, [user, user], Array.from({ length: 11 }, (_, i) => ({ ...user, id: i + 1 }))],
  'users.setPasswordHash': noTruths,
  'users.changePasswordHash': noTruths,
  'users.setPasswordLink': noTruths,
  'users.usePasswordLink': noTruths,
  'users.activate': noTruths,
  'users.deactivate': noTruths,
  'users.remove': noTruths,
  'users.removeOwn': noTruths,
  'sessions.open': [null, true, '0', -1, 0.5, {}],
  'sessions.find': noSessions,
  'sessions.list': [...noLists, session],
  'sessions.listOf': [...noLists, session],
  'sessions.endAllOf': [undefined, null, '1', -1, 0.5],
  'sessions.rotate': [undefined, ...noSessions],
  'sessions.end': noTruths,
  'sessions.endOther': noTruths,
  'tasks.create': [undefined, ...noTasks],
  'tasks.find': noTasks,
  'tasks.list': [
    ...[...noLists, [{ ...task, id: 2 }, task], [{ ...task, id: -1 }]].map(aPageOf),
    [task],
    { ...page, hasMore: undefined },
    { ...page, total: undefined },
    { ...page, revision: -1 },
    { ...page, tasks: [], hasMore: true },
  ],
  'tasks.select': [
    ...[
      ...noLists,
      [{ ...task, id: 2 }, task],
      [task, task],
      Array.from({ length: 11 }, (_, i) => ({ ...task, id: i + 1 })),
    ].map(aPageOf),
    [task],
    { ...page, total: undefined },
    { ...page, revision: 0.5 },
    { ...page, tasks: [], hasMore: true },
  ],
  'tasks.summary': noSummaries,
  'tasks.summaryOf': noSummaries,
  'tasks.update': noTasks,
  'tasks.remove': noTruths,
  'rateLimiter.consume': [undefined, null, '0', NaN, -1, 1.1],
  'rateLimiter.listReached': [
    undefined,
    null,
    [],
    {},
    { reached: [], next: 1 },
    ...[undefined, {}, { ...reached, key: 1 }, { ...reached, subject: { limit: 'other' } }].map((each) => ({
      reached: [each],
    })),
    { reached: [{ ...reached, counted: { count: 1, at: NaN } }] },
  ],
  'rateLimiter.isTrusted': noTruths,
  'archive.lastUserId': [undefined, null, '1', -1, 0.5],
  'archive.tasksOf': [
    undefined,
    page,
    { tasks: [task], hasMore: false, lastTaskId: '1' },
    { tasks: [task, task], hasMore: false, lastTaskId: 1 },
    { tasks: [], hasMore: true, lastTaskId: 1 },
  ],
  'archive.begin': [undefined, null, true, 'done'],
  'archive.finish': noTruths,
  'staff.add': noTruths,
  'staff.remove': noTruths,
  'staff.list': [...noLists, 1, ['1'], [0], [1.5]],
  'staff.authorise': [undefined, ...noSessions],
  'staff.act': noTruths,
  'staff.records': [
    ...noLists,
    ...[
      { ...record, id: 0 },
      { ...record, at: 0.5 },
      { ...record, by: 'nobody' },
      { ...record, actor: null },
      { ...record, act: undefined },
      { ...record, userId: '1' },
      { ...record, username: 7 },
    ].map((each) => [each]),
    [record, { ...record, id: 2 }],
    [record, record],
    Array.from({ length: 11 }, (_, i) => ({ ...record, id: 11 - i })),
  ],
};

/** A storage all of whose methods do the same. */
function behaving(method: () => unknown): { readonly storage: Storage; readonly log: RecordedLog } {
  const log = new RecordedLog();
  const like = (members: object): object =>
    Object.fromEntries(
      Object.entries(members).map(([name, member]: [string, object]) => [
        name,
        typeof member === 'function' ? method : like(member),
      ]),
    );
  return { storage: checkedStorage(like(resultSchemas) as Storage, log), log };
}

/** An error that throws another one when it is looked at. */
function unreadableError(): Error {
  const error = new Error('secret');
  for (const key of ['stack', 'name', 'message', 'code', 'cause']) {
    Object.defineProperty(error, key, { get: refuse });
  }
  return error;
}

const refuse = () => {
  throw new Error('secret');
};

function unreadableProxy(): Error {
  return new Proxy(new Error('secret'), { get: refuse, has: refuse, getPrototypeOf: refuse });
}

/** What the driver of a database throws that ends its connections. */
const lost = () => Object.assign(new Error('secret'), { code: '57P01' });

describe('a storage that is not trusted', () => {
  const clock = new SettableClock();

  describe('and that keeps every promise', () => {
    storageContract(async (options) => checkedStorage(await createStorage(options), options.log));
  });

  const mistakes: Record<string, () => unknown> = {
    'that throws': () => {
      throw new TypeError('secret');
    },
    'that rejects': () => Promise.reject(new RangeError('secret')),
    'that rejects with no error': () => Promise.reject('secret'),
    'that rejects with null': () => Promise.reject(null),
    'that rejects with an object that is no text': () => Promise.reject(Object.create(null)),
    'that rejects with an error whose properties throw': () => Promise.reject(unreadableError()),
    'that rejects with a proxy whose traps throw': () => Promise.reject(unreadableProxy()),
  };
  const faults: Record<string, () => unknown> = {
    ...mistakes,
    'that rejects as a driver does': () => Promise.reject(new Error('secret')),
    'that rejects with a frozen error': () => Promise.reject(Object.freeze(new Error('secret'))),
    'that rejects with an error whose name quotes': () =>
      Promise.reject(Object.assign(new Error(), { name: 'Key (name)=(secret) exists' })),
    'that never settles': () => new Promise(() => {}),
    'that returns what cannot be inspected': () =>
      new Proxy(
        {},
        {
          get() {
            throw new Error('secret');
          },
        },
      ),
  };
  for (const [what, method] of Object.entries(faults)) {
    it(`becomes unavailable in time, without unhandled errors: one ${what}`, async () => {
      const { storage, log } = behaving(method);
      const calls = Object.values(everyCall(storage, clock));
      const startedAt = Date.now();
      await Promise.all(calls.map((call) => expectUnavailable(call())));
      expect(Date.now() - startedAt).to.be.below(deadlines.call);
      expect(log.lines).to.have.length(what in mistakes ? calls.length : 1);
      expect(inspect(log.lines, { depth: null })).not.to.contain('secret');
    });
  }

  it('is unavailable if it returns an invalid result', async () => {
    let value: unknown;
    const { storage } = behaving(() => value);
    for (const [name, call] of Object.entries(everyCall(storage, clock))) {
      for (value of nonsense[name as keyof typeof nonsense] ?? []) {
        const refusal = await rejectionOf(call());
        expect({ name, value, refusal }).to.deep.equal({ name, value, refusal: 'storage_unavailable' });
      }
    }
  });

  it('may reject a change of tasks as the port says, by the code alone', async () => {
    const { storage } = behaving(() => Promise.reject(Object.assign(new Error(), { code: 'token_revoked' })));
    const error: unknown = await storage.tasks.remove(by, 1).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(DomainError).and.to.have.property('code', 'token_revoked');
  });

  it('may refuse only as the port says: the same code of a driver is no refusal', async () => {
    const refusals: Record<string, readonly string[]> = {};
    for (const code of storageRejections) {
      const { storage } = behaving(() => Promise.reject(Object.assign(new Error('secret'), { code })));
      for (const [name, call] of Object.entries(everyCall(storage, clock))) {
        const rejection = await rejectionOf(call());
        if (rejection === code) refusals[name] = [...(refusals[name] ?? []), code];
        else expect(rejection).to.equal('storage_unavailable');
      }
    }
    const ofEnded = ['token_revoked'];
    expect(refusals).to.deep.equal({
      'users.changePasswordHash': ofEnded,
      'users.deactivate': ['last_administrator'],
      'users.remove': ['last_administrator'],
      'users.removeOwn': ['token_revoked', 'last_administrator'],
      'sessions.list': ofEnded,
      'sessions.endOther': ofEnded,
      'sessions.endAll': ofEnded,
      'tasks.create': [
        'token_revoked',
        'task_limit_reached',
        'byte_limit_reached',
        'idempotency_key_reused',
        'idempotency_key_limit_reached',
      ],
      'tasks.find': ofEnded,
      'tasks.list': ofEnded,
      'tasks.select': ofEnded,
      'tasks.summary': ofEnded,
      'tasks.update': ['token_revoked', 'task_changed', 'byte_limit_reached'],
      'tasks.remove': ['token_revoked', 'task_changed'],
      'staff.remove': ['last_administrator'],
      'staff.authorise': ['token_revoked', 'not_staff'],
      'staff.act': ['token_revoked', 'not_staff', 'last_administrator'],
    });
  });

  it('is unavailable at once if it returns a list of billions of items', async () => {
    const billions = Object.assign([], { length: 2 ** 32 - 1 });
    const { storage } = behaving(() => aPageOf(billions));
    await expectUnavailable(storage.tasks.list(by, { after: 0, limit: 10 }));
    const { storage: other } = behaving(() => billions);
    await expectUnavailable(other.users.list({ after: 0, limit: 10 }));
    await expectUnavailable(other.sessions.list(by));
    await expectUnavailable(other.check());
  });

  it('has what its health check says cut to lines of five hundred characters', async () => {
    const { storage, log } = behaving(() => ({
      reasons: ['The disk\u001b[2J\nis full.'],
      warnings: ['w'.repeat(1e6)],
    }));
    const warning = `${'w'.repeat(500)}…`;
    expect(await storage.check()).to.deep.equal({
      reasons: ['The disk [2J is full.'],
      warnings: [warning],
    });
    expect(log.messages(warning)).to.have.length(1);
  });

  const outages: readonly (readonly [what: string, error: Error, reason: string])[] = [
    ['the code of the driver', lost(), 'Error 57P01'],
    ['the code of the cause', new Error('secret', { cause: lost() }), 'Error 57P01'],
    [
      'its own words and the code',
      new StorageUnavailable('no connection', { cause: lost() }),
      'no connection 57P01',
    ],
    ['the code once', new StorageUnavailable('57P01', { cause: lost() }), '57P01'],
    [
      'no words that quote',
      new StorageUnavailable('Key (name)=(secret) exists', { cause: lost() }),
      'StorageUnavailable 57P01',
    ],
    [
      'what another copy of our error class says',
      Object.assign(new Error('secret'), { code: 'storage_unavailable', reason: 'no connection' }),
      'no connection',
    ],
  ];
  for (const [what, error, reason] of outages) {
    it(`has its outage logged once, with the method that failed first and ${what}`, async () => {
      const { storage, log } = behaving(() => Promise.reject(error));
      await expectUnavailable(storage.tasks.summary(by));
      const others = Object.values(everyCall(storage, clock));
      await Promise.all(others.map((call) => expectUnavailable(call())));
      expect(log.lines).to.have.length(1);
      expect(log.lines[0]?.fields).to.have.property('reason', `tasks.summary: ${reason}`);
      expect(log.lines[0]?.message).to.equal(
        `The storage is unavailable (tasks.summary: ${reason}); requests that need it get 503. Is it running?`,
      );
      expect(inspect(log.lines, { depth: null })).not.to.contain('secret');
    });
  }

  it('has the end of an outage logged, and the next outage', async () => {
    let isLost = true;
    const { storage, log } = behaving(() => (isLost ? Promise.reject(lost()) : true));
    const call = () => storage.sessions.end(by).catch(() => undefined);
    await call();
    isLost = false;
    await call();
    await log.waitFor('The storage is available again.');
    await call();
    isLost = true;
    await call();
    expect(log.lines.map(({ message }) => message.split(' (')[0])).to.deep.equal([
      'The storage is unavailable',
      'The storage is available again.',
      'The storage is unavailable',
    ]);
  });

  it('has an outage that comes and goes logged as one', async () => {
    let isLost = true;
    const { storage, log } = behaving(() => (isLost ? Promise.reject(lost()) : true));
    for (let call = 0; call < 101; call++) {
      await storage.sessions.end(by).catch(() => undefined);
      isLost = !isLost;
    }
    expect(log.lines).to.have.length(1);
  });

  it('has an outage logged as over only by a call that was made after the last failure', async () => {
    const database = new EventEmitter();
    let response: () => unknown = async () => (await once(database, 'reply')).length > 0;
    const { storage, log } = behaving(() => response());
    const early = storage.sessions.end(by);
    response = () => Promise.reject(lost());
    await expectUnavailable(storage.sessions.end(by));
    database.emit('reply', 1);
    await early;
    const { storage: hanging } = behaving(() => new Promise(() => {}));
    await expectUnavailable(hanging.check()); // This takes as long as the end of an outage.
    expect(log.messages('available again')).to.deep.equal([]);
    response = () => true;
    await storage.sessions.end(by);
    await log.waitFor('available again');
  });

  it('has each warning of its health check logged when it is new', async () => {
    let warnings = ['It has no replica.'];
    const { storage, log } = behaving(() => ({ warnings }));
    await storage.check();
    await storage.check();
    warnings = ['It has no replica.', 'It has no backup.'];
    await storage.check();
    expect(log.lines.map(({ message }) => message)).to.deep.equal(warnings);
  });

  it('is logged once for each method with a mistake, until it has worked again', async () => {
    let response: unknown = 'nonsense';
    const { storage, log } = behaving(() => response);
    const fail = () => expectUnavailable(storage.sessions.end(by));
    await fail();
    await fail();
    response = true;
    await storage.sessions.end(by);
    response = 'nonsense';
    await fail();
    expect(log.lines).to.have.length(2);
    expect(log.lines[0]?.fields).to.have.property('reason', 'sessions.end: InvalidResult');
  });

  it('returns only the fields that a port names, in its order', async () => {
    const { storage } = behaving(() => ({
      owner: 7,
      status: 'pending',
      description: 'd',
      title: 't',
      id: 1,
    }));
    expect(JSON.stringify(await storage.tasks.find(by, 1))).to.equal(JSON.stringify(task));
  });

  describe('behind a server', () => {
    const stopped = stopAfterEach();
    const directory = mkdtempSync(join(tmpdir(), 'hexado-guarded-'));
    after(() => rmSync(directory, { recursive: true }));

    /** A storage in memory that does something else on demand. */
    const module = join(directory, 'storage.mjs');
    writeFileSync(
      module,
      `
      import { createStorage as create } from '${new URL('../../../src/adapters/in-memory/create-storage.js', import.meta.url).href}';
      const fault = {};
      export const become = (method) => { fault.method = method; };
      export async function createStorage(options) {
        become(undefined);
        const storage = await create(options);
        const faulty = (port) => new Proxy(port, {
          get: (target, name) => (...args) => fault.method ? fault.method() : target[name](...args),
        });
        const ports = ['users', 'sessions', 'tasks', 'rateLimiter', 'archive', 'staff'];
        const own = Object.fromEntries(ports.map((name) => [name, faulty(storage[name])]));
        return { ...faulty(storage), ...own, check: () => faulty(storage).check(), close: async () => {} };
      }`,
    );

    for (const [what, method] of Object.entries(faults)) {
      it(`makes every endpoint respond with 503 in time: one ${what}`, async () => {
        const { become } = (await import(module)) as { readonly become: (method?: () => unknown) => void };
        const server = stopped(await RunningServer.start({ STORAGE: module }));
        const signedIn = await server.registerAndSignIn();
        become(method);
        await expectUnavailableWithin(server, signedIn, deadlines.request);
        expect(server.log.filter(({ level }) => level === 'error')).to.deep.equal([]);
        become(undefined);
        expect((await server.call('GET', '/tasks/', undefined, signedIn.access)).status).to.equal(200);
      });
    }
  });
});
