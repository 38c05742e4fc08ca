import { DomainError } from '../domain/errors.js';
import { checkText, validateAll, type Input } from '../domain/input.js';
import type { Session } from '../domain/session.js';
import { isFresh, type StaffAct } from '../domain/staff.js';
import type { User } from '../domain/user.js';
import type { ConfirmPassword, ProtectedNames } from './confirm-password.js';
import type { Client } from './ports/client.js';
import type { Clock } from './ports/environment.js';
import type { AppEvent, ReportEvent } from './ports/events.js';
import type { SessionRef } from './ports/session-repository.js';
import type { StaffRepository } from './ports/staff-repository.js';
import type { UserRepository } from './ports/user-repository.js';

/** What staff do to the accounts of others, or to their own. */
export class AdministerUsers {
  constructor(
    private readonly staff: StaffRepository,
    private readonly users: UserRepository,
    private readonly confirmPassword: ConfirmPassword,
    private readonly protectedNames: ProtectedNames,
    private readonly clock: Clock,
    private readonly report: ReportEvent,
  ) {}

  /** The session of a member of staff. Throws 'token_revoked' or 'not_staff'. */
  authorise(by: SessionRef): Promise<Session> {
    return this.staff.authorise(by);
  }

  /**
   * Does `act` to the user, for the member of staff whose session this is. All but `activate` take the member's password
   * in `input`, unless the session is fresh: a stolen access token alone is not enough. Throws InvalidFields,
   * 'account_not_found', 'account_protected', 'last_administrator', Throttled, 'overloaded' and, if the session has ended
   * or the right was taken away since, 'token_revoked' or 'not_staff'.
   */
  async execute(
    session: Session,
    act: StaffAct,
    userId: number,
    input: Input,
    client: Client,
  ): Promise<void> {
    if (act !== 'activate' && !isFresh(session, this.clock())) {
      const { password } = validateAll<{ password: string }>({ password: checkText(input['password']) });
      await this.confirmPassword.execute(session.userId, ['password', password], client);
    }
    const [member, user] = await Promise.all([this.users.find(session.userId), this.users.find(userId)]);
    if (!member) throw new DomainError('user_not_found');
    if (!user) throw new DomainError('account_not_found');
    if (this.protectedNames.has(user.username)) throw new DomainError('account_protected');
    const done = await this.staff.act(
      { userId: session.userId, sessionId: session.id },
      {
        at: Math.floor(this.clock()),
        by: 'staff',
        actor: member.username,
        act,
        userId,
        username: user.username,
      },
    );
    if (!done) throw new DomainError('account_not_found');
    this.report({
      event: 'staff_act',
      address: client.address,
      userId: session.userId,
      act,
      subject: userId,
    });
    const effect = effects[act](user);
    if (effect) this.report(effect);
  }
}

/** What an act means for its subject, as an event. */
const effects: Readonly<Record<StaffAct, (user: User) => AppEvent | undefined>> = {
  activate: () => undefined,
  deactivate: ({ id }) => ({ event: 'session_ended', userId: id, by: 'staff' }),
  end_sessions: ({ id }) => ({ event: 'session_ended', userId: id, by: 'staff' }),
  delete: ({ id }) => ({ event: 'account_deleted', userId: id, by: 'staff' }),
};
