import { allValid, InvalidFields, type Checked, type Fields } from '../domain/fields.js';
import { requireStrongPassword } from '../domain/password-policy.js';
import { checkNewPassword, checkUsername, type Credentials, type User } from '../domain/user.js';
import type { LimitAttempts } from './limit-attempts.js';
import type { Clock, PasswordHasher, UserRepository } from './ports.js';

/**
 * Adds an account. Throws InvalidFields: first for the fields, and only if they are in order for a weak password; or
 * Throttled, before it is told whether a name is taken. Without an address, as for the operator, there is no limit.
 */
export class RegisterUser {
  constructor(
    private readonly limits: LimitAttempts,
    private readonly users: UserRepository,
    private readonly hasher: PasswordHasher,
    private readonly clock: Clock,
  ) {}

  async execute(input: Fields, address?: string): Promise<User> {
    const { username, password } = allValid<Credentials>({
      username: await this.checkAvailable(checkUsername(input['username']), address),
      password: checkNewPassword(input['password']),
    });
    requireStrongPassword(password, username);

    const passwordHash = await this.hasher.hash(password);
    const user = await this.users.add({ username, passwordHash, createdAt: Math.floor(this.clock()) });
    if (!user) throw new InvalidFields({ username: [{ code: 'username_taken' }] });
    return user;
  }

  // Only tells early, next to what is wrong with other fields; who gets a name is settled by `users.add`.
  private async checkAvailable(username: Checked<string>, address?: string): Promise<Checked<string>> {
    if ('issues' in username) return username;
    if (address !== undefined) await this.limits.register(address);
    if (!(await this.users.findByName(username.value))) return username;
    return { issues: [{ code: 'username_taken' }] };
  }
}
