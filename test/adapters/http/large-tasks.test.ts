import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import type { Task } from '../../../src/domain/task.js';
import { createTask, updateTask } from '../../../src/storage-contract/builders.js';
import { accessTokenError, expectResponse } from '../../support/responses.js';
import { sessionRefOf } from '../../support/json-web-token.js';
import type { RunningServer, SignedIn } from '../../support/running-server.js';
import { SettableClock } from '../../../src/storage-contract/settable-clock.js';
import { withStub } from '../../support/with-stub.js';
import { withEachStorage } from '../../support/storages.js';
import { waitFor } from '../../support/wait-for.js';

const bytesReached = {
  detail: 'Your tasks have as much text as those of one user may have; delete some first.',
};
const tooManyReads = {
  detail: 'You have as many long lists in progress as one user may; try again when one has ended.',
};
const tooManyKeys = {
  detail:
    'You have used as many Idempotency-Keys as one user may in a day; send requests without one for now.',
};

/** More tasks than the operating system and the server buffer for a connection between two processes of one machine. */
const count = 300;
const large = (title: string) => ({ title, description: 'x'.repeat(95_000), status: 'pending' }) as const;

describe('large tasks', () => {
  withEachStorage((start) => {
    const clock = new SettableClock();
    let server: RunningServer;
    let user: SignedIn;
    /** Has 300 tasks of 95 kB. */
    let owner: SignedIn;

    before(async () => {
      server = await start(
        { MAX_BYTES_PER_USER: '200kb', BODY_LIMIT: '1mb', REFRESH_TOKEN_LIFETIME: '1h' },
        clock.now,
      );
      owner = await server.registerAndSignIn();
      const session = sessionRefOf(owner.access);
      for (let id = 1; id <= count; id++) await createTask(server.storage, session, large(`task ${id}`));
    });
    beforeEach(async () => {
      user = await server.registerAndSignIn();
    });
    after(() => server.stop());

    const call = (method: string, path: string, body?: unknown, by = user) =>
      server.call(method, path, body, by.access);

    /** Requests a list, and resolves with the response when its headers are here. Its body is not read. */
    async function beginToRead(path: string, by = owner): Promise<IncomingMessage> {
      const headers = { Authorization: `Bearer ${by.access}` };
      const options = { host: '127.0.0.1', port: server.port, path, headers, agent: false };
      const [incoming] = (await once(request(options).end(), 'response')) as [IncomingMessage];
      return incoming;
    }

    const signInAgain = async ({ username, password }: SignedIn): Promise<SignedIn> => {
      const tokens = (await server.call('POST', '/api/token/', { username, password })).json();
      return { username, password, ...(tokens as Pick<SignedIn, 'access' | 'refresh'>) };
    };

    describe('as pages', () => {
      for (const [query, first, next] of [
        ['limit=50', 1, 'limit=50&after=50'],
        ['limit=50&after=200', 201, 'limit=50&after=250'],
        ['limit=50&offset=100', 101, 'limit=50&offset=150'],
        ['limit=50&after=250', 251, undefined],
        ['limit=5', 1, 'limit=5&after=5'],
      ] as const) {
        it(`lists a page of 95 kB tasks with a link to the next for ?${query}`, async () => {
          const response = await call('GET', `/tasks/?${query}`, undefined, owner);
          expect(response.headers['link']).to.equal(next && `<?${next}>; rel="next"`);
          const size = Number(/limit=(\d+)/.exec(query)?.[1]);
          const titles = (response.json() as Task[]).map(({ title }) => title);
          expect(titles).to.deep.equal(Array.from({ length: size }, (_, i) => `task ${first + i}`));
        });
      }
    });

    describe('as pages in another order', () => {
      const ascending = Array.from({ length: count }, (_, i) => `task ${i + 1}`);
      const [newestFirst, byTitle] = [ascending.toReversed(), ascending.toSorted()];
      for (const [query, titles, next] of [
        ['limit=50&ordering=-id', newestFirst.slice(0, 50), 'limit=50&ordering=-id&after=251'],
        ['limit=50&ordering=-id&after=51', newestFirst.slice(250), undefined],
        ['limit=50&ordering=-id&offset=250', newestFirst.slice(250), undefined],
        ['limit=50&ordering=title', byTitle.slice(0, 50), 'limit=50&ordering=title&offset=50'],
        ['limit=50&ordering=title&offset=250', byTitle.slice(250), undefined],
        ['search=K+29', ascending.slice(289, 299).toSpliced(0, 0, 'task 29'), undefined],
      ] as const) {
        it(`lists a page of 95 kB tasks with the right link for ?${query}`, async () => {
          const response = await call('GET', `/tasks/?${query}`, undefined, owner);
          expect((response.json() as Task[]).map(({ title }) => title)).to.deep.equal(titles);
          expect(response.headers['link']).to.equal(next && `<?${next}>; rel="next"`);
        });
      }
    });

    it('lists 300 tasks of 95 kB in one response', async () => {
      const tasks = (await call('GET', '/tasks/', undefined, owner)).json() as Task[];
      expect(tasks.map(({ id }) => id)).to.deep.equal(Array.from({ length: count }, (_, i) => i + 1));
    });

    it('rejects creates and updates beyond MAX_BYTES_PER_USER', async () => {
      expectResponse(await call('POST', '/tasks/create/', large('1')), 201, { id: 1, ...large('1') });
      expect((await call('POST', '/tasks/create/', large('2'))).status).to.equal(201);
      const rest = 200 * 1024 - 2 * 95_001;
      expectResponse(
        await call('POST', '/tasks/create/', { title: 't', description: 'ä'.repeat(rest / 2) }),
        403,
        bytesReached,
      );
      expectResponse(
        await call('PUT', '/tasks/1/update/', { description: 'x'.repeat(95_001 + rest) }),
        403,
        bytesReached,
      );
      expect((await call('PUT', '/tasks/1/update/', { title: '1'.repeat(200) })).status).to.equal(200);
      expect((await call('PUT', '/tasks/1/update/', { status: 'completed' })).status).to.equal(200);
      await call('DELETE', '/tasks/2/delete/');
      expect((await call('POST', '/tasks/create/', large('3'))).status).to.equal(201);
    });

    it('accepts 10,000 idempotency keys of a user in a day, and rejects further ones', async () => {
      const session = sessionRefOf(user.access);
      for (let i = 1; i < 10_000; i++) {
        const draft = { title: 't', description: 'd', status: 'pending' } as const;
        void createTask(server.storage, session, draft, { idempotency: { key: `${i}`, fingerprint: 'f' } });
        if (i % 1000 === 999) await server.storage.tasks.find(session, i);
      }
      const create = (key: string) =>
        server.send({
          method: 'POST',
          path: '/tasks/create/',
          headers: {
            Authorization: `Bearer ${user.access}`,
            'Content-Type': 'application/json',
            'Idempotency-Key': key,
          },
          body: JSON.stringify({ title: 't', description: 'd' }),
        });
      expect((await create('a')).status).to.equal(201);
      const rejected = await create('b');
      expectResponse(rejected, 429, tooManyKeys);
      expect(rejected.headers['retry-after']).to.equal('3600');
      expect((await create('a')).json()).to.include({ id: 10_000 });
      const withoutKey = await call('POST', '/tasks/create/', { title: 't', description: 'd' });
      expect(withoutKey.status).to.equal(201);
    });

    describe('while a user reads four long lists', () => {
      let reads: IncomingMessage[];
      beforeEach(async () => {
        reads = await Promise.all(
          ['/tasks/', '/tasks/', '/tasks/?limit=200', '/tasks/?limit=100&offset=100'].map((path) =>
            beginToRead(path),
          ),
        );
        expect(reads.map(({ statusCode }) => statusCode)).to.deep.equal([200, 200, 200, 200]);
      });
      afterEach(() => reads.forEach((read) => read.destroy()));

      it('rejects a fifth long list with 429, and serves short lists and other users', async () => {
        for (const path of [
          '/tasks/',
          '/tasks/?limit=100',
          '/tasks/?limit=1&offset=200',
          '/api/account/export/',
        ]) {
          const rejected = await call('GET', path, undefined, owner);
          expectResponse(rejected, 429, tooManyReads);
          expect(rejected.headers['retry-after']).to.equal('5');
        }
        expect((await call('GET', '/tasks/?limit=2', undefined, owner)).json()).to.have.length(2);
        expect((await call('GET', '/tasks/300/', undefined, owner)).status).to.equal(200);
        expectResponse(await call('GET', '/tasks/'), 200, []);
      });

      it('counts an export as a long read until it has ended', async () => {
        reads[0]?.destroy();
        const path = '/api/account/export/';
        let exporting: IncomingMessage | undefined;
        await waitFor('the export begins', async () => {
          exporting = await beginToRead(path);
          return exporting.statusCode === 200;
        });
        expectResponse(await call('GET', path, undefined, owner), 429, tooManyReads);
        exporting?.destroy();
        await waitFor('another export is served', async () => {
          const { status } = await call('HEAD', path, undefined, owner);
          return status === 200;
        });
      });

      const endings: Record<string, (read: IncomingMessage) => unknown> = {
        'has ended': (read) => text(read),
        'was aborted by the client': (read) => read.destroy(),
      };
      for (const [how, end] of Object.entries(endings)) {
        it(`serves another long list when one of four ${how}`, async () => {
          await end(reads[0] as IncomingMessage);
          const path = '/tasks/?limit=100';
          await waitFor('another list is served', async () => {
            const { status } = await call('GET', path, undefined, owner);
            return status === 200;
          });
        });
      }
    });

    it('logs no failure when the client disconnects before the response to a long list begins', async () => {
      const { tasks } = server.storage;
      const lines = server.log.length;
      let read = 0;
      const afterTheEnd =
        (list: typeof tasks.list): typeof tasks.list =>
        async (...args) => {
          const page = await list(...args);
          if (++read === 2) {
            outgoing.destroy();
            await waitFor('the client has gone', () => outgoing.closed);
          }
          return page;
        };
      const headers = { Authorization: `Bearer ${owner.access}` };
      const options = {
        host: '127.0.0.1',
        port: server.port,
        path: '/tasks/?limit=200',
        headers,
        agent: false,
      };
      const outgoing = request(options).on('error', () => undefined);
      await withStub(tasks, 'list', afterTheEnd, async () => {
        outgoing.end();
        await waitFor('it is logged', () => server.log.length > lines);
      });
      const [line, ...more] = server.log.slice(lines);
      expect({ level: line?.level, aborted: line?.fields['aborted'], more }).to.deep.equal({
        level: 'info',
        aborted: true,
        more: [],
      });
    });

    it('responds with 401 when the session ends before the response to a long list begins', async () => {
      const { tasks } = server.storage;
      const reader = await signInAgain(owner);
      let read = 0;
      const afterTheEnd =
        (list: typeof tasks.list): typeof tasks.list =>
        async (...args) => {
          if (++read === 2) await server.call('POST', '/api/logout/', { refresh: reader.refresh });
          return list(...args);
        };
      for (const path of ['/tasks/?limit=200', '/tasks/?limit=1&offset=200']) {
        await withStub(tasks, 'list', afterTheEnd, async () => {
          expectResponse(
            await call('GET', path, undefined, reader),
            401,
            accessTokenError('Token is blacklisted'),
          );
        });
      }
    });

    const endings: Record<string, (by: SignedIn) => Promise<unknown>> = {
      'signed out': ({ refresh }) => server.call('POST', '/api/logout/', { refresh }),
      'been deactivated': async ({ access }) => server.storage.users.deactivate(sessionRefOf(access).userId),
      'not come back before the session expired': async () => clock.advance(3600),
    };
    for (const [how, end] of Object.entries(endings)) {
      for (const [path, beginning] of [
        ['/tasks/', /^\[\{"id":1,/],
        ['/tasks/?limit=300', /^\[\{"id":1,/],
        ['/api/account/export/', /^\{"type":"account",/],
      ] as const) {
        it(`stops streaming ${path} once the user has ${how}`, async () => {
          const reader = await signInAgain(owner);
          const incoming = (await beginToRead(path, reader)).setEncoding('latin1');
          const [first] = (await once(incoming, 'data')) as [string];
          incoming.pause();
          await end(reader);
          await server.storage.users.activate(sessionRefOf(reader.access).userId);
          owner = await signInAgain(owner);
          const session = sessionRefOf(owner.access);
          await updateTask(server.storage, session, count, { title: 'SECRET' });
          const received = [first];
          const error: unknown = await (async () => {
            for await (const chunk of incoming) received.push(String(chunk));
          })().catch((reason: unknown) => reason);
          expect(error).to.include({ code: 'ECONNRESET' });
          expect(received.join('')).to.match(beginning);
          expect(received.join('')).to.not.contain('SECRET');
          const rejected = await call('GET', '/tasks/', undefined, reader);
          expect(rejected.status).to.equal(401);

          await updateTask(server.storage, session, count, { title: `task ${count}` });
        });
      }
    }
  });
});
