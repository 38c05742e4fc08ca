import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { UnreadableData } from '../../application/ports/storage.js';
import type { RedisConnection } from './connection/redis-connection.js';
import type { Keys } from './keys.js';
import * as scripts from './staff-scripts.js';

/** Milliseconds. Whoever was interrupted waits up to twice as long each time, so that one of them gets through. */
const firstBackoff = 4;

/**
 * Staff. The key with all of them decides who is staff. It is in another slot than the accounts, and still no inactive
 * account may ever count as staff: it would stand in for the last one who is. So a user becomes staff in three steps: they
 * are nominated, the active account gets a new mark, and the nomination is confirmed. What deactivates or removes an account
 * withdraws the nomination or the right, and then only changes an account with the mark that it had before that. So either
 * the confirmation or the change comes too late, and is begun again. Those who add the same user share a nomination. A crash
 * between two steps leaves somebody who is not staff.
 */
export class StaffMembers {
  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: Keys,
  ) {}

  /** As `add` of StaffRepository. */
  async add(userId: number): Promise<boolean> {
    for (let backoff = firstBackoff; ; backoff *= 2) {
      const { staff } = this.keys;
      const nomination = await scripts.nominate(this.redis, { staff, userId, nomination: randomUUID() });
      if (nomination === 0) {
        if (await this.has(userId)) return true;
        await this.forgetLost();
        continue;
      }
      if (!(await this.markAccount(userId))) {
        await scripts.withdraw(this.redis, { staff, userId, held: scripts.nominated + nomination });
        return false;
      }
      if ((await scripts.confirm(this.redis, { staff, userId, nomination })) === 1) return true;
      await setTimeout(Math.random() * backoff);
    }
  }

  /**
   * Whether the user is staff, whose account has a mark then. If it has none, a failover has lost the account that was
   * staff, and its id was given again.
   */
  async has(userId: number): Promise<boolean> {
    const [mark, held] = await Promise.all([this.markOf(userId), this.heldOf(userId)]);
    return mark !== null && held !== null && !held.startsWith(scripts.nominated);
  }

  /** As `list` of StaffRepository. */
  async list(): Promise<number[]> {
    const rights = await this.rights();
    return rights.filter(({ isLost }) => !isLost).map(({ userId }) => userId);
  }

  /** Whether an import or a promotion of the user was cut off before they were staff. */
  async wasCutOff(userId: number): Promise<boolean> {
    const [mark, held] = await Promise.all([this.markOf(userId), this.heldOf(userId)]);
    return mark === scripts.nominated || (held?.startsWith(scripts.nominated) ?? false);
  }

  /** As `remove` of StaffRepository. */
  async remove(userId: number): Promise<boolean> {
    await this.forgetLost();
    const operation = this.keys.staffOperation(randomUUID());
    return (await scripts.dismiss(this.redis, { staff: this.keys.staff, operation, userId })) === 1;
  }

  /** Takes the right from ids whose accounts are lost: none of them may stand in for the last one who is staff. */
  async forgetLost(): Promise<void> {
    const lost = (await this.rights()).filter(({ isLost }) => isLost);
    const { staff } = this.keys;
    await Promise.all(lost.map(({ userId, held }) => scripts.withdraw(this.redis, { staff, userId, held })));
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

  /** All rights, in the order of the ids. A right is lost if the account has no mark: see `has`. */
  private async rights(): Promise<readonly Right[]> {
    const { staff } = this.keys;
    const all = await this.redis.send((client) => client.hgetall(staff));
    const rights = Object.entries(all).filter(([, held]) => !held.startsWith(scripts.nominated));
    const found = await Promise.all(
      rights.map(async ([id, held]) => {
        const userId = parseId(id, staff);
        return { userId, held, isLost: (await this.markOf(userId)) === null };
      }),
    );
    return found.toSorted((one, other) => one.userId - other.userId);
  }

  /** The mark of the user's account; null if it has none. */
  private markOf(userId: number): Promise<string | null> {
    const { account } = this.keys.ofUser(userId);
    return this.redis.send((client) => client.hget(account, 'staff'));
  }

  /** What the key with all staff holds of the user: a right, or a nomination with `nominated` before it. */
  private heldOf(userId: number): Promise<string | null> {
    return this.redis.send((client) => client.hget(this.keys.staff, `${userId}`));
  }

  /** Gives an active account a new mark. False if there is none. */
  private async markAccount(userId: number): Promise<boolean> {
    const { account } = this.keys.ofUser(userId);
    const operation = this.keys.operation(userId, randomUUID());
    return (await scripts.markAccount(this.redis, { account, operation, mark: randomUUID() })) === 1;
  }
}

interface Right {
  readonly userId: number;
  /** What the key with all staff holds of them. */
  readonly held: string;
  readonly isLost: boolean;
}

function parseId(text: string, key: string): number {
  if (!/^[1-9]\d{0,15}$/.test(text)) throw new UnreadableData(key);
  return Number(text);
}
