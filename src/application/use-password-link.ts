import { checkText, InvalidFields, validateAll, type Input } from '../domain/input.js';
import { opensWith, userIdIn } from '../domain/password-link.js';
import { requireStrongPassword } from '../domain/password-policy.js';
import { checkNewPassword, type User } from '../domain/user.js';
import type { AttemptLimiter } from './attempt-limiter.js';
import type { Client } from './ports/client.js';
import type { Clock, Digest } from './ports/environment.js';
import type { ReportEvent } from './ports/events.js';
import type { PasswordHasher } from './ports/password-hasher.js';
import type { UserRepository } from './ports/user-repository.js';

/**
 * Sets a new password for a user who has a password link, ends all their sessions and uses the link up. The user can
 * then sign in at once: the attempts from the client's network that were made before no longer count. Throws Throttled,
 * 'overloaded', or InvalidFields: whatever is wrong with a link, the issue is the same. Only an attempt with such a link
 * is counted.
 */
export class UsePasswordLink {
  constructor(
    private readonly limits: AttemptLimiter,
    private readonly users: UserRepository,
    private readonly hasher: PasswordHasher,
    private readonly digest: Digest,
    private readonly clock: Clock,
    private readonly report: ReportEvent,
  ) {}

  async execute(input: Input, client: Client): Promise<void> {
    const { token, new_password: password } = validateAll<{ token: string; new_password: string }>({
      token: checkText(input['token']),
      new_password: checkNewPassword(input['new_password']),
    });
    const attempt = await this.limits.usePasswordLink(client.address);
    const user = await this.find(token).catch(async (error: unknown) => {
      await attempt.giveBack();
      throw error;
    });
    if (!user) throw invalidLink();
    await attempt.giveBack();

    requireStrongPassword(password, user.username, 'new_password');
    const hash = await this.hasher.hash(password, { client, isTrusted: true });
    if (!(await this.users.usePasswordLink(user.id, this.digest(token), hash))) throw invalidLink();
    this.report({ event: 'password_changed', userId: user.id, by: 'link' });
    this.report({ event: 'session_ended', userId: user.id, by: 'password' });
    await this.limits.forgetSignIns(client.address, user.username);
  }

  /** The active user whose link this is, if there is one. */
  private async find(token: string): Promise<User | undefined> {
    const id = userIdIn(token);
    const user = id === undefined ? undefined : await this.users.find(id);
    if (!user?.active || !user.passwordLink) return undefined;
    return opensWith(user.passwordLink, this.digest(token), this.clock()) ? user : undefined;
  }
}

function invalidLink(): InvalidFields {
  return new InvalidFields({ token: [{ code: 'link_invalid' }] });
}
