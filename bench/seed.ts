import { send, type Call, type Reply } from './http-client.js';

/** Somebody who has signed in and has tasks. */
export interface SeededUser {
  readonly username: string;
  readonly access: string;
}

export const password = 'Xk9-fence-Orbit';

/** Registers users, signs them in and gives each the same number of tasks, all over HTTP. */
export async function seed(port: number, users: number, tasksEach: number): Promise<SeededUser[]> {
  const seeded: SeededUser[] = [];
  for (let i = 0; i < users; i++) {
    const user = await signUp(port, `user-${i}`, addressOf(i));
    for (let id = 1; id <= tasksEach; id++) await createTask(port, user, id);
    seeded.push(user);
  }
  return seeded;
}

export async function signUp(port: number, username: string, from = '127.0.0.1'): Promise<SeededUser> {
  const credentials = { username, password };
  await expect(201, port, { method: 'POST', path: '/tasks/register/', body: credentials, from });
  const tokens = await expect(200, port, { method: 'POST', path: '/api/token/', body: credentials, from });
  return { username, access: (tokens.body as { access: string }).access };
}

/** Answers the task as the server does. */
export async function createTask(port: number, { access }: SeededUser, id: number): Promise<unknown> {
  const body = taskTexts(id);
  const reply = await expect(201, port, { method: 'POST', path: '/tasks/create/', token: access, body });
  return reply.body;
}

/** A task as people write them, of the same length for all ids of so many digits: some 146 bytes of JSON. */
export function taskTexts(id: number): { readonly title: string; readonly description: string } {
  return {
    title: `Task ${id}: call the plumber`,
    description: 'The kitchen tap drips again; ask about the boiler in the cellar',
  };
}

/** An address of this machine for each user, so that nobody is slowed down for what others do. */
export function addressOf(user: number): string {
  return `127.0.${1 + Math.floor(user / 250)}.${1 + (user % 250)}`;
}

/** Sends a request; throws unless the response has this status. */
export async function expect(status: number, port: number, call: Call): Promise<Reply> {
  const reply = await send(port, call);
  if (reply.status === status) return reply;
  throw new Error(
    `${call.method} ${call.path}: ${reply.status} instead of ${status}: ${JSON.stringify(reply.body)}`,
  );
}
