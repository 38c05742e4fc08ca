import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import type { Storage } from '../application/ports/storage.js';
import { staffActs } from '../domain/staff.js';
import type { User } from '../domain/user.js';
import { addUser, aNewUser, aSessionOf, openSession, refTo } from './builders.js';
import { concurrently, race } from './concurrency.js';
import { outcomeOf } from './rejection.js';
import { addAdministrator, anActOn, recordsOf, takers, type Administrator } from './staff-builders.js';
import type { Suite } from './suite.js';

const rounds = 20;

/** What every StaffRepository promises of concurrent calls. */
export function staffRacesContract({ describe, it, open }: Suite): void {
  describe('of the last two', () => {
    for (const [name, take] of Object.entries(takers)) {
      it(`one stays if both lose the right at once by ${name}, and the other call hears of it`, async () => {
        const { storage, clock } = await open();
        for (let round = 0; round < rounds; round++) {
          const [ada, bob] = [
            await addAdministrator(storage, clock, `ada${round}`),
            await addAdministrator(storage, clock, `bob${round}`),
          ];
          await leaveOnly(storage, [ada.user.id, bob.user.id]);
          const outcomes: unknown[] = [];
          // Crosswise: acts are those of the other one.
          await race(round, [
            async () => (outcomes[0] = await outcomeOf(take(storage, bob.user, ada.ref))),
            async () => (outcomes[1] = await outcomeOf(take(storage, ada.user, bob.ref))),
          ]);
          const isAda = outcomes[0] === true;
          assert.deepEqual(outcomes, isAda ? [true, 'last_administrator'] : ['last_administrator', true]);
          const left = isAda ? ada : bob;
          assert.deepEqual(await storage.staff.list(), [left.user.id]);
          assert.deepEqual(await storage.users.find(left.user.id), left.user);
          assert.equal((await storage.staff.authorise(left.ref)).userId, left.user.id);
        }
      });
    }
  });

  it('leaves one of many who lose the right at once, in any way', async () => {
    const { storage, clock } = await open();
    const ways = Object.entries(takers).filter(([name]) => !name.startsWith('staff.act'));
    for (let round = 0; round < 5; round++) {
      const all: Administrator[] = [];
      for (let index = 0; index < 8; index++) {
        all.push(await addAdministrator(storage, clock, `user${round}-${index}`));
      }
      await leaveOnly(
        storage,
        all.map(({ user }) => user.id),
      );
      const outcomes = await concurrently(all.length, (index) => {
        const { user, ref } = all[index]!;
        const [, take] = ways[(index + round) % ways.length]!;
        return outcomeOf(take(storage, user, ref));
      });
      const staying = all.filter((_, index) => outcomes[index] !== true);
      assert.equal(staying.length, 1, outcomes.join());
      assert.ok(outcomes.includes('last_administrator'));
      assert.deepEqual(await storage.staff.list(), [staying[0]?.user.id]);
      assert.equal((await storage.users.find(staying[0]?.user.id ?? 0))?.active, true);
    }
  });

  describe('adding', () => {
    for (const [name, take] of Object.entries(takers)) {
      it(`and ${name} of the same user never leave or show somebody who is staff without an active account`, async () => {
        const { storage, clock } = await open();
        const root = await addAdministrator(storage, clock, 'root');
        for (let round = 0; round < rounds; round++) {
          const username = `user${round}`;
          const { user } = await addAdministrator(storage, clock, username);
          // In a third of the rounds they are staff already.
          if (Math.floor(round / 2) % 3 !== 0) await storage.staff.remove(user.id);
          const outcomes: { added?: unknown; taken?: unknown } = {};
          await showingActiveStaff(storage, user.id, () =>
            race(round, [
              async () => (outcomes.added = await storage.staff.add(user.id)),
              async () => (outcomes.taken = await take(storage, user, root.ref)),
            ]),
          );
          const ids = await storage.staff.list();
          const found = await storage.users.find(user.id);
          if (name === 'staff.remove') {
            assert.equal(outcomes.added, true);
            // Whoever was not staff yet became so later.
            if (outcomes.taken === false) assert.ok(ids.includes(user.id));
          } else {
            assert.equal(outcomes.taken, true);
            assert.ok(!found?.active);
            assert.deepEqual(ids, [root.user.id]);
          }
          await storage.users.remove(user.id);
        }
      });
    }

    it('by several at once makes the user staff for all of them', async () => {
      const { storage } = await open();
      for (let round = 0; round < 5; round++) {
        const { id } = await addUser(storage, { username: `user${round}` });
        assert.deepEqual(await concurrently(5, () => storage.staff.add(id)), [true, true, true, true, true]);
        assert.ok((await storage.staff.list()).includes(id));
      }
    });

    it('by several at once, of a user who is removed, leaves nobody who is staff', async () => {
      const { storage } = await open();
      const root = await addUser(storage, { username: 'root' });
      await storage.staff.add(root.id);
      for (let round = 0; round < rounds; round++) {
        const { id } = await addUser(storage, { username: `user${round}` });
        const add = () => storage.staff.add(id);
        const end = () => (round % 4 < 2 ? storage.users.remove(id) : storage.users.deactivate(id));
        await showingActiveStaff(storage, id, () =>
          race(round, [() => Promise.all([add(), add(), end()]), () => Promise.all([add(), add()])]),
        );
        assert.deepEqual(await storage.staff.list(), [root.id]);
      }
    });

    it('of another one lets the last one go, or comes too late for that', async () => {
      const { storage, clock } = await open();
      const ways = Object.values(takers);
      for (let round = 0; round < rounds; round++) {
        const [ada, bob] = [
          await addAdministrator(storage, clock, `ada${round}`),
          await addAdministrator(storage, clock, `bob${round}`),
        ];
        await leaveOnly(storage, [ada.user.id]);
        let outcome: unknown;
        await race(round, [
          () => storage.staff.add(bob.user.id),
          async () => (outcome = await outcomeOf(ways[round % ways.length]!(storage, ada.user, ada.ref))),
        ]);
        const expected = outcome === true ? [bob.user.id] : [ada.user.id, bob.user.id];
        assert.deepEqual(await storage.staff.list(), expected);
        if (outcome !== true) assert.equal(outcome, 'last_administrator');
      }
    });
  });

  describe('an act', () => {
    it('is seen no earlier than its record', async () => {
      const { storage, clock } = await open();
      const { ref } = await addAdministrator(storage, clock);
      for (const act of staffActs.filter((each) => each !== 'activate')) {
        const bob = await addUser(storage, { username: act });
        await openSession(storage, aSessionOf(bob, clock, { id: act }), bob);
        await whenever(() => storage.staff.act(ref, anActOn(bob, act)), {
          seen: async () => (await storage.sessions.find(refTo(bob, act))) === undefined,
          alreadyThere: async () => (await recordsOf(storage)).some(({ userId }) => userId === bob.id),
        });
      }
    });

    it('deletes a user for one of many who do it at once', async () => {
      const { storage, clock } = await open();
      const { ref } = await addAdministrator(storage, clock);
      const bob = await addUser(storage, { username: 'bob' });
      const done = await concurrently(20, () => storage.staff.act(ref, anActOn(bob, 'delete')));
      assert.equal(done.filter(Boolean).length, 1);
      assert.ok((await recordsOf(storage)).length >= 1);
    });

    const ends: Record<string, [refusal: string, (storage: Storage, user: User) => Promise<unknown>]> = {
      'loses the right': ['not_staff', ({ staff }, { id }) => staff.remove(id)],
      'signs out': ['token_revoked', ({ sessions }, { id }) => sessions.endAllOf(id)],
      'is deactivated': ['token_revoked', ({ users }, { id }) => users.deactivate(id)],
    };
    for (const [what, [refusal, end]] of Object.entries(ends)) {
      it(`of somebody who ${what} is done with its record, or neither`, async () => {
        const { storage, clock } = await open();
        await addAdministrator(storage, clock);
        for (let round = 0; round < rounds; round++) {
          const { user, ref } = await addAdministrator(storage, clock, `user${round}`);
          const subject = await addUser(storage, { username: `subject${round}` });
          let outcome: unknown;
          await race(round, [
            async () => (outcome = await outcomeOf(storage.staff.act(ref, anActOn(subject, 'deactivate')))),
            () => end(storage, user),
          ]);
          const isDone = outcome === true;
          // A deactivation ends the right before the session.
          if (!isDone)
            assert.ok(outcome === refusal || (what === 'is deactivated' && outcome === 'not_staff'));
          assert.equal((await storage.users.find(subject.id))?.active, !isDone);
          const records = await recordsOf(storage);
          assert.equal(records.filter(({ userId }) => userId === subject.id).length, isDone ? 1 : 0);
          assert.equal(await outcomeOf(storage.staff.act(ref, anActOn(subject, 'activate'))), refusal);
        }
      });
    }
  });

  describe('an import', () => {
    it('makes nobody staff before they are found', async () => {
      const { storage } = await open();
      const bob: User = { id: 7, active: true, ...aNewUser({ username: 'bob' }) };
      await storage.archive.reserveUserIds(7);
      await storage.archive.begin(bob);
      await whenever(() => storage.archive.finish({ ...bob, isStaff: true }, 0), {
        seen: async () => (await storage.staff.list()).length > 0,
        alreadyThere: async () =>
          (await storage.users.findByName('bob')) !== undefined &&
          (await storage.users.list({ after: 0, limit: 10 })).length === 1,
      });
      assert.deepEqual(await storage.staff.list(), [7]);
    });

    it('whose name is registered at the same time makes them staff, or nobody', async () => {
      const { storage } = await open();
      await storage.archive.reserveUserIds(1000);
      for (let round = 0; round < rounds; round++) {
        const bob: User = { id: round + 1, active: true, ...aNewUser({ username: `bob${round}` }) };
        await storage.archive.begin(bob);
        let isImported = false;
        await race(round, [
          async () => (isImported = await storage.archive.finish({ ...bob, isStaff: true }, 0)),
          () => storage.users.add(aNewUser({ username: bob.username })),
        ]);
        assert.equal((await storage.staff.list()).includes(bob.id), isImported);
      }
    });
  });
}

