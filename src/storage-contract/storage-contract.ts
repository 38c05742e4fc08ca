import assert from 'node:assert/strict';
import type { CreateStorage, Storage } from '../application/ports/storage.js';
import { withTimeout } from '../adapters/storage-module/with-timeout.js';
import { auditLogContract } from './audit-log-contract.js';
import { callersApartContract } from './callers-apart-contract.js';
import { archiveContract } from './archive-contract.js';
import { archiveRacesContract } from './archive-races-contract.js';
import { addUser, aSessionOf, createTask, openSession, refTo, signIn } from './builders.js';
import { heldToPromises } from './held-to-promises.js';
import { rateLimiterContract } from './rate-limiter-contract.js';
import { sessionAdoptionContract } from './session-adoption-contract.js';
import { sessionRepositoryContract } from './session-repository-contract.js';
import { rateLimiterValuesContract } from './rate-limiter-values-contract.js';
import { sessionRacesContract } from './session-races-contract.js';
import { sessionValuesContract } from './session-values-contract.js';
import { SettableClock } from './settable-clock.js';
import { staffActsContract } from './staff-acts-contract.js';
import { addAdministrator, aRecord, recordsOf } from './staff-builders.js';
import { staffRacesContract } from './staff-races-contract.js';
import { staffRepositoryContract } from './staff-repository-contract.js';
import type { Suite, TestRunner } from './suite.js';
import { taskRacesContract } from './task-races-contract.js';
import { taskRepositoryContract } from './task-repository-contract.js';
import { taskRevisionContract } from './task-revision-contract.js';
import { taskSelectionContract } from './task-selection-contract.js';
import { taskValuesContract } from './task-values-contract.js';
import { userRacesContract } from './user-races-contract.js';
import { userRepositoryContract } from './user-repository-contract.js';
import { userValuesContract } from './user-values-contract.js';

export type { TestRunner } from './suite.js';

export interface ContractOptions {
  /** The runner's `describe` and `it`; the global ones unless they are given. */
  readonly test?: TestRunner;
  /**
   * Is given each storage before its test. A storage with a pool of connections should open them all: while they are
   * being opened, calls that should race come one after the other.
   */
  readonly warmUp?: (storage: Storage) => Promise<unknown>;
  /** The tests that the storage is known to fail, by their full titles, and for each the reason. They are listed. */
  readonly skip?: Readonly<Record<string, string>>;
}

/** Milliseconds that a storage may take to be created. */
const creationTimeout = 30_000;

/** Milliseconds that a test may take. */
const testTimeout = 60_000;

/** Text for a person: it begins and ends as a sentence. */
const sentence = /^\S.*\.$/s;

const notCreated = () => new Error('createStorage has not resolved');
const ignored = () => undefined;
const silentLog = { debug: ignored, info: ignored, warn: ignored, error: ignored };

/**
 * Defines the tests of what every storage promises: the docstrings of its ports. `createStorage` must return an empty
 * storage each time; each is closed after its test. Refusals are recognised by their `code`.
 */
