import { setImmediate } from 'node:timers/promises';
import { expect } from 'chai';
import type { Redis } from 'ioredis';
import { createClient } from '../../../src/adapters/redis/connection/redis-client.js';
import { RedisServer } from '../../support/redis-server.js';
import { settingsFor } from '../../support/redis-storage.js';

describe('writes to the socket of Redis', () => {
  let server: RedisServer;
  let client: Redis;
  /** Bytes of each write. */
  let writes: number[];

  before(async () => {
    server = await RedisServer.start();
  });
  after(() => server.stop());

  beforeEach(async () => {
    const recovery = { nextDelay: () => 50, reconnectOnError: () => false };
    client = createClient(settingsFor(server), recovery) as Redis;
    await client.connect();
    await client.ping();
    writes = noteWrites(client);
  });
  afterEach(() => client.disconnect());

  const ofLength = (length: number) => client.set('key', 'x'.repeat(length));

  it('are batched: one for all commands of a turn of the event loop', async () => {
    const replies = await Promise.all(Array.from({ length: 50 }, (_, i) => client.echo(`${i}`)));
    expect(replies).to.deep.equal(Array.from({ length: 50 }, (_, i) => `${i}`));
    expect(writes).to.have.length(1);
  });

  it('are batched: one for each turn with commands', async () => {
    const replies: Promise<unknown>[] = [];
    for (let turn = 0; turn < 3; turn++) {
      replies.push(client.ping(), client.ping());
      await setImmediate();
    }
    await Promise.all(replies);
    expect(writes).to.have.length(3);
  });

  it('do not wait for the end of the turn once a batch has 4 KiB', async () => {
    await Promise.all([ofLength(1000), ofLength(1000), ofLength(1000), ofLength(1000), ofLength(1000)]);
    expect(writes).to.have.length(2);
    expect(writes[0]).to.be.within(4096, 5200);
  });

  it('do not split a long command', async () => {
    await ofLength(100_000);
    expect(await client.strlen('key')).to.equal(100_000);
    expect(writes[0]).to.be.greaterThan(100_000);
  });

  it('are batched on the next connection as well', async () => {
    const ready = new Promise((resolve) => void client.once('ready', resolve));
    client.disconnect(true);
    await ready;
    writes = noteWrites(client);
    await Promise.all([client.ping(), client.ping()]);
    expect(writes).to.have.length(1);
  });
});

type Chunk = Buffer | string;

/** Records the bytes of each write of the stream to the system. */
function noteWrites({ stream }: Redis): number[] {
  const noted: number[] = [];
  for (const method of ['_write', '_writev'] as const) {
    const write = Reflect.get(stream, method) as (...args: unknown[]) => void;
    const noting = (given: Chunk | readonly { readonly chunk: Chunk }[], ...rest: unknown[]) => {
      const chunks = Array.isArray(given)
        ? given.map(({ chunk }: { readonly chunk: Chunk }) => chunk)
        : [given];
      noted.push(chunks.reduce((sum, chunk) => sum + Buffer.byteLength(chunk as Chunk), 0));
      write.call(stream, given, ...rest);
    };
    Object.assign(stream, { [method]: noting });
  }
  return noted;
}
