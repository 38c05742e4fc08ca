import { expect } from 'chai';
import { sha256 } from '../../src/adapters/crypto/sha256.js';
import { Keys } from '../../src/adapters/redis/keys.js';
import type { WireResponse } from '../support/http-client.js';
import { RedisCluster } from '../support/redis-cluster.js';
import type { RedisServer } from '../support/redis-server.js';
import { RunningServer } from '../support/running-server.js';
import { expectResponse, unavailable } from '../support/responses.js';
import { waitForStorage } from '../support/wait-for-storage.js';

const password = 'Xk9-fence-Orbit';
const keys = new Keys('hexado:');

interface User {
  readonly username: string;
  readonly address: string;
}

describe('on a Redis Cluster with a missing shard,', () => {
  let cluster: RedisCluster;
  let server: RunningServer;
  let gone: RedisServer;
  /** Users whose own data are on live shards, and what counts their attempts is not. */
  const affected: User[] = [];

  const post = (path: string, { username, address }: User, given = password): Promise<WireResponse> =>
    server.send({
      method: 'POST',
      path,
      headers: { 'Content-Type': 'application/json', 'X-Forwarded-For': address },
      body: JSON.stringify({ username, password: given }),
    });

  before(async () => {
    cluster = await RedisCluster.start();
    server = await RunningServer.start({
      STORAGE: 'redis',
      REDIS_MODE: 'cluster',
      REDIS_URL: cluster.url,
      TRUST_PROXY: '1',
    });
    await waitForStorage(server.storage);
    gone = await cluster.masterOf(keys.staff);
    for (let index = 0; affected.length < 6; index++) {
      const user = { username: `user-${index}`, address: `203.0.113.${index}` };
      expect((await post('/tasks/register/', user)).status).to.equal(201);
      const id = (await server.storage.users.findByName(user.username))?.id ?? 0;
      const own = [keys.username(user.username), keys.ofUser(id).account];
      const counting = `sign-in:${sha256(`${user.address} ${user.username}`)}`;
      const isGone = async (key: string) => (await cluster.masterOf(key)) === gone;
      const ownGone = await Promise.all(own.map(isGone));
      if (!ownGone.includes(true) && (await isGone(keys.ofRateLimiter(counting).counted)))
        affected.push(user);
    }
    const replica = await cluster.replicaOf(gone);
    await replica.kill();
    await gone.kill();
  });
  after(async () => {
    await server.stop();
    await cluster.stop();
  });

  it('users of the other shards sign in, though their attempts cannot be counted there', async () => {
    for (const user of affected) expect((await post('/api/token/', user)).status).to.equal(200);
  });

  it('users of the other shards delete their accounts, though nobody can say who is staff there', async () => {
    const user = affected.at(-1)!;
    const { access } = (await post('/api/token/', user)).json() as { access: string };
    const admin = await server.call('GET', '/api/admin/users/', undefined, access);
    expectResponse(admin, 503, unavailable);
    const { status } = await server.call('DELETE', '/api/account/', { password }, access);
    expect(status).to.equal(200);
  });

  it('failed sign-ins are limited in the process, to a tenth', async () => {
    const [user] = affected as [User];
    const statuses: number[] = [];
    for (let i = 0; i < 4; i++) statuses.push((await post('/api/token/', user, 'a wrong password')).status);
    expect(statuses).to.deep.equal([401, 401, 401, 429]);
  });
});
