import { DomainError } from '../../domain/errors.js';

/** The ids of all staff. */
export class StaffMembers {
  private readonly ids = new Set<number>();

  add(userId: number): void {
    this.ids.add(userId);
  }

  has(userId: number): boolean {
    return this.ids.has(userId);
  }

  list(): number[] {
    return [...this.ids].toSorted((one, other) => one - other);
  }

  /** Takes the right away; false if the user does not have it. Throws 'last_administrator' as `requireAnother` does. */
  remove(userId: number): boolean {
    this.requireAnother(userId);
    return this.ids.delete(userId);
  }

  /** Throws 'last_administrator' if the user is staff, and nobody else is. */
  requireAnother(userId: number): void {
    if (this.ids.has(userId) && this.ids.size === 1) throw new DomainError('last_administrator');
  }
}
