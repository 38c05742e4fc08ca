import type { Authenticate } from './authenticate.js';
import type { CreateUser } from './create-user.js';
import type { IssueTokens } from './issue-tokens.js';
import type { Logout } from './logout.js';
import type { ManageTasks } from './manage-tasks.js';
import type { Client } from './ports/client.js';

/** The user that everybody may sign in as, where the operator wants one. The password is no secret. */
export const demoUser = { username: 'demo', password: 'look-around-first' } as const;

const tasks = [
  {
    title: 'Look around',
    description: 'Everybody who opens this page shares these tasks. They are made anew at each start.',
    status: 'in-progress',
  },
  { title: 'Add a task of your own', description: 'A title and a few words are enough.' },
  {
    title: 'Read the documentation of the API',
    description: 'It is at /docs/, and you can try it out there.',
  },
  { title: 'Open this page', description: 'Done.', status: 'completed' },
];

const thisProcess: Client = { address: '127.0.0.1', onDisconnect: () => () => {} };

/** Adds the demo user with a few tasks to an empty storage, as a client would. */
export class AddDemoUser {
  constructor(
    private readonly createUser: CreateUser,
    private readonly issueTokens: IssueTokens,
    private readonly authenticate: Authenticate,
    private readonly manageTasks: ManageTasks,
    private readonly logout: Logout,
  ) {}

  async execute(): Promise<void> {
    await this.createUser.execute(demoUser);
    const { access, refresh } = await this.issueTokens.execute(demoUser, thisProcess);
    const session = await this.authenticate.execute(access);
    for (const task of tasks) await this.manageTasks.create(session, task);
    await this.logout.execute({ refresh });
  }
}
