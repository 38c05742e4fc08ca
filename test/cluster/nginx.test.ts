import { expect } from 'chai';
import { freePort } from '../support/free-port.js';
import { Load } from '../support/load.js';
import { Nginx } from '../support/nginx.js';
import { RedisCluster } from '../support/redis-cluster.js';
import { signingKey } from '../support/running-server.js';
import { ServerProcess } from '../support/server-process.js';

/** How often both servers are restarted. */
const rounds = 2;

describe('two servers behind nginx, on one cluster', () => {
  let cluster: RedisCluster;
  let ports: readonly [number, number];
  let servers: ServerProcess[];
  let nginx: Nginx;
  let load: Load;

  const start = (port: number): Promise<ServerProcess> =>
    ServerProcess.start({
      STORAGE: 'redis',
      REDIS_MODE: 'cluster',
      REDIS_URL: cluster.url,
      SIGNING_KEY: signingKey,
      BCRYPT_COST: '4',
      HOST: '127.0.0.1',
      PORT: String(port),
    });

  before(async () => {
    cluster = await RedisCluster.start();
    ports = [await freePort(), await freePort()];
    servers = await Promise.all(ports.map(start));
    nginx = await Nginx.start(ports);
    const users = await Promise.all(Array.from({ length: 8 }, () => nginx.registerAndSignIn()));
    load = new Load(nginx, users);
  });
  after(async () => {
    await load.stop();
    await nginx.stop();
    await Promise.all(servers.map((server) => server.kill()));
    await cluster.stop();
  });

  it('restart one after the other under load without a failed or a repeated request', async () => {
    await Promise.all(servers.map(getsRequests));
    for (let restarts = 0; restarts < 2 * rounds; restarts++) {
      const turn = restarts % 2;
      servers[turn]?.signal('SIGTERM');
      expect((await servers[turn]?.ending)?.code).to.equal(0);
      await load.next(load.users, 2);
      const restarted = await start(ports[turn] ?? 0);
      servers[turn] = restarted;
      await getsRequests(restarted);
    }
    await load.next(load.users, 4);
    await load.stop();
    expect(load.outcomes(load.failures)).to.deep.equal({});
    expect(await load.lostWrites()).to.deep.equal({ creates: 0, updates: 0 });
    expect(await load.surplusTasks()).to.equal(0);
  });
});

/** Resolves once the server gets requests. */
function getsRequests(server: ServerProcess): Promise<unknown> {
  return server.logged(({ route }) => route === '/tasks/create');
}
