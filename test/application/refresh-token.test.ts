import { expect } from 'chai';
import { StorageUnavailable } from '../../src/application/ports/storage.js';
import { address, Application, type Settings } from '../support/application.js';
import { rejectionOf } from '../support/rejection.js';

let application: Application;

const refresh = (token: string) => application.refreshToken.execute({ refresh: token }, address);

/** The refresh token's successor. */
async function successorOf(token: string): Promise<string> {
  const { refresh: successor } = await refresh(token);
  if (successor === undefined) throw new Error('no successor');
  return successor;
}

async function isSignedIn(access: string): Promise<boolean> {
  return application.authenticate.execute(access).then(
    () => true,
    () => false,
  );
}

describe('RefreshToken without rotation', () => {
  itRefreshes({ accessLifetime: 60, refreshLifetime: 3600, sessionLifetime: 60 });

  it('returns an access token and nothing else, at each refresh', async () => {
    const tokens = await application.signedUpUser('maria');
    expect(await refresh(tokens.refresh)).to.have.all.keys('access');
    expect(await refresh(tokens.refresh)).to.have.all.keys('access');
  });

  it('refreshes while the storage is read-only', async () => {
    const tokens = await application.signedUpUser('maria');
    application.passTime(1000);
    application.storage.sessions.touch = () => Promise.reject(new StorageUnavailable('OOM'));
    expect(await refresh(tokens.refresh)).to.have.all.keys('access');
  });

  it('keeps the session until its refresh token expires', async () => {
    const tokens = await application.signedUpUser('maria');
    application.passTime(3590);
    const { access } = await refresh(tokens.refresh);
    expect(application.claims(access).expiresAt).to.equal(application.claims(tokens.refresh).expiresAt);
    application.passTime(10);
    expect(await rejectionOf(refresh(tokens.refresh))).to.equal('token_invalid');
  });

  it('rejects tokens that were rotated out earlier, and ends no session for that', async () => {
    const rotating = application.restart({ rotate: true });
    const tokens = await rotating.signedUpUser('maria');
    const { refresh: current = '' } = await rotating.refreshToken.execute(tokens, address);

    expect(await rejectionOf(refresh(tokens.refresh))).to.equal('token_revoked');
    expect(await refresh(current)).to.have.all.keys('access');
  });
});

