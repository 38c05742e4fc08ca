import type { ManageThrottles } from '../../application/manage-throttles.js';
import { printable } from './printable.js';
import type { Terminal } from './user-commands.js';

/** The `hexado throttle` commands, one method each. */
export class ThrottleCommands {
  constructor(
    private readonly throttles: ManageThrottles,
    private readonly terminal: Pick<Terminal, 'print' | 'printDone'>,
  ) {}

  async list(): Promise<void> {
    for await (const { limit, network = '-', username = '-', wait } of this.throttles.list()) {
      await this.terminal.print(`${[limit, network, printable(username), Math.ceil(wait)].join('\t')}\n`);
    }
  }

  async clearUser(username: string): Promise<void> {
    await this.printLifted(await this.throttles.clearUser(username), username);
  }

  async clearAddress(address: string): Promise<void> {
    await this.printLifted(await this.throttles.clearAddress(address), address);
  }

  private async printLifted(count: number, whose: string): Promise<void> {
    const limits = count === 1 ? '1 limit' : `${count} limits`;
    await this.terminal.printDone(`${limits} of ${printable(whose)} lifted.`);
  }
}
