import { expect } from 'chai';
import { createStorage } from '../../../src/adapters/in-memory/create-storage.js';
import { ExpiringMap } from '../../../src/adapters/in-memory/expiring-map.js';
import { InMemoryIdempotencyKeys } from '../../../src/adapters/in-memory/in-memory-idempotency-keys.js';
import { InMemorySessionRepository } from '../../../src/adapters/in-memory/in-memory-session-repository.js';
import { InMemoryTaskRepository } from '../../../src/adapters/in-memory/in-memory-task-repository.js';
import { StaffMembers } from '../../../src/adapters/in-memory/staff-members.js';
import { InMemoryUserRepository } from '../../../src/adapters/in-memory/in-memory-user-repository.js';
import type { Storage } from '../../../src/application/ports/storage.js';
import type { User } from '../../../src/domain/user.js';
import {
  aGenerationAt,
  aNewUser,
  aSessionOf,
  createTask,
  openSession,
  presented,
  refTo,
  signIn,
} from '../../../src/storage-contract/builders.js';
import { storageContract } from '../../../src/storage-contract/storage-contract.js';
import { RecordedLog } from '../../support/recorded-log.js';
import { rejectionOf } from '../../support/rejection.js';
import { SettableClock } from '../../../src/storage-contract/settable-clock.js';

describe('in-memory storage', () => {
  storageContract(createStorage);

  it('drops expired sessions', async () => {
    const clock = new SettableClock();
    const user: User = { id: 1, active: true, ...aNewUser() };
    const sessions = new InMemorySessionRepository(new Map([[user.id, user]]), clock.now);
    for (let id = 0; id < 100; id++) {
      await sessions.open(aSessionOf(user, clock, { id: `${id}` }), user.passwordHash, Infinity);
    }
    expect(sessions.size).to.equal(100);

    // The rotated half lasts longer.
    clock.advance(1800);
    for (let id = 0; id < 50; id++) {
      await sessions.rotate(refTo(user, `${id}`), {
        presented: presented('first'),
        next: aGenerationAt(clock, 'second'),
        grace: 0,
      });
    }
    clock.advance(1800);
    await sessions.open(aSessionOf(user, clock, { id: 'another' }), user.passwordHash, Infinity);
    expect(sessions.size).to.equal(51);

    clock.advance(3600);
    await sessions.open(aSessionOf(user, clock, { id: 'last' }), user.passwordHash, Infinity);
    expect(sessions.size).to.equal(1);
  });

  it('leaves no task of a removed user', async () => {
    const clock = new SettableClock();
    const accounts = new Map<number, User>();
    const sessions = new InMemorySessionRepository(accounts, clock.now);
    const tasks = new InMemoryTaskRepository(sessions, new InMemoryIdempotencyKeys(clock.now), clock.now);
    const users = new InMemoryUserRepository(accounts, sessions, tasks, new StaffMembers(), clock.now);
    const storage = { users, sessions, tasks } as unknown as Storage;
    const { user, ref } = await signIn(storage, clock);
    await createTask(storage, ref);
    await users.remove(user.id);
    // As if the same id were used again.
    accounts.set(user.id, user);
    await openSession(storage, aSessionOf(user, clock), user);
    expect(await tasks.list(ref, { after: 0, limit: 10 })).to.deep.equal({
      tasks: [],
      hasMore: false,
      total: 0,
      revision: 0,
    });
  });

  it('stops selecting tasks when the session ends', async () => {
    const clock = new SettableClock();
    const storage = await createStorage({ clock: clock.now, log: new RecordedLog() });
    const { ref } = await signIn(storage, clock);
    for (let i = 0; i < 1500; i++) await createTask(storage, ref);
    const order = { by: 'title', descending: false } as const;
    const selecting = rejectionOf(storage.tasks.select(ref, { order, offset: 0, limit: 1000, count: true }));
    await storage.sessions.end(ref);
    expect(await selecting).to.equal('token_revoked');
  });

  it('forgets idempotency keys after a day', async () => {
    const clock = new SettableClock();
    const requests = new InMemoryIdempotencyKeys(clock.now);
    const request = { key: 'key', fingerprint: 'fingerprint' };
    requests.add(1, request, 7);
    clock.advance(86_399);
    expect(requests.find(1, request)).to.equal(7);
    clock.advance(1);
    expect(requests.find(1, request)).to.equal(undefined);
    expect(requests.size).to.equal(0);
  });

  it('sweeps expired entries of its maps', () => {
    const clock = new SettableClock();
    const map = new ExpiringMap<number>(clock.now);
    for (let i = 0; i < 5000; i++) {
      map.set(`lasting ${i % 500}`, i, 3600);
      map.set(`passing ${i}`, i, 60);
      if (i % 10 === 0) clock.advance(1);
    }
    expect(map.size).to.be.lessThan(2200);
    expect(map.get('lasting 499')).to.equal(4999);
    expect(map.get('passing 4999')).to.equal(4999);
    expect(map.get('passing 0')).to.equal(undefined);
  });
});
