import { expect } from 'chai';
import { expectResponse, unavailable } from './responses.js';
import type { ApiClient, SignedIn } from './api-client.js';
import type { WireResponse } from './http-client.js';

/** Sends one request to every endpoint that needs the storage, all concurrently. */
export function callEveryEndpoint(server: ApiClient, user: SignedIn): Promise<WireResponse[]> {
  const { username, password, access, refresh } = user;
  const token = `1-${'0'.repeat(32)}`;
  const task = { title: 't', description: 'd' };
  return Promise.all([
    server.call('POST', '/tasks/register/', { username: 'new', password }),
    server.call('POST', '/tasks/register/', { username: 'new', password }, access),
    server.call('POST', '/api/token/', { username, password }),
    server.call('POST', '/api/token/refresh/', { refresh }),
    server.call('POST', '/api/token/verify/', { token: access }),
    server.call('POST', '/api/token/verify/', { token: refresh }),
    server.call('POST', '/api/logout/', { refresh }),
    server.call('POST', '/api/token/blacklist/', { refresh }),
    server.call('GET', '/api/account/', undefined, access),
    server.call('GET', '/api/account/export/', undefined, access),
    server.call('GET', '/api/sessions/', undefined, access),
    server.call('DELETE', `/api/sessions/${'0'.repeat(32)}/`, undefined, access),
    server.call('POST', '/api/password/change/', { old_password: password, new_password: password }, access),
    server.call('POST', '/api/password/reset/confirm/', { token, new_password: password }),
    server.call('DELETE', '/api/account/', { password }, access),
    server.call('POST', '/api/logout/all/', undefined, access),
    server.call('GET', '/api/admin/users/', undefined, access),
    server.call('GET', '/api/admin/users/?limit=1', undefined, access),
    server.call('GET', '/api/admin/users/1/', undefined, access),
    server.call('POST', '/api/admin/users/1/activate/', undefined, access),
    server.call('POST', '/api/admin/users/1/deactivate/', { password }, access),
    server.call('POST', '/api/admin/users/1/end-sessions/', { password }, access),
    server.call('DELETE', '/api/admin/users/1/', { password }, access),
    server.call('GET', '/api/admin/stats/', undefined, access),
    server.call('GET', '/api/admin/audit/', undefined, access),
    server.call('GET', '/tasks/', undefined, access),
    server.call('GET', '/tasks/?limit=1', undefined, access),
    server.call('GET', '/tasks/?search=x', undefined, access),
    server.call('GET', '/tasks/?limit=1&ordering=-id', undefined, access),
    server.call('POST', '/tasks/create/', task, access),
    server.call('POST', '/tasks/', task, access),
    server.call('PATCH', '/tasks/1/', task, access),
    server.call('DELETE', '/tasks/1/', undefined, access),
    server.call('GET', '/tasks/1/', undefined, access),
    server.call('PUT', '/tasks/1/update/', task, access),
    server.call('DELETE', '/tasks/1/delete/', undefined, access),
    server.call('PATCH', '/tasks/', undefined, access),
  ]);
}

/** Expects that each of them gets 503, within this many milliseconds, because the storage is unavailable. */
export async function expectUnavailableWithin(
  server: ApiClient,
  user: SignedIn,
  milliseconds: number,
): Promise<void> {
  const startedAt = Date.now();
  const responses = await callEveryEndpoint(server, user);
  expect(Date.now() - startedAt).to.be.lessThan(milliseconds);
  for (const response of responses) {
    expectResponse(response, 503, unavailable);
    expect(response.headers['retry-after']).to.match(/^[1-9]\d*$/);
  }
}
