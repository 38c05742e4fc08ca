import assert from 'node:assert/strict';
import {
  activeOf,
  aGenerationAt,
  aSessionOf,
  addUser,
  openSession,
  presented,
  refTo,
  rotation,
  signIn,
} from './builders.js';
import { inPortions } from './concurrency.js';
import type { Suite } from './suite.js';

const id = '0123456789abcdef0123456789abcdef';

/** What every SessionRepository promises of texts, numbers, times and long lists. */
export function sessionValuesContract({ describe, it, open }: Suite): void {
  describe('the fields of a session', () => {
    it('are kept as they are, whatever the storage’s own clock says', async () => {
      const { storage, clock } = await open();
      const user = await addUser(storage);
      const now = Math.floor(clock.now());
      const sessions = [
        { openedAt: now - 4, lastUsedAt: now - 4 },
        { openedAt: now - 100_000, lastUsedAt: now - 7 },
        { openedAt: now + 4, lastUsedAt: now + 4, address: '2001:db8:1234:5678::/64' },
        { current: { id, issuedAt: now + 3, expiresAt: 5e9 } },
      ].map((given, index) => aSessionOf(user, clock, { id: `${index}`, ...given }));
      for (const session of sessions) {
        await openSession(storage, session, user);
        assert.deepEqual(await storage.sessions.find(refTo(user, session.id)), session);
      }
      const inOrder = sessions.toSorted((one, other) => one.openedAt - other.openedAt);
      assert.deepEqual(await storage.sessions.list(refTo(user, '0')), inOrder);
    });

    it('last for a month, and until after 2038', async () => {
      const { storage, clock } = await open();
      const user = await addUser(storage);
      const month = aGenerationAt(clock, id, 30 * 86_400);
      await openSession(storage, aSessionOf(user, clock, { id: 'month', current: month }), user);
      await openSession(
        storage,
        aSessionOf(user, clock, { id: 'long', current: { ...month, expiresAt: 5e9 } }),
        user,
      );
      clock.advance(30 * 86_400 - 1);
      assert.deepEqual(await activeOf(storage, user, ['month', 'long']), ['month', 'long']);
      clock.advance(1);
      assert.deepEqual(await activeOf(storage, user, ['month', 'long']), ['long']);
    });

    it('have ids that are compared to the last letter, in their case', async () => {
      const { storage, clock } = await open();
      const { user } = await signIn(storage, clock, {
        id,
        current: { ...aGenerationAt(clock, id), issuedAt: 0 },
      });
      const others = [`${id.slice(0, -1)}0`, id.toUpperCase(), id.slice(0, -1), `${id}0`, ` ${id}`, ''];
      for (const other of others) {
        assert.equal(await storage.sessions.find(refTo(user, other)), undefined);
        assert.equal(await storage.sessions.end(refTo(user, other)), false);
      }
      for (const other of others) {
        const current = { ...aGenerationAt(clock, id), issuedAt: 0 };
        await openSession(storage, aSessionOf(user, clock, { id: 'another', current }), user);
        const next = aGenerationAt(clock, 'next');
        const request = { presented: presented(other), next, grace: 0 };
        assert.equal(await storage.sessions.rotate(refTo(user, 'another'), request), 'reused');
      }
      assert.deepEqual(await activeOf(storage, user, [id, 'another']), [id]);
    });
  });

  it('keeps the tokens that were rotated out, and the address, through a touch', async () => {
    const { storage, clock } = await open();
    const { ref } = await signIn(storage, clock, { address: '192.0.2.1' });
    clock.advance(1.125);
    const rotated = await storage.sessions.rotate(ref, rotation('first', aGenerationAt(clock, 'second')));
    assert.ok(typeof rotated === 'object' && rotated.rotatedOut?.length === 1);
    await storage.sessions.touch(ref, 2e9);
    assert.deepEqual(await storage.sessions.find(ref), { ...rotated, lastUsedAt: 2e9 });
  });

  it('touches and ends no session of another user', async () => {
    const { storage, clock } = await open();
    const { user, session } = await signIn(storage, clock);
    const { user: bob, session: bobs, ref } = await signIn(storage, clock, { id: 'bobs' }, 'bob');
    await storage.sessions.touch(refTo(bob, session.id), 2e9);
    assert.equal(await storage.sessions.endOther(ref, session.id), false);
    assert.equal(await storage.sessions.end(refTo(user, bobs.id)), false);
    assert.deepEqual(await storage.sessions.listOf(user.id), [session]);
    assert.deepEqual(await storage.sessions.listOf(bob.id), [bobs]);
  });

  it('keeps a session that lasts a second when another one is opened, touched or rotated', async () => {
    const { storage, clock } = await open();
    const { user } = await signIn(storage, clock, { id: 'short', current: aGenerationAt(clock, 'first', 1) });
    const other = aSessionOf(user, clock, { id: 'other' });
    await openSession(storage, other, user);
    await storage.sessions.touch(refTo(user, 'other'), clock.now() + 1);
    await storage.sessions.rotate(refTo(user, 'other'), rotation('first', aGenerationAt(clock, 'second')));
    assert.deepEqual(await activeOf(storage, user, ['short', 'other']), ['short', 'other']);
  });

  it('lists and ends more than a hundred sessions', async () => {
    const { storage, clock } = await open();
    const user = await addUser(storage);
    const ids = Array.from({ length: 250 }, (_, index) => `${index}`);
    await inPortions(250, (index) => openSession(storage, aSessionOf(user, clock, { id: `${index}` }), user));
    assert.equal((await storage.sessions.list(refTo(user, '7'))).length, 250);
    assert.equal((await storage.sessions.listOf(user.id)).length, 250);
    await storage.sessions.endAll(refTo(user, '7'));
    assert.deepEqual(await activeOf(storage, user, ids), []);
    await inPortions(250, (index) => openSession(storage, aSessionOf(user, clock, { id: `${index}` }), user));
    assert.equal(await storage.sessions.endAllOf(user.id), 250);
    assert.deepEqual(await activeOf(storage, user, ids), []);
    await inPortions(250, (index) => openSession(storage, aSessionOf(user, clock, { id: `${index}` }), user));
    const last = aSessionOf(user, clock, { id: 'last' });
    assert.equal(await storage.sessions.open(last, user.passwordHash, 1), 250);
    assert.deepEqual(await storage.sessions.listOf(user.id), [last]);
  });
}
