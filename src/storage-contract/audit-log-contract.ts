import assert from 'node:assert/strict';
import { maxAuditRecords } from '../domain/audit.js';
import { addUser } from './builders.js';
import { concurrently, inPortions } from './concurrency.js';
import { addAdministrator, anActOn, aRecord, recordsOf, withoutId } from './staff-builders.js';
import type { Suite } from './suite.js';

/** What every StaffRepository promises of the audit log. */
export function auditLogContract({ it, open }: Suite): void {
  it('returns what staff and operators have done, the latest first, with ids that ascend from above 0', async () => {
    const { storage, clock } = await open();
    const { ref } = await addAdministrator(storage, clock);
    const bob = await addUser(storage, { username: 'bob' });
    assert.deepEqual(await recordsOf(storage), []);
    await storage.staff.record(aRecord({ act: 'first', userId: 99 }));
    await storage.staff.act(ref, anActOn(bob, 'deactivate'));
    await storage.staff.record(aRecord({ act: 'third' }));
    const [third, second, first, ...more] = await recordsOf(storage);
    assert.ok(third && second && first);
    assert.deepEqual([first, second, third, ...more].map(withoutId), [
      aRecord({ act: 'first', userId: 99 }),
      anActOn(bob, 'deactivate'),
      aRecord({ act: 'third' }),
    ]);
    assert.ok(0 < first.id && first.id < second.id && second.id < third.id);
  });

  it('is read page by page, each of which ends at its limit and begins below an id', async () => {
    const { storage } = await open();
    for (let at = 1; at <= 12; at++) await storage.staff.record(aRecord({ at }));
    const pages: number[][] = [];
    for (let before = Infinity; ;) {
      const page = await storage.staff.records({ before, limit: 5 });
      pages.push(page.map(({ at }) => at));
      before = page.at(-1)?.id ?? 0;
      if (page.length < 5) break;
    }
    assert.deepEqual(pages, [
      [12, 11, 10, 9, 8],
      [7, 6, 5, 4, 3],
      [2, 1],
    ]);
    const [latest] = await storage.staff.records({ before: Infinity, limit: 1 });
    assert.equal((await storage.staff.records({ before: latest?.id ?? 0, limit: 100 })).length, 11);
    assert.equal((await storage.staff.records({ before: (latest?.id ?? 0) + 1, limit: 100 })).length, 12);
    assert.equal((await storage.staff.records({ before: Number.MAX_SAFE_INTEGER, limit: 100 })).length, 12);
    assert.deepEqual(await storage.staff.records({ before: 1, limit: 100 }), []);
  });

  it('keeps texts to the last code point, and numbers of more than 32 bits', async () => {
    const { storage } = await open();
    const texts = [
      '\u{20bb7}'.repeat(150),
      ' \t\r\n\ufeff',
      `"\\'[]{},:%_*`,
      'e\u0301',
      'é',
      'null',
      '1',
      'ADA',
      'ada',
      '__proto__',
    ];
    const numbers = [0, -1, 2 ** 31, 2 ** 32 + 1, 2 ** 40, Number.MAX_SAFE_INTEGER];
    const records = texts.map((text, index) => {
      const number = numbers[index % numbers.length] ?? 0;
      const userId = Math.max(1, number);
      return aRecord({ at: number, actor: text, act: `${text}!`, userId, username: `.${text}` });
    });
    for (const record of records) await storage.staff.record(record);
    assert.deepEqual((await recordsOf(storage)).map(withoutId).toReversed(), records);
  });

  it('keeps the records of accounts that are gone, those of the actor too', async () => {
    const { storage, clock } = await open();
    const ada = await addAdministrator(storage, clock);
    const eve = await addAdministrator(storage, clock, 'eve');
    const bob = await addUser(storage, { username: 'bob' });
    await storage.staff.act(ada.ref, anActOn(bob, 'end_sessions'));
    await storage.users.remove(bob.id);
    await storage.staff.act(ada.ref, anActOn(eve.user, 'deactivate'));
    const before = await recordsOf(storage);
    await storage.staff.add(eve.user.id);
    await storage.users.activate(eve.user.id);
    await storage.staff.add(eve.user.id);
    await storage.users.remove(ada.user.id);
    await addUser(storage, { username: 'bob' });
    assert.deepEqual(await recordsOf(storage), before);
    assert.equal(before.length, 2);
  });

  it('keeps every one of records that are added at once, by acts too', async () => {
    const { storage, clock } = await open();
    const { ref } = await addAdministrator(storage, clock);
    const bob = await addUser(storage, { username: 'bob' });
    await concurrently<unknown>(60, (index) =>
      index % 2 === 0
        ? storage.staff.record(aRecord({ at: index }))
        : storage.staff.act(ref, { ...anActOn(bob, 'end_sessions'), at: index }),
    );
    const records = await recordsOf(storage);
    assert.equal(new Set(records.map(({ id }) => id)).size, 60);
    assert.deepEqual(
      records.map(({ at }) => at).toSorted((one, other) => one - other),
      Array.from({ length: 60 }, (_, index) => index),
    );
  });

  it('keeps the latest records, as many as it may, and as many as a page may have', async () => {
    const { storage } = await open();
    await storage.staff.record(aRecord({ at: -1 }));
    await inPortions(maxAuditRecords, (index) => storage.staff.record(aRecord({ at: index })));
    const ids: number[] = [];
    const times = new Set<number>();
    for (let before = Infinity; ;) {
      const page = await storage.staff.records({ before, limit: 1000 });
      for (const { id, at } of page) {
        ids.push(id);
        times.add(at);
      }
      if (page.length < 1000) break;
      before = page.at(-1)?.id ?? 0;
    }
    assert.equal(ids.length, maxAuditRecords);
    assert.equal(times.size, maxAuditRecords);
    assert.ok(!times.has(-1), 'the first record is still there');
    const oldest = ids.at(-1) ?? 0;
    await storage.staff.record(aRecord({ at: -2 }));
    const [latest] = await storage.staff.records({ before: Infinity, limit: 1 });
    assert.equal(latest?.at, -2);
    assert.ok(latest.id > (ids[0] ?? Infinity), 'an id is used twice');
    assert.deepEqual(await storage.staff.records({ before: oldest + 1, limit: 10 }), []);
  });
}
