/**
 * Where things stand in Redis. Whatever belongs to one user has the tag `{u:ID}` in its key and so, on a Redis Cluster,
 * stands in one slot, where a script can change several of them in one step.
 */
export class Keys {
  /** String: which layout the data has. */
  readonly layout: string;
  /** Counter of user ids. */
  readonly userIds: string;

  constructor(private readonly prefix: string) {
    this.layout = `${prefix}layout`;
    this.userIds = `${prefix}user-ids`;
  }

  /** String: the id of the user who has this name. A user exists once this is written. */
  username(username: string): string {
    return `${this.prefix}username:${username}`;
  }

  /** The keys of all that one user has. */
  ofUser(userId: number): UserKeys {
    const tag = this.tag(userId);
    return {
      account: `${tag}account`,
      sessions: `${tag}sessions`,
      tasks: `${tag}tasks`,
      taskCounts: `${tag}task-counts`,
      idempotencyKeyCounts: `${tag}request-counts`,
    };
  }

  /** String: what an operation came to, kept as long as the client library may send it again. */
  operation(userId: number, operationId: string): string {
    return `${this.tag(userId)}operation:${operationId}`;
  }

  /** String: what a request that may be repeated came to. */
  request(userId: number, requestKey: string): string {
    return `${this.tag(userId)}request:${requestKey}`;
  }

  /** String: what is written to see whether that works. Expires at once. */
  probe(tag: string): string {
    return `${this.prefix}{${tag}}:probe`;
  }

  /** The keys of one key of the rate limiter. */
  ofRateLimiter(key: string): RateLimiterKeys {
    const tag = `${this.prefix}{t:${key}}:`;
    return { counted: `${tag}counted`, trusted: `${tag}trusted` };
  }

  private tag(userId: number): string {
    return `${this.prefix}{u:${userId}}:`;
  }
}

/** What is known of those who share one key of the rate limiter. */
export interface RateLimiterKeys {
  /** Hash: count, and at (seconds since the epoch). Expires when nothing of it counts any more. */
  readonly counted: string;
  /** String: until when the key is trusted, in whole seconds since the epoch. Expires then. */
  readonly trusted: string;
}

/** What one user has. */
export interface UserKeys {
  /** Hash: username, password (its hash), active (1 or 0), created (seconds since the epoch). */
  readonly account: string;
  /** Hash: session id → the session as text. Expires with the last of its sessions. */
  readonly sessions: string;
  /** Sorted set: the tasks as text, scored by id. */
  readonly tasks: string;
  /** Hash: last (the last id that was given), bytes (of titles and descriptions together). */
  readonly taskCounts: string;
  /** Hash: hour since the epoch → how many requests that may be repeated came in it. Expires with the last of them. */
  readonly idempotencyKeyCounts: string;
}
