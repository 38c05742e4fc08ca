import { expect } from 'chai';
import { Redis } from 'ioredis';
import { RedisConnection } from '../../../src/adapters/redis/connection/redis-connection.js';
import { Keys } from '../../../src/adapters/redis/keys.js';
import { RedisArchive } from '../../../src/adapters/redis/redis-archive.js';
import { RedisUserRepository } from '../../../src/adapters/redis/redis-user-repository.js';
import { StaffMembers } from '../../../src/adapters/redis/staff-members.js';
import * as staffScripts from '../../../src/adapters/redis/staff-scripts.js';
import type { Storage } from '../../../src/application/ports/storage.js';
import type { User } from '../../../src/domain/user.js';
import { addUser, aNewUser } from '../../../src/storage-contract/builders.js';
import { SettableClock } from '../../../src/storage-contract/settable-clock.js';
import {
  addAdministrator,
  anActOn,
  aRecord,
  recordsOf,
} from '../../../src/storage-contract/staff-builders.js';
import { RecordedLog } from '../../support/recorded-log.js';
import { RedisServer } from '../../support/redis-server.js';
import { openRedisStorage, settingsFor } from '../../support/redis-storage.js';
import { rejectionOf } from '../../support/rejection.js';

/** Thrown in the place of a step of a process that has crashed. */
class Crash extends Error {}

const keys = new Keys('test:');

