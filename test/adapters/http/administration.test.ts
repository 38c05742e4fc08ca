import { expect } from 'chai';
import { concurrently } from '../../../src/storage-contract/concurrency.js';
import { SettableClock } from '../../../src/storage-contract/settable-clock.js';
import { aNewUser } from '../../../src/storage-contract/builders.js';
import { sessionRefOf } from '../../support/json-web-token.js';
import {
  accessTokenError,
  expectResponse,
  invalidCredentials,
  noPermission,
  userInactive,
} from '../../support/responses.js';
import type { RunningServer, SignedIn } from '../../support/running-server.js';
import { withEachStorage } from '../../support/storages.js';

const noUser = { error: 'User not found' };
const lastAdministrator = { detail: 'Nobody else is an active administrator; make somebody else one first.' };
const passwordRequired = { password: ['This field is required.'] };
const passwordWrong = { password: ['Your password was entered incorrectly. Please enter it again.'] };

/** The acts that take the password of the member of staff, with their messages and words. */
const acts = [
  ['POST', 'deactivate/', 'User deactivated successfully', 'deactivate'],
  ['POST', 'end-sessions/', 'Sessions ended successfully', 'end_sessions'],
  ['DELETE', '', 'User deleted successfully', 'delete'],
] as const;

describe('endpoints for administrators', () => {
  withEachStorage((start) => {
    let clock: SettableClock;
    let server: RunningServer;
    let staff: SignedIn;
    let user: SignedIn;

    before(async () => {
      clock = new SettableClock();
      server = await start({ THROTTLE_SIGN_IN: '4/1m', THROTTLE_REGISTER: 'off' }, clock.now);
    });
    after(() => server.stop());
    /** Leaves one member of staff, and one other user. */
    beforeEach(async () => {
      const before = await server.storage.staff.list();
      staff = await server.registerAndSignIn('Staff');
      user = await server.registerAndSignIn('user');
      await server.storage.staff.add(idOf(staff));
      for (const id of before) await server.storage.staff.remove(id);
    });

    const call = (method: string, path: string, body?: object, by = staff) =>
      server.call(method, `/api/admin/${path}`, body, by.access);
    const listed = ({ username, access }: SignedIn, isStaff: boolean) => ({
      id: idOf({ access }),
      username,
      date_joined: new Date(Math.floor(clock.now()) * 1000).toISOString().replace('.000', ''),
      is_active: true,
      is_staff: isStaff,
    });

    async function signIn({ username, password }: SignedIn) {
      return server.call('POST', '/api/token/', { username, password });
    }

    describe('GET /api/admin/users/', () => {
      it('lists users by id, and says who is active and who is staff', async () => {
        const after = idOf(staff) - 1;
        const response = await call('GET', `users/?after=${after}`);
        expectResponse(response, 200, [listed(staff, true), listed(user, false)]);
        await server.storage.users.deactivate(idOf(user));
        const [, second] = (await call('GET', `users/?after=${after}`)).json() as object[];
        expect(second).to.deep.equal({ ...listed(user, false), is_active: false });
      });

      it('links to the next page while more may follow', async () => {
        const after = idOf(staff) - 1;
        const first = await call('GET', `users/?after=${after}&limit=1&x=%22`);
        expectResponse(first, 200, [listed(staff, true)]);
        expect(first.headers['link']).to.equal(`<?limit=1&x=%22&after=${idOf(staff)}>; rel="next"`);
        const second = await call('GET', `users/?limit=2&after=${idOf(staff)}`);
        expectResponse(second, 200, [listed(user, false)]);
        expect(second.headers).to.not.have.property('link');
      });

      it('finds names that contain a text, in any case and width', async () => {
        const exact = staff.username.slice('Staff'.length);
        for (const search of [`STAFF${exact}`, `ｓｔａｆｆ${exact}`, ` ${staff.username} `]) {
          const path = `users/?search=${encodeURIComponent(search)}`;
          for (const limit of ['', '&limit=5'])
            expectResponse(await call('GET', `${path}${limit}`), 200, [listed(staff, true)]);
        }
        expectResponse(await call('GET', 'users/?search=nobody%20at%20all&limit=5'), 200, []);
      });

      it('lists any number of users in a stream, whole and in order', async () => {
        const first = (await server.storage.archive.lastUserId()) + 1;
        await concurrently(2_100, (index) =>
          server.storage.users.add(aNewUser({ username: `many${index}.${first}` })),
        );
        const users = (await call('GET', `users/?after=${first - 1}`)).json() as { id: number }[];
        expect(users.map(({ id }) => id)).to.deep.equal(
          Array.from({ length: 2_100 }, (_, index) => first + index),
        );
        const found = (await call('GET', `users/?search=many1999.${first}`)).json() as { username: string }[];
        expect(found.map(({ username }) => username)).to.deep.equal([`many1999.${first}`]);
      });

      it('is 403 for others, however many they ask for at once', async () => {
        for (const path of ['users/', 'users/?search=a&limit=1', 'audit/']) {
          const responses = await concurrently(20, () => call('GET', path, undefined, user));
          for (const response of responses) expectResponse(response, 403, noPermission);
        }
      });

      it('takes a parameter that cannot be read for a missing one', async () => {
        const after = idOf(staff) - 1;
        const whole = await call('GET', `users/?after=${after}`);
        for (const query of [
          'limit=0',
          'limit=-1',
          'limit=1001',
          'limit=x',
          'search=',
          `search=${'x'.repeat(251)}`,
        ]) {
          expectResponse(await call('GET', `users/?${query}&after=${after}`), 200, whole.json());
        }
      });
    });

    describe('GET /api/admin/users/<id>/', () => {
      it('has what the user has in numbers, and nothing that a task says', async () => {
        await signIn(user);
        await server.call('POST', '/tasks/create/', { title: 'sécret', description: 'd' }, user.access);
        const response = await call('GET', pathOf(user));
        expectResponse(response, 200, { ...listed(user, false), sessions: 2, tasks: 1, task_bytes: 8 });
      });

      it('is 404 for an id that nobody has', async () => {
        for (const id of ['0', '999999', '9'.repeat(30)])
          expectResponse(await call('GET', `users/${id}/`), 404, noUser);
        expect((await call('GET', 'users/x/')).status).to.equal(404);
      });
    });

    for (const [method, act, message, word] of acts) {
      const perform = (body?: object) => call(method, pathOf(user, act), body);

      describe(`${method} /api/admin/users/<id>/${act}`, () => {
        it('needs no password in the ten minutes after a sign-in', async () => {
          clock.advance(599);
          expectResponse(await perform(), 200, { message });
        });

        it('needs the password of the member of staff after that', async () => {
          clock.advance(600);
          expectResponse(await perform(), 400, passwordRequired);
          expectResponse(await perform({ password: user.password.slice(1) }), 400, passwordWrong);
          expectResponse(await server.call('GET', '/tasks/', undefined, user.access), 200, []);
          expectResponse(await perform({ password: staff.password }), 200, { message });
        });

        it('needs it, too, with a token that was just refreshed', async () => {
          clock.advance(600);
          const refreshed = await server.call('POST', '/api/token/refresh/', { refresh: staff.refresh });
          const { access } = refreshed.json() as { access: string };
          const response = await call(method, pathOf(user, act), undefined, { ...staff, access });
          expectResponse(response, 400, passwordRequired);
        });

        it('counts wrong passwords as attempts to sign in', async () => {
          clock.advance(600);
          const guesses = await Promise.all(
            Array.from({ length: 5 }, () => perform({ password: 'a wrong one' })),
          );
          expect(guesses.map(({ status }) => status)).to.have.members([400, 400, 400, 400, 429]);
        });

        it('is 404 for an id that nobody has', async () => {
          expectResponse(await call(method, `users/999999/${act}`), 404, noUser);
        });

        it('is 403 for others before anything is read of the body', async () => {
          const path = pathOf(staff, act);
          for (const body of [undefined, { password: user.password }])
            expectResponse(await call(method, path, body, user), 403, noPermission);
          const headers = { Authorization: `Bearer ${user.access}`, 'Content-Type': 'text/plain' };
          const unreadable = { method, path: `/api/admin/${path}`, headers, body: 'x' };
          expectResponse(await server.send(unreadable), 403, noPermission);
        });

        it('has a record in the audit log, with names that outlive their accounts', async () => {
          await perform();
          const [record] = (await call('GET', 'audit/?limit=1')).json() as [Record<string, unknown>];
          const { id, at, ...rest } = record;
          expect(rest).to.deep.equal({
            by: 'staff',
            actor: staff.username,
            act: word,
            user_id: idOf(user),
            username: user.username,
          });
          expect([typeof id, at]).to.deep.equal(['number', listed(user, false).date_joined]);
        });
      });
    }

    it('a deactivated user has no sessions, cannot sign in, and can again once they are activated', async () => {
      await call('POST', pathOf(user, 'deactivate/'));
      expectResponse(await server.call('GET', '/tasks/', undefined, user.access), 401, userInactive);
      expectResponse(await signIn(user), 401, invalidCredentials);
      clock.advance(700);
      const activated = await call('POST', pathOf(user, 'activate/'));
      expectResponse(activated, 200, { message: 'User activated successfully' });
      expect((await signIn(user)).status).to.equal(200);
      expectResponse(
        await server.call('GET', '/tasks/', undefined, user.access),
        401,
        accessTokenError('Token is blacklisted'),
      );
    });

    it('a user whose sessions were ended can sign in again', async () => {
      await call('POST', pathOf(user, 'end-sessions/'));
      const refused = await server.call('GET', '/tasks/', undefined, user.access);
      expectResponse(refused, 401, accessTokenError('Token is blacklisted'));
      expect((await signIn(user)).status).to.equal(200);
    });

    it('activation reads no body, and is 404 for an id that nobody has', async () => {
      const headers = { Authorization: `Bearer ${staff.access}`, 'Content-Type': 'text/plain' };
      const path = `/api/admin/${pathOf(user, 'activate/')}`;
      expect((await server.send({ method: 'POST', path, headers, body: 'x' })).status).to.equal(200);
      expectResponse(await call('POST', 'users/999999/activate/'), 404, noUser);
    });

    it('the last administrator can neither be deactivated nor deleted, by anybody in any way', async () => {
      expectResponse(await call('POST', pathOf(staff, 'deactivate/')), 409, lastAdministrator);
      expectResponse(await call('DELETE', pathOf(staff)), 409, lastAdministrator);
      const own = await server.call('DELETE', '/api/account/', { password: staff.password }, staff.access);
      expectResponse(own, 409, lastAdministrator);
      expectResponse(await call('POST', pathOf(staff, 'end-sessions/')), 200, {
        message: 'Sessions ended successfully',
      });
      expect(await server.storage.staff.list()).to.deep.equal([idOf(staff)]);
    });

    it('of two administrators who deactivate each other at once, one stays', async () => {
      await server.storage.staff.add(idOf(user));
      clock.advance(600);
      const statuses = await Promise.all(
        [
          [staff, user],
          [user, staff],
        ].map(async ([by = staff, subject = user]) => {
          const response = await call('POST', pathOf(subject, 'deactivate/'), { password: by.password }, by);
          return response.status;
        }),
      );
      // The other one hears that nobody else is left or, if they come later, that their session has ended.
      expect(statuses.filter((status) => status === 200)).to.have.length(1);
      expect(statuses.filter((status) => status === 401 || status === 409)).to.have.length(1);
      const [left] = await server.storage.staff.list();
      expect(left).to.equal(statuses[0] === 200 ? idOf(staff) : idOf(user));
    });

    it('whoever is staff no more gets 403 at once, with the token that worked before', async () => {
      await server.storage.staff.add(idOf(user));
      expect((await call('GET', 'stats/', undefined, user)).status).to.equal(200);
      await server.storage.staff.remove(idOf(user));
      for (const path of ['stats/', 'users/', 'users/1/', 'audit/', 'users/?limit=1', 'audit/?limit=1'])
        expectResponse(await call('GET', path, undefined, user), 403, noPermission);
      for (const [method, act] of acts)
        expectResponse(await call(method, pathOf(staff, act), undefined, user), 403, noPermission);
      expectResponse(await call('POST', pathOf(staff, 'activate/'), undefined, user), 403, noPermission);
    });

    it('GET /api/admin/stats/ counts what needs no counting', async () => {
      const response = await call('GET', 'stats/');
      const { version } = response.json() as { version: string };
      expect(version).to.match(/^\d+\.\d+\.\d+/);
      expectResponse(response, 200, {
        version,
        staff: 1,
        last_user_id: await server.storage.archive.lastUserId(),
      });
    });

    it('GET /api/admin/audit/ is paged from the latest act on', async () => {
      const before = (await call('GET', 'audit/')).json() as object[];
      for (const act of ['activate/', 'end-sessions/', 'deactivate/']) await call('POST', pathOf(user, act));
      const all = (await call('GET', 'audit/')).json() as { id: number; act: string }[];
      expect(all.slice(3)).to.deep.equal(before);
      expect(all.slice(0, 3).map(({ act }) => act)).to.deep.equal(['deactivate', 'end_sessions', 'activate']);
      const [first] = all;
      const page = await call('GET', 'audit/?limit=1');
      expectResponse(page, 200, [first]);
      expect(page.headers['link']).to.equal(`<?limit=1&before=${first?.id}>; rel="next"`);
      expectResponse(await call('GET', `audit/?limit=2&before=${first?.id}`), 200, all.slice(1, 3));
      expectResponse(await call('GET', 'audit/?limit=2&before=0'), 200, []);
    });

    it('GET /api/account/ tells staff that they are, and others nothing', async () => {
      const { id, username, date_joined } = listed(user, false);
      const account = { id, username, date_joined };
      const get = async (by: SignedIn) => server.call('GET', '/api/account/', undefined, by.access);
      expectResponse(await get(user), 200, account);
      await server.storage.staff.add(id);
      expectResponse(await get(user), 200, { ...account, is_staff: true });
    });

    it('a date that no calendar has does not break the list', async () => {
      for (const [createdAt, date] of [
        [1e15, '9999-12-31T23:59:59Z'],
        [-1e15, '0000-01-01T00:00:00Z'],
      ] as const) {
        const username = `far.${createdAt}.${idOf(staff)}`;
        await server.storage.users.add(aNewUser({ username, createdAt }));
        const [found] = (await call('GET', `users/?search=${username}`)).json() as { date_joined: string }[];
        expect(found?.date_joined).to.equal(date);
      }
    });
  });
});

function pathOf(subject: SignedIn, act = ''): string {
  return `users/${idOf(subject)}/${act}`;
}

function idOf({ access }: Pick<SignedIn, 'access'>): number {
  return sessionRefOf(access).userId;
}
