/**
 * The names of the keys in Redis. All keys of one user have the hash tag `{u:ID}`. So they are in one slot of a Redis
 * Cluster, where a script can change several of them in one step.
 */
export class Keys {
  /** String: the layout of the data. */
  readonly layout: string;
  /** String: the last user id, a counter. */
  readonly userIds: string;
  /** Hash: user id → the nomination of somebody who is staff; with a question mark before it, who is not staff yet. */
  readonly staff: string;
  /** Sorted set: the records of the audit log as text, scored by id. */
  readonly audit: string;

  constructor(private readonly prefix: string) {
    this.layout = `${prefix}layout`;
    this.userIds = `${prefix}user-ids`;
    this.staff = `${prefix}{staff}:members`;
    this.audit = `${prefix}{staff}:audit`;
  }

  /** String: the id of the user with this name. A user exists once this is written. */
  username(username: string): string {
    return `${this.prefix}username:${username}`;
  }

  /** The keys of one user's data. */
  ofUser(userId: number): UserKeys {
    const tag = this.tag(userId);
    return {
      account: `${tag}account`,
      sessions: `${tag}sessions`,
      adopted: `${tag}adopted`,
      tasks: `${tag}tasks`,
      taskCounts: `${tag}task-counts`,
      idempotencyKeyCounts: `${tag}request-counts`,
    };
  }

  /** The keys of an import of one user. */
  ofImport(userId: number): ImportKeys {
    const importedTasks = `${this.tag(userId)}import`;
    return { importedTasks, importedCounts: `${importedTasks}-counts` };
  }

  /** String: the result of an operation, kept as long as the client library may send the operation again. */
  operation(userId: number, operationId: string): string {
    return `${this.tag(userId)}operation:${operationId}`;
  }

  /** The same for an operation on staff. */
  staffOperation(operationId: string): string {
    return `${this.prefix}{staff}:operation:${operationId}`;
  }

  /** String: the task and the fingerprint of a request with an idempotency key. */
  request(userId: number, requestKey: string): string {
    return `${this.tag(userId)}request:${requestKey}`;
  }

  /** String: written by the health check to test writing. Expires at once. */
  probe(tag: string): string {
    return `${this.prefix}{${tag}}:probe`;
  }

  /** A pattern for SCAN: the counters of all keys of the rate limiter. */
  get everyCounter(): string {
    const literally = this.prefix.replaceAll(/[\\*?[\]^]/g, String.raw`\$&`);
    return `${literally}{t:*}:counted`;
  }

  /** The key of the rate limiter whose counter this is. */
  ofCounter(counted: string): string {
    return counted.slice(`${this.prefix}{t:`.length, -'}:counted'.length);
  }

  /** The keys for one key of the rate limiter. */
  ofRateLimiter(key: string): RateLimiterKeys {
    const tag = `${this.prefix}{t:${key}}:`;
    return { counted: `${tag}counted`, trusted: `${tag}trusted` };
  }

  private tag(userId: number): string {
    return `${this.prefix}{u:${userId}}:`;
  }
}

/** The data of one key of the rate limiter. */
export interface RateLimiterKeys {
  /**
   * Hash: count, and at (seconds since the epoch); subject (whom the limit slows down, as JSON) once the limit was
   * reached. Expires when the bucket is empty.
   */
  readonly counted: string;
  /** String: the end of the trust, in whole seconds since the epoch. Expires then. */
  readonly trusted: string;
}

/** The data of one user. */
export interface UserKeys {
  /**
   * Hash: username, password (its hash), active (1 or 0), created (seconds since the epoch). While there is a password
   * link: link (the digest of its token), and link-expiry (seconds since the epoch). Once all sessions have been ended:
   * ended (whole seconds since the epoch). Of somebody who is or was staff: staff (a mark, see staff-members.ts); a question
   * mark until an import has made them staff.
   */
  readonly account: string;
  /** Hash: session id → the session as text. Expires with the last of its sessions. */
  readonly sessions: string;
  /** Hash: id of an adopted session, even if it has ended → the call that adopted it. Expires with the last of them. */
  readonly adopted: string;
  /** Sorted set: the tasks as text, scored by id. */
  readonly tasks: string;
  /** Hash: last (the last id that was used), bytes (of all titles and descriptions together), revision. */
  readonly taskCounts: string;
  /** Hash: hour since the epoch → how many idempotency keys were used in it. Expires with the last of them. */
  readonly idempotencyKeyCounts: string;
}

/** The tasks of a user whose import has not finished. They expire a day after the last was added. */
export interface ImportKeys {
  /** Sorted set: like `tasks` of a user. */
  readonly importedTasks: string;
  /** Hash: last (the id of the last task that was added), bytes. */
  readonly importedCounts: string;
}
