import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { SettableClock } from '../../../src/storage-contract/settable-clock.js';
import { claimsOf, forge } from '../../support/json-web-token.js';
import {
  accessTokenError,
  expectResponse,
  tokenBlacklisted,
  tokenInvalid,
  noActiveAccount,
  verifiedAsBlacklisted,
} from '../../support/responses.js';
import { signingKey, type RunningServer } from '../../support/running-server.js';
import { withEachStorage } from '../../support/storages.js';

const legacyKey = 'django-insecure-short';
const hours = 3600;
const days = 24 * hours;
const password = 'Xk9-fence-Orbit';

const dayIn = (count: number): string =>
  new Date(Date.now() + count * days * 1000).toISOString().slice(0, 10);
const accessIn = (response: { json(): unknown }): string =>
  (response.json() as { readonly access: string }).access;
const accepting = { LEGACY_SIGNING_KEY: legacyKey, ACCEPT_LEGACY_TOKENS_UNTIL: dayIn(30) };

describe('tokens of the replaced backend', () => {
  withEachStorage((start) => {
    let clock: SettableClock;
    let server: RunningServer;
    let users = 0;
    let user: { readonly username: string; readonly id: number };

    function serve(environment: Readonly<Record<string, string>>): void {
      before(async () => {
        clock = new SettableClock();
        server = await start(environment, clock.now);
      });
      beforeEach(async () => {
        const username = `legacy.${process.pid}.${++users}`;
        await server.call('POST', '/tasks/register/', { username, password });
        user = { username, id: (await server.storage.users.findByName(username))?.id ?? 0 };
        clock.advance(10);
      });
      after(() => server.stop());
    }

    /** A token as Simple JWT makes it. */
    function legacyToken(
      type: 'access' | 'refresh',
      claims: Readonly<Record<string, unknown>> = {},
      key = legacyKey,
    ) {
      const iat = Math.floor(clock.now());
      const exp = iat + (type === 'access' ? 300 : days);
      const jti = randomBytes(16).toString('hex');
      return forge({ token_type: type, exp, iat, jti, user_id: user.id, ...claims }, undefined, { key });
    }
    const refresh = (token: string) => server.call('POST', '/api/token/refresh/', { refresh: token });
    const verify = (token: string) => server.call('POST', '/api/token/verify/', { token });
    const logout = (token: string) => server.call('POST', '/api/logout/', { refresh: token });
    const list = (access: string) => server.call('GET', '/tasks/', undefined, access);

    describe('without rotation', () => {
      serve(accepting);

      it('go on working, and get ordinary access tokens', async () => {
        const token = legacyToken('refresh');
        for (let time = 0; time < 3; time++) {
          const response = await refresh(token);
          expect(response.status).to.equal(200);
          expect(claimsOf(accessIn(response))).to.include({
            user_id: user.id,
            sid: claimsOf(token)['jti'],
          });
          expectResponse(await list(accessIn(response)), 200, []);
        }
        expectResponse(await verify(token), 200, {});
      });

      it('do not stand in for the password of a member of staff, but a sign-in does', async () => {
        await server.storage.staff.add(user.id);
        const endSessions = (access: string) =>
          server.call('POST', `/api/admin/users/${user.id}/end-sessions/`, undefined, access);
        const refreshed = await refresh(legacyToken('refresh'));
        for (const access of [legacyToken('access'), accessIn(refreshed)]) {
          expectResponse(await endSessions(access), 400, { password: ['This field is required.'] });
        }
        const signedIn = await server.call('POST', '/api/token/', { username: user.username, password });
        expect((await endSessions(accessIn(signedIn))).status).to.equal(200);
      });

      it('end with their own time', async () => {
        const token = legacyToken('refresh');
        await refresh(token);
        clock.advance(days);
        expectResponse(await refresh(token), 401, tokenInvalid);
      });

      it('of access are sessions of their own, which end with them', async () => {
        const access = legacyToken('access', { user_id: String(user.id) });
        expectResponse(await list(access), 200, []);
        expect(
          (await server.call('POST', '/tasks/create/', { title: 'a', description: 'b' }, access)).status,
        ).to.equal(201);
        const sessions = (await server.call('GET', '/api/sessions/', undefined, access)).json();
        expect(sessions).to.have.length(1).and.to.have.nested.property('[0].current', true);
        clock.advance(300);
        expect((await list(access)).status).to.equal(401);
      });

      it('of access are checked before anything else, and may be the first that is seen of a user', async () => {
        const access = legacyToken('access');
        const response = await server.call('POST', '/tasks/create/', {}, access);
        expect(response.status).to.equal(400);
        const change = { old_password: password, new_password: 'Another-Xk9-fence' };
        const changed = await server.call('POST', '/api/password/change/', change, legacyToken('access'));
        expect(changed.status).to.equal(200);
      });

      it('are logged out once, even before they were seen', async () => {
        for (const isSeen of [true, false]) {
          const token = legacyToken('refresh');
          if (isSeen) await refresh(token);
          expect((await logout(token)).status).to.equal(200);
          expectResponse(await logout(token), 401, tokenBlacklisted);
          expectResponse(await refresh(token), 401, tokenBlacklisted);
          expectResponse(await verify(token), 400, verifiedAsBlacklisted);
        }
      });

      it('of a user who has logged out of all sessions, or got a new password, are refused, seen or not', async () => {
        const [seen, unseen] = [legacyToken('refresh'), legacyToken('refresh')];
        const access = accessIn(await refresh(seen));
        expect((await server.call('POST', '/api/logout/all/', undefined, access)).status).to.equal(200);
        for (const token of [seen, unseen]) expectResponse(await refresh(token), 401, tokenBlacklisted);
        clock.advance(1);
        const later = legacyToken('refresh');
        await server.storage.users.setPasswordHash(user.id, 'new');
        expectResponse(await refresh(later), 401, tokenBlacklisted);
      });

      it('of an inactive user, of nobody and of a user before this one are refused', async () => {
        const [token, access] = [legacyToken('refresh'), legacyToken('access')];
        await server.storage.users.deactivate(user.id);
        expectResponse(await refresh(token), 401, noActiveAccount);
        expect((await list(access)).status).to.equal(401);
        expectResponse(await refresh(legacyToken('refresh', { user_id: 999_999 })), 401, noActiveAccount);
        await server.storage.users.activate(user.id);
        clock.advance(1);
        const before = legacyToken('refresh', { iat: Math.floor(clock.now()) - 1000 });
        expectResponse(await refresh(before), 401, tokenBlacklisted);
      });

      it('are tokens of Hexado only without a sid, and its own are not theirs', async () => {
        const sid = randomBytes(16).toString('hex');
        expectResponse(await refresh(legacyToken('refresh', { sid })), 401, tokenInvalid);
        expectResponse(await refresh(legacyToken('refresh', {}, 'another key')), 401, tokenInvalid);
        const own = (await server.call('POST', '/api/token/', { username: user.username, password })).json();
        const { sid: _, ...claims } = claimsOf((own as { refresh: string }).refresh);
        expectResponse(await refresh(forge(claims)), 401, tokenInvalid);
        expectResponse(await refresh(forge({ ...claims, sid: undefined }, undefined)), 401, tokenInvalid);
      });

      it('need what Simple JWT writes', async () => {
        for (const claims of [
          { jti: 'short' },
          { jti: 7 },
          { jti: randomBytes(16).toString('hex').toUpperCase() + 'X' },
          { iat: undefined },
          { exp: undefined },
          { user_id: '01' },
          { user_id: 'x' },
          { user_id: -1 },
          { user_id: null },
          { token_type: 'sliding' },
        ]) {
          expectResponse(await refresh(legacyToken('refresh', claims)), 401, tokenInvalid);
        }
        expect((await refresh(legacyToken('access'))).status).to.equal(401);
        expect(await list(legacyToken('refresh'))).to.have.property('status', 401);
      });

      it('are events when they become sessions', async () => {
        const token = legacyToken('refresh');
        await refresh(token);
        await refresh(token);
        const events = server.log.filter(
          ({ fields }) => fields['event'] === 'session_adopted' && fields['userId'] === user.id,
        );
        expect(events.map(({ fields }) => fields['sessionId'])).to.deep.equal([claimsOf(token)['jti']]);
      });
    });

    describe('with rotation', () => {
      serve({ ...accepting, ROTATE_REFRESH_TOKENS: 'true', REFRESH_GRACE: '10s' });

      it('get a successor, grace and the detection of reuse', async () => {
        const token = legacyToken('refresh');
        const first = (await refresh(token)).json() as { access: string; refresh: string };
        expect(claimsOf(first.refresh)).to.include({ sid: claimsOf(token)['jti'] });
        const again = (await refresh(token)).json() as { refresh: string };
        expect(again.refresh).to.equal(first.refresh);
        const second = (await refresh(first.refresh)).json() as { access: string };
        expectResponse(await list(second.access), 200, []);
        clock.advance(11);
        expectResponse(await refresh(token), 401, tokenBlacklisted);
        expect(await list(second.access)).to.have.property('status', 401);
        expectResponse(await refresh(token), 401, tokenBlacklisted);
      });
    });

    describe('after the last day', () => {
      serve(accepting);

      it('are no tokens any more, not even known ones', async () => {
        const token = legacyToken('refresh', { exp: Math.floor(clock.now()) + 60 * days });
        const access = accessIn(await refresh(token));
        clock.advance(31 * days);
        expectResponse(await refresh(token), 401, tokenInvalid);
        expect((await list(access)).status).to.equal(401);
      });
    });

    describe('unless they are accepted', () => {
      serve({});

      it('are no tokens', async () => {
        expectResponse(await refresh(legacyToken('refresh', {}, signingKey)), 401, tokenInvalid);
        expectResponse(
          await list(legacyToken('access', {}, signingKey)),
          401,
          accessTokenError('Token is invalid or expired'),
        );
      });
    });

    describe('signed with the key without kid', () => {
      serve({ ACCEPT_LEGACY_TOKENS_UNTIL: dayIn(1) });

      it('are accepted where no other key is named', async () => {
        expect((await refresh(legacyToken('refresh', {}, signingKey))).status).to.equal(200);
        expectResponse(await refresh(legacyToken('refresh')), 401, tokenInvalid);
      });
    });
  });
});
