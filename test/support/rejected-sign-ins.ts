import { noPassword } from '../../src/domain/user.js';
import type { RunningServer } from './running-server.js';

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** Sign-ins that are rejected for different reasons, by reason. No response may reveal the reason (user enumeration). */
export async function rejectedSignIns(server: RunningServer): Promise<Readonly<Record<string, Credentials>>> {
  const [active, inactive, deleted] = [
    await server.registerAndSignIn(),
    await server.registerAndSignIn('inactive'),
    await server.registerAndSignIn('deleted'),
  ];
  const { users } = server.storage;
  const idOf = async ({ username }: Credentials) => (await users.findByName(username))?.id ?? 0;
  await users.deactivate(await idOf(inactive));
  await users.remove(await idOf(deleted));
  const invited = `invited.${active.username}`;
  await users.add({ username: invited, passwordHash: noPassword, createdAt: 0 });
  const { username, password } = active;
  return {
    'a wrong password': { username, password: `${password}?` },
    'an unknown user': { username: 'nobody', password },
    'an inactive user': { username: inactive.username, password },
    'an inactive user with a wrong password': { username: inactive.username, password: `${password}?` },
    'an invited user who has no password yet': { username: invited, password },
    'the text in place of the password of an invited user': { username: invited, password: noPassword },
    'a deleted user': { username: deleted.username, password },
    'a password of 5,000 characters': { username, password: password.padEnd(5000, 'x') },
    'a password of 50,000 characters for an unknown user': {
      username: 'nobody',
      password: password.padEnd(50_000, 'ä'),
    },
    'a name of 5,000 characters': { username: username.padEnd(5000, 'x'), password },
    'a name that nobody can have': { username: 'no body/<>', password },
  };
}
