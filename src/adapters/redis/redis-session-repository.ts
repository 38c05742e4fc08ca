import { randomUUID } from 'node:crypto';
import type { Clock, SessionRepository } from '../../application/ports.js';
import { isUnexpired, rotate, type RefreshGeneration, type Session } from '../../domain/session.js';
import type { Keys } from './keys.js';
import type { RedisConnection } from './redis-connection.js';
import * as scripts from './scripts.js';

export class RedisSessionRepository implements SessionRepository {
  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: Keys,
    private readonly clock: Clock,
  ) {}

  async open(session: Session, passwordHash: string): Promise<boolean> {
    const { account, sessions } = this.keys.ofUser(session.userId);
    const opened = await scripts.openSession(
      this.redis,
      account,
      sessions,
      passwordHash,
      session.id,
      serialise(session),
      session.current.expiresAt,
      this.clock(),
    );
    return opened === 1;
  }

  async find(userId: number, sessionId: string): Promise<Session | undefined> {
    return (await this.read(userId, sessionId))?.session;
  }

  async rotate(
    userId: number,
    sessionId: string,
    presentedId: string,
    next: RefreshGeneration,
    grace: number,
  ): Promise<Session | 'reused' | 'gone'> {
    // Another round only after somebody else's step, so that of several one always gets on.
    for (;;) {
      const held = await this.read(userId, sessionId);
      if (!held) return 'gone';
      const rotation = rotate(held.session, presentedId, next, this.clock(), grace);
      if (rotation.outcome === 'reused') {
        await this.end(userId, sessionId);
        return 'reused';
      }
      if (rotation.session === held.session) return held.session;
      if (await this.replace(held.text, rotation.session)) return rotation.session;
    }
  }

  async end(userId: number, sessionId: string): Promise<boolean> {
    const operation = this.keys.operation(userId, randomUUID());
    const { sessions } = this.keys.ofUser(userId);
    return (await scripts.endSession(this.redis, sessions, operation, sessionId, this.clock())) === 1;
  }

  private async read(
    userId: number,
    sessionId: string,
  ): Promise<{ readonly text: string; readonly session: Session } | undefined> {
    const text = await this.redis.send((client) => client.hget(this.keys.ofUser(userId).sessions, sessionId));
    if (text === null) return undefined;
    const session = parse(userId, sessionId, text);
    return isUnexpired(session, this.clock()) ? { text, session } : undefined;
  }

  private async replace(from: string, to: Session): Promise<boolean> {
    const { sessions } = this.keys.ofUser(to.userId);
    const replaced = await scripts.replaceSession(
      this.redis,
      sessions,
      to.id,
      from,
      serialise(to),
      to.current.expiresAt,
      this.clock(),
    );
    return replaced === 1;
  }
}

/**
 * A session as text: `openedAt expiresAt refreshId`, and once it has rotated `issuedAt previousId rotatedAt` as well.
 * Without rotation it is short enough (64 bytes) for Redis to keep a user's sessions in one small piece of memory.
 */
function serialise({ openedAt, current, previous }: Session): string {
  const rotated = previous ? [current.issuedAt, previous.id, previous.rotatedAt] : [];
  return [openedAt, current.expiresAt, current.id, ...rotated].join(' ');
}

function parse(userId: number, sessionId: string, text: string): Session {
  const [openedAt, expiresAt, id = '', issuedAt = openedAt, previousId, rotatedAt] = text.split(' ');
  const current = { id, issuedAt: Number(issuedAt), expiresAt: Number(expiresAt) };
  const session = { id: sessionId, userId, openedAt: Number(openedAt), current };
  return previousId === undefined
    ? session
    : { ...session, previous: { id: previousId, rotatedAt: Number(rotatedAt) } };
}
