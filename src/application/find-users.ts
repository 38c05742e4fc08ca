import { DomainError } from '../domain/errors.js';
import { maxPageSize } from '../domain/page.js';
import { normaliseUsername, type User } from '../domain/user.js';
import type { UserRepository } from './ports/user-repository.js';

/** The user with this name, as an operator writes it. Throws 'user_not_found'. */
export async function userNamed(users: UserRepository, name: string): Promise<User> {
  const user = await users.findByName(normaliseUsername(name));
  if (!user) throw new DomainError('user_not_found');
  return user;
}

/** Whether a user's name contains the text, in any case. */
export function nameContaining(text: string): (user: User) => boolean {
  const searched = normaliseUsername(text).toLowerCase();
  return ({ username }) => username.toLowerCase().includes(searched);
}

/** All users, ordered by id, read page by page as they are asked for. */
export async function* allUsers(users: UserRepository): AsyncGenerator<User, void, undefined> {
  for (let after: number | undefined = 0; after !== undefined;) {
    const page: readonly User[] = await users.list({ after, limit: maxPageSize });
    yield* page;
    after = page[maxPageSize - 1]?.id;
  }
}
