import { expect } from 'chai';
import type { ListQuery, Selection } from '../../src/application/manage-tasks.js';
import type { SessionRef } from '../../src/application/ports/session-repository.js';
import type { CreateTaskOptions } from '../../src/application/ports/task-repository.js';
import type { Task } from '../../src/domain/task.js';
import type { TaskSelection } from '../../src/domain/task-query.js';
import { Application } from '../support/application.js';
import { aTask } from '../support/builders.js';
import { rejectionOf } from '../support/rejection.js';
import { withStub } from '../support/with-stub.js';

const firstPage = { after: 0, limit: 100 };
const everything = { after: 0, limit: Infinity };
const isPending = ({ status }: Task) => status === 'pending';

describe('ManageTasks', () => {
  let application: Application;
  let maria: SessionRef;
  let jigyasnh: SessionRef;
  beforeEach(async () => {
    application = await Application.start();
    const signUp = async (username: string) =>
      application.sessionOf((await application.signedUpUser(username)).access);
    [maria, jigyasnh] = [await signUp('maria'), await signUp('jigyasnh')];
  });

  const create = (fields = {}, owner = maria) => application.tasks.create(owner, aTask(fields));

  const keyed = (fields: object, key: string) => application.tasks.create(maria, { ...fields }, key);

  async function createMany(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await create();
  }

  async function listAll(after = 0): Promise<readonly Task[]> {
    const pages: TaskSelection[] = [];
    for await (const page of application.tasks.listOn(maria, { after, limit: Infinity })) pages.push(page);
    return pages.flatMap(({ tasks }) => tasks);
  }

  async function idsOf(query: Partial<ListQuery>): Promise<number[]> {
    const ids: number[] = [];
    for await (const { tasks } of application.tasks.listOn(maria, { ...everything, ...query }))
      ids.push(...tasks.map(({ id }) => id));
    return ids;
  }

  const isLong = (selection: Selection, offset?: number) =>
    application.tasks.isLongRead(maria, selection, offset);

  it('creates tasks with ids that count up from 1', async () => {
    expect(await create({ title: ' First ', status: 'completed' })).to.deep.equal({
      id: 1,
      title: 'First',
      description: 'Two litres',
      status: 'completed',
    });
    expect(await create()).to.include({ id: 2, status: 'pending' });
  });

  it('never gives an id twice', async () => {
    await create();
    const last = await create();
    await application.tasks.delete(maria, last.id);
    expect((await create()).id).to.equal(3);
  });

  it('creates no task if a field is invalid', async () => {
    expect(await rejectionOf(application.tasks.create(maria, { status: 'done' }))).to.deep.equal({
      title: [{ code: 'required' }],
      description: [{ code: 'required' }],
      status: [{ code: 'not_a_choice', value: 'done' }],
    });
    expect(await listAll()).to.deep.equal([]);
    expect((await create()).id).to.equal(1);
  });

  it('creates one task per idempotency key, and rejects the key for another task', async () => {
    const milk = { title: 'Milk', description: 'Two litres' };
    expect(await keyed(milk, 'a')).to.include({ id: 1, status: 'pending' });
    // The same after what a client may write in more than one way is read.
    expect(await keyed({ status: 'pending', title: ' Milk ', description: 'Two litres' }, 'a')).to.include({
      id: 1,
    });
    for (const other of [
      { ...milk, title: 'Tea' },
      { ...milk, description: 'x' },
      { ...milk, status: 'completed' },
    ]) {
      expect(await rejectionOf(keyed(other, 'a'))).to.equal('idempotency_key_reused');
    }
    expect(await keyed(milk, 'b')).to.include({ id: 2 });
    expect(await listAll()).to.have.length(2);
  });

  it('passes digests of idempotency keys to the storage, however long the keys are', async () => {
    const requests: CreateTaskOptions['idempotency'][] = [];
    const { tasks } = application.storage;
    await withStub(
      tasks,
      'create',
      (original) => (session, draft, options) => {
        requests.push(options.idempotency);
        return original(session, draft, options);
      },
      async () => {
        await application.tasks.create(maria, aTask(), 'a key'.repeat(50));
        await create();
      },
    );
    expect(requests).to.have.length(2);
    expect(requests[0]).to.have.all.keys('key', 'fingerprint');
    for (const digest of Object.values(requests[0] as object)) expect(digest).to.match(/^[\w-]{43}$/);
    expect(requests[1]).to.equal(undefined);
  });

  it('creates no more tasks than the limit allows, until one is deleted', async () => {
    const limited = application.restart({ taskLimits: { tasks: 2 } });
    const createLimited = () => limited.tasks.create(maria, aTask());
    await createMany(2);
    expect(await rejectionOf(createLimited())).to.equal('task_limit_reached');
    expect(await limited.tasks.create(jigyasnh, aTask())).to.include({ id: 1 });
    await application.tasks.delete(maria, 1);
    expect(await createLimited()).to.include({ id: 3 });
  });

  describe('between owners', () => {
    it('counts task ids for each owner', async () => {
      await create();
      expect((await create({}, jigyasnh)).id).to.equal(1);
    });

    it('lists no other user’s tasks', async () => {
      await create({ title: 'Maria’s' });
      await create({ title: 'Jigyasnh’s' }, jigyasnh);
      const { tasks } = await application.tasks.list(jigyasnh, firstPage);
      const titles = tasks.map(({ title }) => title);
      expect(titles).to.deep.equal(['Jigyasnh’s']);
      expect((await listAll()).map(({ title }) => title)).to.deep.equal(['Maria’s']);
    });

    it('finds, changes and deletes no other user’s task', async () => {
      const task = await create();
      expect(await rejectionOf(application.tasks.get(jigyasnh, task.id))).to.equal('task_not_found');
      expect(await rejectionOf(application.tasks.update(jigyasnh, task.id, { title: 'Mine' }))).to.equal(
        'task_not_found',
      );
      expect(await rejectionOf(application.tasks.delete(jigyasnh, task.id))).to.equal('task_not_found');
      expect(await application.tasks.get(maria, task.id)).to.deep.equal(task);
    });
  });

  it('returns a task', async () => {
    const task = await create();
    expect(await application.tasks.get(maria, task.id)).to.deep.equal(task);
  });

  for (const id of [0, 999, Number.MAX_SAFE_INTEGER]) {
    it(`finds no task ${id}`, async () => {
      await create();
      expect(await rejectionOf(application.tasks.get(maria, id))).to.equal('task_not_found');
      expect(await rejectionOf(application.tasks.update(maria, id, {}))).to.equal('task_not_found');
      expect(await rejectionOf(application.tasks.delete(maria, id))).to.equal('task_not_found');
    });
  }

  describe('updating', () => {
    for (const changes of [
      {},
      { title: 'New' },
      { description: 'New' },
      { status: 'in-progress' },
      { title: 'New', status: 'completed' },
      { title: 'New', description: 'New', status: 'pending' },
    ]) {
      it(`changes ${Object.keys(changes).join(', ') || 'nothing'} and nothing else`, async () => {
        const task = await create({ status: 'completed' });
        const bystander = await create();
        const updated = { ...task, ...changes };
        expect(await application.tasks.update(maria, task.id, changes)).to.deep.equal(updated);
        expect(await listAll()).to.deep.equal([updated, bystander]);
      });
    }

    it('keeps both of two concurrent changes', async () => {
      const task = await create();
      await Promise.all([
        application.tasks.update(maria, task.id, { title: 'New' }),
        application.tasks.update(maria, task.id, { status: 'completed' }),
      ]);
      expect(await application.tasks.get(maria, task.id)).to.include({ title: 'New', status: 'completed' });
    });

    it('ignores an id in the changes', async () => {
      const task = await create();
      expect(await application.tasks.update(maria, task.id, { id: 9 })).to.deep.equal(task);
    });

    it('changes nothing if a field is invalid', async () => {
      const task = await create();
      const update = application.tasks.update(maria, task.id, { title: 'New', status: null });
      expect(await rejectionOf(update)).to.deep.equal({ status: [{ code: 'null' }] });
      expect(await application.tasks.get(maria, task.id)).to.deep.equal(task);
    });
  });

  describe('with a precondition', () => {
    it('updates and deletes a task that meets it', async () => {
      const task = await create();
      const updated = await application.tasks.update(maria, task.id, { title: 'New' }, isPending);
      expect(updated).to.deep.equal({ ...task, title: 'New' });
      await application.tasks.delete(maria, task.id, isPending);
      expect(await listAll()).to.deep.equal([]);
    });

    it('neither updates nor deletes another task', async () => {
      const task = await create({ status: 'completed' });
      const changes = [
        application.tasks.update(maria, task.id, { title: 'New' }, isPending),
        application.tasks.update(maria, task.id, {}, isPending),
        application.tasks.delete(maria, task.id, isPending),
      ];
      for (const change of changes) expect(await rejectionOf(change)).to.equal('task_changed');
      expect(await listAll()).to.deep.equal([task]);
    });

    it('neither updates nor deletes a task that has changed since the precondition was met', async () => {
      const task = await create();
      const { tasks } = application.storage;
      const overtaken =
        (find: typeof tasks.find): typeof tasks.find =>
        async (...args) => {
          const before = await find(...args);
          await application.tasks.update(maria, task.id, { status: 'completed' });
          return before;
        };
      await withStub(tasks, 'find', overtaken, async () => {
        expect(
          await rejectionOf(application.tasks.update(maria, task.id, { title: 'New' }, isPending)),
        ).to.equal('task_changed');
      });
      await application.tasks.update(maria, task.id, { status: 'pending' });
      await withStub(tasks, 'find', overtaken, async () => {
        expect(await rejectionOf(application.tasks.delete(maria, task.id, isPending))).to.equal(
          'task_changed',
        );
      });
      expect(await listAll()).to.deep.equal([{ ...task, status: 'completed' }]);
    });

    it('reports a missing task first, then invalid input', async () => {
      await create({ status: 'completed' });
      const update = (id: number, input: object) =>
        rejectionOf(application.tasks.update(maria, id, { ...input }, isPending));
      expect(await update(2, { title: null })).to.equal('task_not_found');
      expect(await update(2, {})).to.equal('task_not_found');
      expect(await rejectionOf(application.tasks.delete(maria, 2, isPending))).to.equal('task_not_found');
      expect(await update(1, { title: null })).to.deep.equal({ title: [{ code: 'null' }] });
    });
  });

  describe('deleting', () => {
    it('deletes a task once', async () => {
      const task = await create();
      const bystander = await create();
      expect(await application.tasks.delete(maria, task.id)).to.equal(undefined);
      expect(await rejectionOf(application.tasks.delete(maria, task.id))).to.equal('task_not_found');
      expect(await rejectionOf(application.tasks.get(maria, task.id))).to.equal('task_not_found');
      expect(await listAll()).to.deep.equal([bystander]);
    });

    it('keeps a task deleted in spite of a concurrent update', async () => {
      const task = await create();
      await application.tasks.delete(maria, task.id);
      expect(await rejectionOf(application.tasks.update(maria, task.id, { title: 'New' }))).to.equal(
        'task_not_found',
      );
      expect(await listAll()).to.deep.equal([]);
    });
  });

  describe('listing', () => {
    it('lists a page ordered by id', async () => {
      await createMany(5);
      await application.tasks.delete(maria, 3);
      const { tasks, hasMore } = await application.tasks.list(maria, { after: 1, limit: 2 });
      expect(tasks.map(({ id }) => id)).to.deep.equal([2, 4]);
      expect(hasMore).to.equal(true);
    });

    it('lists all tasks after an id', async () => {
      await createMany(3);
      expect((await listAll(1)).map(({ id }) => id)).to.deep.equal([2, 3]);
      expect(await listAll(3)).to.deep.equal([]);
    });

    for (const count of [0, 1, 999, 1000, 1001, 2000, 2345]) {
      it(`lists all of ${count} tasks`, async () => {
        await createMany(count);
        expect((await listAll()).map(({ id }) => id)).to.deep.equal(
          Array.from({ length: count }, (_, i) => i + 1),
        );
      });
    }

    it('lists no more than 1000 tasks at once', async () => {
      await createMany(2345);
      for await (const { tasks } of application.tasks.listOn(maria, everything)) {
        expect(tasks.length).to.be.at.most(1000);
      }
    });

    it('lists every lasting task exactly once while others are created and deleted', async () => {
      await createMany(2500);
      const seen: number[] = [];
      for await (const { tasks } of application.tasks.listOn(maria, everything)) {
        seen.push(...tasks.map(({ id }) => id));
        if (seen.length !== 1000) continue;
        for (const id of [1, 500, 1000, 1001, 1500]) await application.tasks.delete(maria, id);
        await create();
      }
      const others = Array.from({ length: 2500 }, (_, i) => i + 1).filter((id) => id !== 1001 && id !== 1500);
      expect(seen.filter((id) => id <= 2500)).to.deep.equal(others);
      expect(new Set(seen)).to.have.property('size', seen.length);
    });
  });

  describe('listing a selection', () => {
    const byTitle = { by: 'title', descending: false } as const;
    const newestFirst = { by: 'id', descending: true } as const;

    it('lists all tasks of a selection in its order, a page at a time', async () => {
      for (let id = 1; id <= 2345; id++)
        await create({ title: `${id % 10}`, status: id % 2 === 0 ? 'completed' : 'pending' });
      const ascending = Array.from({ length: 2345 }, (_, i) => i + 1);
      const completed = ascending.filter((id) => id % 2 === 0);
      const sorted = completed.toSorted((a, b) => (a % 10) - (b % 10) || a - b);
      expect(await idsOf({ selection: { order: newestFirst } })).to.deep.equal(ascending.toReversed());
      expect(await idsOf({ selection: { order: byTitle, statuses: ['completed'] } })).to.deep.equal(sorted);
      expect(await idsOf({ selection: { order: newestFirst }, after: 3 })).to.deep.equal([2, 1]);
      const page = {
        selection: { order: byTitle, statuses: ['completed'] },
        offset: 1170,
        limit: 5,
      } as const;
      expect(await idsOf(page)).to.deep.equal(sorted.slice(1170));
    });

    it('skips any number of tasks in an order by title', async () => {
      const { tasks } = application.storage;
      const asked: number[] = [];
      const tenMillion =
        (): typeof tasks.select =>
        async (_session, { after, offset, limit, count }) => {
          asked.push(offset + limit);
          const first = (after?.id ?? 0) + offset + 1;
          const page = Array.from({ length: limit }, (_, i) => ({
            id: first + i,
            title: 't',
            description: 'd',
          }));
          return {
            tasks: page.map((task) => Object.assign(task, { status: 'pending' as const })),
            hasMore: true,
            revision: asked.length,
            ...(count && { total: 10_000_000 }),
          };
        };
      await withStub(tasks, 'select', tenMillion, async () => {
        const query = { ...firstPage, offset: 25_000, selection: { order: byTitle }, count: true };
        const page = await application.tasks.list(maria, query);
        expect(page).to.include({ total: 10_000_000, revision: 1 });
        expect(page.tasks.map(({ id }) => id)).to.deep.equal(
          Array.from({ length: 100 }, (_, i) => 25_001 + i),
        );
      });
      expect(asked).to.deep.equal([10_000, 10_000, 5100]);
    });

    it('a selection is a long read if it has to look at more tasks than one page has', async () => {
      const selections: Selection[] = [
        { order: byTitle },
        { order: { by: 'status', descending: true } },
        { order: newestFirst, search: 'x' },
        { order: newestFirst, statuses: ['pending'] },
      ];
      await createMany(1000);
      for (const selection of selections) expect(await isLong(selection)).to.equal(false);
      await create();
      for (const selection of selections) expect(await isLong(selection)).to.equal(true);
      expect(await isLong({ order: newestFirst })).to.equal(false);
      expect(await isLong({ order: newestFirst }, 1)).to.equal(true);
    });

    it('a selection is a long read if it has to look at more than a megabyte', async () => {
      for (let i = 0; i < 2; i++) await create({ description: 'x'.repeat(2 ** 19) });
      expect(await isLong({ order: byTitle })).to.equal(true);
      expect(await application.tasks.isLongRead(jigyasnh, { order: byTitle })).to.equal(false);
    });
  });

  it('the revision changes with every change of the user’s own tasks', async () => {
    const revisions = [await application.tasks.revision(maria)];
    for (const change of [
      () => create(),
      () => application.tasks.update(maria, 1, { title: 'New' }),
      () => application.tasks.delete(maria, 1),
    ]) {
      await change();
      revisions.push(await application.tasks.revision(maria));
    }
    expect(new Set(revisions)).to.have.property('size', 4);
    expect(revisions).to.deep.equal(revisions.toSorted((a, b) => a - b));
    expect(await application.tasks.revision(jigyasnh)).to.equal(0);
  });
});
