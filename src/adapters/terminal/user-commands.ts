import type { ManageUsers } from '../../application/manage-users.js';

/** The input and output of the commands. */
export interface Terminal {
  /** Prompts for a secret. Typed characters are not shown. */
  readSecret(prompt: string): Promise<string>;
  print(text: string): Promise<void>;
  /** Prints what has been done. */
  printDone(message: string): Promise<void>;
}

/** The `hexado user` commands, one method each. */
export class UserCommands {
  constructor(
    private readonly users: ManageUsers,
    private readonly terminal: Terminal,
  ) {}

  async create(username: string): Promise<void> {
    const password = await this.terminal.readSecret(`Password for ${username}: `);
    const user = await this.users.create(username, password);
    await this.terminal.printDone(`User ${user.username} created with the id ${user.id}.`);
  }

  async setPassword(username: string): Promise<void> {
    const password = await this.terminal.readSecret(`New password for ${username}: `);
    await this.users.setPassword(username, password);
    await this.terminal.printDone(`Password of ${username} set; all of their sessions have ended.`);
  }

  async activate(username: string): Promise<void> {
    await this.users.activate(username);
    await this.terminal.printDone(`User ${username} can sign in.`);
  }

  async deactivate(username: string): Promise<void> {
    await this.users.deactivate(username);
    await this.terminal.printDone(
      `User ${username} cannot sign in any more; all of their sessions have ended.`,
    );
  }

  async delete(username: string): Promise<void> {
    await this.users.delete(username);
    await this.terminal.printDone(`User ${username} deleted, with all of their sessions and tasks.`);
  }

  async list(): Promise<void> {
    for await (const { id, username, active, createdAt } of this.users.list()) {
      const created = new Date(createdAt * 1000).toISOString();
      await this.terminal.print([id, username, active ? 'active' : 'inactive', created].join('\t') + '\n');
    }
  }
}
