import { expect } from 'chai';
import { createStorage } from '../../src/adapters/in-memory/create-storage.js';
import { ExpiringMap } from '../../src/adapters/in-memory/expiring-map.js';
import { InMemoryRequests } from '../../src/adapters/in-memory/in-memory-requests.js';
import { InMemorySessionRepository } from '../../src/adapters/in-memory/in-memory-session-repository.js';
import type { User } from '../../src/domain/user.js';
import { aGenerationAt, aNewUser, aSessionOf, presented } from '../contracts/builders.js';
import { storageContract } from '../contracts/storage-contract.js';
import { SettableClock } from '../support/settable-clock.js';

describe('in-memory storage', () => {
  storageContract(createStorage);

  it('does not pile up sessions that expired', async () => {
    const clock = new SettableClock();
    const user: User = { id: 1, active: true, ...aNewUser() };
    const sessions = new InMemorySessionRepository(new Map([[user.id, user]]), clock.now);
    for (let id = 0; id < 100; id++) {
      await sessions.open(aSessionOf(user, clock, { id: `${id}` }), user.passwordHash);
    }
    expect(sessions.size).to.equal(100);

    // The half that is rotated lasts longer.
    clock.advance(1800);
    for (let id = 0; id < 50; id++) {
      await sessions.rotate(user.id, `${id}`, presented('first'), aGenerationAt(clock, 'second'), 0);
    }
    clock.advance(1800);
    await sessions.open(aSessionOf(user, clock, { id: 'another' }), user.passwordHash);
    expect(sessions.size).to.equal(51);

    clock.advance(3600);
    await sessions.open(aSessionOf(user, clock, { id: 'last' }), user.passwordHash);
    expect(sessions.size).to.equal(1);
  });

  it('forgets requests after a day', async () => {
    const clock = new SettableClock();
    const requests = new InMemoryRequests(clock.now);
    const request = { key: 'key', fingerprint: 'fingerprint' };
    requests.add(1, request, 7);
    clock.advance(86_399);
    expect(requests.find(1, request)).to.equal(7);
    clock.advance(1);
    expect(requests.find(1, request)).to.equal(undefined);
    expect(requests.size).to.equal(0);
  });

  it('does not pile up what expired', () => {
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
