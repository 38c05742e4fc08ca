import { expect } from 'chai';
import type { AppEvent } from '../../src/application/ports/events.js';
import { Throttled } from '../../src/domain/rate-limit.js';
import { address, Application, client, clientAt, password } from '../support/application.js';
import { aTask } from '../support/builders.js';

const wrong = 'Wr0ng & kite';
const newPassword = 'Vw3-copper-Lantern';

describe('the events that use cases report', () => {
  it('are a registration and a sign-in, in this order', async () => {
    const application = await Application.start();
    const { access } = await application.signedUpUser('maria');
    const { sessionId } = await application.sessionOf(access);
    expect(application.events).to.deep.equal([
      { event: 'user_registered', address, userId: 1 },
      { event: 'session_opened', address, userId: 1, sessionId },
    ]);
  });

  describe('of a sign-in that fails', () => {
    let application: Application;
    beforeEach(async () => {
      application = await Application.start();
      await application.register('maria');
    });

    it('say that there is no such user, or that the password is wrong', async () => {
      for (const [username, reason] of [
        ['nobody', 'unknown_user'],
        ['maria', 'wrong_password'],
      ] as const) {
        const events = await eventsOf(application, () => guess(application, username, wrong));
        expect(events).to.deep.equal([{ event: 'sign_in_failed', address, username, reason }]);
        // The order of the fields is a promise to whoever filters lines.
        expect(Object.keys(events[0] ?? {})).to.deep.equal(['event', 'address', 'username', 'reason']);
      }
    });

    it('say that the user is inactive only if the password is right', async () => {
      await application.users.deactivate('maria');
      for (const [given, reason] of [
        [password, 'inactive'],
        [wrong, 'wrong_password'],
      ] as const) {
        const events = await eventsOf(application, () => guess(application, 'maria', given));
        expect(events).to.deep.equal([{ event: 'sign_in_failed', address, username: 'maria', reason }]);
      }
    });

    it('have the name as it was sent, cut to 150 code units', async () => {
      for (const [given, username] of [
        [' ｍａｒｉａ ', ' ｍａｒｉａ '],
        ['x'.repeat(5_000), 'x'.repeat(150)],
      ] as const) {
        const [event] = await eventsOf(application, () => guess(application, given, wrong));
        expect(event).to.have.property('username', username);
      }
    });

    for (const [limit, name] of [
      ['signIn', 'sign_in'],
      ['signInUsername', 'sign_in_username'],
      ['signInAddress', 'sign_in_address'],
    ] as const) {
      it(`name the limit ${name}, and count as nothing else`, async () => {
        const limited = application.restart({ limits: { [limit]: { attempts: 1, period: 600 } } });
        await eventsOf(limited, () => guess(limited, 'maria', wrong));
        expect(await eventsOf(limited, () => guess(limited, 'maria', wrong))).to.deep.equal([
          { event: 'sign_in_failed', address, username: 'maria', reason: `throttled_${name}` },
        ]);
      });
    }

    it('say that too many passwords wait to be compared', async () => {
      const busy = application.restart({ queueTime: 0.001 });
      const count = 60;
      const events = await eventsOf(busy, async () =>
        Promise.allSettled(Array.from({ length: count }, () => guess(busy, 'maria', wrong))),
      );
      const reasons = events.map((event) => 'reason' in event && event.reason);
      expect(reasons).to.have.length(count);
      expect(reasons.filter((reason) => reason === 'overloaded')).to.have.length.within(1, count - 1);
      expect(new Set(reasons)).to.deep.equal(new Set(['overloaded', 'wrong_password']));
    });

    it('are none for a request without a name or a password', async () => {
      expect(await eventsOf(application, () => guess(application, '', password))).to.deep.equal([]);
    });
  });

  it('count a wrong password before a change of the account as a sign-in that failed', async () => {
    const application = await Application.start();
    const { access } = await application.signedUpUser('maria');
    const session = await application.sessionOf(access);
    const input = { old_password: wrong, new_password: newPassword, password: wrong };
    const failed = [{ event: 'sign_in_failed', address, username: 'maria', reason: 'wrong_password' }];
    for (const useCase of [application.changePassword, application.deleteAccount]) {
      expect(await eventsOf(application, () => useCase.execute(session, input, client))).to.deep.equal(
        failed,
      );
    }
  });

  it('are one for each refresh, and one for a reused token, which ends the session', async () => {
    const application = await Application.start({ rotate: true, grace: 0 });
    const { access, refresh } = await application.signedUpUser('maria');
    const { sessionId } = await application.sessionOf(access);
    const refreshOnce = () => application.refreshToken.execute({ refresh }, '192.0.2.9');
    expect(await eventsOf(application, refreshOnce)).to.deep.equal([{ event: 'token_refreshed', userId: 1 }]);
    expect(await eventsOf(application, refreshOnce)).to.deep.equal([
      { event: 'refresh_token_reused', address: '192.0.2.9', userId: 1, sessionId },
    ]);
    expect(await eventsOf(application, refreshOnce)).to.deep.equal([]);
  });

  it('say who has ended a session', async () => {
    const application = await Application.start({ maxPerUser: 2 });
    const { refresh } = await application.signedUpUser('maria');
    const { sessionId } = application.claims(refresh);
    const ended = { event: 'session_ended', userId: 1 };
    expect(await eventsOf(application, () => application.logout.execute({ refresh }))).to.deep.equal([
      { ...ended, sessionId, by: 'logout' },
    ]);
    expect(await eventsOf(application, () => application.logout.execute({ refresh }))).to.deep.equal([]);

    const other = application.claims((await application.signIn('maria')).refresh);
    const session = await application.sessionOf((await application.signIn('maria')).access);
    const endOther = () => application.sessions.end(session, other.sessionId);
    expect(await eventsOf(application, endOther)).to.deep.equal([
      { ...ended, sessionId: other.sessionId, by: 'logout' },
    ]);
    expect(await eventsOf(application, endOther)).to.deep.equal([]);
    expect(await eventsOf(application, () => application.sessions.endAll(session))).to.deep.equal([
      { ...ended, by: 'all' },
    ]);
    expect(await eventsOf(application, () => application.sessions.endAll(session))).to.deep.equal([]);

    await application.signIn('maria');
    await application.signIn('maria');
    const [opened, byLimit] = await eventsOf(application, () => application.signIn('maria'));
    expect(opened).to.have.property('event', 'session_opened');
    expect(byLimit).to.deep.equal({ ...ended, by: 'limit' });
    expect(await eventsOf(application, () => application.users.deactivate('maria'))).to.deep.equal([
      { ...ended, by: 'operator' },
    ]);
  });

  it('say who has changed a password, which ends sessions too', async () => {
    const application = await Application.start();
    const { access } = await application.signedUpUser('maria');
    const session = await application.sessionOf(access);
    const input = { old_password: password, new_password: newPassword };
    const ended = { event: 'session_ended', userId: 1, by: 'password' };
    expect(
      await eventsOf(application, () => application.changePassword.execute(session, input, client)),
    ).to.deep.equal([{ event: 'password_changed', userId: 1, by: 'user' }, ended]);
    expect(await eventsOf(application, () => application.users.setPassword('maria', password))).to.deep.equal(
      [{ event: 'password_changed', userId: 1, by: 'operator' }, ended],
    );
    expect(await eventsOf(application, () => application.users.setPassword('maria', '1234'))).to.deep.equal(
      [],
    );
  });

  it('say who has deleted an account', async () => {
    const application = await Application.start();
    const { access } = await application.signedUpUser('maria');
    const session = await application.sessionOf(access);
    await application.register('ann');
    expect(
      await eventsOf(application, () => application.deleteAccount.execute(session, { password }, client)),
    ).to.deep.equal([{ event: 'account_deleted', userId: 1, by: 'user' }]);
    expect(await eventsOf(application, () => application.users.delete('ann'))).to.deep.equal([
      { event: 'account_deleted', userId: 2, by: 'operator' },
    ]);
    expect(await eventsOf(application, () => application.users.delete('ann'))).to.deep.equal([]);
  });

  it('name the limit that has rejected a registration or a refresh', async () => {
    const once = { attempts: 1, period: 600 };
    const application = await Application.start({ limits: { register: once, refresh: once } });
    const { refresh } = await application.signedUpUser('maria');
    await application.refreshToken.execute({ refresh }, address);
    for (const [limit, attempt] of [
      ['register', () => application.registerUser.execute({ username: 'ann', password }, clientAt(address))],
      ['refresh', () => application.refreshToken.execute({ refresh }, address)],
    ] as const) {
      const error: unknown = await attempt().catch((thrown: unknown) => thrown);
      expect(error).to.be.instanceOf(Throttled).with.property('limit', limit);
      expect(application.events.at(-1)).to.deep.equal({ event: 'throttled', address, limit });
    }
  });

  it('are none for work with tasks, however often it is done', async () => {
    const application = await Application.start();
    const { access } = await application.signedUpUser('maria');
    const session = await application.sessionOf(access);
    const events = await eventsOf(application, async () => {
      const { id } = await application.tasks.create(session, aTask());
      await application.tasks.get(session, id);
      await application.authenticate.execute(access);
    });
    expect(events).to.deep.equal([]);
  });
});

/** The events of the work, in order, whether it succeeds or not. */
async function eventsOf(application: Application, work: () => Promise<unknown>): Promise<AppEvent[]> {
  const before = application.events.length;
  await work().catch(() => undefined);
  return application.events.slice(before);
}

/** Signs in with any name and password. */
async function guess({ issueTokens }: Application, username: string, given: string): Promise<unknown> {
  return issueTokens.execute({ username, password: given }, client);
}
