import createClient, { type Middleware } from 'openapi-fetch';
import type { components, paths } from './api.js';

type Tokens = components['schemas']['TokenPair'];

/** What a visitor does: register, sign in, refresh, work with tasks, log out. */
export async function visit(baseUrl: string, username: string, password: string): Promise<string[]> {
  const client = createClient<paths>({ baseUrl });
  await expectData(client.POST('/tasks/register', { body: { username, password } }));
  let tokens: Tokens = await expectData(client.POST('/api/token', { body: { username, password } }));

  const { refresh } = tokens;
  const refreshed = await expectData(client.POST('/api/token/refresh', { body: { refresh } }));
  tokens = { access: refreshed.access, refresh: refreshed.refresh ?? refresh };

  const authorization: Middleware = {
    onRequest({ request }) {
      request.headers.set('Authorization', `Bearer ${tokens.access}`);
    },
  };
  client.use(authorization);

  const draft = { title: 'Buy milk', description: 'Two bottles' };
  const headers = { 'Idempotency-Key': `milk-${username}` };
  const { id } = await expectData(client.POST('/tasks/create', { body: draft, params: { header: headers } }));
  const path = { taskId: id };
  await expectData(client.PUT('/tasks/{taskId}/update', { params: { path }, body: { status: 'completed' } }));
  const tasks = await expectData(client.GET('/tasks', { params: { query: { limit: 10 } } }));
  await expectData(client.DELETE('/tasks/{taskId}/delete', { params: { path } }));

  const missing = await client.GET('/tasks/{taskId}', { params: { path } });
  if (missing.response.status !== 404) throw new Error('The task is still there.');
  await expectData(client.POST('/api/logout', { body: { refresh: tokens.refresh } }));
  return tasks.map(({ title, status }) => `${title}: ${status}`);
}

/** The data of a response; throws if it is an error. */
async function expectData<Data>(call: Promise<{ data?: Data; error?: unknown }>): Promise<Data> {
  const { data, error } = await call;
  if (data === undefined) throw new Error(JSON.stringify(error));
  return data;
}
