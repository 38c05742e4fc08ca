import { Throttled } from '../domain/rate-limit.js';
import { maxUsernameLength, type User } from '../domain/user.js';
import type { Client } from './ports/client.js';
import type { AttemptLimiter, SignInAttempt } from './attempt-limiter.js';
import type { ReportEvent, SignInFailure } from './ports/events.js';
import type { PasswordHasher } from './ports/password-hasher.js';
import { PortError } from './ports/port-error.js';
import type { UserRepository } from './ports/user-repository.js';

/** A name and a password to check. */
export interface Presented {
  /** The normalised name. */
  readonly username: string;
  /** The name as it was sent, for the report of a failure. */
  readonly given: string;
  readonly password: string;
}

/** Checks a user's password. Every wrong password counts as an attempt to sign in, and every failure is reported. */
export class CheckPassword {
  constructor(
    private readonly limits: AttemptLimiter,
    private readonly users: UserRepository,
    private readonly hasher: PasswordHasher,
    private readonly report: ReportEvent,
  ) {}

  /** The active user with this name and password, if there is one. Throws Throttled or 'overloaded'. */
  async execute(presented: Presented, client: Client): Promise<User | undefined> {
    const result = await this.check(presented, client).catch((error: unknown) => {
      const reason = reasonOf(error);
      if (reason) this.reportFailure(reason, presented, client);
      throw error;
    });
    if (typeof result === 'object') return result;
    this.reportFailure(result, presented, client);
    return undefined;
  }

  private async check(presented: Presented, client: Client): Promise<User | SignInFailure> {
    const attempt = await this.limits.signIn(client.address, presented.username);
    const result = await this.compare(presented, client, attempt).catch(async (error: unknown) => {
      // No password was compared.
      await attempt.giveBack();
      throw error;
    });
    if (typeof result === 'object') await attempt.succeed();
    return result;
  }

  private async compare(
    { username, password }: Presented,
    client: Client,
    { isTrusted }: SignInAttempt,
  ): Promise<User | SignInFailure> {
    const user = await this.users.findByName(username);
    // Always one comparison, against a dummy hash if there is no user: no user enumeration by a timing attack.
    const matches = await this.hasher.verify(password, user?.passwordHash, { client, isTrusted });
    if (!user) return 'unknown_user';
    if (!matches) return 'wrong_password';
    return user.active ? user : 'inactive';
  }

  private reportFailure(reason: SignInFailure, { given }: Presented, { address }: Client): void {
    this.report({ event: 'sign_in_failed', address, username: given.slice(0, maxUsernameLength), reason });
  }
}

/** Why the password was not compared, if that is a sign-in that failed rather than a fault of ours. */
function reasonOf(error: unknown): SignInFailure | undefined {
  if (error instanceof Throttled) return `throttled_${error.limit}`;
  return error instanceof PortError && error.code === 'overloaded' ? 'overloaded' : undefined;
}
