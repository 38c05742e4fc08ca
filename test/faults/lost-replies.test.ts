import { expect } from 'chai';
import { Redis } from 'ioredis';
import { StorageUnavailable, type Storage } from '../../src/application/ports/storage.js';
import type { Task } from '../../src/domain/task.js';
import {
  aDraft,
  aGenerationAt,
  aSessionOf,
  addUser,
  createTask,
  openSession,
  presented,
  refTo,
  signIn,
  updateTask,
} from '../../src/storage-contract/builders.js';
import { addAdministrator, anActOn, aRecord, recordsOf } from '../../src/storage-contract/staff-builders.js';
import { expectResponse, taskNotFound, tokenBlacklisted, unavailable } from '../support/responses.js';
import type { WireResponse } from '../support/http-client.js';
import { claimsOf } from '../support/json-web-token.js';
import { RecordedLog } from '../support/recorded-log.js';
import { RedisServer } from '../support/redis-server.js';
import { openRedisStorage } from '../support/redis-storage.js';
import { RunningServer, type SignedIn } from '../support/running-server.js';
import { SettableClock } from '../../src/storage-contract/settable-clock.js';
import { stopAfterEach } from '../support/stop-after-each.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { waitForStorage } from '../support/wait-for-storage.js';
import { waitFor } from '../support/wait-for.js';

/** Milliseconds within which a request gets a response. */
const deadline = 1_500;

/** A script that writes: those that read name the commands. */
const write = /evalsha(?![^]*(?:HGET|ZRANGEBYSCORE))/i;

const all = { after: 0, limit: 10 };
const milk = { title: 'Milk', description: 'Two litres' };

