import { expect } from 'chai';
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
});
