import { randomUUID } from 'node:crypto';
import type { Clock, SessionRepository } from '../../application/ports.js';
import { isUnexpired, rotate, type RefreshGeneration, type Session } from '../../domain/session.js';
import type { Keys } from './keys.js';
import type { RedisConnection } from './redis-connection.js';
import * as scripts from './session-scripts.js';
import { parse, serialise } from './session-text.js';
import { unlessRefused } from './unless-refused.js';

export class RedisSessionRepository implements SessionRepository {
  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: Keys,
    private readonly clock: Clock,
  ) {}

  async open(session: Session, passwordHash: string, limit = Infinity): Promise<boolean> {
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
      limit,
    );
    return opened === 1;
  }

  async find(userId: number, sessionId: string): Promise<Session | undefined> {
    return (await this.read(userId, sessionId))?.session;
  }

  async list(userId: number): Promise<readonly Session[]> {
    const texts = await this.redis.send((client) => client.hgetall(this.keys.ofUser(userId).sessions));
    const now = this.clock();
    return Object.entries(texts)
      .map(([id, text]) => parse(userId, id, text))
      .filter((session) => isUnexpired(session, now))
      .toSorted((one, other) => one.openedAt - other.openedAt);
  }

  async touch(userId: number, sessionId: string, at: number): Promise<void> {
    // Another round only after somebody else's change, as in a rotation.
    for (;;) {
      const held = await this.read(userId, sessionId);
      if (!held || held.session.lastUsedAt >= at) return;
      if (await this.replace(held.text, { ...held.session, lastUsedAt: at })) return;
    }
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

  async end(userId: number, sessionId: string, within = ''): Promise<boolean> {
    const operation = this.keys.operation(userId, randomUUID());
    const { sessions } = this.keys.ofUser(userId);
    const now = this.clock();
    return (
      unlessRefused(await scripts.endSession(this.redis, sessions, operation, sessionId, within, now)) === 1
    );
  }

  async endAll(userId: number, within: string): Promise<void> {
    const operation = this.keys.operation(userId, randomUUID());
    const { sessions } = this.keys.ofUser(userId);
    unlessRefused(await scripts.endAllSessions(this.redis, sessions, operation, within, this.clock()));
  }

  private async read(
    userId: number,
    sessionId: string,
  ): Promise<{ readonly text: string; readonly session: Session } | undefined> {
    const { sessions } = this.keys.ofUser(userId);
    const text = await this.redis.send((client) => client.hget(sessions, sessionId));
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
