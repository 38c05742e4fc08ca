import { once } from 'node:events';
import { Agent } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { expect } from 'chai';
import { send } from '../support/http-client.js';
import { program, ServerProcess } from '../support/server-process.js';

const mayHave = 150;

describe('a server that has no file descriptor left', () => {
  it('still hashes passwords, even for the first time', async () => {
    const command = ['bash', '--norc', '-c', `ulimit -n ${mayHave}; exec "${process.execPath}" "${program}"`];
    const server = await ServerProcess.start({ BCRYPT_COST: '4' }, { command });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const headers = { 'Content-Type': 'application/json' };
    const post = async (path: string) => {
      const body = JSON.stringify({ username: 'ada', password: 'analytical-engine' });
      return (await send(server.port, { method: 'POST', path, headers, body }, agent)).status;
    };
    await send(server.port, { method: 'GET', path: '/livez' }, agent);

    const others: Socket[] = [];
    while (others.length < mayHave) {
      const other = connect(server.port, '127.0.0.1').on('error', () => undefined);
      others.push(other);
      await once(other, 'connect');
    }
    // Whoever is not accepted any more is cut off or left waiting.
    await Promise.race([once(others.at(-1)!, 'close'), setTimeout(500)]);
    const statuses = [await post('/tasks/register/'), await post('/api/token/')];
    for (const other of others) other.destroy();
    await server.kill();
    expect(statuses).to.deep.equal([201, 200]);
  });
});
