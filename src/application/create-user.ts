import { validateAll, InvalidFields, type Validated, type Input } from '../domain/input.js';
import { requireStrongPassword } from '../domain/password-policy.js';
import { checkNewPassword, checkUsername, type Credentials, type User } from '../domain/user.js';
import type { Clock } from './ports/environment.js';
import type { PasswordHasher, Requester } from './ports/password-hasher.js';
import type { UserRepository } from './ports/user-repository.js';

/** Adds an account, for a new user who registers or for the operator. */
export class CreateUser {
  constructor(
    private readonly users: UserRepository,
    private readonly hasher: PasswordHasher,
    private readonly clock: Clock,
  ) {}

  /**
   * Throws InvalidFields or 'overloaded'. A weak password is reported only if all fields are valid. Without a
   * requester, the account is made for the operator.
   */
  async execute(input: Input, requester?: Requester): Promise<User> {
    const { username, password } = validateAll<Credentials>({
      username: await this.checkAvailable(checkUsername(input['username'])),
      password: checkNewPassword(input['password']),
    });
    requireStrongPassword(password, username);

    const passwordHash = await this.hasher.hash(password, requester);
    const user = await this.users.add({ username, passwordHash, createdAt: Math.floor(this.clock()) });
    if (!user) throw new InvalidFields({ username: [{ code: 'username_taken' }] });
    return user;
  }

  /** Throws InvalidFields unless the name is valid and free now. */
  async requireAvailable(username: unknown): Promise<void> {
    validateAll({ username: await this.checkAvailable(checkUsername(username)) });
  }

  // Only reports a taken name early, together with other invalid fields. `users.add` decides who gets a name.
  private async checkAvailable(username: Validated<string>): Promise<Validated<string>> {
    if ('issues' in username) return username;
    if (!(await this.users.findByName(username.value))) return username;
    return { issues: [{ code: 'username_taken' }] };
  }
}
