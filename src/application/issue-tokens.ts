import { DomainError } from '../domain/errors.js';
import type { Fields } from '../domain/fields.js';
import { networkOf } from '../domain/network.js';
import {
  accessClaims,
  openSession,
  refreshClaims,
  type Session,
  type SessionPolicy,
} from '../domain/session.js';
import { parseCredentials, type Credentials, type User } from '../domain/user.js';
import type { CheckPassword } from './check-password.js';
import type { Client } from './client.js';
import type {
  Clock,
  Log,
  NewId,
  PasswordHasher,
  SessionRepository,
  TokenSigner,
  UserRepository,
} from './ports.js';

const tooManySessions =
  'A sign-in ended the least recently used sessions of its user, who had as many as MAX_SESSIONS_PER_USER allows.';

/**
 * Signs a user in: opens a session and answers its two tokens. Throws InvalidFields, Throttled, 'overloaded' or
 * 'invalid_credentials'. The attempt counts before the password is compared, so that no more are compared than the limits
 * let through.
 */
export class IssueTokens {
  constructor(
    private readonly checkPassword: CheckPassword,
    private readonly users: UserRepository,
    private readonly sessions: SessionRepository,
    private readonly hasher: PasswordHasher,
    private readonly tokens: TokenSigner,
    private readonly newId: NewId,
    private readonly clock: Clock,
    private readonly policy: SessionPolicy,
    private readonly log: Log,
  ) {}

  async execute(input: Fields, client: Client): Promise<{ refresh: string; access: string }> {
    const credentials = parseCredentials(input);
    // The first try is in vain if another sign-in stores the same password hashed anew before the session is opened.
    const session = (await this.open(credentials, client)) ?? (await this.open(credentials, client));
    if (!session) throw new DomainError('invalid_credentials');

    return {
      refresh: this.tokens.sign(refreshClaims(session)),
      access: this.tokens.sign(accessClaims(session, this.newId(), session.openedAt, this.policy)),
    };
  }

  /** Undefined if the account has changed since its password was compared. */
  private async open({ username, password }: Credentials, client: Client): Promise<Session | undefined> {
    const user = await this.checkPassword.execute(username, password, client);
    if (!user) throw new DomainError('invalid_credentials');

    const passwordHash = await this.upToDateHash(user, password, client);
    const ids = { id: this.newId(), userId: user.id, refreshId: this.newId() };
    const session = openSession({ ...ids, address: networkOf(client.address) }, this.clock(), this.policy);
    const ended = await this.sessions.open(session, passwordHash, this.policy.maxPerUser);
    if (ended === undefined) return undefined;
    if (ended > 0) this.log.info({ userId: user.id, ended }, tooManySessions);
    return session;
  }

  private async upToDateHash(user: User, password: string, client: Client): Promise<string> {
    if (!this.hasher.isOutdated(user.passwordHash)) return user.passwordHash;
    const hash = await this.hasher.hash(password, { client, isTrusted: true });
    await this.users.replacePasswordHash(user.id, user.passwordHash, hash);
    return hash;
  }
}
