import { expect } from 'chai';
import type { SessionRef } from '../../src/application/ports/session-repository.js';
import { StorageUnavailable } from '../../src/application/ports/storage.js';
import type { Task } from '../../src/domain/task.js';
import type { TaskSelection } from '../../src/domain/task-query.js';
import { Application } from '../support/application.js';
import { aTask } from '../support/builders.js';
import { rejectionOf } from '../support/rejection.js';

let application: Application;

describe('Authenticate', () => {
  beforeEach(async () => {
    application = await Application.start({ accessLifetime: 60, refreshLifetime: 3600 });
  });

  for (const [way, authenticate] of [
    ['alone', (access: string) => application.authenticate.execute(access)],
    [
      'within its session',
      (access: string) =>
        application.authenticate.withSession(access, async (session) => {
          await list(session);
          return session;
        }),
    ],
  ] as const) {
    describe(way, () => {
      it('returns the session of an access token', async () => {
        await application.register('somebody-else');
        const { access } = await application.signedUpUser('maria');
        const { sessionId } = application.claims(access);
        expect(await authenticate(access)).to.include({ userId: 2, sessionId });
      });

      it('rejects what is not a token of ours', async () => {
        const { access } = await application.signedUpUser('maria');
        for (const token of ['', 'x', 'a.b.c', ` ${access}`, `${access}x`]) {
          expect(await rejectionOf(authenticate(token)), token).to.equal('token_invalid');
        }
      });

      it('rejects an expired token', async () => {
        const { access } = await application.signedUpUser('maria');
        application.passTime(60);
        expect(await rejectionOf(authenticate(access))).to.equal('token_invalid');
      });

      it('rejects a refresh token', async () => {
        const { refresh } = await application.signedUpUser('maria');
        expect(await rejectionOf(authenticate(refresh))).to.equal('token_wrong_type');
      });

      it('rejects a token after logout', async () => {
        const { access, refresh } = await application.signedUpUser('maria');
        await application.logout.execute({ refresh });
        expect(await rejectionOf(authenticate(access))).to.equal('token_revoked');
      });

      it('rejects a token of an inactive user, and as ended when the user is active again', async () => {
        const { access } = await application.signedUpUser('maria');
        await application.users.deactivate('maria');
        expect(await rejectionOf(authenticate(access))).to.equal('user_inactive');
        await application.users.activate('maria');
        expect(await rejectionOf(authenticate(access))).to.equal('token_revoked');
      });

      it('rejects a token of a deleted user', async () => {
        const { access } = await application.signedUpUser('maria');
        await application.users.delete('maria');
        expect(await rejectionOf(authenticate(access))).to.equal('user_not_found');
      });

      it('rejects a token from before the storage was lost, whoever has its user id now', async () => {
        const { access } = await application.signedUpUser('maria');
        application = await Application.start();
        await application.signedUpUser('somebody-else');
        expect(await rejectionOf(authenticate(access))).to.equal('token_revoked');
      });
    });
  }

  describe('withSession', () => {
    it('reports an unavailable storage as it is, because a change may have ended the session', async () => {
      const { access, refresh } = await application.signedUpUser('maria');
      const changing = application.authenticate.withSession(access, async () => {
        await application.logout.execute({ refresh });
        throw new StorageUnavailable('timeout');
      });
      expect(await rejectionOf(changing)).to.equal('storage_unavailable');
    });

    it('returns the result of the operation', async () => {
      const { access } = await application.signedUpUser('maria');
      const task = await application.tasks.create(application.claims(access), aTask());
      expect(await application.authenticate.withSession(access, list)).to.deep.include({
        tasks: [task],
        hasMore: false,
      });
    });

    it('returns no result after logout', async () => {
      const { access, refresh } = await application.signedUpUser('maria');
      await application.tasks.create(application.claims(access), aTask());
      await application.logout.execute({ refresh });
      expect(await rejectionOf(application.authenticate.withSession(access, list))).to.equal('token_revoked');
    });

    it('does not call the operation for an invalid token', async () => {
      const { refresh } = await application.signedUpUser('maria');
      expect(await rejectionOf(application.authenticate.withSession('x', neverRead))).to.equal(
        'token_invalid',
      );
      expect(await rejectionOf(application.authenticate.withSession(refresh, neverRead))).to.equal(
        'token_wrong_type',
      );
    });

    it('passes on the error of the operation', async () => {
      const { access } = await application.signedUpUser('maria');
      const reading = application.authenticate.withSession(access, readMissingTask);
      expect(await rejectionOf(reading)).to.equal('task_not_found');
    });

    it('reports an ended session instead of the error of the operation', async () => {
      const { access, refresh } = await application.signedUpUser('maria');
      await application.logout.execute({ refresh });
      const reading = application.authenticate.withSession(access, readMissingTask);
      expect(await rejectionOf(reading)).to.equal('token_revoked');
    });

    it('reports an ended session also if the operation did not call the storage', async () => {
      const { access, refresh } = await application.signedUpUser('maria');
      const error = await application.authenticate
        .withSession(access, breakOff)
        .catch((reason: unknown) => reason);
      expect(error).to.have.property('message', 'before any promise');

      await application.logout.execute({ refresh });
      const reading = application.authenticate.withSession(access, breakOff);
      expect(await rejectionOf(reading)).to.equal('token_revoked');
    });
  });
});

function list(session: SessionRef): Promise<TaskSelection> {
  return application.tasks.list(session, { after: 0, limit: 10 });
}

function readMissingTask(session: SessionRef): Promise<Task> {
  return application.tasks.get(session, 999);
}

async function neverRead(): Promise<void> {
  expect.fail('it was read');
}

function breakOff(): never {
  throw new Error('before any promise');
}