describe('a write that took place but whose reply from Redis was lost', () => {
  const stopped = stopAfterEach();
  let proxy: TcpProxy;
  let server: RunningServer;
  let user: SignedIn;
  /** Keeps the reply to the next write away. */
  let lose: () => { readonly lost: Promise<unknown>; readonly restore: () => void };

  const losses: Record<string, typeof lose> = {
    'because the connection broke': () => ({
      lost: proxy.loseReplyTo(write),
      restore: () => undefined,
    }),
    'in time': () => {
      proxy.holdUp('replies');
      return { lost: Promise.resolve(), restore: () => proxy.release() };
    },
  };

  const call = (method: string, path: string, body?: object) => server.call(method, path, body, user.access);
  const create = (access = user.access) =>
    server.send({
      method: 'POST',
      path: '/tasks/create/',
      headers: {
        Authorization: `Bearer ${access}`,
        'Content-Type': 'application/json',
        'Idempotency-Key': 'milk-3',
      },
      body: JSON.stringify(milk),
    });
  const update = () => call('PUT', '/tasks/1/update/', { status: 'completed' });
  const remove = () => call('DELETE', '/tasks/1/delete/');
  const refresh = (token = user.refresh) => server.call('POST', '/api/token/refresh/', { refresh: token });
  const logout = () => server.call('POST', '/api/logout/', { refresh: user.refresh });
  const tasks = async () => (await call('GET', '/tasks/')).json() as Task[];

  /** Sends a request whose write takes place and that gets 503, in time; then all is well again. */
  async function unacknowledged(send: () => Promise<WireResponse>): Promise<void> {
    const { lost, restore } = lose();
    const startedAt = Date.now();
    const response = await send();
    expect(Date.now() - startedAt).to.be.below(deadline);
    await lost;
    restore();
    expectResponse(response, 503, unavailable);
    expect(response.headers['retry-after']).to.equal('1');
    await waitFor('it is ready', async () => (await server.call('GET', '/readyz')).status === 200);
  }

  for (const [how, loss] of Object.entries(losses)) {
    describe(how, () => {
      beforeEach(async () => {
        lose = loss;
        const redis = stopped(await RedisServer.start());
        proxy = stopped(await TcpProxy.start(redis.port));
        server = stopped(
          await RunningServer.start({
            STORAGE: 'redis',
            REDIS_URL: proxy.url,
            ROTATE_REFRESH_TOKENS: 'true',
          }),
        );
        user = await server.registerAndSignIn();
        // So that Redis knows the scripts, and each of them is called in one trip.
        for (const path of ['/tasks/create/', '/tasks/create/']) await call('POST', path, milk);
        await call('PUT', '/tasks/1/update/', { title: 'Tea' });
        await call('DELETE', '/tasks/2/delete/');
        const other = await server.registerAndSignIn();
        await create(other.access);
        const rotated = await refresh(other.refresh);
        await server.call('POST', '/api/logout/', rotated.json());
        const { access, password } = await server.registerAndSignIn();
        const passwords = { old_password: password, new_password: 'Xk9-other-Orbit' };
        await server.call('POST', '/api/password/change/', passwords, access);
        await server.call('DELETE', '/api/account/', { password: passwords.new_password }, access);
        await server.call('POST', '/api/logout/all/', undefined, (await server.registerAndSignIn()).access);
      });

      it('creates one task, even if the client retries with its idempotency key', async () => {
        await unacknowledged(create);
        const task = { id: 3, ...milk, status: 'pending' };
        expect((await tasks()).slice(1)).to.deep.equal([task]);
        expectResponse(await create(), 201, task);
        expect(await tasks()).to.have.length(2);
      });

      it('updates a task, and the retry does the same', async () => {
        await unacknowledged(update);
        const task = { id: 1, ...milk, title: 'Tea', status: 'completed' };
        expect(await tasks()).to.deep.equal([task]);
        expectResponse(await update(), 200, task);
        expect(await tasks()).to.deep.equal([task]);
      });

      it('deletes one task', async () => {
        await call('POST', '/tasks/create/', milk);
        await unacknowledged(remove);
        expect((await tasks()).map(({ id }) => id)).to.deep.equal([3]);
        expectResponse(await remove(), 404, taskNotFound);
        expect(await tasks()).to.have.length(1);
      });

      it('rotates the refresh token once, and the old token still gets the new one', async () => {
        await unacknowledged(refresh);
        const responses = await Promise.all([refresh(), refresh()]);
        const successors = responses.map((response) => (response.json() as { refresh: string }).refresh);
        expect(new Set(successors).size).to.equal(1);
        const [successor] = successors as [string, string];
        expect(claimsOf(successor)['jti']).not.to.equal(claimsOf(user.refresh)['jti']);
        const next = (await refresh(successor)).json() as { refresh: string };
        expect(claimsOf(next.refresh)['jti']).not.to.equal(claimsOf(successor)['jti']);
        expect(await tasks()).to.have.length(1);
      });

      it('ends a session', async () => {
        await unacknowledged(logout);
        expect((await call('GET', '/tasks/')).status).to.equal(401);
        expectResponse(await logout(), 401, tokenBlacklisted);
      });

      it('ends all sessions', async () => {
        const logoutAll = () => call('POST', '/api/logout/all/');
        await unacknowledged(logoutAll);
        expect((await logoutAll()).status).to.be.oneOf([200, 401]);
        expect((await call('GET', '/tasks/')).status).to.equal(401);
        expect((await refresh()).status).to.equal(401);
      });

      it('changes a password', async () => {
        const passwords = { old_password: user.password, new_password: 'Xk9-other-Orbit' };
        await unacknowledged(() => call('POST', '/api/password/change/', passwords));
        const statusWith = async (password: string) =>
          (await server.call('POST', '/api/token/', { username: user.username, password })).status;
        const statuses = [await statusWith(passwords.old_password), await statusWith(passwords.new_password)];
        expect(statuses).to.have.members([200, 401]);
        expect(await tasks()).to.have.length(1);
      });

      it('deletes the whole account and frees its name', async () => {
        const { username, password } = user;
        const removal = () => call('DELETE', '/api/account/', { password });
        await unacknowledged(removal);
        expect((await removal()).status).to.be.oneOf([200, 401]);
        expect((await call('GET', '/tasks/')).status).to.equal(401);
        const named = { username, password };
        expect((await server.call('POST', '/api/token/', named)).status).to.equal(401);
        expect((await server.call('POST', '/tasks/register/', named)).status).to.equal(201);
        const { access } = (await server.call('POST', '/api/token/', named)).json() as { access: string };
        expect((await server.call('GET', '/tasks/', undefined, access)).json()).to.deep.equal([]);
      });

      it('registers a complete user, who can sign in', async () => {
        const { password } = user;
        const name = { username: 'newcomer', password };
        await unacknowledged(() => server.call('POST', '/tasks/register/', name));
        await server.call('POST', '/tasks/register/', name);
        const { access } = (await server.call('POST', '/api/token/', name)).json() as { access: string };
        expectResponse(await server.call('POST', '/tasks/create/', milk, access), 201, {
          id: 1,
          ...milk,
          status: 'pending',
        });
        const users = await server.storage.users.list({ after: 0, limit: 10 });
        expect(users.filter(({ username }) => username === 'newcomer')).to.have.length(1);
      });
    });
  }
});

