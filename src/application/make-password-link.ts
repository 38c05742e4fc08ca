import { DomainError } from '../domain/errors.js';
import { validateAll } from '../domain/input.js';
import { linkToken, newPasswordLink } from '../domain/password-link.js';
import { checkUsername, noPassword, type User } from '../domain/user.js';
import { userNamed } from './find-users.js';
import type { Clock, Digest, NewId } from './ports/environment.js';
import type { UserRepository } from './ports/user-repository.js';
import type { RecordAct } from './record-act.js';

/**
 * Makes links with which users set their own passwords, for the operator. Each ends the user's earlier link, and gets a
 * record in the audit log.
 */
export class MakePasswordLink {
  constructor(
    private readonly users: UserRepository,
    private readonly newId: NewId,
    private readonly digest: Digest,
    private readonly clock: Clock,
    private readonly recordAct: RecordAct,
  ) {}

  /**
   * Resolves to the token of a link for this user. Their password stays good until the link is used. Throws
   * 'user_not_found'.
   */
  async reset(username: string): Promise<string> {
    const user = await userNamed(this.users, username);
    return this.makeLink('reset', user);
  }

  /**
   * Adds a user without a password, even if registration is closed, and resolves to the token of a link for them. A user
   * who was invited before and has no password yet gets another link. Resolves to undefined if a user of this name has a
   * password. Throws InvalidFields, as registration does.
   */
  async invite(name: string): Promise<string | undefined> {
    const { username } = validateAll<{ username: string }>({ username: checkUsername(name) });
    const createdAt = Math.floor(this.clock());
    const user =
      (await this.users.findByName(username)) ??
      (await this.users.add({ username, passwordHash: noPassword, createdAt })) ??
      (await this.users.findByName(username));
    return user?.passwordHash === noPassword ? this.makeLink('invite', user) : undefined;
  }

  private async makeLink(act: 'reset' | 'invite', user: User): Promise<string> {
    const token = linkToken(user.id, this.newId());
    const link = newPasswordLink(this.digest(token), this.clock());
    if (!(await this.users.setPasswordLink(user.id, link))) throw new DomainError('user_not_found');
    await this.recordAct.execute(act, user);
    return token;
  }
}
