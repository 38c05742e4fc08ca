import { EventEmitter, once } from 'node:events';
import { expect } from 'chai';
import type { Task, TaskDraft } from '../../../src/domain/task.js';
import { aDraft, createTask } from '../../../src/storage-contract/builders.js';
import type { WireResponse } from '../../support/http-client.js';
import { sessionRefOf } from '../../support/json-web-token.js';
import { accessTokenError, expectResponse } from '../../support/responses.js';
import type { RunningServer, SignedIn } from '../../support/running-server.js';
import { withEachStorage } from '../../support/storages.js';
import { waitFor } from '../../support/wait-for.js';
import { withStub } from '../../support/with-stub.js';

const tooManyReads = {
  detail: 'You have as many long lists in progress as one user may; try again when one has ended.',
};

const drafts: readonly TaskDraft[] = [
  { title: 'Buy milk', description: 'Two litres', status: 'pending' },
  { title: 'apples', description: 'From the MILKMAN', status: 'completed' },
  { title: 'Call Éloïse', description: '100% +&=', status: 'in-progress' },
  { title: '\uffe5 price', description: 'd', status: 'pending' },
  { title: '\u{1f600} smile', description: 'd', status: 'completed' },
  { title: 'Buy milk', description: 'again', status: 'in-progress' },
];

const idsOf = (tasks: readonly Task[]) => tasks.map(({ id }) => id);

const failing = () => () => Promise.reject(new Error('a failure'));