describe('a write whose reply was lost, and that ioredis retries on a Cluster', () => {
  const stopped = stopAfterEach();
  const clock = new SettableClock();
  let proxy: TcpProxy;
  let redis: Redis;
  let storage: Storage;

  /** A Cluster of one node that is known by the address of the proxy. */
  beforeEach(async () => {
    proxy = stopped(await TcpProxy.start());
    const announced = ['--cluster-announce-ip', '127.0.0.1', '--cluster-announce-port', String(proxy.port)];
    const server = stopped(await RedisServer.start({ args: ['--cluster-enabled', 'yes', ...announced] }));
    proxy.leadTo(server.port);
    redis = new Redis(server.port);
    stopped({ stop: async () => redis.disconnect() });
    await redis.cluster('ADDSLOTSRANGE', 0, 16_383);
    await waitFor('the Cluster serves', async () =>
      (await redis.cluster('INFO')).includes('cluster_state:ok'),
    );
    const hosts = [{ host: '127.0.0.1', port: proxy.port }];
    const options = { clock: clock.now, log: new RecordedLog() };
    storage = await openRedisStorage(server, options, { mode: 'cluster', hosts });
    stopped({ stop: () => storage.close() });
  });

  /**
   * Makes a call whose reply is lost, and that the library may send again. Answers what it was answered in the end;
   * undefined if the library has given up.
   */
  async function withoutReply<T>(call: () => Promise<T>): Promise<T | undefined> {
    const lost = proxy.loseReplyTo(write);
    const response = await call().catch((error: unknown) => {
      if (!(error instanceof StorageUnavailable)) throw error;
      return undefined;
    });
    await lost;
    await waitForStorage(storage);
    return response;
  }

  it('creates one task, rotates once, updates and deletes the expected task, and ends one session', async () => {
    const { tasks, sessions } = storage;
    const { user, ref } = await signIn(storage, clock);
    await openSession(storage, aSessionOf(user, clock, { id: 'other' }), user);
    // So that Redis knows the scripts.
    await createTask(storage, ref);
    await updateTask(storage, ref, 1, { status: 'completed' });
    await tasks.remove(ref, 1);
    const step = (from: string, to: string) =>
      sessions.rotate(ref, {
        presented: presented(from),
        next: aGenerationAt(clock, to),
        grace: 10,
      });
    await step('first', 'second');
    await sessions.end(refTo(user, 'other'));

    const created = await withoutReply(() => createTask(storage, ref));
    const task = { id: 2, ...aDraft() };
    expect(created ?? task).to.deep.equal(task);
    expect((await tasks.list(ref, all)).tasks).to.deep.equal([task]);

    await withoutReply(() => step('second', 'third'));
    const held = await sessions.find(ref);
    expect(held).to.have.nested.property('current.id', 'third');
    expect(held?.rotatedOut?.map(({ id }) => id)).to.deep.equal(['first', 'second']);

    const expected = { ...task, title: 'new' };
    const updated = await withoutReply(() =>
      updateTask(storage, ref, 2, { title: 'new' }, { expected: task }),
    );
    expect(updated ?? expected).to.deep.equal(expected);
    expect((await tasks.list(ref, all)).tasks).to.deep.equal([expected]);

    expect(await withoutReply(() => tasks.remove(ref, task.id, expected))).to.be.oneOf([true, undefined]);
    expect((await tasks.list(ref, all)).tasks).to.deep.equal([]);
    expect(await withoutReply(() => sessions.end(ref))).to.be.oneOf([true, undefined]);
    expect(await sessions.find(ref)).to.equal(undefined);
  });

  it('records once what staff and operators do, and takes a right once', async () => {
    const { staff, users } = storage;
    const [ada, bob] = [
      await addAdministrator(storage, clock),
      await addAdministrator(storage, clock, 'bob'),
    ];
    const eve = await addUser(storage, { username: 'eve' });
    // So that Redis knows the scripts.
    await staff.remove(bob.user.id);
    await staff.record(aRecord());
    await staff.act(ada.ref, anActOn(eve, 'activate'));

    expect(await withoutReply(() => staff.add(bob.user.id))).to.be.oneOf([true, undefined]);
    await staff.add(bob.user.id);
    expect(await staff.list()).to.deep.equal([ada.user.id, bob.user.id]);
    expect(await withoutReply(() => staff.remove(bob.user.id))).to.be.oneOf([true, undefined]);
    expect(await staff.list()).to.deep.equal([ada.user.id]);
    await withoutReply(() => staff.record(aRecord({ act: 'promote' })));
    const acted = await withoutReply(() => staff.act(ada.ref, anActOn(eve, 'deactivate')));
    expect(acted).to.be.oneOf([true, undefined]);
    expect((await recordsOf(storage)).map(({ act }) => act)).to.deep.equal([
      'deactivate',
      'promote',
      'activate',
      'deactivate',
    ]);
    // What was begun may not have been done: its record is there all the same.
    if (acted) expect(await users.find(eve.id)).to.include({ active: false });
  });
});
