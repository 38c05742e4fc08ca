import { expect } from 'chai';
import {
  accessTokenError,
  expectResponse,
  expectParseError,
  invalidCredentials,
  noCredentials,
  sessionNotFound,
  tokenBlacklisted,
  userNotFound,
} from '../../support/responses.js';
import { claimsOf } from '../../support/json-web-token.js';
import type { RunningServer, SignedIn } from '../../support/running-server.js';
import { SettableClock } from '../../../src/storage-contract/settable-clock.js';
import { withEachStorage } from '../../support/storages.js';

const newPassword = 'Another & longer kite';
const blacklisted = accessTokenError('Token is blacklisted');

describe('account endpoints', () => {
  withEachStorage((start) => {
    let clock: SettableClock;
    let server: RunningServer;
    let user: SignedIn;

    /** Starts a new server with these settings for the surrounding tests, and signs in a new user before each. */
    function serve(environment: Readonly<Record<string, string>> = {}): void {
      before(async () => {
        clock = new SettableClock();
        server = await start(environment, clock.now);
      });
      beforeEach(async () => {
        user = await server.registerAndSignIn();
      });
      after(() => server.stop());
    }

    const listTasks = (access: string) => server.call('GET', '/tasks/', undefined, access);
    const changePassword = (body: unknown, access: string | undefined = user.access) =>
      server.call('POST', '/api/password/change/', body, access);
    const passwords = () => ({ old_password: user.password, new_password: newPassword });
    const endSession = (id: string, access = user.access) =>
      server.call('DELETE', `/api/sessions/${id}/`, undefined, access);
    const deleteAccount = (body: unknown) => server.call('DELETE', '/api/account/', body, user.access);
    const listSessions = async (access: string): Promise<Record<string, unknown>[]> => {
      const response = await server.call('GET', '/api/sessions/', undefined, access);
      expectResponse(response, 200, response.json());
      return response.json() as Record<string, unknown>[];
    };
    const createTask = () =>
      server.call('POST', '/tasks/create/', { title: 't', description: 'd' }, user.access);

    async function signIn(
      { username, password }: Pick<SignedIn, 'username' | 'password'>,
      forwardedFor?: string,
    ): Promise<Pick<SignedIn, 'access' | 'refresh'>> {
      const response = await server.send({
        method: 'POST',
        path: '/api/token/',
        headers: {
          'Content-Type': 'application/json',
          ...(forwardedFor !== undefined && { 'X-Forwarded-For': forwardedFor }),
        },
        body: JSON.stringify({ username, password }),
      });
      expect(response.status).to.equal(200);
      return response.json() as SignedIn;
    }

    describe('POST /api/password/change/', () => {
      serve();

      it('ends all other sessions of the user after a password change', async () => {
        const other = await signIn(user);
        expectResponse(await changePassword(passwords()), 200, { message: 'Password changed successfully' });

        expectResponse(await listTasks(user.access), 200, []);
        expectResponse(await listTasks(other.access), 401, blacklisted);
        const refreshed = await server.call('POST', '/api/token/refresh/', { refresh: other.refresh });
        expectResponse(refreshed, 401, tokenBlacklisted);
        const { username, password } = user;
        expectResponse(
          await server.call('POST', '/api/token/', { username, password }),
          401,
          invalidCredentials,
        );
        await signIn({ username, password: newPassword });
      });

      it('rejects a password change with a wrong old password', async () => {
        expectResponse(await changePassword({ ...passwords(), old_password: 'wrong' }), 400, {
          old_password: ['Your password was entered incorrectly. Please enter it again.'],
        });
        await signIn(user);
      });

      it('rejects a new password that breaks the rules', async () => {
        expectResponse(await changePassword({ ...passwords(), new_password: 'qwerty' }), 400, {
          new_password: [
            'This password is too short. It must contain at least 8 characters.',
            'This password is too common.',
          ],
        });
        expectResponse(await changePassword({ new_password: 'x'.repeat(129) }), 400, {
          old_password: ['This field is required.'],
          new_password: ['Ensure this field has no more than 128 characters.'],
        });
      });

      it('checks credentials before the body of a password change', async () => {
        const path = '/api/password/change/';
        expectResponse(await server.call('POST', path, []), 401, noCredentials);
        const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${user.access}` };
        expectParseError(await server.send({ method: 'POST', path, headers, body: '{' }));
        await server.call('POST', '/api/logout/', { refresh: user.refresh });
        expectResponse(await server.send({ method: 'POST', path, headers, body: '{' }), 401, blacklisted);
        expectResponse(await changePassword(passwords()), 401, blacklisted);
      });
    });

    describe('GET /api/sessions/', () => {
      serve({ TRUST_PROXY: '1', ACCESS_TOKEN_LIFETIME: '1d' });

      it('lists sessions with the times of sign-in and last use, and the address', async () => {
        const openedAt = clock.now();
        clock.advance(100);
        const { access, refresh } = await signIn(user, '203.0.113.9, 198.51.100.7');
        clock.advance(1000);
        await server.call('POST', '/api/token/refresh/', { refresh });
        expect(await listSessions(access)).to.deep.equal([
          {
            id: sessionIdOf(user.access),
            current: false,
            signed_in_at: dateTime(openedAt),
            last_used_at: dateTime(openedAt),
            address: '127.0.0.1',
          },
          {
            id: sessionIdOf(access),
            current: true,
            signed_in_at: dateTime(openedAt + 100),
            last_used_at: dateTime(openedAt + 1100),
            address: '198.51.100.7',
          },
        ]);
      });

      it('does not list sessions of other users', async () => {
        const other = await server.registerAndSignIn();
        const ids = (await listSessions(other.access)).map(({ id }) => id);
        expect(ids).to.deep.equal([sessionIdOf(other.access)]);
      });

      it('does not list ended or expired sessions', async () => {
        const ended = await signIn(user);
        await server.call('POST', '/api/logout/', { refresh: ended.refresh });
        clock.advance(23 * 3600);
        const late = await signIn(user);
        clock.advance(3600 - 1);
        expect(await listSessions(late.access)).to.have.length(2);
        clock.advance(1);
        expect((await listSessions((await signIn(user)).access)).map(({ id }) => id)).to.include(
          sessionIdOf(late.access),
        );
        expect(await listSessions((await signIn(user)).access)).to.have.length(3);
      });
    });

    describe('ending sessions', () => {
      serve({ MAX_SESSIONS_PER_USER: '3' });

      it('ends a session of the user, and responds with 404 the second time', async () => {
        const other = await signIn(user);
        const ended = { message: 'Session ended successfully' };
        expectResponse(await endSession(sessionIdOf(other.access)), 200, ended);
        expectResponse(await listTasks(other.access), 401, blacklisted);
        expectResponse(await endSession(sessionIdOf(other.access)), 404, sessionNotFound);
        expectResponse(await endSession(sessionIdOf(user.access)), 200, ended);
        expectResponse(await listTasks(user.access), 401, blacklisted);
      });

      it('responds with 404 when a user ends a session of another user', async () => {
        const other = await server.registerAndSignIn();
        expectResponse(await endSession(sessionIdOf(other.access)), 404, sessionNotFound);
        expectResponse(await listTasks(other.access), 200, []);
      });

      it('ignores the body of DELETE /api/sessions/:sessionId/', async () => {
        const path = `/api/sessions/${sessionIdOf(user.access)}`;
        const headers = { 'Content-Type': 'text/plain', Authorization: `Bearer ${user.access}` };
        expect((await server.send({ method: 'DELETE', path, headers, body: 'x' })).status).to.equal(200);
      });

      it('ends all sessions of the user on POST /api/logout/all/', async () => {
        const other = await signIn(user);
        const bystander = await server.registerAndSignIn();
        const message = 'Successfully logged out of all sessions';
        expectResponse(await server.call('POST', '/api/logout/all/', undefined, user.access), 200, {
          message,
        });
        for (const { access, refresh } of [user, other]) {
          expectResponse(await listTasks(access), 401, blacklisted);
          expectResponse(
            await server.call('POST', '/api/token/refresh/', { refresh }),
            401,
            tokenBlacklisted,
          );
        }
        expectResponse(await listTasks(bystander.access), 200, []);
      });

      it('ends the oldest session when a sign-in exceeds MAX_SESSIONS_PER_USER', async () => {
        const later: string[] = [];
        for (let i = 0; i < 3; i++) {
          clock.advance(1);
          later.push((await signIn(user)).access);
        }
        expectResponse(await listTasks(user.access), 401, blacklisted);
        for (const access of later) expectResponse(await listTasks(access), 200, []);
      });
    });

    describe('reading the account', () => {
      serve({ TRUST_PROXY: '1' });

      it('responds with id, name and date of the own account on GET /api/account/', async () => {
        const registeredAt = clock.now();
        clock.advance(100);
        expectResponse(await server.call('GET', '/api/account/', undefined, user.access), 200, {
          id: Number(claimsOf(user.access)['user_id']),
          username: user.username,
          date_joined: dateTime(registeredAt),
        });
      });

      it('exports the account, its sessions and its tasks as JSON lines', async () => {
        const other = await server.registerAndSignIn();
        await server.call('POST', '/tasks/', { title: 'secret', description: 'd' }, other.access);
        await signIn(user, '203.0.113.9');
        await createTask();
        const titled = { title: 'Grüße "\n"', description: 'd', status: 'completed' };
        await server.call('POST', '/tasks/', titled, user.access);

        const response = await server.call('GET', '/api/account/export/', undefined, user.access);
        const account = await server.call('GET', '/api/account/', undefined, user.access);
        const lines = [
          { type: 'account', ...(account.json() as object) },
          ...(await listSessions(user.access)).map((session) => Object.assign({ type: 'session' }, session)),
          { type: 'task', id: 1, title: 't', description: 'd', status: 'pending' },
          { type: 'task', id: 2, ...titled },
        ];
        expect(response.text).to.equal(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
        expect(lines).to.have.length(5);
        expect(response.status).to.equal(200);
        expect(response.headers).to.include({
          'content-type': 'application/x-ndjson',
          'content-disposition': 'attachment; filename="account.ndjson"',
          'cache-control': 'no-store',
        });
      });
    });

    describe('POST /api/token/blacklist/', () => {
      serve();

      it('ends the session of a refresh token, with an empty object', async () => {
        const { access, refresh } = user;
        const blacklist = () => server.call('POST', '/api/token/blacklist/', { refresh });
        expectResponse(await blacklist(), 200, {});
        expectResponse(await listTasks(access), 401, blacklisted);
        expectResponse(await blacklist(), 401, tokenBlacklisted);
      });
    });

    describe('DELETE /api/account/', () => {
      serve();

      it('deletes an account with its sessions and tasks, and releases the user name', async () => {
        await server.call('POST', '/tasks/create/', { title: 't', description: 'd' }, user.access);
        const { username, password } = user;
        expectResponse(await deleteAccount({ password }), 200, { message: 'Account deleted successfully' });

        expectResponse(await listTasks(user.access), 401, userNotFound);
        expectResponse(await deleteAccount({ password }), 401, userNotFound);
        expectResponse(
          await server.call('POST', '/api/token/', { username, password }),
          401,
          invalidCredentials,
        );
        await server.call('POST', '/tasks/register/', { username, password });
        expectResponse(await listTasks((await signIn(user)).access), 200, []);
        expectResponse(await listTasks(user.access), 401, userNotFound);
      });

      it('rejects an account deletion without the right password', async () => {
        expectResponse(await deleteAccount(undefined), 400, { password: ['This field is required.'] });
        expectResponse(await deleteAccount({ password: 'wrong' }), 400, {
          password: ['Your password was entered incorrectly. Please enter it again.'],
        });
        expectResponse(await listTasks(user.access), 200, []);
      });
    });

    describe('password confirmation', () => {
      serve({ THROTTLE_SIGN_IN: '3/60s' });

      it('counts wrong password confirmations towards the rate limit of sign-ins, and resets it on success', async () => {
        const throttled = { detail: 'Request was throttled. Expected available in 20 seconds.' };
        for (let i = 0; i < 2; i++) await deleteAccount({ password: 'wrong' });
        expect((await changePassword(passwords())).status).to.equal(200);
        for (let i = 0; i < 3; i++) expect((await deleteAccount({ password: 'wrong' })).status).to.equal(400);
        expectResponse(await deleteAccount({ password: 'wrong' }), 429, throttled);
        expectResponse(await changePassword(passwords()), 429, throttled);
        const { username, password } = user;
        expectResponse(await server.call('POST', '/api/token/', { username, password }), 429, throttled);
        expectResponse(await listTasks(user.access), 200, []);
      });
    });

    describe('with MAX_TASKS_PER_USER reached', () => {
      serve({ MAX_TASKS_PER_USER: '2' });

      it('rejects new tasks at MAX_TASKS_PER_USER until one is deleted', async () => {
        await Promise.all([createTask(), createTask()]);
        expectResponse(await createTask(), 403, {
          detail: 'You have as many tasks as one user may have; delete some first.',
        });
        await server.call('DELETE', '/tasks/1/delete/', undefined, user.access);
        expect((await createTask()).json()).to.include({ id: 3 });
      });
    });
  });
});

function sessionIdOf(token: string): string {
  return String(claimsOf(token)['sid']);
}

function dateTime(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
}