describe('RefreshToken with rotation', () => {
  itRefreshes({
    rotate: true,
    accessLifetime: 60,
    refreshLifetime: 3600,
    sessionLifetime: 10_000,
    grace: 10,
  });

  it('returns an access token and the next refresh token, which works in turn', async () => {
    const tokens = await application.signedUpUser('maria');
    application.passTime(100);
    const exchanged = await refresh(tokens.refresh);
    expect(Object.keys(exchanged)).to.deep.equal(['access', 'refresh']);

    const [before, after] = [tokens.refresh, exchanged.refresh ?? ''].map((token) =>
      application.claims(token),
    );
    const issuedAt = Math.floor(application.now);
    expect(after).to.include({ type: 'refresh', userId: 1, issuedAt, expiresAt: issuedAt + 3600 });
    expect(after?.sessionId).to.equal(before?.sessionId);
    expect(after?.id).not.to.equal(before?.id);
    expect(await refresh(exchanged.refresh ?? '')).to.have.all.keys('access', 'refresh');
  });

  it('returns the same next token, byte by byte, within the grace time', async () => {
    const tokens = await application.signedUpUser('maria');
    const successor = await successorOf(tokens.refresh);
    application.passTime(5);
    expect(await successorOf(tokens.refresh)).to.equal(successor);
    application.passTime(4.9);
    expect(await successorOf(tokens.refresh)).to.equal(successor);
    expect(await refresh(successor)).to.have.all.keys('access', 'refresh');
  });

  it('returns the same next token to all concurrent calls', async () => {
    const tokens = await application.signedUpUser('maria');
    const successors = await Promise.all(Array.from({ length: 10 }, () => successorOf(tokens.refresh)));
    expect(new Set(successors)).to.have.property('size', 1);
  });

  it('ends the session when a token is reused after the grace time', async () => {
    const tokens = await application.signedUpUser('maria');
    const { access, refresh: newest = '' } = await refresh(tokens.refresh);
    application.passTime(10);

    expect(await rejectionOf(refresh(tokens.refresh))).to.equal('token_revoked');
    expect(await rejectionOf(application.authenticate.execute(access))).to.equal('token_revoked');
    expect(await rejectionOf(application.authenticate.execute(tokens.access))).to.equal('token_revoked');
    expect(await rejectionOf(refresh(newest))).to.equal('token_revoked');
  });

  it('returns the current token for tokens that several others have followed, within the grace time', async () => {
    const tokens = await application.signedUpUser('maria');
    application.passTime(1000);
    const second = await successorOf(tokens.refresh);
    application.passTime(5);
    const newest = await successorOf(await successorOf(second));
    for (const token of [tokens.refresh, second]) expect(await successorOf(token)).to.equal(newest);
    application.passTime(4.9);
    for (const token of [tokens.refresh, second]) expect(await successorOf(token)).to.equal(newest);
    application.passTime(0.1);
    expect(await successorOf(second)).to.equal(newest);
    expect(await rejectionOf(refresh(tokens.refresh))).to.equal('token_revoked');
    expect(await rejectionOf(refresh(newest))).to.equal('token_revoked');
  });

  it('ends no other session of the user for a reused token', async () => {
    const tokens = await application.signedUpUser('maria');
    const others = await application.signIn('maria');
    await refresh(tokens.refresh);
    application.passTime(10);
    await rejectionOf(refresh(tokens.refresh));
    expect(await refresh(others.refresh)).to.have.all.keys('access', 'refresh');
  });

  it('ends the session at the second of two concurrent calls with a grace time of 0', async () => {
    application = application.restart({ rotate: true, grace: 0 });
    const tokens = await application.signedUpUser('maria');
    const results = await Promise.allSettled([refresh(tokens.refresh), refresh(tokens.refresh)]);
    expect(results.map(({ status }) => status).toSorted()).to.deep.equal(['fulfilled', 'rejected']);
    for (const result of results) {
      if (result.status === 'rejected') {
        expect(await rejectionOf(Promise.reject(result.reason))).to.equal('token_revoked');
      } else {
        expect(await rejectionOf(refresh(result.value.refresh ?? ''))).to.equal('token_revoked');
      }
    }
  });

  it('never extends a session past its lifetime', async () => {
    let { refresh: token } = await application.signedUpUser('maria');
    const end = Math.floor(application.now) + 10_000;
    for (const elapsed of [3320, 6640, 9960]) {
      application.passTime(3320);
      token = await successorOf(token);
      const { issuedAt, expiresAt } = application.claims(token);
      expect(issuedAt).to.equal(end - 10_000 + elapsed);
      expect(expiresAt).to.equal(Math.min(issuedAt + 3600, end));
    }
    expect(application.claims(token).expiresAt).to.equal(end);

    const { access, refresh: last = '' } = await refresh(token);
    expect(application.claims(access).expiresAt).to.equal(end);
    expect(application.claims(last).expiresAt).to.equal(end);
    application.passTime(end - application.now);
    expect(await rejectionOf(refresh(last))).to.equal('token_invalid');
    expect(await rejectionOf(application.authenticate.execute(access))).to.equal('token_invalid');
  });

  it('issues no token after a lowered session lifetime, and ends the session', async () => {
    const tokens = await application.signedUpUser('maria');
    application.passTime(1000);
    application = application.restart({ rotate: true, sessionLifetime: 1000, refreshLifetime: 3600 });
    expect(await rejectionOf(refresh(tokens.refresh))).to.equal('token_invalid');
    expect(await rejectionOf(refresh(tokens.refresh))).to.equal('token_revoked');
  });

  it('rotates sessions that were opened without rotation', async () => {
    const tokens = await application.restart({ rotate: false }).signedUpUser('maria');
    expect(await refresh(await successorOf(tokens.refresh))).to.have.all.keys('access', 'refresh');
  });
});

