import { expect } from 'chai';
import type { CreateStorage, Storage } from '../../src/application/ports/storage.js';
import { RecordedLog } from '../support/recorded-log.js';
import { SettableClock } from '../support/settable-clock.js';
import { archiveContract } from './archive-contract.js';
import type { OpenStorage } from './open-storage.js';
import { sessionRepositoryContract } from './session-repository-contract.js';
import { taskRepositoryContract } from './task-repository-contract.js';
import { taskRevisionContract } from './task-revision-contract.js';
import { taskSelectionContract } from './task-selection-contract.js';
import { rateLimiterContract } from './rate-limiter-contract.js';
import { userRepositoryContract } from './user-repository-contract.js';

/** What every storage promises: the docstrings of the ports, as tests. `createStorage` returns an empty one each time. */
export function storageContract(createStorage: CreateStorage): void {
  const opened: Storage[] = [];

  const open: OpenStorage = async () => {
    const clock = new SettableClock();
    const storage = await createStorage({ clock: clock.now, log: new RecordedLog() });
    opened.push(storage);
    return { storage, clock };
  };

  afterEach(async () => {
    await Promise.all(opened.splice(0).map((storage) => storage.close()));
  });

  it('reports in its health check that it works', async () => {
    const { storage } = await open();
    await storage.check();
  });

  it('inspects itself, if it can, and finds no problem', async () => {
    const { storage } = await open();
    const findings = (await storage.inspect?.()) ?? [];
    for (const { level, message } of findings) {
      expect(level).to.be.oneOf(['ok', 'warning']);
      expect(message).to.match(/^\S.*\.$/);
    }
  });

  it('is empty at the start', async () => {
    const { storage } = await open();
    expect(await storage.users.list({ after: 0, limit: 10 })).to.deep.equal([]);
  });

  describe('users', () => userRepositoryContract(open));
  describe('sessions', () => sessionRepositoryContract(open));
  describe('tasks', () => {
    taskRepositoryContract(open);
    describe('selecting', () => taskSelectionContract(open));
    taskRevisionContract(open);
  });
  describe('attempts', () => rateLimiterContract(open));
  describe('export and import', () => archiveContract(open));
}
