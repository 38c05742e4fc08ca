import { DomainError } from '../domain/errors.js';
import type { Input } from '../domain/input.js';
import { networkOf } from '../domain/client-network.js';
import type { Session } from '../domain/session.js';
import { parseCredentials, type Credentials, type User } from '../domain/user.js';
import type { CheckPassword } from './check-password.js';
import type { Client } from './ports/client.js';
import type { Log } from './ports/environment.js';
import type { PasswordHasher } from './ports/password-hasher.js';
import type { SessionRepository } from './ports/session-repository.js';
import type { UserRepository } from './ports/user-repository.js';
import type { SessionTokens } from './session-tokens.js';

const tooManySessions =
  'Sign-in ended the least recently used sessions of the user: MAX_SESSIONS_PER_USER is reached.';

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
    private readonly log: Log,
  ) {}

  async execute(input: Input, client: Client): Promise<{ refresh: string; access: string }> {
    const credentials = parseCredentials(input);
    // The first try fails if a concurrent sign-in rehashes the same password before the session is opened.
    const session = (await this.open(credentials, client)) ?? (await this.open(credentials, client));
    if (!session) throw new DomainError('invalid_credentials');

    return {
      refresh: this.tokens.refresh(session),
      access: this.tokens.access(session, session.openedAt),
    };
  }

  /** The new session; undefined if the account was changed after its password was compared. */
  private async open({ username, password }: Credentials, client: Client): Promise<Session | undefined> {
    const user = await this.checkPassword.execute(username, password, client);
    if (!user) throw new DomainError('invalid_credentials');

    const passwordHash = await this.upToDateHash(user, password, client);
    const session = this.tokens.open({ userId: user.id, address: networkOf(client.address) });
    const ended = await this.sessions.open(session, passwordHash, this.tokens.policy.maxPerUser);
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
