import { DomainError } from '../domain/errors.js';
import type { Input } from '../domain/input.js';
import { checkUsername, type User } from '../domain/user.js';
import type { Client } from './ports/client.js';
import type { CreateUser } from './create-user.js';
import type { AttemptLimiter } from './attempt-limiter.js';
import { PortError } from './ports/port-error.js';

/** Whether strangers may register; if not, accounts are the operator's to make. */
export type Registration = 'open' | 'closed';

/** Lets a stranger make an account, if registration is open. */
export class RegisterUser {
  constructor(
    private readonly registration: Registration,
    private readonly limits: AttemptLimiter,
    private readonly createUser: CreateUser,
  ) {}

  /** Throws 'registration_closed', which is reported before anything that is wrong with a request. */
  requireOpen(): void {
    if (this.registration === 'closed') throw new DomainError('registration_closed');
  }

  /**
   * Throws 'registration_closed'; Throttled, before it is told whether a name is taken; InvalidFields; or 'overloaded', which
   * does not count.
   */
  async execute(input: Input, client: Client): Promise<User> {
    this.requireOpen();
    const mayBeTaken = 'value' in checkUsername(input['username']);
    const attempt = mayBeTaken ? await this.limits.register(client.address) : undefined;
    try {
      return await this.createUser.execute(input, { client, isTrusted: false });
    } catch (error) {
      if (error instanceof PortError && error.code === 'overloaded') await attempt?.giveBack();
      throw error;
    }
  }
}
