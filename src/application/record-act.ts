import type { OperatorAct } from '../domain/audit.js';
import type { User } from '../domain/user.js';
import type { Clock } from './ports/environment.js';
import type { StaffRepository } from './ports/staff-repository.js';

/** Somebody at the command line. */
export interface Operator {
  /** The name of the user of the operating system. */
  readonly name: string;
  /** Hears of an act that is done, and why the audit log may have no record of it. */
  onUnrecorded(error: unknown): void;
}

/** Adds records of what the operator has done to the audit log. */
export class RecordAct {
  constructor(
    private readonly staff: StaffRepository,
    private readonly clock: Clock,
    private readonly operator: Operator,
  ) {}

  /** To be called once it is done. Does not reject if the record cannot be added, but tells the operator. */
  async execute(act: OperatorAct, { id: userId, username }: Pick<User, 'id' | 'username'>): Promise<void> {
    const { name: actor } = this.operator;
    const at = Math.floor(this.clock());
    try {
      await this.staff.record({ at, by: 'operator', actor, act, userId, username });
    } catch (error) {
      this.operator.onUnrecorded(error);
    }
  }
}
