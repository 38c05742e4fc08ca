import { expect } from 'chai';
import {
  accessRefused,
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
import { SettableClock } from '../../support/settable-clock.js';
import { withEachStorage } from '../../support/storages.js';

const newPassword = 'Another & longer kite';
const blacklisted = accessRefused('Token is blacklisted');

describe('the account over HTTP', () => {
  withEachStorage((start) => {
    let clock: SettableClock;
    let server: RunningServer;
    let user: SignedIn;

    /** Lets the tests around use a new server with these settings, and one user who has just signed in. */
    function serve(environment: Readonly<Record<string, string>> = {}): void {
      before(async () => {
        clock = new SettableClock();
        server = await start(environment, clock.now);
      });
      beforeEach(async () => {
        user = await server.signedIn();
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
      const answer = await server.call('GET', '/api/sessions/', undefined, access);
      expectResponse(answer, 200, answer.json());
      return answer.json() as Record<string, unknown>[];
    };
    const createTask = () =>
      server.call('POST', '/tasks/create/', { title: 't', description: 'd' }, user.access);

    async function signIn(
      { username, password }: Pick<SignedIn, 'username' | 'password'>,
      forwardedFor?: string,
    ): Promise<Pick<SignedIn, 'access' | 'refresh'>> {
      const answer = await server.send({
        method: 'POST',
        path: '/api/token/',
        headers: {
          'Content-Type': 'application/json',
          ...(forwardedFor !== undefined && { 'X-Forwarded-For': forwardedFor }),
        },
        body: JSON.stringify({ username, password }),
      });
      expect(answer.status).to.equal(200);
      return answer.json() as SignedIn;
    }

    describe('changing the password', () => {
      serve();

      it('ends all other sessions, and keeps the caller’s own', async () => {
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

      it('is refused for a wrong old password', async () => {
        expectResponse(await changePassword({ ...passwords(), old_password: 'wrong' }), 400, {
          old_password: ['Your password was entered incorrectly. Please enter it again.'],
        });
        await signIn(user);
      });

      it('is refused for a new one that breaks the rules', async () => {
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

      it('looks at the credentials before the body', async () => {
        const path = '/api/password/change/';
        expectResponse(await server.call('POST', path, []), 401, noCredentials);
        const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${user.access}` };
        expectParseError(await server.send({ method: 'POST', path, headers, body: '{' }));
        await server.call('POST', '/api/logout/', { refresh: user.refresh });
        expectResponse(await server.send({ method: 'POST', path, headers, body: '{' }), 401, blacklisted);
        expectResponse(await changePassword(passwords()), 401, blacklisted);
      });
    });

    describe('listing sessions', () => {
      serve({ TRUST_PROXY: '1', ACCESS_TOKEN_LIFETIME: '1d' });

      it('tells since when, last used when and from where the user is signed in', async () => {
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

      it('tells nothing of anybody else’s', async () => {
        const other = await server.signedIn();
        const ids = (await listSessions(other.access)).map(({ id }) => id);
        expect(ids).to.deep.equal([sessionIdOf(other.access)]);
      });

      it('does not list what has ended or expired', async () => {
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

      it('ends one of the user’s own, once', async () => {
        const other = await signIn(user);
        const ended = { message: 'Session ended successfully' };
        expectResponse(await endSession(sessionIdOf(other.access)), 200, ended);
        expectResponse(await listTasks(other.access), 401, blacklisted);
        expectResponse(await endSession(sessionIdOf(other.access)), 404, sessionNotFound);
        expectResponse(await endSession(sessionIdOf(user.access)), 200, ended);
        expectResponse(await listTasks(user.access), 401, blacklisted);
      });

      it('takes somebody else’s for missing', async () => {
        const other = await server.signedIn();
        expectResponse(await endSession(sessionIdOf(other.access)), 404, sessionNotFound);
        expectResponse(await listTasks(other.access), 200, []);
      });

      it('never reads a body', async () => {
        const path = `/api/sessions/${sessionIdOf(user.access)}`;
        const headers = { 'Content-Type': 'text/plain', Authorization: `Bearer ${user.access}` };
        expect((await server.send({ method: 'DELETE', path, headers, body: 'x' })).status).to.equal(200);
      });

      it('ends all of them with POST /api/logout/all/', async () => {
        const other = await signIn(user);
        const bystander = await server.signedIn();
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

      it('ends the oldest where there would be too many', async () => {
        const later: string[] = [];
        for (let i = 0; i < 3; i++) {
          clock.advance(1);
          later.push((await signIn(user)).access);
        }
        expectResponse(await listTasks(user.access), 401, blacklisted);
        for (const access of later) expectResponse(await listTasks(access), 200, []);
      });
    });

    describe('deleting it', () => {
      serve();

      it('takes the sessions and tasks along, and sets the name free', async () => {
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

      it('is refused without the password', async () => {
        expectResponse(await deleteAccount(undefined), 400, { password: ['This field is required.'] });
        expectResponse(await deleteAccount({ password: 'wrong' }), 400, {
          password: ['Your password was entered incorrectly. Please enter it again.'],
        });
        expectResponse(await listTasks(user.access), 200, []);
      });
    });

    describe('asking for the password', () => {
      serve({ THROTTLE_SIGN_IN: '3/60s' });

      it('counts as a sign-in does, until it is right', async () => {
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

    describe('with as many tasks as one user may have', () => {
      serve({ MAX_TASKS_PER_USER: '2' });

      it('creates no more until one is deleted', async () => {
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
