import { expect } from 'chai';
import { StorageUnavailable } from '../../src/application/ports/storage.js';
import type { Task } from '../../src/domain/task.js';
import type { TaskSelection } from '../../src/domain/task-query.js';
import { Application } from '../support/application.js';
import { aTask } from '../support/builders.js';
import { rejectionOf } from '../support/rejection.js';
import { withStub } from '../support/with-stub.js';

const fail = () => () => Promise.reject(new StorageUnavailable('gone'));

describe('ExportAccount', () => {
  let application: Application;
  beforeEach(async () => {
    application = await Application.start();
  });

  it('exports the account, all sessions and all tasks of the user, and of nobody else', async () => {
    const other = await application.sessionOf((await application.signedUpUser('jigyasnh')).access);
    await application.tasks.create(other, aTask({ title: 'secret' }));
    const { access } = await application.signedUpUser('maria');
    await application.signIn('maria');
    const session = await application.sessionOf(access);
    for (let i = 0; i < 1001; i++) await application.tasks.create(session, aTask({ title: `${i}` }));

    const { user, sessions, tasks } = await application.exportAccount.execute(session);
    expect(user).to.include({ id: 2, username: 'maria' });
    expect(sessions).to.have.length(2);
    expect(sessions[0]).to.include({ userId: 2, id: session.sessionId });
    const titles = (await all(tasks)).map(({ title }) => title);
    expect(titles).to.deep.equal(Array.from({ length: 1001 }, (_, i) => `${i}`));
  });

  it('exports nothing for a session that has ended', async () => {
    const { access, refresh } = await application.signedUpUser('maria');
    const session = await application.sessionOf(access);
    await application.logout.execute({ refresh });
    expect(await rejectionOf(application.exportAccount.execute(session))).to.equal('token_revoked');
  });

  it('exports no further tasks once the session has ended', async () => {
    const { access, refresh } = await application.signedUpUser('maria');
    const session = await application.sessionOf(access);
    for (let i = 0; i < 1001; i++) await application.tasks.create(session, aTask());
    const { tasks } = await application.exportAccount.execute(session);
    await application.logout.execute({ refresh });
    expect(await rejectionOf(all(tasks))).to.equal('token_revoked');
  });

  it('rejects before an export begins if the first tasks cannot be read', async () => {
    const { access } = await application.signedUpUser('maria');
    const session = await application.sessionOf(access);
    await withStub(application.storage.tasks, 'list', fail, async () => {
      const exporting = application.exportAccount.execute(session);
      expect(await rejectionOf(exporting)).to.equal('storage_unavailable');
    });
  });
});

async function all(pages: AsyncIterable<TaskSelection>): Promise<Task[]> {
  const tasks: Task[] = [];
  for await (const page of pages) tasks.push(...page.tasks);
  return tasks;
}