describe('filtered and ordered lists', () => {
  withEachStorage((start) => {
    let server: RunningServer;
    before(async () => {
      server = await start();
    });
    after(() => server.stop());

    const userWith = async (tasks: readonly TaskDraft[]): Promise<SignedIn> => {
      const user = await server.registerAndSignIn();
      const session = sessionRefOf(user.access);
      // One after the other over one connection, so their ids are in order; the storage lets a thousand wait.
      for (let i = 0; i < tasks.length; i += 1000)
        await Promise.all(
          tasks.slice(i, i + 1000).map((draft) => createTask(server.storage, session, draft)),
        );
      return user;
    };

    describe('of a few tasks', () => {
      let user: SignedIn;
      before(async () => {
        user = await userWith(drafts);
      });
      const get = (query: string) => server.call('GET', `/tasks/?${query}`, undefined, user.access);

      for (const [query, ids] of [
        ['status=pending', [1, 4]],
        ['status=completed,in-progress', [2, 3, 5, 6]],
        ['status=completed,done', [2, 5]],
        ['search=milk', [1, 2, 6]],
        ['search=MILK', [1, 2, 6]],
        ['search=%20buy+milk%20', [1, 6]],
        ['search=%C3%A9LO%C3%8F', [3]],
        ['search=100%25%20%2B%26%3D', [3]],
        ['search=%F0%9F%98%80', [5]],
        ['search=.*', []],
        ['search=pending', []],
        ['status=pending&search=milk', [1]],
        ['status=done&search=milk', [1, 2, 6]],
        ['ordering=-id', [6, 5, 4, 3, 2, 1]],
        ['ordering=title', [1, 6, 3, 2, 4, 5]],
        ['ordering=-title', [5, 4, 2, 3, 1, 6]],
        ['ordering=status', [2, 5, 3, 6, 1, 4]],
        ['ordering=-status', [1, 4, 3, 6, 2, 5]],
        ['ordering=-title&search=milk&status=pending,completed', [2, 1]],
        ['ordering=-id&after=4', [3, 2, 1]],
        ['ordering=-id&after=0', [6, 5, 4, 3, 2, 1]],
        ['ordering=-id&after=99', [6, 5, 4, 3, 2, 1]],
        ['ordering=-id&after=1', []],
        ['status=pending&after=1', [4]],
        ['ordering=title&after=4', [1, 6, 3, 2, 4, 5]],
        ['ordering=title&limit=2', [1, 6]],
        ['ordering=title&limit=2&offset=3', [2, 4]],
        ['ordering=title&limit=2&offset=99', []],
        ['ordering=-id&limit=2&offset=1', [5, 4]],
        ['ordering=-id&limit=2&offset=1&after=5', [3, 2]],
        ['search=milk&limit=2&offset=1', [2, 6]],
        ['ordering=id', [1, 2, 3, 4, 5, 6]],
        ['ordering=size&status=done&search=', [1, 2, 3, 4, 5, 6]],
        [`search=${'x'.repeat(251)}`, [1, 2, 3, 4, 5, 6]],
      ] as const) {
        it(`lists the tasks [${ids.join(', ')}] for ?${query.slice(0, 60)}`, async () => {
          const expected = ids.map((id) => Object.assign({ id }, drafts[id - 1]));
          expectResponse(await get(query), 200, expected);
          const head = await server.call('HEAD', `/tasks/?${query}`, undefined, user.access);
          expect([head.status, head.text]).to.deep.equal([200, '']);
        });
      }

      for (const [query, count] of [
        ['limit=2', '6'],
        ['limit=2&after=4', '6'],
        ['limit=2&offset=4', '6'],
        ['limit=2&offset=99', '6'],
        ['limit=2&ordering=-id', '6'],
        ['limit=2&ordering=-id&offset=5', '6'],
        ['limit=2&ordering=title', '6'],
        ['status=pending', '2'],
        ['search=milk', '3'],
        ['search=milk&after=2', '3'],
        ['search=milk&limit=1', '3'],
        ['search=milk&limit=1&ordering=-title&offset=2', '3'],
        ['search=nothing', '0'],
        ['', undefined],
        ['limit=0', undefined],
        ['after=1', undefined],
        ['status=done', undefined],
        ['ordering=-id', undefined],
        ['ordering=title', undefined],
      ] as const) {
        it(`${count === undefined ? 'returns no X-Total-Count' : `counts ${count} tasks`} for ?${query}`, async () => {
          expect((await get(query)).headers['x-total-count']).to.equal(count);
        });
      }

      for (const [query, next] of [
        ['limit=3&status=pending,completed&search=%20m&ordering=-id', undefined],
        [
          'limit=1&status=pending,completed&search=milk',
          'limit=1&status=pending,completed&search=milk&after=1',
        ],
        ['limit=2&ordering=-id&after=6', 'limit=2&ordering=-id&after=4'],
        ['limit=2&ordering=-id&offset=2', 'limit=2&ordering=-id&offset=4'],
        ['ordering=title&limit=2', 'limit=2&ordering=title&offset=2'],
        ['ordering=title&limit=2&after=3&offset=2&a=1', 'limit=2&ordering=title&a=1&offset=4'],
        ['ordering=title&limit=2&offset=4', undefined],
        ['ordering=-status&limit=2&search=milk&offset=1', undefined],
        ['ordering=-id&limit=3&after=4', undefined],
      ] as const) {
        it(`links from ?${query} to ${next === undefined ? 'no page' : `?${next}`}`, async () => {
          expect((await get(query)).headers['link']).to.equal(next && `<?${next}>; rel="next"`);
        });
      }

      it('checks the session', async () => {
        const ended = await userWith([]);
        await server.call('POST', '/api/logout/', { refresh: ended.refresh });
        for (const query of [
          'ordering=-id',
          'ordering=title',
          'search=x',
          'limit=1&offset=20000&ordering=title',
        ])
          expectResponse(
            await server.call('GET', `/tasks/?${query}`, undefined, ended.access),
            401,
            accessTokenError('Token is blacklisted'),
          );
      });

      it('returns an empty list to a user without tasks', async () => {
        const { access } = await server.registerAndSignIn();
        for (const query of ['ordering=-id', 'ordering=title&limit=5&offset=20000', 'search=x&limit=1']) {
          const response = await server.call('GET', `/tasks/?${query}`, undefined, access);
          expectResponse(response, 200, []);
          expect(response.headers['x-total-count']).to.equal(query.includes('limit') ? '0' : undefined);
        }
      });
    });

    describe('of 10,500 tasks', () => {
      /** Titles that are ordered otherwise than ids, each of two tasks. */
      const many = Array.from({ length: 10_500 }, (_, i) =>
        aDraft({
          title: `task ${String((i * 7919) % 5250).padStart(4, '0')}`,
          status: i % 3 === 0 ? 'completed' : 'pending',
        }),
      );
      const all: readonly Task[] = many.map((draft, i) => ({ id: i + 1, ...draft }));
      const byTitle = all.toSorted((a, b) =>
        a.title === b.title ? a.id - b.id : a.title < b.title ? -1 : 1,
      );
      let user: SignedIn;
      before(async () => {
        user = await userWith(many);
      });
      const get = (query: string) => server.call('GET', `/tasks/?${query}`, undefined, user.access);

      for (const [query, expected] of [
        ['ordering=-id', all.toReversed()],
        ['ordering=title', byTitle],
        ['status=completed', all.filter(({ status }) => status === 'completed')],
        ['ordering=title&search=K+1', byTitle.filter(({ title }) => title.startsWith('task 1'))],
      ] as const) {
        it(`streams all ${expected.length} tasks for ?${query}`, async () => {
          const response = await get(query);
          expect(response.json()).to.deep.equal(expected);
          expect(response.headers['x-total-count']).to.equal(
            query.startsWith('ordering') && !query.includes('search') ? undefined : String(expected.length),
          );
        });
      }

      for (const [query, expected] of [
        ['ordering=-id', all.toReversed()],
        ['ordering=title', byTitle],
        [
          'status=completed&ordering=-id&offset=0',
          all.filter(({ status }) => status === 'completed').toReversed(),
        ],
      ] as const) {
        it(`the links from one page to the next lead through all tasks for ?${query}`, async () => {
          const ids: number[] = [];
          for (let next: string | undefined = `limit=1000&${query}`; next !== undefined;) {
            const page = await get(next);
            expect(page.headers['x-total-count']).to.equal(String(expected.length));
            ids.push(...idsOf(page.json() as Task[]));
            next = /^<\?(.+)>; rel="next"$/.exec(String(page.headers['link']))?.[1];
          }
          expect(ids).to.deep.equal(idsOf(expected));
        });
      }

      for (const offset of [9000, 9500, 9999, 10_000, 10_001, 10_499, 10_500, 20_000, 30_001]) {
        it(`skips ${offset} tasks in the order by title`, async () => {
          const response = await get(`ordering=title&limit=1000&offset=${offset}`);
          expect(idsOf(response.json() as Task[])).to.deep.equal(idsOf(byTitle.slice(offset, offset + 1000)));
          const hasMore = offset + 1000 < 10_500;
          expect(response.headers['x-total-count']).to.equal('10500');
          expect(response.headers['link']).to.equal(
            hasMore ? `<?limit=1000&ordering=title&offset=${offset + 1000}>; rel="next"` : undefined,
          );
        });
      }

      const longReads = [
        'search=x',
        'status=pending&limit=5',
        'ordering=title&limit=5',
        'ordering=-id&limit=1&offset=9',
      ];

      it('rejects a fifth such list at once with 429, and serves newest first, plain pages and other users', async () => {
        const { tasks } = server.storage;
        let begun = 0;
        const gate = new EventEmitter();
        const opened = once(gate, 'open');
        const heldBack =
          (select: typeof tasks.select): typeof tasks.select =>
          async (...args) => {
            begun++;
            await opened;
            return select(...args);
          };
        const reads: Promise<WireResponse>[] = [];
        await withStub(tasks, 'select', heldBack, async () => {
          reads.push(...longReads.map(get));
          await waitFor('four have begun', () => begun === 4);
          for (const query of longReads) expectResponse(await get(query), 429, tooManyReads);
          expect((await get('limit=5')).status).to.equal(200);
          const other = await userWith(drafts);
          const served = server.call('GET', '/tasks/?search=milk', undefined, other.access);
          const newestFirst = get('limit=5&ordering=-id');
          gate.emit('open');
          expect([(await served).status, (await newestFirst).status]).to.deep.equal([200, 200]);
        }).finally(() => gate.emit('open'));
        expect((await Promise.all(reads)).map(({ status }) => status)).to.deep.equal([200, 200, 200, 200]);
        for (const query of longReads) expect((await get(query)).status).to.equal(200);
      });

      it('serves such lists again after some that failed', async () => {
        await withStub(server.storage.tasks, 'select', failing, async () => {
          for (const query of longReads) expect((await get(query)).status).to.equal(500);
        });
        for (const query of longReads) expect((await get(query)).status).to.equal(200);
      });
    });
  });
});
