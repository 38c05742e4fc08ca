import type { MakePasswordLink } from '../../application/make-password-link.js';
import { CommandFailed } from './command-failed.js';
import type { Terminal } from './user-commands.js';

/** The commands that print a password link, and nothing else: a program may send it on. */
export class LinkCommands {
  constructor(
    private readonly links: MakePasswordLink,
    /** What a link begins with. */
    private readonly base: string,
    private readonly print: Terminal['print'],
  ) {}

  async reset(username: string): Promise<void> {
    await this.printLink(await this.links.reset(username));
  }

  async invite(username: string): Promise<void> {
    const token = await this.links.invite(username);
    if (token === undefined) {
      throw new CommandFailed(
        `${username} has a password already. For a new one: hexado user reset ${username}`,
      );
    }
    await this.printLink(token);
  }

  /** The token follows the #, so that browsers send it nowhere by themselves. */
  private async printLink(token: string): Promise<void> {
    await this.print(`${this.base}/#/password/${token}\n`);
  }
}