describe('staff in Redis', () => {
  const clock = new SettableClock();
  let server: RedisServer;
  let redis: Redis;
  let storage: Storage;
  let connection: RedisConnection;

  before(async () => {
    server = await RedisServer.start();
    redis = new Redis(server.port);
    storage = await openRedisStorage(server, { clock: clock.now, log: new RecordedLog() });
    connection = await RedisConnection.open(settingsFor(server), new RecordedLog());
  });
  after(async () => {
    await Promise.all([storage.close(), connection.close(), redis.quit()]);
    await server.stop();
  });
  beforeEach(async () => {
    await redis.flushall();
    await redis.set(keys.layout, 1);
  });

  /** The parts of a storage whose process crashes after so many commands. */
  function crashing(steps: number) {
    let left = steps;
    const dying = new Proxy(connection, {
      get(target, name) {
        if (name !== 'send' && name !== 'run') return Reflect.get(target, name) as unknown;
        return (...args: never[]) => {
          if (--left < 0) throw new Crash();
          return Reflect.apply(Reflect.get(target, name), target, args) as unknown;
        };
      },
    });
    const members = new StaffMembers(dying, keys);
    const users = new RedisUserRepository(dying, keys, members, clock.now);
    return { members, users, archive: new RedisArchive(dying, keys, clock.now, users, members) };
  }

  /** Makes the call with a process that crashes after 0, 1, 2, … commands, until one is through, and looks each time. */
  async function crashingAtEachStep(
    prepare: () => Promise<number>,
    call: (parts: ReturnType<typeof crashing>, id: number) => Promise<unknown>,
    look: (id: number) => Promise<void>,
  ): Promise<number> {
    for (let steps = 0; ; steps++) {
      const id = await prepare();
      const crash: unknown = await call(crashing(steps), id).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (crash === undefined) return steps;
      expect(crash).to.be.instanceOf(Crash);
      await look(id);
    }
  }

  let names = 0;
  const newUser = async () => (await addUser(storage, { username: `user${++names}` })).id;
  const newStaff = async () => {
    const id = await newUser();
    await storage.staff.add(id);
    return id;
  };
  const isStaff = async (id: number) => (await storage.staff.list()).includes(id);

  /** Expects that nobody is staff whose account is not active, and that somebody is. */
  async function expectActiveStaff(): Promise<void> {
    const ids = await storage.staff.list();
    expect(ids).not.to.deep.equal([]);
    for (const id of ids) expect(await storage.users.find(id), `user ${id}`).to.include({ active: true });
  }

  it('leaves somebody who is no staff after a crash in a promotion, whom the next one makes staff', async () => {
    await newStaff();
    const steps = await crashingAtEachStep(
      newUser,
      ({ members }, id) => members.add(id),
      async (id) => {
        expect(await isStaff(id)).to.equal(false);
        expect(await storage.staff.remove(id)).to.equal(false);
        expect(await storage.staff.add(id)).to.equal(true);
        expect(await isStaff(id)).to.equal(true);
        await storage.staff.remove(id);
      },
    );
    expect(steps).to.equal(3);
  });

  const ends: Record<string, (parts: Pick<Storage, 'users'>, id: number) => Promise<boolean>> = {
    deactivated: ({ users }, id) => users.deactivate(id),
    removed: ({ users }, id) => users.remove(id),
  };
  for (const [what, end] of Object.entries(ends)) {
    it(`counts nobody who was about to be promoted in a crash, and is ${what} since`, async () => {
      await newStaff();
      await crashingAtEachStep(
        newUser,
        ({ members }, id) => members.add(id),
        async (id) => {
          expect(await end(storage, id)).to.equal(true);
          await storage.users.activate(id);
          expect(await isStaff(id)).to.equal(false);
          await expectActiveStaff();
        },
      );
    });

    it(`takes the right first from whoever is ${what}, whatever crashes, and the next call does the rest`, async () => {
      await newStaff();
      const steps = await crashingAtEachStep(
        newStaff,
        ({ users }, id) => end({ users }, id),
        async (id) => {
          await expectActiveStaff();
          const user = await storage.users.find(id);
          if (await isStaff(id)) expect(user).to.include({ active: true });
          await end(storage, id);
          expect(await isStaff(id)).to.equal(false);
          expect((await storage.users.find(id))?.active ?? false).to.equal(false);
        },
      );
      expect(steps).to.be.within(3, 9);
    });
  }

  it('lets an import go on where it was cut off, and shows nobody as staff whom nobody can find', async () => {
    await newStaff();
    const of = new Map<number, User>();
    const steps = await crashingAtEachStep(
      async () => {
        const id = ++names + 1000;
        const user = { id, active: true, ...aNewUser({ username: `imported${id}` }) };
        of.set(id, user);
        await storage.archive.reserveUserIds(user.id);
        await storage.archive.begin(user);
        await storage.archive.addTasks(user.id, [{ id: 1, title: 't', description: 'd', status: 'pending' }]);
        return user.id;
      },
      ({ archive }, id) => archive.finish({ ...of.get(id)!, isStaff: true }, 1),
      async (id) => {
        const user = of.get(id)!;
        if (await isStaff(id)) expect(await storage.users.findByName(user.username)).to.deep.equal(user);
        await expectActiveStaff();
        const begun = await storage.archive.begin({ ...user, isStaff: true });
        if (begun === 'begun') await storage.archive.finish({ ...user, isStaff: true }, 1);
        else expect(begun).to.equal('present');
        expect(await storage.users.findByName(user.username)).to.deep.equal(user);
        expect(await isStaff(id)).to.equal(true);
        await storage.users.remove(id);
        expect(await isStaff(id)).to.equal(false);
      },
    );
    expect(steps).to.equal(5);
  });

  it('lets no import make staff of a present user who is none in it, after a crash in a promotion', async () => {
    await newStaff();
    await crashingAtEachStep(
      newUser,
      ({ members }, id) => members.add(id),
      async (id) => {
        expect(await storage.archive.begin((await storage.users.find(id))!)).to.equal('present');
        expect(await isStaff(id)).to.equal(false);
      },
    );
  });

  it('does not make staff of a present user whom no import was about to promote', async () => {
    const user = await addUser(storage, { username: 'bob' });
    await newStaff();
    expect(await storage.archive.begin({ ...user, isStaff: true })).to.equal('present');
    await storage.staff.add(user.id);
    await storage.staff.remove(user.id);
    expect(await storage.archive.begin({ ...user, isStaff: true })).to.equal('present');
    expect(await isStaff(user.id)).to.equal(false);
  });

  it('does not count on a mark that is sent again after another one', async () => {
    const id = await newStaff();
    await newStaff();
    const { account } = keys.ofUser(id);
    const operation = keys.operation(id, 'an id');
    const first = { account, operation, mark: 'first' };
    await staffScripts.markAccount(connection, first);
    await staffScripts.markAccount(connection, {
      account,
      operation: keys.operation(id, 'other'),
      mark: 'second',
    });
    expect(await staffScripts.markAccount(connection, first)).to.equal(1);
    expect(await redis.hget(account, 'staff')).to.equal('second');
  });

  it('lets staff deactivate and delete while the memory is full, and nothing that adds data', async () => {
    const { ref } = await addAdministrator(storage, clock);
    const [bob, eve] = [
      await addUser(storage, { username: 'bob' }),
      await addUser(storage, { username: 'eve' }),
    ];
    await redis.config('SET', 'maxmemory', '1mb');
    try {
      expect(await storage.staff.act(ref, anActOn(bob, 'deactivate'))).to.equal(true);
      expect(await storage.staff.act(ref, anActOn(eve, 'delete'))).to.equal(true);
      expect(await rejectionOf(storage.staff.act(ref, anActOn(bob, 'activate')))).to.equal(
        'storage_unavailable',
      );
      expect(await rejectionOf(storage.staff.add(bob.id))).to.equal('storage_unavailable');
    } finally {
      await redis.config('SET', 'maxmemory', '0');
    }
    expect(await storage.users.find(bob.id)).to.include({ active: false });
    expect((await recordsOf(storage)).map(({ act }) => act)).to.deep.equal(['delete', 'deactivate']);
  });

  describe('that cannot be read', () => {
    const unreadableRecords = [
      '',
      'garbage',
      '1',
      '1 ',
      '1 garbage',
      '1 {}',
      '1 null',
      '1 []',
      '1 [0.5,"staff","a","delete",1,"b"]',
      '1 [0,"nobody","a","delete",1,"b"]',
      '1 [0,"staff",7,"delete",1,"b"]',
      '1 [0,"staff","a",null,1,"b"]',
      '1 [0,"staff","a","delete","1","b"]',
      '1 [0,"staff","a","delete",1]',
    ];
    for (const text of unreadableRecords) {
      it(`is told of a record ${JSON.stringify(text)}, which stays as it is`, async () => {
        await redis.zadd(keys.audit, 1, text);
        const error: unknown = await recordsOf(storage).catch((reason: unknown) => reason);
        expect(error).to.include({ name: 'UnreadableData', key: keys.audit });
        await storage.staff.record(aRecord());
        expect(await redis.zrange(keys.audit, 0, '0')).to.deep.equal([text]);
        const [latest] = await storage.staff.records({ before: Infinity, limit: 1 });
        expect(latest).to.deep.equal({ id: 2, ...aRecord() });
      });
    }

    const calls: Record<string, (id: number) => Promise<unknown>> = {
      'staff.add': (id) => storage.staff.add(id),
      'staff.remove': (id) => storage.staff.remove(id),
      'staff.list': () => storage.staff.list(),
      'users.deactivate': (id) => storage.users.deactivate(id),
      'users.remove': (id) => storage.users.remove(id),
    };
    for (const [name, call] of Object.entries(calls)) {
      it(`is told by ${name}, where the key of staff is of another type, and nothing is changed`, async () => {
        const id = await newStaff();
        await redis.set(keys.staff, 'x');
        const before = await redis.hgetall(keys.ofUser(id).account);
        const error: unknown = await call(id).catch((reason: unknown) => reason);
        expect(error).to.have.property('name', 'UnreadableData');
        expect(error).to.have.property('key').that.includes(keys.staff);
        expect(await redis.get(keys.staff)).to.equal('x');
        expect(await redis.hget(keys.ofUser(id).account, 'active')).to.equal(before['active']);
      });
    }

    it('is told by the list, where somebody who is staff has no id', async () => {
      await redis.hset(keys.staff, 'x', 'mark');
      const error: unknown = await storage.staff.list().catch((reason: unknown) => reason);
      expect(error).to.include({ name: 'UnreadableData', key: keys.staff });
    });

    it('is told by an act, where the audit log is of another type, and the right and the account stay', async () => {
      const { ref } = await addAdministrator(storage, clock);
      const bob = await addAdministrator(storage, clock, 'bob');
      await redis.set(keys.audit, 'x');
      for (const act of ['activate', 'deactivate', 'end_sessions', 'delete'] as const) {
        const error: unknown = await storage.staff
          .act(ref, anActOn(bob.user, act))
          .catch((reason: unknown) => reason);
        expect(error, act).to.have.property('key').that.includes(keys.audit);
      }
      for (const call of [storage.staff.record(aRecord()), recordsOf(storage)]) {
        expect(await call.catch((reason: unknown) => reason)).to.have.property('name', 'UnreadableData');
      }
      expect(await redis.get(keys.audit)).to.equal('x');
      expect(await storage.staff.authorise(bob.ref)).to.include({ userId: bob.user.id });
    });
  });
});