/** Takes the right away from everybody but these. */
async function leaveOnly({ staff }: Storage, ids: readonly number[]): Promise<void> {
  for (const id of await staff.list()) if (!ids.includes(id)) await staff.remove(id);
}

/** Does the work, and expects all the while that the user has an active account whenever they are on the list of staff. */
async function showingActiveStaff(storage: Storage, id: number, work: () => Promise<unknown>): Promise<void> {
  const isListed = async () => (await storage.staff.list()).includes(id);
  await whileWorking(work, async () => {
    if (!(await isListed())) return;
    const user = await storage.users.find(id);
    if (await isListed())
      assert.ok(user?.active, `an account is ${user ? 'inactive' : 'gone'} and still staff`);
  });
}

/** Does the work, and expects that whenever something is seen, something else is there already. */
async function whenever(
  work: () => Promise<unknown>,
  { seen, alreadyThere }: Readonly<Record<'seen' | 'alreadyThere', () => Promise<boolean>>>,
): Promise<void> {
  await whileWorking(work, async () => {
    if (await seen()) assert.ok(await alreadyThere(), 'it came too early');
  });
  assert.ok(await seen());
}

async function whileWorking(work: () => Promise<unknown>, look: () => Promise<void>): Promise<void> {
  const state = { isOver: false };
  const working = work().finally(() => (state.isOver = true));
  // It is awaited below. If it rejects before that, this is no unhandled rejection.
  working.catch(() => undefined);
  while (!state.isOver) {
    await look();
    await setImmediate();
  }
  await working;
  await look();
}
