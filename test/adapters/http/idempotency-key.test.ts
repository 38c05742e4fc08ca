import { expect } from 'chai';
import { expectResponse } from '../../support/responses.js';
import type { WireResponse } from '../../support/http-client.js';
import type { RunningServer, SignedIn } from '../../support/running-server.js';
import { withEachStorage } from '../../support/storages.js';

const milk = { title: 'Milk', description: 'Two litres' };
const tea = { title: 'Tea', description: 'Green' };
const keyReused = { detail: 'Idempotency-Key was used for another task before.' };
const keyMalformed = {
  detail:
    'Idempotency-Key must be 1 to 255 visible ASCII characters but " and \\, with or without quotes around them.',
};

describe('Idempotency-Key', () => {
  withEachStorage((start) => {
    let server: RunningServer;
    let user: SignedIn;
    before(async () => {
      server = await start();
    });
    beforeEach(async () => {
      user = await server.registerAndSignIn();
    });
    after(() => server.stop());

    const create = (key: string, task: object = milk, access = user.access): Promise<WireResponse> =>
      server.send({
        method: 'POST',
        path: '/tasks/create/',
        headers: {
          Authorization: `Bearer ${access}`,
          'Content-Type': 'application/json',
          'Idempotency-Key': key,
        },
        body: JSON.stringify(task),
      });
    const tasks = async (): Promise<unknown[]> =>
      (await server.call('GET', '/tasks/', undefined, user.access)).json() as unknown[];

    it('returns the same response to a retry with the same Idempotency-Key, and creates one task', async () => {
      const task = { id: 1, ...milk, status: 'pending' };
      expectResponse(await create('a'), 201, task);
      expectResponse(await create('a'), 201, task);
      await server.call('DELETE', '/tasks/1/delete/', undefined, user.access);
      expectResponse(await create('a'), 201, task);
      expect(await tasks()).to.deep.equal([]);
    });

    it('creates one task for fifty concurrent requests with the same Idempotency-Key', async () => {
      const responses = await Promise.all(Array.from({ length: 50 }, () => create('a')));
      for (const response of responses) expectResponse(response, 201, { id: 1, ...milk, status: 'pending' });
      expect(await tasks()).to.have.length(1);
    });

    it('rejects an Idempotency-Key that is reused for another task, and keeps the first one', async () => {
      await create('a');
      expectResponse(await create('a', tea), 422, keyReused);
      expectResponse(await create('a'), 201, { id: 1, ...milk, status: 'pending' });
      expectResponse(await create('b', tea), 201, { id: 2, ...tea, status: 'pending' });
    });

    it('scopes an Idempotency-Key to the user, across sessions', async () => {
      const other = await server.registerAndSignIn();
      await create('a');
      expectResponse(await create('a', tea, other.access), 201, { id: 1, ...tea, status: 'pending' });
      const { username, password } = user;
      const again = await server.call('POST', '/api/token/', { username, password });
      const { access } = again.json() as { access: string };
      expectResponse(await create('a', milk, access), 201, { id: 1, ...milk, status: 'pending' });
    });

    it('does not consume the Idempotency-Key of a rejected request', async () => {
      expect((await create('a', { title: 'Milk' })).status).to.equal(400);
      expect((await create('a', milk, 'garbage')).status).to.equal(401);
      expectResponse(await create('a'), 201, { id: 1, ...milk, status: 'pending' });
    });

    it('accepts an Idempotency-Key with or without quotes, of up to 255 characters', async () => {
      await create('8e03978e-40d5-43dd-bc93-6894a57f9324');
      await create('"8e03978e-40d5-43dd-bc93-6894a57f9324"');
      await create('x'.repeat(255));
      await create(`"${'x'.repeat(255)}"`);
      expect(await tasks()).to.have.length(2);
    });

    for (const key of ['', '""', '"', '"a', 'a"', 'a b', 'a, b', 'é', '\\', 'a"b', 'x'.repeat(256)]) {
      it(`rejects the Idempotency-Key ${JSON.stringify(key.slice(0, 20))} of ${key.length} characters`, async () => {
        expectResponse(await create(key), 400, keyMalformed);
        expect((await create(key, milk, 'garbage')).status).to.equal(401);
        expect(await tasks()).to.deep.equal([]);
      });
    }
  });
});
