import { allValid, InvalidFields, type Checked, type Fields } from '../domain/fields.js';
import { requireStrongPassword } from '../domain/password-policy.js';
import { checkNewPassword, checkUsername, type Credentials, type User } from '../domain/user.js';
import type { Client } from './client.js';
import type { LimitAttempts } from './limit-attempts.js';
import type { Clock, PasswordHasher, UserRepository } from './ports.js';

/**
 * Adds an account. Throws InvalidFields: first for the fields, and only if they are in order for a weak password; or
 * Throttled, before it is told whether a name is taken; or 'overloaded', which does not count. Without a client, as for the
 * operator, there is no limit.
 */
export class RegisterUser {
  constructor(
    private readonly limits: LimitAttempts,
    private readonly users: UserRepository,
    private readonly hasher: PasswordHasher,
    private readonly clock: Clock,
  ) {}

  async execute(input: Fields, client?: Client): Promise<User> {
    const name = checkUsername(input['username']);
    const attempt = client && 'value' in name ? await this.limits.register(client.address) : undefined;
    const { username, password } = allValid<Credentials>({
      username: await this.checkAvailable(name),
      password: checkNewPassword(input['password']),
    });
    requireStrongPassword(password, username);

    const requester = client && { client, isTrusted: false };
    const passwordHash = await this.hasher.hash(password, requester).catch(async (error: unknown) => {
      await attempt?.giveBack();
      throw error;
    });
    const user = await this.users.add({ username, passwordHash, createdAt: Math.floor(this.clock()) });
    if (!user) throw new InvalidFields({ username: [{ code: 'username_taken' }] });
    return user;
  }

  // Only tells early, next to what is wrong with other fields; who gets a name is settled by `users.add`.
  private async checkAvailable(username: Checked<string>): Promise<Checked<string>> {
    if ('issues' in username) return username;
    if (!(await this.users.findByName(username.value))) return username;
    return { issues: [{ code: 'username_taken' }] };
  }
}
