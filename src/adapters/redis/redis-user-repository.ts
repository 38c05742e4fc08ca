import { randomUUID } from 'node:crypto';
import type { Clock } from '../../application/ports/environment.js';
import type { SessionRef } from '../../application/ports/session-repository.js';
import { UnreadableData } from '../../application/ports/storage.js';
import type { UserRepository } from '../../application/ports/user-repository.js';
import { maxPageSize, type Page } from '../../domain/page.js';
import type { PasswordLink } from '../../domain/password-link.js';
import type { NewUser, User } from '../../domain/user.js';
import type { Keys } from './keys.js';
import { markFirstData } from './layout.js';
import type { RedisConnection } from './connection/redis-connection.js';
import type { StaffMembers } from './staff-members.js';
import * as scripts from './user-scripts.js';

/**
 * User names are claimed last and released last. A new account is written before its name is claimed: a crash in
 * between leaves an unreachable record. A deletion removes all data of the user in one step and then releases the name:
 * a crash in between leaves a name without an account, which can be registered again.
 */
export class RedisUserRepository implements UserRepository {
  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: Keys,
    private readonly staff: StaffMembers,
    private readonly clock: Clock,
  ) {}

  async add({ username, passwordHash, createdAt }: NewUser): Promise<User | undefined> {
    const id = await this.newAccount({ username, passwordHash, createdAt });
    if (await this.claimName(username, id)) return { id, username, passwordHash, createdAt, active: true };
    await this.removeAccount(id);
    return undefined;
  }

  async find(id: number): Promise<User | undefined> {
    const { account } = this.keys.ofUser(id);
    const fields = await this.redis.send((client) => client.hgetall(account));
    if (Object.keys(fields).length === 0) return undefined;
    const user = parseUser(id, fields);
    if (!user) throw new UnreadableData(account);
    return user;
  }

  async findByName(username: string): Promise<User | undefined> {
    const id = await this.idOf(username);
    const user = id === undefined ? undefined : await this.find(id);
    return user?.username === username ? user : undefined;
  }

  async list({ after, limit }: Page): Promise<readonly User[]> {
    const lastId = await this.lastId();
    const users: User[] = [];
    let next = after + 1;
    // Many ids in a row may have no user, and a short page must not take a round trip for each few of them.
    for (let size = limit; next <= lastId && users.length < limit; size = Math.min(2 * size, maxPageSize)) {
      const ids = Array.from({ length: Math.min(size, lastId - next + 1) }, (_, index) => next + index);
      const found = await Promise.all(ids.map((id) => this.findReachable(id)));
      users.push(...found.filter((user) => user !== undefined));
      next += size;
    }
    return users.slice(0, limit);
  }

  /** The last id that was used; 0 before the first. */
  async lastId(): Promise<number> {
    return (await this.readId(this.keys.userIds)) ?? 0;
  }

  async replacePasswordHash(id: number, from: string, to: string): Promise<void> {
    const { account } = this.keys.ofUser(id);
    await scripts.replacePassword(this.redis, { account, oldHash: from, newHash: to });
  }

  async setPasswordHash(id: number, hash: string): Promise<boolean> {
    const { account, sessions } = this.keys.ofUser(id);
    const change = { account, sessions, newHash: hash, now: this.clock() };
    return (await scripts.setPassword(this.redis, change)) === 1;
  }

  async changePasswordHash({ userId, sessionId }: SessionRef, from: string, to: string): Promise<boolean> {
    const { account, sessions } = this.keys.ofUser(userId);
    const changed = await scripts.changePassword(this.redis, {
      account,
      sessions,
      sessionId,
      now: this.clock(),
      oldHash: from,
      newHash: to,
    });
    return changed === 1;
  }

  async setPasswordLink(id: number, link: PasswordLink): Promise<boolean> {
    const { account } = this.keys.ofUser(id);
    return (await scripts.setPasswordLink(this.redis, { account, ...link })) === 1;
  }

  async usePasswordLink(id: number, digest: string, hash: string): Promise<boolean> {
    const { account, sessions } = this.keys.ofUser(id);
    const use = { account, sessions, digest, now: this.clock(), newHash: hash };
    return (await scripts.usePasswordLink(this.redis, use)) === 1;
  }

  async activate(id: number): Promise<boolean> {
    const { account } = this.keys.ofUser(id);
    return (await scripts.activate(this.redis, { account })) === 1;
  }

  async deactivate(id: number): Promise<boolean> {
    const { account, sessions } = this.keys.ofUser(id);
    return this.staff.withoutRight(id, (mark) =>
      scripts.deactivate(this.redis, { account, sessions, mark, now: this.clock() }),
    );
  }

  async remove(id: number): Promise<boolean> {
    return this.removeWithName(id, () => this.removeAccount(id));
  }

  async removeOwn({ userId, sessionId }: SessionRef): Promise<boolean> {
    const keys = this.keysOfRemoval(userId);
    return this.removeWithName(userId, () =>
      this.staff.withoutRight(userId, (mark) =>
        scripts.removeOwnAccount(this.redis, { ...keys, sessionId, now: this.clock(), mark }),
      ),
    );
  }

  private async removeWithName(id: number, removeAccount: () => Promise<boolean>): Promise<boolean> {
    const user = await this.find(id);
    const wasThere = await removeAccount();
    const username = user && this.keys.username(user.username);
    if (username) await scripts.releaseUsername(this.redis, { username, userId: id });
    return wasThere;
  }

  /** Removes all data of the user but the name. False if there was no account. */
  removeAccount(id: number): Promise<boolean> {
    const keys = this.keysOfRemoval(id);
    return this.staff.withoutRight(id, (mark) => scripts.removeAccount(this.redis, { ...keys, mark }));
  }

  private async newAccount({ username, passwordHash, createdAt }: NewUser): Promise<number> {
    // The counter may be behind the accounts: it is on another shard, whose failover can lose its last increments.
    for (;;) {
      const id = await this.redis.send((client) => client.incr(this.keys.userIds));
      if (id === 1) await this.redis.send((client) => markFirstData(client, this.keys));
      const { account } = this.keys.ofUser(id);
      if (await scripts.createAccount(this.redis, { account, username, passwordHash, createdAt })) return id;
    }
  }

  /** Gives the user the name, unless another account has it. Whether the user has it now. */
  async claimName(username: string, id: number): Promise<boolean> {
    const claim = { username: this.keys.username(username), userId: id };
    if (await scripts.claimUsername(this.redis, claim)) return true;
    const owner = await this.idOf(username);
    if (owner !== undefined) {
      if (await this.findByName(username)) return false;
      await scripts.releaseUsername(this.redis, { ...claim, userId: owner });
    }
    return (await scripts.claimUsername(this.redis, claim)) === 1;
  }

  private keysOfRemoval(id: number) {
    return { ...this.keys.ofUser(id), operation: this.keys.operation(id, randomUUID()) };
  }

  private async idOf(username: string): Promise<number | undefined> {
    return this.readId(this.keys.username(username));
  }

  private async readId(key: string): Promise<number | undefined> {
    const text = await this.redis.send((client) => client.get(key));
    if (text === null) return undefined;
    if (!/^[1-9]\d{0,15}$/.test(text)) throw new UnreadableData(key);
    return Number(text);
  }

  private async findReachable(id: number): Promise<User | undefined> {
    const user = await this.find(id);
    return user && (await this.idOf(user.username)) === id ? user : undefined;
  }
}

/** Ignores fields that this version does not know. */
function parseUser(
  id: number,
  { username, password, active, created, link, 'link-expiry': linkExpiry }: Readonly<Record<string, string>>,
): User | undefined {
  const createdAt = Number(created);
  const isComplete = username !== undefined && password !== undefined && Number.isFinite(createdAt);
  if (!isComplete || (active !== '0' && active !== '1')) return undefined;
  const user = { id, username, passwordHash: password, active: active === '1', createdAt };
  const expiresAt = Number(linkExpiry);
  if (link === undefined || !Number.isFinite(expiresAt)) return user;
  return { ...user, passwordLink: { digest: link, expiresAt } };
}
