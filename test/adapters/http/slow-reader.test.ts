import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { expect } from 'chai';
import type { Task } from '../../../src/domain/task.js';
import { withStub } from '../../support/with-stub.js';
import { RunningServer } from '../../support/running-server.js';

/** Bytes that the operating system buffers for a connection between two processes of one machine, and a page or two. */
const buffered = 16 * 2 ** 20;

describe('a slow reader', () => {
  const count = 100_000;
  const bytesEach = JSON.stringify(aTask(count)).length;

  let server: RunningServer;
  before(async () => {
    server = await RunningServer.start();
  });
  after(() => server.stop());

  it('gets a whole long list with backpressure: the server reads no more than the client has room for', async () => {
    const { access } = await server.registerAndSignIn();
    let read = 0;
    let received = 0;
    let ahead = 0;
    const longList: typeof server.storage.tasks.list = async (_owner, { after, limit }) => {
      ahead = Math.max(ahead, read - received);
      const tasks = Array.from({ length: Math.min(limit, count - after) }, (_, index) =>
        aTask(after + index + 1),
      );
      read += tasks.length * bytesEach;
      return { tasks, hasMore: after + tasks.length < count, total: count, revision: 1 };
    };
    let text = '';
    await withStub(
      server.storage.tasks,
      'list',
      () => longList,
      async () => {
        const headers = { Authorization: `Bearer ${access}` };
        const outgoing = request({ host: '127.0.0.1', port: server.port, path: '/tasks/', headers }).end();
        const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
        for await (const chunk of incoming.setEncoding('latin1') as AsyncIterable<string>) {
          received += chunk.length;
          text = (text + chunk).slice(-bytesEach);
          await setTimeout(1);
        }
      },
    );
    expect(read).to.be.above(4 * buffered);
    expect(received).to.be.within(read * 0.99, read * 1.01);
    expect(text).to.match(/"id":100000,.*\}\]$/);
    expect(ahead).to.be.within(1, buffered);
  });
});

function aTask(id: number): Task {
  return { id, title: 't', description: 'd'.repeat(700), status: 'pending' };
}
