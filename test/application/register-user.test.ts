import { expect } from 'chai';
import { PortError } from '../../src/application/ports/port-error.js';
import { DomainError } from '../../src/domain/errors.js';
import { Throttled } from '../../src/domain/rate-limit.js';
import { Application, client, password } from '../support/application.js';
import { rejectionOf } from '../support/rejection.js';

describe('RegisterUser', () => {
  let application: Application;
  beforeEach(async () => {
    application = await Application.start();
  });

  const register = (input: Record<string, unknown>) => application.registerUser.execute(input, client);

  it('adds an active user who can sign in', async () => {
    const user = await register({ username: 'maria', password });
    expect(user).to.include({
      id: 1,
      username: 'maria',
      active: true,
      createdAt: Math.floor(application.now),
    });
    expect(await application.signIn('maria')).to.have.keys('refresh', 'access');
  });

  it('stores no password', async () => {
    const user = await register({ username: 'maria', password });
    expect(JSON.stringify(user)).not.to.include(password);
    expect(user.passwordHash).not.to.equal((await register({ username: 'other', password })).passwordHash);
  });

  it('counts user ids up from 1', async () => {
    expect((await application.register('first')).id).to.equal(1);
    expect((await application.register('second')).id).to.equal(2);
  });

  it('stores the trimmed name in NFKC', async () => {
    expect((await application.register(' ﬁona ')).username).to.equal('fiona');
  });

  it('ignores fields that no new user may set', async () => {
    const user = await register({
      username: 'maria',
      password,
      id: 9,
      active: false,
      is_staff: true,
      createdAt: 0,
    });
    expect(user).to.include({ id: 1, active: true, createdAt: Math.floor(application.now) });
    expect(user).not.to.have.property('is_staff');
  });

  it('accepts names that differ only in case', async () => {
    await application.register('maria');
    expect((await application.register('Maria')).username).to.equal('Maria');
  });

  it('rejects a taken name, also in another form', async () => {
    await application.register('fiona');
    for (const username of ['fiona', ' fiona ', 'ﬁona', 'ｆiona']) {
      expect(await rejectionOf(register({ username, password }))).to.deep.equal({
        username: [{ code: 'username_taken' }],
      });
    }
  });

  it('gives a name to exactly one of several concurrent registrations', async () => {
    const outcomes = await Promise.allSettled(
      ['maria', 'maria', ' maria', 'ｍaria'].map((username) => register({ username, password })),
    );
    const rejected = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(rejected).to.have.length(3);
    for (const { reason } of rejected) {
      expect(await rejectionOf(Promise.reject(reason))).to.deep.equal({
        username: [{ code: 'username_taken' }],
      });
    }
    expect(await application.signIn('maria')).to.have.keys('refresh', 'access');
  });

  it('reports both invalid fields together, username first', async () => {
    const rejected = await rejectionOf(register({ password: '' }));
    expect(rejected).to.deep.equal({ username: [{ code: 'required' }], password: [{ code: 'blank' }] });
    expect(Object.keys(rejected)).to.deep.equal(['username', 'password']);
  });

  it('reports a taken name together with a missing password', async () => {
    await application.register('maria');
    expect(await rejectionOf(register({ username: 'maria' }))).to.deep.equal({
      username: [{ code: 'username_taken' }],
      password: [{ code: 'required' }],
    });
  });

  it('reports every weakness of a password together if the fields are valid', async () => {
    expect(await rejectionOf(register({ username: '123456', password: '123456' }))).to.deep.equal({
      password: [
        { code: 'password_similar_to_username' },
        { code: 'password_too_short' },
        { code: 'password_common' },
        { code: 'password_numeric' },
      ],
    });
  });

  it('does not report a weak password while a field is invalid', async () => {
    await application.register('maria');
    expect(await rejectionOf(register({ username: 'no blanks', password: '1' }))).to.deep.equal({
      username: [{ code: 'username_characters' }],
    });
    expect(await rejectionOf(register({ username: 'maria', password: 'maria' }))).to.deep.equal({
      username: [{ code: 'username_taken' }],
    });
    expect(await rejectionOf(register({ username: 'other', password: '1'.repeat(129) }))).to.deep.equal({
      password: [{ code: 'too_long', limit: 128 }],
    });
  });

  it('compares the password with the name in NFKC', async () => {
    expect(await rejectionOf(register({ username: 'ﬁﬁﬁﬁona', password: 'fifififiona' }))).to.deep.equal({
      password: [{ code: 'password_similar_to_username' }],
    });
  });

  it('leaves the name free if the password is rejected', async () => {
    await rejectionOf(register({ username: 'maria', password: 'qwerty' }));
    expect((await application.register('maria')).id).to.equal(1);
  });

  it('rejects every registration while it is closed, before anything else', async () => {
    const limits = { register: { attempts: 1, period: 60 } };
    const closed = application.restart({ registration: 'closed', limits });
    for (const input of [{ username: 'maria', password }, { username: 'maria', password }, {}]) {
      expect(await rejectionOf(closed.registerUser.execute(input, client))).to.equal('registration_closed');
    }
    expect(() => closed.registerUser.requireOpen()).to.throw(DomainError, 'registration_closed');
    expect(await application.storage.users.find(1)).to.equal(undefined);
  });

  it('does not count an attempt that is rejected because the queue for hashing is full', async () => {
    const limits = { register: { attempts: 60, period: 3600 } };
    const busy = application.restart({ queueTime: 0.001, limits });
    const tries = Array.from({ length: 60 }, (_, i) => busy.register(`user-${i}`));
    const outcomes = await Promise.all(
      tries.map((registering) => registering.then(() => 'registered', codeOf)),
    );
    const rejected = outcomes.filter((outcome) => outcome === 'overloaded').length;
    expect(rejected).to.be.within(1, 59);
    expect(outcomes.filter((outcome) => outcome === 'registered')).to.have.length(60 - rejected);

    for (let i = 0; i < rejected; i++) await busy.register(`later-${i}`);
    expect(await busy.register('one-too-many').catch((error: unknown) => error)).to.be.instanceOf(Throttled);
  });
});

function codeOf(error: unknown): unknown {
  return error instanceof PortError ? error.code : error;
}
