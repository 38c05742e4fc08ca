import { expect } from 'chai';
import type { Task } from '../../../src/domain/task.js';
import { createTask } from '../../../src/storage-contract/builders.js';
import { concurrently } from '../../../src/storage-contract/concurrency.js';
import type { WireResponse } from '../../support/http-client.js';
import { sessionRefOf } from '../../support/json-web-token.js';
import {
  accessTokenError,
  expectCommonHeaders,
  expectResponse,
  taskNotFound,
} from '../../support/responses.js';
import type { RunningServer, SignedIn } from '../../support/running-server.js';
import { withEachStorage } from '../../support/storages.js';
import { withStub } from '../../support/with-stub.js';

const taskChanged = { detail: 'The task has changed; read it again before you change it.' };
const milk = { title: 'Milk', description: 'Two litres', status: 'pending' };

const tagOf = ({ headers }: WireResponse): string => String(headers['etag']);

/** Expects that nothing is sent but what the client has by this tag. */
function expectNotModified(response: WireResponse, tag: string): void {
  expect({ status: response.status, text: response.text }).to.deep.equal({ status: 304, text: '' });
  expect(response.headers).to.include({ etag: tag, 'cache-control': 'no-store' });
  expect(response.headers)
    .to.include.keys('x-request-id')
    .and.not.include.keys('content-type', 'content-length');
  expectCommonHeaders(response);
}

const unread = () => () => Promise.reject(new Error('a task is read'));