export function storageContract(createStorage: CreateStorage, options: ContractOptions = {}): void {
  const suite = suiteOf(createStorage, options);
  const { describe, it, open } = suite;

  it('reports in its health check that it works, and what should be changed, in sentences', async () => {
    const { storage } = await open();
    const { reasons, warnings } = await storage.check();
    assert.deepEqual(reasons, []);
    for (const warning of warnings) assert.match(warning, sentence);
  });

  it('inspects itself, if it can, and finds no problem', async () => {
    const { storage } = await open();
    const findings = (await storage.inspect?.()) ?? [];
    for (const { level, about, message } of findings) {
      assert.notEqual(level, 'problem', message);
      assert.match(about, /^\S+$/);
      assert.match(message, sentence);
    }
  });

  it('is empty at the start, whatever another one has held', async () => {
    const { storage: other, clock } = await open();
    const { ref } = await signIn(other, clock);
    await createTask(other, ref);
    const attempt = [
      'key',
      { attempts: 1, period: 60 },
      { limit: 'register', network: '192.0.2.1' },
    ] as const;
    for (let times = 0; times < 2; times++) await other.rateLimiter.consume(...attempt);
    await other.rateLimiter.trust('trusted', 60);
    await other.archive.begin({ id: 7, active: true, username: 'bob', passwordHash: 'hash', createdAt: 0 });
    await addAdministrator(other, clock);
    await other.staff.record(aRecord());

    const { storage } = await open();
    const page = { after: 0, limit: 10 };
    assert.deepEqual(await storage.users.list(page), []);
    assert.equal(await storage.users.findByName('alice'), undefined);
    assert.equal(await storage.archive.lastUserId(), 0);
    assert.deepEqual((await storage.archive.tasksOf(1, page)).tasks, []);
    assert.equal(await storage.sessions.find(ref), undefined);
    assert.deepEqual(await storage.tasks.summaryOf(1), { revision: 0, count: 0, bytes: 0 });
    assert.deepEqual((await storage.rateLimiter.listReached()).reached, []);
    assert.equal(await storage.rateLimiter.consume(...attempt), 0);
    assert.equal(await storage.rateLimiter.isTrusted('trusted'), false);
    assert.deepEqual(await storage.staff.list(), []);
    assert.deepEqual(await recordsOf(storage), []);
    assert.equal((await addUser(storage)).id, 1);
  });

  it('asks the given clock at each call, to the millisecond', async () => {
    const { storage, clock } = await open();
    clock.advance(-1000.5);
    const { user, ref } = await signIn(storage, clock);
    await createTask(storage, ref);
    assert.equal((await storage.tasks.summary(ref)).revision, Math.floor(clock.now() * 1000));
    clock.advance(4000);
    assert.equal(await storage.sessions.find(ref), undefined);
    await openSession(storage, aSessionOf(user, clock, { id: 'another' }), user);
    clock.advance(3599.25);
    const another = refTo(user, 'another');
    assert.notEqual(await storage.sessions.find(another), undefined);
    await createTask(storage, another);
    assert.equal((await storage.tasks.summary(another)).revision, Math.floor(clock.now() * 1000));
  });

  describe('users', () => {
    userRepositoryContract(suite);
    userValuesContract(suite);
    userRacesContract(suite);
  });
  describe('sessions', () => {
    sessionRepositoryContract(suite);
    sessionValuesContract(suite);
    sessionRacesContract(suite);
    describe('adopting', () => sessionAdoptionContract(suite));
  });
  describe('tasks', () => {
    taskRepositoryContract(suite);
    describe('selecting', () => taskSelectionContract(suite));
    taskRevisionContract(suite);
    taskValuesContract(suite);
    taskRacesContract(suite);
  });
  describe('calls at once', () => callersApartContract(suite));
  describe('attempts', () => {
    rateLimiterContract(suite);
    rateLimiterValuesContract(suite);
  });
  describe('export and import', () => {
    archiveContract(suite);
    archiveRacesContract(suite);
  });
  describe('staff', () => {
    staffRepositoryContract(suite);
    describe('acting', () => staffActsContract(suite));
    describe('the audit log', () => auditLogContract(suite));
    describe('calls at once', () => staffRacesContract(suite));
  });
}

function suiteOf(
  createStorage: CreateStorage,
  { test: runner = globalRunner(), warmUp, skip = {} }: ContractOptions,
): Suite {
  const opened: Storage[] = [];
  const unused = new Set(Object.keys(skip));
  let path: readonly string[] = [];

  const closeAll = async () => Promise.all(opened.splice(0).map((storage) => storage.close()));
  const run = async (test: () => Promise<void>) => {
    try {
      await test();
    } catch (error) {
      await closeAll().catch(ignored);
      throw error;
    }
    await closeAll();
  };
  const suite: Suite = {
    describe(title, define) {
      const inside = [...path, title];
      // Some runners call this at once, some only when they are through with the suite around it.
      runner.describe(title, () => {
        const around = path;
        path = inside;
        define();
        path = around;
      });
    },
    it(title, test) {
      const fullTitle = [...path, title].join(' ');
      const reason = skip[fullTitle];
      if (reason !== undefined) {
        unused.delete(fullTitle);
        runner.it.skip(`${title} (skipped: ${reason})`, test, testTimeout);
        return;
      }
      const defined = runner.it(title, () => run(test), testTimeout);
      setTimeoutOf(defined);
    },
    async open() {
      const clock = new SettableClock();
      const creating = createStorage({ clock: clock.now, log: silentLog });
      const storage = heldToPromises(await withTimeout(creating, creationTimeout, notCreated));
      opened.push(storage);
      await warmUp?.(storage);
      return { storage, clock };
    },
  };
  suite.it('skips only tests that exist', async () => {
    assert.deepEqual([...unused], [], 'no test has this title');
  });
  return suite;
}

/** mocha takes a test's timeout from the test that it returns, not as an argument. */
function setTimeoutOf(defined: unknown): void {
  const { timeout } = (defined ?? {}) as { timeout?: unknown };
  if (typeof timeout === 'function') Reflect.apply(timeout, defined, [testTimeout]);
}

function globalRunner(): TestRunner {
  const { describe, it } = globalThis as unknown as Partial<TestRunner>;
  if (!describe || !it) {
    throw new Error(
      'storageContract needs `describe` and `it`: pass those of your test runner as `{ test }`.',
    );
  }
  return { describe, it };
}
