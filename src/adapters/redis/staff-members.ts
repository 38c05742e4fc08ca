import { randomUUID } from 'node:crypto';
import { UnreadableData } from '../../application/ports/storage.js';
import type { RedisConnection } from './connection/redis-connection.js';
import type { Keys } from './keys.js';
import * as scripts from './staff-scripts.js';

/**
 * Staff. The key with all of them decides who is staff. It is in another slot than the accounts, and still no inactive
 * account may ever count as staff: it would stand in for the last one who is. So a user becomes staff in three steps: they
 * are nominated with a new mark, the active account gets the mark, and the nomination is confirmed. What deactivates or
 * removes an account withdraws a nomination or a right, and only changes an account with the mark that it had before
 * that. So either the confirmation or the change comes too late, and is begun again. A crash between two steps leaves
 * somebody who is not staff.
 */
export class StaffMembers {
  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: Keys,
  ) {}

  /** As `add` of StaffRepository. */
  async add(userId: number): Promise<boolean> {
    const { account } = this.keys.ofUser(userId);
    for (;;) {
      const mark = await this.nominate(userId);
      if (mark === undefined) return true;
      if ((await scripts.markAccount(this.redis, { account, mark })) === 0) {
        await this.withdraw(userId, mark);
        return false;
      }
      // Repeats only after a concurrent change.
      if (await this.confirm(userId, mark)) return true;
    }
  }

  /** As `list` of StaffRepository. */
  async list(): Promise<number[]> {
    const { staff } = this.keys;
    const held = await this.redis.send((client) => client.hgetall(staff));
    return Object.entries(held)
      .filter(([, mark]) => !mark.startsWith(scripts.nominated))
      .map(([id]) => parseId(id, staff))
      .toSorted((one, other) => one - other);
  }

  /** The mark for the account; undefined if the user is staff already. */
  async nominate(userId: number): Promise<string | undefined> {
    const mark = randomUUID();
    const isNew = await scripts.nominate(this.redis, { staff: this.keys.staff, userId, mark });
    return isNew === 1 ? mark : undefined;
  }

  /** Makes the user staff whose active account has this mark, unless the nomination was withdrawn. */
  async confirm(userId: number, mark: string): Promise<boolean> {
    return (await scripts.confirm(this.redis, { staff: this.keys.staff, userId, mark })) === 1;
  }

  /** Takes back what was done with this mark. */
  async withdraw(userId: number, mark: string): Promise<void> {
    await scripts.withdraw(this.redis, { staff: this.keys.staff, userId, mark });
  }

  /** As `remove` of StaffRepository. */
  async remove(userId: number): Promise<boolean> {
    const operation = this.keys.staffOperation(randomUUID());
    return (await scripts.dismiss(this.redis, { staff: this.keys.staff, operation, userId })) === 1;
  }

  /**
   * Takes the right, and then runs `change`, a script that ends an account if that has the given mark, and otherwise
   * replies the mark that it has. Most accounts have none, and take one step.
   */
  async withoutRight(userId: number, change: (mark: string) => Promise<0 | 1 | string>): Promise<boolean> {
    for (let mark = ''; ;) {
      const reply = await change(mark);
      if (typeof reply === 'number') return reply === 1;
      mark = reply;
      await this.remove(userId);
    }
  }
}

function parseId(text: string, key: string): number {
  if (!/^[1-9]\d{0,15}$/.test(text)) throw new UnreadableData(key);
  return Number(text);
}
