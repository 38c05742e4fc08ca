import { DomainError } from '../domain/errors.js';
import type { Input } from '../domain/input.js';
import { checkUsername, type User } from '../domain/user.js';
import type { Client } from './ports/client.js';
import type { CreateUser } from './create-user.js';
import type { AttemptLimiter } from './attempt-limiter.js';
import type { ReportEvent } from './ports/events.js';
import { PortError } from './ports/port-error.js';

/** Whether everybody may register. If 'closed', only the operator creates accounts. */
export type Registration = 'open' | 'closed';

/** Registers a new user, if registration is open. */
export class RegisterUser {
  constructor(
    private readonly registration: Registration,
    private readonly limits: AttemptLimiter,
    private readonly createUser: CreateUser,
    private readonly report: ReportEvent,
  ) {}

  /** Throws 'registration_closed'. That is reported before anything that is wrong with the request. */
  requireOpen(): void {
    if (this.registration === 'closed') throw new DomainError('registration_closed');
  }

  /**
   * Throws 'registration_closed', Throttled, InvalidFields or 'overloaded'. Throttled comes before any report that a
   * name is taken: the rate limit also slows down user enumeration. An attempt that ends with 'overloaded' is not
   * counted.
   */
  async execute(input: Input, client: Client): Promise<User> {
    this.requireOpen();
    const mayBeTaken = 'value' in checkUsername(input['username']);
    const attempt = mayBeTaken ? await this.limits.register(client.address) : undefined;
    try {
      const user = await this.createUser.execute(input, { client, isTrusted: false });
      this.report({ event: 'user_registered', address: client.address, userId: user.id });
      return user;
    } catch (error) {
      if (error instanceof PortError && error.code === 'overloaded') await attempt?.giveBack();
      throw error;
    }
  }
}
