import { randomUUID } from 'node:crypto';
import type { Clock } from '../../application/ports/environment.js';
import type { SessionRef, SessionRepository } from '../../application/ports/session-repository.js';
import { DomainError } from '../../domain/errors.js';
import { isUnexpired, rotate, type RotationRequest, type Session } from '../../domain/session.js';
import type { Keys } from './keys.js';
import type { RedisConnection } from './connection/redis-connection.js';
import * as scripts from './session-scripts.js';
import { parse, serialise, type HeldSession } from './lua/session-codec.js';

export class RedisSessionRepository implements SessionRepository {
  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: Keys,
    private readonly clock: Clock,
  ) {}

  async open(session: Session, passwordHash: string, limit: number): Promise<number | undefined> {
    const { account, sessions } = this.keys.ofUser(session.userId);
    const ended = await scripts.openSession(this.redis, {
      account,
      sessions,
      operation: this.keys.operation(session.userId, randomUUID()),
      passwordHash,
      sessionId: session.id,
      text: serialise({ session, order: 0 }),
      expiresAt: session.current.expiresAt,
      now: this.clock(),
      limit,
    });
    return ended === -1 ? undefined : ended;
  }

  async adopt(session: Session): Promise<boolean> {
    const { account, sessions, adopted } = this.keys.ofUser(session.userId);
    const opened = await scripts.adoptSession(this.redis, {
      account,
      sessions,
      adopted,
      operationId: randomUUID(),
      sessionId: session.id,
      text: serialise({ session, order: 0 }),
      openedAt: session.openedAt,
      expiresAt: session.current.expiresAt,
      now: this.clock(),
    });
    return opened === 1;
  }

  async find(session: SessionRef): Promise<Session | undefined> {
    return (await this.read(session))?.session;
  }

  async list({ userId, sessionId }: SessionRef): Promise<readonly Session[]> {
    const active = await this.listOf(userId);
    if (!active.some(({ id }) => id === sessionId)) throw new DomainError('token_revoked');
    return active;
  }

  async listOf(userId: number): Promise<readonly Session[]> {
    const texts = await this.redis.send((client) => client.hgetall(this.keys.ofUser(userId).sessions));
    const now = this.clock();
    return Object.entries(texts)
      .map(([id, text]) => parse(userId, id, text))
      .filter((held) => held !== undefined)
      .filter(({ session }) => isUnexpired(session, now))
      .toSorted((one, other) => one.session.openedAt - other.session.openedAt || one.order - other.order)
      .map(({ session }) => session);
  }

  async touch(session: SessionRef, at: number): Promise<void> {
    // Optimistic concurrency, as in `rotate`: repeats only after another client's change.
    for (;;) {
      const held = await this.read(session);
      if (!held || held.session.lastUsedAt >= at) return;
      if (await this.replace(held, { ...held.session, lastUsedAt: at })) return;
    }
  }

  async rotate(session: SessionRef, request: RotationRequest): Promise<Session | 'reused' | 'gone'> {
    // Optimistic concurrency: repeats only after another client's change, so one of them always makes progress.
    for (;;) {
      const held = await this.read(session);
      if (!held) return 'gone';
      const rotation = rotate(held.session, request, this.clock());
      if (rotation.outcome === 'reused') {
        await this.end(session);
        return 'reused';
      }
      if (rotation.session === held.session) return held.session;
      if (await this.replace(held, rotation.session)) return rotation.session;
    }
  }

  async end(session: SessionRef): Promise<boolean> {
    return (await scripts.endSession(this.redis, this.ending(session))) === 1;
  }

  async endOther(by: SessionRef, otherId: string): Promise<boolean> {
    return (await scripts.endOtherSession(this.redis, { ...this.ending(by), otherId })) === 1;
  }

  async endAll(by: SessionRef): Promise<void> {
    await scripts.endAllSessions(this.redis, this.ending(by));
  }

  async endAllOf(userId: number): Promise<number> {
    const { account, sessions } = this.keys.ofUser(userId);
    const operation = this.keys.operation(userId, randomUUID());
    return scripts.endAllSessionsOf(this.redis, { account, sessions, operation, now: this.clock() });
  }

  private ending({ userId, sessionId }: SessionRef) {
    const { account, sessions } = this.keys.ofUser(userId);
    return {
      account,
      sessions,
      operation: this.keys.operation(userId, randomUUID()),
      sessionId,
      now: this.clock(),
    };
  }

  private async read({ userId, sessionId }: SessionRef): Promise<ReadSession | undefined> {
    const { sessions } = this.keys.ofUser(userId);
    const text = await this.redis.send((client) => client.hget(sessions, sessionId));
    const held = text === null ? undefined : parse(userId, sessionId, text);
    return text !== null && held && isUnexpired(held.session, this.clock()) ? { text, ...held } : undefined;
  }

  private async replace({ text, order }: ReadSession, to: Session): Promise<boolean> {
    const { sessions } = this.keys.ofUser(to.userId);
    const replaced = await scripts.replaceSession(this.redis, {
      sessions,
      sessionId: to.id,
      oldText: text,
      newText: serialise({ session: to, order }),
      expiresAt: to.current.expiresAt,
      now: this.clock(),
    });
    return replaced === 1;
  }
}

interface ReadSession extends HeldSession {
  readonly text: string;
}
