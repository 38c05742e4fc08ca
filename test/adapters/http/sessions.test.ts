import { expect } from 'chai';
import {
  accessTokenError,
  expectResponse,
  invalidCredentials,
  noActiveAccount,
  tokenBlacklisted,
  tokenInvalid,
  tokenOfWrongType,
  userInactive,
  userNotFound,
  verifiedAsBlacklisted,
} from '../../support/responses.js';
import type { WireResponse } from '../../support/http-client.js';
import { claimsOf, headerOf } from '../../support/json-web-token.js';
import type { RunningServer, SignedIn } from '../../support/running-server.js';
import { SettableClock } from '../../../src/storage-contract/settable-clock.js';
import { withEachStorage } from '../../support/storages.js';

const minutes = 60;
const hours = 60 * minutes;
const days = 24 * hours;

const loggedOut = { message: 'Successfully logged out' };

describe('sessions', () => {
  withEachStorage((start) => {
    let clock: SettableClock;
    let server: RunningServer;
    let user: SignedIn;

    /** Starts a new server with these settings for the surrounding tests, and signs in a new user before each. */
    function serve(environment: Readonly<Record<string, string>> = {}): void {
      before(async () => {
        clock = new SettableClock();
        clock.advance(0.25); // Real clocks rarely show a whole second.
        server = await start(environment, clock.now);
      });
      beforeEach(async () => {
        user = await server.registerAndSignIn();
      });
      after(() => server.stop());
    }

    const refresh = (token: string) => server.call('POST', '/api/token/refresh/', { refresh: token });
    const verify = (token: string) => server.call('POST', '/api/token/verify/', { token });
    const logout = (token: string) => server.call('POST', '/api/logout/', { refresh: token });
    const listTasks = (access: string) => server.call('GET', '/tasks/', undefined, access);
    const signIn = ({ username, password }: SignedIn) =>
      server.call('POST', '/api/token/', { username, password });
    const userId = () => Number(claimsOf(user.access)['user_id']);

    /** Exchanges a refresh token for new tokens. */
    async function exchange(token: string): Promise<SignedIn> {
      const response = await refresh(token);
      expect(response.text).to.match(/^\{"access":"[\w.-]+","refresh":"[\w.-]+"\}$/);
      expectResponse(response, 200, response.json());
      return response.json() as SignedIn;
    }

    async function expectTokensRejected(
      { access, refresh: token }: SignedIn,
      because: string,
    ): Promise<void> {
      expectResponse(await listTasks(access), 401, accessTokenError(because));
      expectResponse(await verify(access), 400, verifiedAsBlacklisted);
      expectResponse(await refresh(token), 401, tokenBlacklisted);
      expectResponse(await verify(token), 400, verifiedAsBlacklisted);
      expectResponse(await logout(token), 401, tokenBlacklisted);
    }

    describe('without refresh token rotation', () => {
      serve();

      it('a sign-in returns two tokens, the refresh token first', async () => {
        const response = await signIn(user);
        expect(response.text).to.match(/^\{"refresh":"[\w.-]+","access":"[\w.-]+"\}$/);
        expectResponse(response, 200, response.json());
      });

      it('tokens have the header and the claims that clients expect', () => {
        const now = Math.floor(clock.now());
        const access = claimsOf(user.access);
        const refreshed = claimsOf(user.refresh);
        const { jti, sid, user_id: id } = access;

        for (const token of [user.access, user.refresh])
          expect(headerOf(token)).to.equal('{"alg":"HS256","typ":"JWT"}');
        expect(access).to.deep.equal({
          token_type: 'access',
          exp: now + 30 * minutes,
          iat: now,
          jti,
          user_id: id,
          sid,
        });
        expect(refreshed).to.deep.equal({
          token_type: 'refresh',
          exp: now + 1 * days,
          iat: now,
          jti: refreshed['jti'],
          user_id: id,
          sid,
        });
        for (const each of [jti, sid, refreshed['jti']]) expect(each).to.match(/^[0-9a-f]{32}$/);
        expect(new Set([jti, sid, refreshed['jti']]).size).to.equal(3);
        expect(id).to.satisfy(Number.isSafeInteger);
      });

      it('each sign-in gets its own session id and tokens', async () => {
        const { access } = (await signIn(user)).json() as SignedIn;
        const second = claimsOf(access);
        const first = claimsOf(user.access);
        expect(second['user_id']).to.equal(first['user_id']);
        expect(second['sid']).to.not.equal(first['sid']);
        expect(second['jti']).to.not.equal(first['jti']);
      });

      it('a refresh returns a new access token and nothing else', async () => {
        for (let uses = 0; uses < 2; uses++) {
          const response = await refresh(user.refresh);
          expect(response.text).to.match(/^\{"access":"[\w.-]+"\}$/);
          expectResponse(response, 200, response.json());

          const { access } = response.json() as SignedIn;
          expect(claimsOf(access)['jti']).to.not.equal(claimsOf(user.access)['jti']);
          expect(claimsOf(access)['sid']).to.equal(claimsOf(user.access)['sid']);
          expectResponse(await listTasks(access), 200, []);
        }
      });

      it('verifies both access tokens and refresh tokens', async () => {
        expectResponse(await verify(user.access), 200, {});
        expectResponse(await verify(user.refresh), 200, {});
      });

      it('rejects an access token as refresh token, and the reverse', async () => {
        expectResponse(await refresh(user.access), 401, tokenOfWrongType);
        expectResponse(await logout(user.access), 401, tokenOfWrongType);
        expectResponse(await listTasks(user.refresh), 401, accessTokenError('Token has wrong type'));
        expectResponse(await listTasks(user.access), 200, []);
      });

      it('rejects both tokens after logout', async () => {
        expectResponse(await logout(user.refresh), 200, loggedOut);
        await expectTokensRejected(user, 'Token is blacklisted');
      });

      it('reports a wrong token type even after logout', async () => {
        await logout(user.refresh);
        expectResponse(await refresh(user.access), 401, tokenOfWrongType);
        expectResponse(await logout(user.access), 401, tokenOfWrongType);
        expectResponse(await listTasks(user.refresh), 401, accessTokenError('Token has wrong type'));
      });

      it('a logout does not end other sessions of the user', async () => {
        const other = (await signIn(user)).json() as SignedIn;
        await logout(user.refresh);
        expectResponse(await listTasks(other.access), 200, []);
        expectResponse(await verify(other.refresh), 200, {});
      });

      it('one of fifty concurrent logouts succeeds', async () => {
        const responses = await Promise.all(Array.from({ length: 50 }, () => logout(user.refresh)));
        expect(responses.filter(({ status }) => status === 200)).to.have.length(1);
        expect(responses.filter(({ text }) => text === JSON.stringify(tokenBlacklisted))).to.have.length(49);
      });

      it('rejects the tokens of a deactivated user', async () => {
        await server.storage.users.deactivate(userId());
        expectResponse(await listTasks(user.access), 401, userInactive);
        expectResponse(await refresh(user.refresh), 401, noActiveAccount);
        expectResponse(await verify(user.access), 401, noActiveAccount);
        expectResponse(await verify(user.refresh), 401, noActiveAccount);
        expectResponse(await logout(user.refresh), 401, tokenBlacklisted);
        expectResponse(await signIn(user), 401, invalidCredentials);
      });

      it('reactivating a user does not restore ended sessions', async () => {
        await server.storage.users.deactivate(userId());
        await server.storage.users.activate(userId());
        await expectTokensRejected(user, 'Token is blacklisted');
        expect((await signIn(user)).status).to.equal(200);
      });

      it('rejects the tokens of a deleted user', async () => {
        await server.storage.users.remove(userId());
        expectResponse(await listTasks(user.access), 401, userNotFound);
        expectResponse(await refresh(user.refresh), 401, noActiveAccount);
        expectResponse(await verify(user.access), 401, noActiveAccount);
        expectResponse(await verify(user.refresh), 401, noActiveAccount);
        expectResponse(await logout(user.refresh), 401, tokenBlacklisted);
        expectResponse(await signIn(user), 401, invalidCredentials);
      });

      it('rejects the tokens of a deleted user after the name is registered again', async () => {
        await server.storage.users.remove(userId());
        const { username, password } = user;
        expect((await server.call('POST', '/tasks/register/', { username, password })).status).to.equal(201);
        expectResponse(await listTasks(user.access), 401, userNotFound);
        const { access } = (await signIn(user)).json() as SignedIn;
        expect(claimsOf(access)['user_id']).to.be.greaterThan(userId());
      });

      it('a new password ends all sessions of the user', async () => {
        await server.storage.users.setPasswordHash(userId(), 'a hash of nothing');
        await expectTokensRejected(user, 'Token is blacklisted');
      });

      it('a session lasts as long as its refresh token, and an access token half an hour', async () => {
        clock.advance(30 * minutes - 1);
        expectResponse(await listTasks(user.access), 200, []);
        clock.advance(1);
        expectResponse(await listTasks(user.access), 401, accessTokenError('Token is invalid or expired'));
        expectResponse(await verify(user.access), 401, tokenInvalid);

        clock.advance(1 * days - 30 * minutes - 1);
        const { access } = (await refresh(user.refresh)).json() as SignedIn;
        expect(claimsOf(access)['exp'], 'no access beyond the end of the session').to.equal(
          claimsOf(user.refresh)['exp'],
        );
        clock.advance(1);
        for (const use of [refresh, verify, logout])
          expectResponse(await use(user.refresh), 401, tokenInvalid);
        expectResponse(await listTasks(access), 401, accessTokenError('Token is invalid or expired'));
      });
    });

    describe('with refresh token rotation', () => {
      serve({ ROTATE_REFRESH_TOKENS: 'true', SESSION_LIFETIME: '2d' });

      it('a refresh returns a new access token and a new refresh token', async () => {
        clock.advance(100);
        const next = await exchange(user.refresh);
        const now = Math.floor(clock.now());
        const { jti, ...claims } = claimsOf(user.refresh);
        const { jti: nextJti, ...nextClaims } = claimsOf(next.refresh);
        expect(nextClaims).to.deep.equal({ ...claims, iat: now, exp: now + 1 * days });
        expect(nextJti)
          .to.match(/^[0-9a-f]{32}$/)
          .and.not.equal(jti);
        expectResponse(await listTasks(next.access), 200, []);
        expectResponse(await listTasks(user.access), 200, []);
        expectResponse(await verify(next.refresh), 200, {});
      });

      it('does not verify a used refresh token, not even within the grace period', async () => {
        await exchange(user.refresh);
        expectResponse(await verify(user.refresh), 400, verifiedAsBlacklisted);
      });

      it('exchanges a used refresh token for the same successor within the grace period', async () => {
        const next = await exchange(user.refresh);
        clock.advance(9.75);
        const again = await exchange(user.refresh);
        expect(again.refresh).to.equal(next.refresh);
        expect((await exchange(next.refresh)).refresh).to.not.equal(next.refresh);
      });

      it('reuse of a refresh token after the grace period ends the session', async () => {
        const next = await exchange(user.refresh);
        clock.advance(10);
        expectResponse(await refresh(user.refresh), 401, tokenBlacklisted);
        await expectTokensRejected({ ...user, ...next }, 'Token is blacklisted');
      });

      it('exchanges every used refresh token for the current one within the grace period, and ends the session after it', async () => {
        const spent = [user.refresh];
        for (let step = 0; step < 5; step++) {
          clock.advance(1.5);
          spent.push((await exchange(spent.at(-1) ?? '')).refresh);
        }
        const current = spent.pop();
        for (const token of spent) expect((await exchange(token)).refresh).to.equal(current);
        clock.advance(4);
        expectResponse(await refresh(user.refresh), 401, tokenBlacklisted);
        expectResponse(await refresh(current ?? ''), 401, tokenBlacklisted);
      });

      it('a logout with a used refresh token ends the session', async () => {
        const last = await exchange((await exchange(user.refresh)).refresh);
        expectResponse(await logout(user.refresh), 200, loggedOut);
        await expectTokensRejected({ ...user, ...last }, 'Token is blacklisted');
      });

      it('fifty concurrent refreshes rotate the refresh token once', async () => {
        const responses = await Promise.all(Array.from({ length: 50 }, () => exchange(user.refresh)));
        expect(new Set(responses.map((each) => each.refresh)).size).to.equal(1);
        expect(new Set(responses.map(({ access }) => access)).size).to.equal(50);
        await exchange(responses[0]?.refresh ?? '');
      });

      it('refreshing never extends a session beyond SESSION_LIFETIME', async () => {
        const end = Math.floor(clock.now()) + 2 * days;
        clock.advance(0.9 * days);
        const second = await exchange(user.refresh);
        clock.advance(0.9 * days);
        const third = await exchange(second.refresh);
        expect(claimsOf(third.refresh)['exp']).to.equal(end);

        clock.advance(0.2 * days - 60);
        const fourth = await exchange(third.refresh);
        expect(claimsOf(fourth.access)['exp']).to.equal(end);
        clock.advance(60);
        expectResponse(await refresh(fourth.refresh), 401, tokenInvalid);
        expectResponse(await listTasks(fourth.access), 401, accessTokenError('Token is invalid or expired'));
      });
    });

    describe('with refresh token rotation and no grace period', () => {
      serve({ ROTATE_REFRESH_TOKENS: 'true', REFRESH_GRACE: '0' });

      it('reuse of a refresh token without a grace period ends the session', async () => {
        const next = (await refresh(user.refresh)).json() as SignedIn;
        expectResponse(await refresh(user.refresh), 401, tokenBlacklisted);
        await expectTokensRejected({ ...user, ...next }, 'Token is blacklisted');
      });

      it('one of fifty concurrent refreshes without a grace period succeeds, and the session ends', async () => {
        const responses = await Promise.all(Array.from({ length: 50 }, () => refresh(user.refresh)));
        const [exchanged, ...more] = responses.filter(({ status }) => status === 200);
        expect(more).to.deep.equal([]);
        expect(responses.filter(isBlacklisted)).to.have.length(49);
        await expectTokensRejected({ ...user, ...(exchanged?.json() as SignedIn) }, 'Token is blacklisted');
      });
    });
  });
});

function isBlacklisted({ status, text }: WireResponse): boolean {
  return status === 401 && text === JSON.stringify(tokenBlacklisted);
}
