import { DomainError } from '../domain/errors.js';
import type { Input } from '../domain/input.js';
import { networkOf } from '../domain/client-network.js';
import type { Session } from '../domain/session.js';
import { parseCredentials, type User } from '../domain/user.js';
import type { CheckPassword, Presented } from './check-password.js';
import type { Client } from './ports/client.js';
import type { ReportEvent } from './ports/events.js';
import type { PasswordHasher } from './ports/password-hasher.js';
import type { SessionRepository } from './ports/session-repository.js';
import type { UserRepository } from './ports/user-repository.js';
import type { SessionTokens } from './session-tokens.js';

/**
 * Signs a user in: opens a session and returns its two tokens. Throws InvalidFields, Throttled, 'overloaded' or
 * 'invalid_credentials'. The attempt is counted before the password is compared, so no more passwords are compared than
 * the rate limits allow.
 */
export class IssueTokens {
  constructor(
    private readonly checkPassword: CheckPassword,
    private readonly users: UserRepository,
    private readonly sessions: SessionRepository,
    private readonly hasher: PasswordHasher,
    private readonly tokens: SessionTokens,
    private readonly report: ReportEvent,
  ) {}

  async execute(input: Input, client: Client): Promise<{ refresh: string; access: string }> {
    const credentials = { ...parseCredentials(input), given: String(input['username']) };
    // The first try fails if a concurrent sign-in rehashes the same password before the session is opened.
    const session = (await this.open(credentials, client)) ?? (await this.open(credentials, client));
    if (!session) throw new DomainError('invalid_credentials');

    return {
      refresh: this.tokens.refresh(session),
      access: this.tokens.access(session, session.openedAt),
    };
  }

  /** The new session; undefined if the account was changed after its password was compared. */
  private async open(credentials: Presented, client: Client): Promise<Session | undefined> {
    const user = await this.checkPassword.execute(credentials, client);
    if (!user) throw new DomainError('invalid_credentials');

    const passwordHash = await this.upToDateHash(user, credentials.password, client);
    const session = this.tokens.open({ userId: user.id, address: networkOf(client.address) });
    const ended = await this.sessions.open(session, passwordHash, this.tokens.policy.maxPerUser);
    if (ended === undefined) return undefined;
    const { address } = client;
    this.report({ event: 'session_opened', address, userId: user.id, sessionId: session.id });
    if (ended > 0) this.report({ event: 'session_ended', userId: user.id, by: 'limit' });
    return session;
  }

  private async upToDateHash(user: User, password: string, client: Client): Promise<string> {
    if (!this.hasher.isOutdated(user.passwordHash)) return user.passwordHash;
    const hash = await this.hasher.hash(password, { client, isTrusted: true });
    await this.users.replacePasswordHash(user.id, user.passwordHash, hash);
    return hash;
  }
}