/** What holds whether refresh tokens rotate or not. */
function itRefreshes(settings: Settings): void {
  beforeEach(async () => {
    application = await Application.start(settings);
  });

  it('returns a new access token of the same session', async () => {
    const tokens = await application.signedUpUser('maria');
    application.passTime(30);
    const { access } = await refresh(tokens.refresh);
    const [before, after] = [application.claims(tokens.access), application.claims(access)];
    const issuedAt = Math.floor(application.now);
    expect(after).to.include({ type: 'access', userId: 1, issuedAt, expiresAt: issuedAt + 60 });
    expect(after.sessionId).to.equal(before.sessionId);
    expect(after.id).not.to.equal(before.id);
    expect(await isSignedIn(access)).to.equal(true);
  });

  it('leaves the earlier access token valid until it expires', async () => {
    const tokens = await application.signedUpUser('maria');
    await refresh(tokens.refresh);
    expect(await isSignedIn(tokens.access)).to.equal(true);
    application.passTime(60);
    expect(await isSignedIn(tokens.access)).to.equal(false);
  });

  it('accepts a token with whitespace around it', async () => {
    const tokens = await application.signedUpUser('maria');
    expect(await refresh(` ${tokens.refresh}\n`)).to.include.keys('access');
  });

  for (const [value, code] of [
    [undefined, 'required'],
    [null, 'null'],
    ['', 'blank'],
    [[], 'not_text'],
  ] as const) {
    it(`rejects ${JSON.stringify(value)} in the field`, async () => {
      expect(await rejectionOf(application.refreshToken.execute({ refresh: value }, address))).to.deep.equal({
        refresh: [{ code }],
      });
    });
  }

  it('rejects what is not a token of ours', async () => {
    const tokens = await application.signedUpUser('maria');
    for (const token of ['x', 'a.b.c', tokens.refresh.slice(0, -1), `${tokens.refresh}x`]) {
      expect(await rejectionOf(refresh(token)), token).to.equal('token_invalid');
    }
  });

  it('rejects an access token', async () => {
    const { access } = await application.signedUpUser('maria');
    expect(await rejectionOf(refresh(access))).to.equal('token_wrong_type');
  });

  it('rejects an expired token', async () => {
    const tokens = await application.signedUpUser('maria');
    application.passTime(3599);
    expect(await refresh(tokens.refresh)).to.include.keys('access');

    const others = await application.signIn('maria');
    application.passTime(3600);
    expect(await rejectionOf(refresh(others.refresh))).to.equal('token_invalid');
  });

  it('rejects a token after logout', async () => {
    const tokens = await application.signedUpUser('maria');
    await application.logout.execute(tokens);
    expect(await rejectionOf(refresh(tokens.refresh))).to.equal('token_revoked');
  });

  it('leaves no valid token after a concurrent logout', async () => {
    const tokens = await application.signedUpUser('maria');
    const [refreshed] = await Promise.allSettled([
      refresh(tokens.refresh),
      application.logout.execute(tokens),
    ]);
    if (refreshed.status === 'rejected') {
      expect(await rejectionOf(Promise.reject(refreshed.reason))).to.equal('token_revoked');
    } else {
      expect(await isSignedIn(refreshed.value.access)).to.equal(false);
    }
  });

  it('rejects a token of an inactive user, and as ended when the user is active again', async () => {
    const tokens = await application.signedUpUser('maria');
    await application.users.deactivate('maria');
    expect(await rejectionOf(refresh(tokens.refresh))).to.equal('no_active_account');
    await application.users.activate('maria');
    expect(await rejectionOf(refresh(tokens.refresh))).to.equal('token_revoked');
  });

  it('rejects a token of a deleted user, also when another user has the name', async () => {
    const tokens = await application.signedUpUser('maria');
    await application.users.delete('maria');
    expect(await rejectionOf(refresh(tokens.refresh))).to.equal('no_active_account');
    await application.register('maria');
    expect(await rejectionOf(refresh(tokens.refresh))).to.equal('no_active_account');
  });

  it('rejects a token from before the storage was lost, whoever has its user id now', async () => {
    const tokens = await application.signedUpUser('maria');
    application = await Application.start(settings);
    await application.register('somebody-else');
    expect(await rejectionOf(refresh(tokens.refresh))).to.equal('token_revoked');
  });
}
