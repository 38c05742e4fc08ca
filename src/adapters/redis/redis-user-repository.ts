import type { UserRepository } from '../../application/ports.js';
import type { Page } from '../../domain/page.js';
import type { NewUser, User } from '../../domain/user.js';
import type { Keys } from './keys.js';
import type { RedisConnection } from './redis-connection.js';
import * as scripts from './scripts.js';

/**
 * An account is written first and its name claimed last, so that whoever loses the name, or a crash in between, leaves
 * a record that nothing leads to, and never a name that is taken by nobody. A deletion goes the other way round.
 */
export class RedisUserRepository implements UserRepository {
  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: Keys,
  ) {}

  async add({ username, passwordHash, createdAt }: NewUser): Promise<User | undefined> {
    const id = await this.newAccount({ username, passwordHash, createdAt });
    const claimed = await scripts.claimUsername(this.redis, this.keys.username(username), id);
    if (claimed) return { id, username, passwordHash, createdAt, active: true };
    await this.removeAccount(id);
    return undefined;
  }

  async find(id: number): Promise<User | undefined> {
    const { username, password, active, created } = await this.redis.send((client) =>
      client.hgetall(this.keys.ofUser(id).account),
    );
    if (username === undefined || password === undefined) return undefined;
    return { id, username, passwordHash: password, active: active === '1', createdAt: Number(created) };
  }

  async findByName(username: string): Promise<User | undefined> {
    const id = await this.idOf(username);
    return id === undefined ? undefined : this.find(id);
  }

  async list({ after, limit }: Page): Promise<readonly User[]> {
    const lastId = Number(await this.redis.send((client) => client.get(this.keys.userIds)));
    const users: User[] = [];
    for (let id = after + 1; id <= lastId && users.length < limit; id += limit) {
      const ids = Array.from({ length: Math.min(limit, lastId - id + 1) }, (_, index) => id + index);
      const found = await Promise.all(ids.map((each) => this.findReachable(each)));
      users.push(...found.filter((user) => user !== undefined));
    }
    return users.slice(0, limit);
  }

  async replacePasswordHash(id: number, from: string, to: string): Promise<void> {
    await scripts.replacePassword(this.redis, this.keys.ofUser(id).account, from, to);
  }

  async setPasswordHash(id: number, hash: string): Promise<boolean> {
    return this.change(id, 'password', hash, { endSessions: true });
  }

  async activate(id: number): Promise<boolean> {
    return this.change(id, 'active', 1, { endSessions: false });
  }

  async deactivate(id: number): Promise<boolean> {
    return this.change(id, 'active', 0, { endSessions: true });
  }

  async remove(id: number): Promise<boolean> {
    const user = await this.find(id);
    if (!user || !(await this.deactivate(id))) return false;
    await scripts.releaseUsername(this.redis, this.keys.username(user.username), id);
    await this.removeAccount(id);
    return true;
  }

  private async newAccount({ username, passwordHash, createdAt }: NewUser): Promise<number> {
    // The counter may have fallen behind the accounts: a failover can lose its last steps, on a shard of its own.
    for (;;) {
      const id = await this.redis.send((client) => client.incr(this.keys.userIds));
      const { account } = this.keys.ofUser(id);
      if (await scripts.createAccount(this.redis, account, username, passwordHash, createdAt)) return id;
    }
  }

  private async removeAccount(id: number): Promise<void> {
    const { account, sessions, tasks, taskIds } = this.keys.ofUser(id);
    await scripts.removeAccount(this.redis, account, sessions, tasks, taskIds);
  }

  private async change(
    id: number,
    field: 'password' | 'active',
    value: string | number,
    { endSessions }: { endSessions: boolean },
  ): Promise<boolean> {
    const { account, sessions } = this.keys.ofUser(id);
    return (
      (await scripts.changeAccount(this.redis, account, sessions, field, value, endSessions ? 1 : 0)) === 1
    );
  }

  private async idOf(username: string): Promise<number | undefined> {
    const id = await this.redis.send((client) => client.get(this.keys.username(username)));
    return id === null ? undefined : Number(id);
  }

  private async findReachable(id: number): Promise<User | undefined> {
    const user = await this.find(id);
    return user && (await this.idOf(user.username)) === id ? user : undefined;
  }
}
