import { expect } from 'chai';
import type { WireResponse } from '../support/http-client.js';
import { Load } from '../support/load.js';
import { durable, RedisServer } from '../support/redis-server.js';
import { report } from '../support/report.js';
import type { SignedIn } from '../support/running-server.js';
import { startServerOnRedis } from '../support/server-on-redis.js';
import type { ServerProcess } from '../support/server-process.js';
import { stopAfterEach } from '../support/stop-after-each.js';

const password = 'Xk9-fence-Orbit';

describe('one of two servers, killed under load', () => {
  const stopped = stopAfterEach();
  let redis: RedisServer;
  let victim: ServerProcess;
  let survivor: ServerProcess;

  beforeEach(async () => {
    redis = stopped(await RedisServer.start(durable));
    victim = await startServerOnRedis(redis.url, stopped);
    survivor = await startServerOnRedis(redis.url, stopped);
  });

  it('loses no acknowledged write, and fails no request of the other server', async () => {
    const users = await Promise.all(Array.from({ length: 20 }, () => survivor.registerAndSignIn()));
    const loads = [new Load(victim, users.slice(0, 10)), new Load(survivor, users.slice(10))] as const;
    await Promise.all(loads.map((load) => load.until('many wrote', () => load.acknowledgedWrites > 200)));
    await victim.kill();
    await loads[1].next(loads[1].users, 5);
    await Promise.all(loads.map((load) => load.stop()));

    for (const load of loads) {
      expect(await load.lostWrites(survivor)).to.deep.equal({ creates: 0, updates: 0 });
    }
    expect(loads[1].failures).to.deep.equal([]);
    report(`${loads[0].acknowledgedWrites} writes acknowledged by the server that was killed, none lost`);
  });

  it('leaves no reserved name without a user, and no incomplete user', async () => {
    const acknowledged: string[] = [];
    const unacknowledged: string[] = [];
    let next = 0;
    const registerUntilItDies = async (): Promise<void> => {
      for (;;) {
        const username = `newcomer-${++next}`;
        const response = await register(victim, username).catch(() => undefined);
        if (!response) return void unacknowledged.push(username);
        expect(response.status).to.equal(201);
        acknowledged.push(username);
        if (acknowledged.length === 300) void victim.kill();
      }
    };
    await Promise.all(Array.from({ length: 20 }, registerUntilItDies));

    for (const username of acknowledged) expect(await canUse(username)).to.equal(true);
    let registered = 0;
    for (const username of unacknowledged) {
      // Either the account is whole already, or the name is still to be had.
      if ((await register(survivor, username)).status !== 201) registered++;
      expect(await canUse(username)).to.equal(true);
    }
    report(
      `${acknowledged.length} registrations acknowledged; ${registered} of ${unacknowledged.length} without response took place`,
    );
  });

  it('deletes an account completely or not at all, and a name that is left belongs to nobody', async () => {
    const waiting: SignedIn[] = [];
    while (waiting.length < 160) {
      waiting.push(...(await Promise.all(Array.from({ length: 20 }, () => survivor.registerAndSignIn()))));
    }
    const deleted: SignedIn[] = [];
    const unacknowledged: SignedIn[] = [];
    const deleteUntilItDies = async (): Promise<void> => {
      for (let user = waiting.pop(); user; user = waiting.pop()) {
        const removal = victim.call('DELETE', '/api/account/', { password: user.password }, user.access);
        const response = await removal.catch(() => undefined);
        if (!response) return void unacknowledged.push(user);
        expect(response.status).to.equal(200);
        deleted.push(user);
        if (deleted.length === 80) void victim.kill();
      }
    };
    await Promise.all(Array.from({ length: 20 }, deleteUntilItDies));

    expect(unacknowledged).not.to.deep.equal([]);
    for (const { username } of deleted) expect((await register(survivor, username)).status).to.equal(201);
    let gone = 0;
    for (const { username, access } of unacknowledged) {
      const { status } = await survivor.call('GET', '/tasks/', undefined, access);
      if (status === 401) gone++;
      expect((await register(survivor, username)).status).to.equal(status === 401 ? 201 : 400);
      expect(await canUse(username)).to.equal(true);
    }
    report(
      `${deleted.length} deletions acknowledged; ${gone} of ${unacknowledged.length} without response took place`,
    );
  });

  /** Whether its owner can sign in, and write and read a task. */
  async function canUse(username: string): Promise<boolean> {
    const signIn = await survivor.call('POST', '/api/token/', { username, password });
    if (signIn.status !== 200) return false;
    const { access } = signIn.json() as { access: string };
    const created = await survivor.call('POST', '/tasks/create/', { title: 't', description: 'd' }, access);
    const listed = await survivor.call('GET', '/tasks/', undefined, access);
    return created.status === 201 && (listed.json() as unknown[]).length === 1;
  }
});

function register(server: ServerProcess, username: string): Promise<WireResponse> {
  return server.call('POST', '/tasks/register/', { username, password });
}