describe('conditional requests', () => {
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

    const call = (
      method: string,
      path: string,
      headers: Readonly<Record<string, string>> = {},
      body?: unknown,
      by = user,
    ) =>
      server.send({
        method,
        path,
        headers: { Authorization: `Bearer ${by.access}`, 'Content-Type': 'application/json', ...headers },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
    const create = (fields: object = milk) => call('POST', '/tasks/create/', {}, fields);
    const update = (changes: unknown, headers = {}) => call('PUT', '/tasks/1/update/', headers, changes);

    describe('for a task', () => {
      it('creating, reading and updating a task returns its strong entity tag', async () => {
        const tag = tagOf(await create());
        expect(tag).to.match(/^"[\w-]{22}"$/);
        expect(tagOf(await call('GET', '/tasks/1/'))).to.equal(tag);
        expect(tagOf(await call('HEAD', '/tasks/1/'))).to.equal(tag);
        expect(tagOf(await update({}))).to.equal(tag);
        const updated = tagOf(await update({ title: 'Tea' }));
        expect(updated).to.not.equal(tag);
        expect(tagOf(await call('GET', '/tasks/1/'))).to.equal(updated);
      });

      it('the entity tag changes with each field of a task, and comes back with it', async () => {
        const tags = [tagOf(await create())];
        for (const changes of [{ title: 'Tea' }, { description: 'One litre' }, { status: 'completed' }])
          tags.push(tagOf(await update(changes)));
        tags.push(tagOf(await create()));
        expect(new Set(tags)).to.have.property('size', 5);
        expect(tagOf(await update(milk))).to.equal(tags[0]);
      });

      it('responds with 304 to If-None-Match with the entity tag of the task', async () => {
        const tag = tagOf(await create());
        for (const given of [tag, `W/${tag}`, `"a", ${tag}`, '*']) {
          expectNotModified(await call('GET', '/tasks/1/', { 'If-None-Match': given }), tag);
          expectNotModified(await call('HEAD', '/tasks/1/', { 'If-None-Match': given }), tag);
        }
      });

      it('sends a task that has changed since, or whose entity tag cannot be read', async () => {
        const tag = tagOf(await create());
        await update({ title: 'Tea' });
        for (const given of [tag, '"a"', '', tag.slice(1), `*, ${tag}`])
          expectResponse(await call('GET', '/tasks/1/', { 'If-None-Match': given }), 200, {
            id: 1,
            ...milk,
            title: 'Tea',
          });
      });

      it('If-None-Match hides neither a missing task nor an ended session', async () => {
        const tag = tagOf(await create());
        expectResponse(await call('GET', '/tasks/2/', { 'If-None-Match': '*' }), 404, taskNotFound);
        await server.call('POST', '/api/logout/', { refresh: user.refresh });
        for (const path of ['/tasks/1/', '/tasks/2/', '/tasks/', '/tasks/?search=x'])
          expectResponse(
            await call('GET', path, { 'If-None-Match': `*, ${tag}` }),
            401,
            accessTokenError('Token is blacklisted'),
          );
      });

      it('updates and deletes a task by its entity tag', async () => {
        const tag = tagOf(await create());
        const updated = await update({ title: 'Tea' }, { 'If-Match': tag });
        expectResponse(updated, 200, { id: 1, ...milk, title: 'Tea' });
        const again = await update({ title: 'Rum' }, { 'If-Match': `${tag}, ${tagOf(updated)}` });
        expectResponse(again, 200, { id: 1, ...milk, title: 'Rum' });
        const deleted = await call('DELETE', '/tasks/1/delete/', { 'If-Match': tagOf(again) });
        expect(deleted.status).to.equal(200);
        expect((await call('GET', '/tasks/1/')).status).to.equal(404);
      });

      it('changes no task with 412 if its entity tag is not among those of If-Match', async () => {
        const tag = tagOf(await create());
        await create({ ...milk, title: 'Other' });
        const other = tagOf(await call('GET', '/tasks/2/'));
        const updated = await update({ title: 'Tea' });
        for (const given of [tag, other, `W/${tagOf(updated)}`, '"a"', '', 'a', `*, ${tagOf(updated)}`]) {
          expectResponse(await update({ title: 'Rum' }, { 'If-Match': given }), 412, taskChanged);
          expectResponse(await update({}, { 'If-Match': given }), 412, taskChanged);
          expectResponse(await call('DELETE', '/tasks/1/delete/', { 'If-Match': given }), 412, taskChanged);
        }
        expectResponse(await call('GET', '/tasks/1/'), 200, { id: 1, ...milk, title: 'Tea' });
      });

      it('updates and deletes any existing task for If-Match: *', async () => {
        await create();
        expect((await update({ title: 'Tea' }, { 'If-Match': '*' })).status).to.equal(200);
        expect((await call('DELETE', '/tasks/1/delete/', { 'If-Match': '*' })).status).to.equal(200);
        expectResponse(await update({ title: 'Tea' }, { 'If-Match': '*' }), 404, taskNotFound);
        expectResponse(await call('DELETE', '/tasks/1/delete/', { 'If-Match': '*' }), 404, taskNotFound);
      });

      it('obeys If-Match on /tasks/<id>/, too', async () => {
        const tag = tagOf(await create());
        for (const method of ['PUT', 'PATCH', 'DELETE']) {
          const response = await call(method, '/tasks/1/', { 'If-Match': '"a"' }, { title: 'Tea' });
          expectResponse(response, 412, taskChanged);
        }
        const updated = await call('PATCH', '/tasks/1/', { 'If-Match': tag }, { title: 'Tea' });
        expect(updated.status).to.equal(200);
        const deleted = await call('DELETE', '/tasks/1/', { 'If-Match': tagOf(updated) });
        expect(deleted.status).to.equal(200);
      });

      it('reports a missing task first, then an invalid body, then 412', async () => {
        const stale = { 'If-Match': '"a"' };
        for (const body of [{ title: 'Tea' }, { title: '' }, '{'])
          expectResponse(await update(body, stale), 404, taskNotFound);
        expectResponse(await call('DELETE', '/tasks/1/delete/', stale), 404, taskNotFound);
        await create();
        expectResponse(await update({ title: '' }, stale), 400, { title: ['This field may not be blank.'] });
        expect((await update('{', stale)).status).to.equal(400);
        expect((await update('x', { ...stale, 'Content-Type': 'text/plain' })).status).to.equal(415);
        expectResponse(await update({ title: 'Tea' }, stale), 412, taskChanged);
        await server.call('POST', '/api/logout/', { refresh: user.refresh });
        for (const response of [await update({}, stale), await call('DELETE', '/tasks/1/delete/', stale)])
          expectResponse(response, 401, accessTokenError('Token is blacklisted'));
      });

      it('one of twenty concurrent updates with the same entity tag succeeds', async () => {
        const tag = tagOf(await create());
        const responses = await concurrently(20, (i) => update({ title: `Milk ${i}` }, { 'If-Match': tag }));
        const [winner, ...others] = responses.filter(({ status }) => status === 200);
        expect(others).to.deep.equal([]);
        for (const response of responses.filter((each) => each !== winner))
          expectResponse(response, 412, taskChanged);
        expect((await call('GET', '/tasks/1/')).text).to.equal(winner?.text);
      });

      it('changes no task that is changed between its comparison and its change', async () => {
        const tag = tagOf(await create());
        const { tasks } = server.storage;
        let changes = 0;
        const overtaken =
          (find: typeof tasks.find): typeof tasks.find =>
          async (session, id) => {
            const task = await find(session, id);
            await tasks.update(session, id, { title: `Tea ${++changes}` }, { maxBytes: Infinity });
            return task;
          };
        await withStub(tasks, 'find', overtaken, async () => {
          expectResponse(await update({ status: 'completed' }, { 'If-Match': tag }), 412, taskChanged);
        });
        const current = tagOf(await call('GET', '/tasks/1/'));
        await withStub(tasks, 'find', overtaken, async () => {
          const deleted = await call('DELETE', '/tasks/1/delete/', { 'If-Match': current });
          expectResponse(deleted, 412, taskChanged);
        });
        expectResponse(await call('GET', '/tasks/1/'), 200, { id: 1, ...milk, title: 'Tea 2' });
      });
    });

    describe('for a list', () => {
      const paths = [
        '/tasks/',
        '/tasks/?limit=1',
        '/tasks/?after=1',
        '/tasks/?status=pending',
        '/tasks/?ordering=-title',
      ];

      it('the weak entity tag of a list changes when a task is created, updated or deleted', async () => {
        const tags = [tagOf(await call('GET', '/tasks/'))];
        for (const change of [
          create,
          () => update({ title: 'Tea' }),
          () => update({ title: 'Milk' }),
          () => call('DELETE', '/tasks/1/delete/'),
        ]) {
          await change();
          tags.push(tagOf(await call('GET', '/tasks/')));
        }
        for (const tag of tags) expect(tag).to.match(/^W\/"[\d-]+"$/);
        expect(new Set(tags)).to.have.property('size', 5);
      });

      it('responds with 304 to If-None-Match with the entity tag of a list that has not changed', async () => {
        await create();
        for (const path of paths) {
          const tag = tagOf(await call('GET', path));
          for (const given of [tag, tag.slice('W/'.length), `"a", ${tag}`, '*']) {
            expectNotModified(await call('GET', path, { 'If-None-Match': given }), tag);
            expectNotModified(await call('HEAD', path, { 'If-None-Match': given }), tag);
          }
        }
      });

      it('sends a list that has changed since', async () => {
        await create();
        for (const path of paths) {
          const tag = tagOf(await call('GET', path));
          await update({ status: 'completed' });
          await update({ status: 'pending' });
          const { status, headers } = await call('GET', path, { 'If-None-Match': tag });
          expect(status).to.equal(200);
          expect(headers['etag']).to.be.a('string').and.not.equal(tag);
        }
      });

      it('keeps the entity tag of a list through requests that change nothing', async () => {
        await create();
        const tag = tagOf(await call('GET', '/tasks/'));
        await update({ title: '' });
        await update({ title: 'Tea' }, { 'If-Match': '"a"' });
        await call('DELETE', '/tasks/2/delete/');
        await create({});
        expectNotModified(await call('GET', '/tasks/', { 'If-None-Match': tag }), tag);
      });

      it('reads no task for a 304', async () => {
        await create();
        const { tasks } = server.storage;
        for (const path of paths) {
          const tag = tagOf(await call('GET', path));
          await withStub(tasks, 'list', unread, () =>
            withStub(tasks, 'select', unread, async () => {
              expectNotModified(await call('GET', path, { 'If-None-Match': tag }), tag);
            }),
          );
        }
      });

      it('no other user has the same list by its entity tag', async () => {
        const other = await server.registerAndSignIn();
        const tag = tagOf(await call('GET', '/tasks/'));
        expectNotModified(await call('GET', '/tasks/', { 'If-None-Match': tag }), tag);
        const response = await call('GET', '/tasks/', { 'If-None-Match': tag }, undefined, other);
        expectResponse(response, 200, []);
        expect(tagOf(response)).to.not.equal(tag);
      });

      it('the entity tag of a page by offset is that of before the skipped tasks were read', async () => {
        for (let i = 0; i < 3; i++) await create();
        const { tasks } = server.storage;
        const before = tagOf(await call('GET', '/tasks/'));
        let reads = 0;
        const deletingOneAfterTheFirst =
          (list: typeof tasks.list): typeof tasks.list =>
          async (session, page) => {
            const read = await list(session, page);
            if (++reads === 1) await tasks.remove(session, 1);
            return read;
          };
        await withStub(tasks, 'list', deletingOneAfterTheFirst, async () => {
          const response = await call('GET', '/tasks/?limit=1&offset=1');
          expect((response.json() as Task[]).map(({ id }) => id)).to.deep.equal([2]);
          expect(tagOf(response)).to.equal(before);
        });
        const now = await call('GET', '/tasks/?limit=1&offset=1', { 'If-None-Match': before });
        expect((now.json() as Task[]).map(({ id }) => id)).to.deep.equal([3]);
      });

      it('a list that is streamed has an entity tag, too', async () => {
        const session = sessionRefOf(user.access);
        await concurrently(1500, () => createTask(server.storage, session));
        for (const path of ['/tasks/', '/tasks/?ordering=title']) {
          const response = await call('GET', path);
          expect(response.headers).to.include({ 'transfer-encoding': 'chunked' });
          expectNotModified(await call('GET', path, { 'If-None-Match': tagOf(response) }), tagOf(response));
        }
      });
    });

    it('an error has no entity tag', async () => {
      for (const response of [
        await call('GET', '/tasks/1/'),
        await create({}),
        await call('DELETE', '/tasks/1/delete/'),
        await server.call('GET', '/tasks/'),
      ])
        expect(response.headers).to.not.have.property('etag');
    });
  });
});
