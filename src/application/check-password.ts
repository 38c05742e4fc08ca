import type { User } from '../domain/user.js';
import type { Client } from './ports/client.js';
import type { AttemptLimiter, SignInAttempt } from './attempt-limiter.js';
import type { PasswordHasher } from './ports/password-hasher.js';
import type { UserRepository } from './ports/user-repository.js';

/** Checks a user's password. Every wrong password counts as an attempt to sign in. */
export class CheckPassword {
  constructor(
    private readonly limits: AttemptLimiter,
    private readonly users: UserRepository,
    private readonly hasher: PasswordHasher,
  ) {}

  /** The active user with this name and password, if there is one. Throws Throttled or 'overloaded'. */
  async execute(username: string, password: string, client: Client): Promise<User | undefined> {
    const attempt = await this.limits.signIn(client.address, username);
    const user = await this.find(username, password, client, attempt).catch(async (error: unknown) => {
      // No password was compared.
      await attempt.giveBack();
      throw error;
    });
    if (user) await attempt.succeed();
    return user;
  }

  private async find(
    username: string,
    password: string,
    client: Client,
    { isTrusted }: SignInAttempt,
  ): Promise<User | undefined> {
    const user = await this.users.findByName(username);
    // Always one comparison, against a dummy hash if there is no user: no user enumeration by a timing attack.
    const matches = await this.hasher.verify(password, user?.passwordHash, { client, isTrusted });
    return user?.active && matches ? user : undefined;
  }
}
