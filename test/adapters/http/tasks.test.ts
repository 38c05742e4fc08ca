import { expect } from 'chai';
import { createTask } from '../../../src/storage-contract/builders.js';
import {
  accessTokenError,
  expectResponse,
  expectCommonHeaders,
  noCredentials,
  taskNotFound,
} from '../../support/responses.js';
import { sessionRefOf } from '../../support/json-web-token.js';
import { withStub } from '../../support/with-stub.js';
import type { RunningServer, SignedIn } from '../../support/running-server.js';
import { withEachStorage } from '../../support/storages.js';

const missingIds = [
  ...'0 000 2 9007199254740991 9007199254740992 9007199254740993 18446744073709551617'.split(' '),
  '9'.repeat(300),
  '9'.repeat(400),
  `1${'0'.repeat(308)}`,
];

const deleted = { message: 'Task deleted successfully' };

/** Texts that a wrong encoding would change. */
const awkwardTexts = [
  'a/b\\c"d',
  'tab\there, line\nthere, \u0001\u001f\u007f\u0080',
  'é e\u0301 \u2028 \u2029 \ufeff \u200b',
  '\u{1f600} \u{10ffff} \uffff',
  "</script><b>&amp;%41+'",
  '{"id":9,"title":"no"} 12345678901234567890 1e400',
  'null',
];

const task = (id: number, title: string, description = 'd', status = 'pending') => ({
  id,
  title,
  description,
  status,
});

