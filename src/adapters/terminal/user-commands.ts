import type { ManageUsers } from '../../application/manage-users.js';
import type { User } from '../../domain/user.js';
import { CommandFailed } from './command-failed.js';
import { PartlyDone } from './partly-done.js';
import { printable } from './printable.js';
import { timeText } from './time-text.js';

/** The input and output of the commands. */
export interface Terminal {
  /** Prompts for a new password. Undefined if it was typed twice, and differently. */
  readNewPassword(prompt: string): Promise<string | undefined>;
  /** Asks whether to go on. */
  confirm(question: string): Promise<boolean>;
  print(text: string): Promise<void>;
  /** Tells the operator something beside the output. */
  warn(message: string): void;
  /** Prints what has been done. */
  printDone(message: string): Promise<void>;
}

/** The `hexado user` commands, one method each. */
export class UserCommands {
  constructor(
    private readonly users: ManageUsers,
    private readonly terminal: Terminal,
  ) {}

  async create(username: string, { staff = false }): Promise<void> {
    await this.users.requireAvailable(username);
    const user = await this.users.create(username, await this.readPassword(`Password for ${username}: `));
    const done = `User ${user.username} created with the id ${user.id}.`;
    if (!staff) return this.terminal.printDone(done);
    await this.users.promote(user.username).catch((error: unknown) => {
      const advice = `Making them staff failed. To try it again: hexado user promote ${user.username}`;
      throw new PartlyDone(`${done} ${advice}`, error);
    });
    await this.terminal.printDone(`${done} They are staff.`);
  }

  async promote(username: string): Promise<void> {
    await this.users.promote(username);
    await this.terminal.printDone(`User ${username} is staff.`);
  }

  async demote(username: string): Promise<void> {
    await this.users.demote(username);
    await this.terminal.printDone(`User ${username} is staff no more.`);
  }

  async setPassword(username: string): Promise<void> {
    await this.users.get(username);
    await this.users.setPassword(username, await this.readPassword(`New password for ${username}: `));
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

  /** Asks before it deletes, unless `yes` is given. */
  async delete(username: string, { yes = false }): Promise<void> {
    const { sessions, tasks } = await this.users.show(username);
    const question = `Delete ${username} with ${count(sessions, 'session')} and ${count(tasks, 'task')}?`;
    if (!yes && !(await this.terminal.confirm(question))) throw new CommandFailed('Nothing was deleted.');
    await this.users.delete(username);
    await this.terminal.printDone(`User ${username} deleted, with all of their sessions and tasks.`);
  }

  async show(username: string): Promise<void> {
    const { user, isStaff, sessions, tasks, bytes } = await this.users.show(username);
    const lines = {
      id: user.id,
      name: printable(user.username),
      state: stateOf(user),
      staff: isStaff ? 'yes' : 'no',
      created: timeText(user.createdAt),
      sessions,
      tasks,
      text: count(bytes, 'byte'),
    };
    const texts = Object.entries(lines).map(([name, value]) => `${name.padEnd(10)}${value}\n`);
    await this.terminal.print(texts.join(''));
  }

  async sessions(username: string): Promise<void> {
    const sessions = await this.users.sessions(username);
    const lines = sessions.map(({ id, openedAt, lastUsedAt, current, address = '-' }) => {
      const times = [openedAt, lastUsedAt, current.expiresAt].map(timeText);
      return `${[id, ...times, address].join('\t')}\n`;
    });
    await this.terminal.print(lines.join(''));
  }

  async logout(username: string): Promise<void> {
    const ended = await this.users.logout(username);
    await this.terminal.printDone(`${count(ended, 'session')} of ${username} ended.`);
  }

  /** One line each, or one JSON object, of all users whose name contains the text. Warns where nobody ever was. */
  async list({ json = false, filter = '' }: { json?: boolean; filter?: string }): Promise<void> {
    if (!(await this.users.hasHadUsers())) {
      this.terminal.warn(
        'No user was ever stored here. Are these the right database and prefix? hexado check names them.',
      );
    }
    for await (const { user, isStaff: staff } of this.users.list(filter)) {
      const { id, username, active, createdAt } = user;
      const created = timeText(createdAt);
      await this.terminal.print(
        json
          ? `${JSON.stringify({ id, username, active, created, staff })}\n`
          : `${[id, printable(username), stateOf(user), created, ...(staff ? ['staff'] : [])].join('\t')}\n`,
      );
    }
  }

  private async readPassword(prompt: string): Promise<string> {
    const password = await this.terminal.readNewPassword(prompt);
    if (password === undefined) throw new CommandFailed('The two passwords differ. Nothing was changed.');
    return password;
  }
}

function stateOf({ active }: User): string {
  return active ? 'active' : 'inactive';
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
