import jwt from 'jsonwebtoken';
import type { Redis } from '../redis.js';
import { signingKey, type RunningServer } from '../running-server.js';
import { createTask, signUp, type SeededUser } from '../seed.js';

/** What of a user a key holds. */
export type Part = 'account' | 'sessions' | 'tasks';

interface ModelKey {
  readonly name: string;
  readonly part: Part;
  readonly ttl: number;
  readonly value: Buffer;
}

const username = 'model-user-0000000';

/**
 * A user made over HTTP, of whom copies are made in Redis: a million of them take a minute, and each is stored in just
 * the way in which the storage stores its users.
 */
export class ModelUser {
  private constructor(
    private readonly redis: Redis,
    private readonly user: SeededUser,
    private readonly id: number,
    private readonly keys: readonly ModelKey[],
    /** The JSON that each task is sent as. */
    private readonly texts: readonly string[],
  ) {}

  static async create({ port }: RunningServer, redis: Redis, tasks: number): Promise<ModelUser> {
    const user = await signUp(port, username);
    const texts: string[] = [];
    let created = 0;
    const creator = async () => {
      while (created < tasks) texts.push(JSON.stringify(await createTask(port, user, ++created)));
    };
    await Promise.all(Array.from({ length: 50 }, creator));
    const { user_id: id } = jwt.decode(user.access) as { user_id: number };
    return new ModelUser(redis, user, id, await modelKeys(redis, id), texts);
  }

  /** What of the memory of a user's tasks each takes beyond the JSON that it is sent as. */
  perTaskBeyondText(bytesOfTasks: number): number {
    return (bytesOfTasks - Buffer.byteLength(this.texts.join(''))) / this.texts.length;
  }

  /** Copies one part, and returns how much of Redis' memory it takes for each user. */
  async bytesPerCopy(part: Part, users: number): Promise<number> {
    const before = await this.redis.memory();
    await this.copy(part, users);
    return ((await this.redis.memory()) - before) / (users - 1);
  }

  /** Copies one part of the user, so that `users` of them have it. Only the names of accounts differ. */
  async copy(part: Part, users: number): Promise<void> {
    const { client } = this.redis;
    const keys = this.keys.filter((key) => key.part === part);
    const batch = Math.max(
      1,
      Math.floor(1_000_000 / keys.reduce((sum, { value }) => sum + value.length, 100)),
    );
    for (let from = 1; from < users; from += batch) {
      const pipeline = client.pipeline();
      for (let copy = from; copy < Math.min(users, from + batch); copy++) {
        const tag = `{u:${this.id + copy}}`;
        for (const { name, ttl, value } of keys) {
          if (name.includes(username)) pipeline.set(name.replace(username, nameOf(copy)), this.id + copy);
          else pipeline.restore(name.replace(`{u:${this.id}}`, tag), ttl, value);
        }
      }
      const replies = (await pipeline.exec()) ?? [];
      const failure = replies.find(([error]) => error)?.[0];
      if (failure) throw failure;
    }
  }

  /** Access tokens of the user and of copies, `count` of them spread over all `users`. */
  tokens(count: number, users: number): string[] {
    const claims = jwt.decode(this.user.access) as object;
    const step = users / count;
    return Array.from({ length: count }, (_, index) =>
      jwt.sign({ ...claims, user_id: this.id + Math.floor(index * step) }, signingKey),
    );
  }
}

async function modelKeys({ client }: Redis, id: number): Promise<ModelKey[]> {
  const names = [...(await client.keys(`*{u:${id}}*`)), ...(await client.keys(`*${username}`))];
  // What an operation came to is kept for some seconds only.
  const lasting = names.filter((name) => !name.includes(':operation:'));
  const keys = lasting.map(async (name) => {
    const [value, ttl] = await Promise.all([client.dumpBuffer(name), client.pttl(name)]);
    return { name, part: partOf(name), ttl: Math.max(0, ttl), value: value ?? Buffer.alloc(0) };
  });
  return Promise.all(keys);
}

function partOf(name: string): Part {
  if (name.includes(':task')) return 'tasks';
  return name.includes(':sessions') ? 'sessions' : 'account';
}

function nameOf(copy: number): string {
  return `model-user-${String(copy).padStart(7, '0')}`;
}