describe('tasks', () => {
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

    const call = (method: string, path: string, body?: unknown) =>
      server.call(method, path, body, user.access);
    const create = (title: string) => call('POST', '/tasks/create/', { title, description: 'd' });
    it('returns tasks with id, title, description and status, in this order', async () => {
      const created = await call('POST', '/tasks/create/', {
        status: 'in-progress',
        description: 'Two litres',
        other: 1,
        id: 9,
        title: 'Buy milk',
      });
      expectResponse(created, 201, task(1, 'Buy milk', 'Two litres', 'in-progress'));
      expectResponse(await call('GET', '/tasks/1/'), 200, task(1, 'Buy milk', 'Two litres', 'in-progress'));
      expectResponse(await call('GET', '/tasks/'), 200, [task(1, 'Buy milk', 'Two litres', 'in-progress')]);
    });

    it('creates a task as pending by default', async () => {
      expectResponse(await create('Buy milk'), 201, task(1, 'Buy milk'));
    });

    it('returns an empty list to a new user', async () => {
      expectResponse(await call('GET', '/tasks/'), 200, []);
    });

    it('updates the given fields of a task and no others', async () => {
      await create('Buy milk');
      const updates: [object, object][] = [
        [{}, task(1, 'Buy milk')],
        [{ status: 'completed' }, task(1, 'Buy milk', 'd', 'completed')],
        [{ description: 'Two litres' }, task(1, 'Buy milk', 'Two litres', 'completed')],
        [{ title: ' Sell milk ' }, task(1, 'Sell milk', 'Two litres', 'completed')],
        [{ status: 'pending', title: 'Drink milk' }, task(1, 'Drink milk', 'Two litres')],
        [{ id: 7, owner: 7, created: 7 }, task(1, 'Drink milk', 'Two litres')],
      ];
      for (const [changes, expected] of updates) {
        expectResponse(await call('PUT', '/tasks/1/update/', changes), 200, expected);
        expectResponse(await call('GET', '/tasks/1/'), 200, expected);
      }
    });

    it('changes nothing if one field of an update is invalid', async () => {
      await create('Buy milk');
      expectResponse(
        await call('PUT', '/tasks/1/update/', { status: 'done', description: null, title: '' }),
        400,
        {
          title: ['This field may not be blank.'],
          description: ['This field may not be null.'],
          status: ['"done" is not a valid choice.'],
        },
      );
      expectResponse(await call('PUT', '/tasks/1/update/', { title: 'x', status: 'done' }), 400, {
        status: ['"done" is not a valid choice.'],
      });
      expectResponse(await call('GET', '/tasks/1/'), 200, task(1, 'Buy milk'));
    });

    it('keeps both of two concurrent updates to different fields', async () => {
      await create('Buy milk');
      for (let round = 1; round <= 20; round++) {
        const [title, description] = [`title ${round}`, `description ${round}`];
        await Promise.all([
          call('PUT', '/tasks/1/update/', { title }),
          call('PUT', '/tasks/1/update/', { description }),
        ]);
        expectResponse(await call('GET', '/tasks/1/'), 200, task(1, title, description));
      }
    });

    it('keeps every character of titles', async () => {
      for (const text of awkwardTexts) {
        const { id } = (await create(text)).json() as { id: number };
        const updated = await call('PUT', `/tasks/${id}/update/`, { status: 'completed' });
        expectResponse(updated, 200, task(id, text, 'd', 'completed'));
        expectResponse(await call('GET', `/tasks/${id}/`), 200, task(id, text, 'd', 'completed'));
      }
      const titles = ((await call('GET', '/tasks/')).json() as { title: string }[]).map(({ title }) => title);
      expect(titles).to.deep.equal(awkwardTexts);
    });

    for (const id of missingIds) {
      it(`responds with 404 to the task id ${id.slice(0, 25)}`, async () => {
        await create('Buy milk');
        expectResponse(await call('GET', `/tasks/${id}/`), 404, taskNotFound);
        expectResponse(await call('PUT', `/tasks/${id}/update/`, { title: 'x' }), 404, taskNotFound);
        expectResponse(await call('DELETE', `/tasks/${id}/delete/`), 404, taskNotFound);
        expectResponse(await server.call('GET', `/tasks/${id}/`), 401, noCredentials);
      });
    }

    it('responds with 404 to a deleted task', async () => {
      await create('Buy milk');
      expectResponse(await call('DELETE', '/tasks/1/delete/'), 200, deleted);
      expectResponse(await call('DELETE', '/tasks/1/delete/'), 404, taskNotFound);
      expectResponse(await call('GET', '/tasks/1/'), 404, taskNotFound);
      expectResponse(await call('PUT', '/tasks/1/update/', { title: 'x' }), 404, taskNotFound);
      expectResponse(await call('GET', '/tasks/'), 200, []);
    });

    it('one of twenty concurrent deletions of a task succeeds', async () => {
      await create('Buy milk');
      const responses = await Promise.all(
        Array.from({ length: 20 }, () => call('DELETE', '/tasks/1/delete/')),
      );
      expect(responses.filter(({ status }) => status === 200)).to.have.length(1);
      for (const response of responses.filter(({ status }) => status !== 200))
        expectResponse(response, 404, taskNotFound);
    });

    it('numbers tasks from 1 and never reuses an id', async () => {
      for (const id of [1, 2, 3]) expectResponse(await create('t'), 201, task(id, 't'));
      await call('DELETE', '/tasks/3/delete/');
      await call('DELETE', '/tasks/1/delete/');
      expectResponse(await create('t'), 201, task(4, 't'));
      for (const id of [2, 4]) await call('DELETE', `/tasks/${id}/delete/`);
      expectResponse(await create('t'), 201, task(5, 't'));
      expectResponse(await call('GET', '/tasks/'), 200, [task(5, 't')]);
    });

    it('gives different ids to tasks that are created concurrently', async () => {
      const responses = await Promise.all(Array.from({ length: 50 }, () => create('t')));
      const ids = responses.map((response) => (response.json() as { id: number }).id);
      expect(ids.toSorted((a, b) => a - b)).to.deep.equal(Array.from({ length: 50 }, (_, i) => i + 1));
    });

    it('hides tasks from other users', async () => {
      await create('Buy milk');
      await create('Drink milk');
      const other = await server.registerAndSignIn();
      const callAsOther = (method: string, path: string, body?: unknown) =>
        server.call(method, path, body, other.access);

      await callAsOther('POST', '/tasks/create/', { title: 'Read', description: 'd' });
      expectResponse(await callAsOther('GET', '/tasks/'), 200, [task(1, 'Read')]);
      expectResponse(await callAsOther('GET', '/tasks/2/'), 404, taskNotFound);
      expectResponse(await callAsOther('PUT', '/tasks/2/update/', { title: 'Spill' }), 404, taskNotFound);
      expectResponse(await callAsOther('DELETE', '/tasks/2/delete/'), 404, taskNotFound);
      expectResponse(await callAsOther('DELETE', '/tasks/1/delete/'), 200, deleted);
      expectResponse(await call('GET', '/tasks/'), 200, [task(1, 'Buy milk'), task(2, 'Drink milk')]);
    });

    it('rejects reads and writes of tasks after the session has ended', async () => {
      await create('Buy milk');
      await server.call('POST', '/api/logout/', { refresh: user.refresh });
      const rejected = accessTokenError('Token is blacklisted');
      expectResponse(await call('GET', '/tasks/1/'), 401, rejected);
      expectResponse(await call('GET', '/tasks/2/'), 401, rejected);
      expectResponse(await call('PUT', '/tasks/1/update/', { title: 'x' }), 401, rejected);
      expectResponse(await call('PUT', '/tasks/2/update/', { title: 'x' }), 401, rejected);
      expectResponse(await call('DELETE', '/tasks/1/delete/'), 401, rejected);
      expectResponse(await create('x'), 401, rejected);

      const { username, password } = user;
      const signedIn = await server.call('POST', '/api/token/', { username, password });
      user = { ...user, ...(signedIn.json() as SignedIn) };
      expectResponse(await call('GET', '/tasks/'), 200, [task(1, 'Buy milk')]);
    });

    describe('in a long list', () => {
      const all = Array.from({ length: 2500 }, (_, i) => task(i + 1, `task ${i + 1}`));
      let owner: SignedIn;
      before(async () => {
        owner = await server.registerAndSignIn();
        const session = sessionRefOf(owner.access);
        for (const { title, description } of all)
          void createTask(server.storage, session, { title, description, status: 'pending' });
        await server.storage.tasks.find(session, all.length);
      });
      beforeEach(() => {
        user = owner;
      });

      it('returns a list of 2,500 tasks in order', async () => {
        expectResponse(await call('GET', '/tasks/'), 200, all);
        expectResponse(await call('GET', '/tasks'), 200, all);
      });

      it('returns the tasks after an id', async () => {
        for (const after of [0, 1, 999, 1499, 1500, 1501, 2499, 2500, 9999, Number.MAX_SAFE_INTEGER])
          expectResponse(await call('GET', `/tasks/?after=${after}`), 200, all.slice(after));
      });

      it('returns an empty body to HEAD /tasks/', async () => {
        for (const path of ['/tasks/', '/tasks/?limit=10', '/tasks/?after=2499']) {
          const response = await call('HEAD', path);
          expect([response.status, response.text]).to.deep.equal([200, '']);
          expect(response.headers['content-type']).to.equal('application/json');
          expectCommonHeaders(response);
        }
      });

      it('reads only one page from the storage for HEAD /tasks/', async () => {
        const { tasks } = server.storage;
        let pagesRead = 0;
        const counting =
          (list: typeof tasks.list): typeof tasks.list =>
          (...args) => {
            pagesRead++;
            return list(...args);
          };
        await withStub(tasks, 'list', counting, async () => {
          await call('HEAD', '/tasks/');
        });
        expect(pagesRead).to.equal(1);
      });

      for (const [limit, pages] of [
        [1000, 3],
        [999, 3],
        [500, 5],
        [499, 6],
      ] as const) {
        it(`returns ${pages} pages of at most ${limit} tasks, each with a link to the next`, async () => {
          let rest = all;
          let path = `/tasks/?limit=${limit}`;
          for (let page = 1; page <= pages; page++) {
            const response = await call('GET', path);
            expectResponse(response, 200, rest.slice(0, limit));
            rest = rest.slice(limit);
            const [, next = ''] = /^<(.+)>; rel="next"$/.exec(String(response.headers['link'])) ?? [];
            path = next && new URL(next, `http://x${path}`).href.slice('http://x'.length);
          }
          expect({ rest, path }).to.deep.equal({ rest: [], path: '' });
        });
      }

      it('returns the link to the next page to HEAD, too', async () => {
        const { headers } = await call('HEAD', '/tasks/?after=7&limit=10');
        expect(headers['link']).to.equal('<?limit=10&after=17>; rel="next"');
      });

      it('returns pages by offset, each with a link to the next', async () => {
        let rest = all.slice(100);
        let query = '?limit=900&offset=0&after=100';
        for (let page = 1; page <= 3; page++) {
          const response = await call('GET', `/tasks/${query}`);
          expectResponse(response, 200, rest.slice(0, 900));
          rest = rest.slice(900);
          query = /^<(.+)>; rel="next"$/.exec(String(response.headers['link']))?.[1] ?? '';
          if (page < 3) expect(query).to.equal(`?limit=900&after=100&offset=${page * 900}`);
        }
        expect({ rest, query }).to.deep.equal({ rest: [], query: '' });
      });

      it('counts the offset from the task after an id', async () => {
        for (const [query, first] of [
          ['offset=5', 5],
          ['offset=2495', 2495],
          ['offset=1500&after=900', 2400],
          ['offset=0&after=7', 7],
          ['offset=-1', 0],
          ['offset=x&after=7', 7],
        ] as const)
          expectResponse(await call('GET', `/tasks/?limit=5&${query}`), 200, all.slice(first, first + 5));
        for (const offset of [2500, 100_000, '9'.repeat(400)])
          expectResponse(await call('GET', `/tasks/?limit=5&offset=${offset}`), 200, []);
      });

      it('ignores an offset without a limit in GET /tasks/', async () => {
        expectResponse(await call('GET', '/tasks/?offset=2000'), 200, all);
        expectResponse(await call('GET', '/tasks/?offset=2&limit=0&after=2490'), 200, all.slice(2490));
      });

      for (const [query, next] of [
        ['limit=2', 'limit=2&after=2'],
        ['a=1&limit=2&b=2&after=5&a=3', 'limit=2&a=1&b=2&a=3&after=7'],
        ['limit=x&limit=2&after=9&after=0&offset', 'limit=2&after=2'],
        ['limit=+2&offset=%204', 'limit=2&offset=6'],
        ['limit=2&q=a%20b+%26c%3Dd&%C3%A9&&l%69mit=2', 'limit=2&q=a%20b+%26c%3Dd&%C3%A9&after=2'],
        ['limit=2&q=<>;rel="prev"\\', 'limit=2&q=%3C%3E;rel=%22prev%22\\&after=2'],
        ['?limit=9&limit=2', 'limit=2&?limit=9&after=2'],
      ] as const) {
        it(`links from ?${query} to ?${next}`, async () => {
          const { headers } = await call('GET', `/tasks/?${query}`);
          expect(headers['link']).to.equal(`<?${next}>; rel="next"`);
        });
      }

      it('returns no link on the last page, even if it is full', async () => {
        for (const path of ['/tasks/?limit=500&after=2000', '/tasks/?limit=5&after=2500', '/tasks/?after=1'])
          expect((await call('GET', path)).headers).to.not.have.property('link');
      });

      it('continues a list after a deleted task', async () => {
        const [first] = ((await call('GET', '/tasks/?limit=1&after=41')).json() as object[]) ?? [];
        expect(first).to.deep.equal(all[41]);
        await call('DELETE', '/tasks/1250/delete/');
        expectResponse(await call('GET', '/tasks/?limit=2&after=1248'), 200, [all[1248], all[1250]]);
        expectResponse(await call('GET', '/tasks/?limit=2&after=1250'), 200, all.slice(1250, 1252));
        expectResponse(await call('GET', '/tasks/'), 200, all.toSpliced(1249, 1));
      });
    });

    describe('with a query', () => {
      // prettier-ignore
      const unreadable = [
        '', 'x', 'undefined', 'null', '-1', '%2B', '1.5', '1e2', '0x10', '2026-01-01', '%00', '%zz', '%D9%A3', '%FF',
      ];
      for (const query of [
        'limit=2',
        'limit=1000',
        'limit=0002',
        'limit=%32',
        'limit=0&limit=2',
        'limit=x&limit=2&after=x&after=0',
        'limit=1&limit=0',
        'limit=1&limit=1001',
        '?limit=1',
        ...unreadable.flatMap((text) => [
          `limit=${text}`,
          `limit=${text}&offset=1`,
          `after=${text}`,
          `limit=2&after=${text}&offset=${text}`,
        ]),
        ...['0', '000', '1001', '9'.repeat(30)].map((limit) => `limit=${limit}&offset=1`),
        'after=0',
        'after=000',
        '',
        'Limit=0',
        'LIMIT=x&AFTER=x',
        'limit[]=0&after[]=x',
        'page=2&status=done&ordering=size&search=&format=xml',
        '__proto__=1&constructor=2&toString=3',
        '%',
        '&&&==&',
      ]) {
        it(`returns both tasks for ${query === '' ? 'an empty query' : query}`, async () => {
          await create('one');
          await create('two');
          expectResponse(await call('GET', `/tasks/?${query}`), 200, [task(1, 'one'), task(2, 'two')]);
        });
      }

      it('checks credentials before the paging parameters', async () => {
        expectResponse(await server.call('GET', '/tasks/?limit=x'), 401, noCredentials);
        const invalid = accessTokenError('Token is invalid or expired');
        expectResponse(await server.call('GET', '/tasks/?limit=x', undefined, 'garbage'), 401, invalid);
        await server.call('POST', '/api/logout/', { refresh: user.refresh });
        const ended = accessTokenError('Token is blacklisted');
        for (const query of ['limit=x', 'after=x', 'limit=1'])
          expectResponse(await call('GET', `/tasks/?${query}`), 401, ended);
      });

      it('other endpoints ignore paging parameters', async () => {
        expectResponse(
          await call('POST', '/tasks/create/?limit=x', { title: 't', description: 'd' }),
          201,
          task(1, 't'),
        );
        expectResponse(await call('GET', '/tasks/1/?limit=x&after=x'), 200, task(1, 't'));
      });
    });
  });
});
