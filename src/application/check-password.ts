import type { User } from '../domain/user.js';
import type { Client } from './ports/client.js';
import type { AttemptLimiter, SignInAttempt } from './attempt-limiter.js';
import type { PasswordHasher } from './ports/password-hasher.js';
import type { UserRepository } from './ports/user-repository.js';

/** Compares a password with that of a user. Every comparison counts as an attempt to sign in, unless it was right. */
export class CheckPassword {
  constructor(
    private readonly limits: AttemptLimiter,
    private readonly users: UserRepository,
    private readonly hasher: PasswordHasher,
  ) {}

  /** The active user who has this name and password, if there is one. Throws Throttled or 'overloaded'. */
  async execute(username: string, password: string, client: Client): Promise<User | undefined> {
    const attempt = await this.limits.signIn(client.address, username);
    const user = await this.find(username, password, client, attempt).catch(async (error: unknown) => {
      // Nothing was compared.
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
    // One comparison whatever is found, so that the time taken does not tell which names exist.
    const matches = await this.hasher.verify(password, user?.passwordHash, { client, isTrusted });
    return user?.active && matches ? user : undefined;
  }
}
