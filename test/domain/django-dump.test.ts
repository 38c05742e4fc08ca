import { expect } from 'chai';
import { BadRecord } from '../../src/domain/archive.js';
import { parseDjangoRecord } from '../../src/domain/django-dump.js';

const userFields = {
  username: 'ann',
  password: 'pbkdf2_sha256$1000$salt$aGFzaA==',
  is_active: true,
  is_staff: false,
  is_superuser: false,
  date_joined: '2023-05-01T12:30:15.250Z',
};
const taskFields = { title: 'Milk', description: 'Two litres', status: 'pending', user: 7 };

const userWith = (fields: object) => ({ model: 'auth.user', pk: 7, fields: { ...userFields, ...fields } });
const taskWith = (fields: object) => ({ model: 'tasks.task', pk: 9, fields: { ...taskFields, ...fields } });

describe('a record of a dump of Django', () => {
  it('may be a user', () => {
    expect(parseDjangoRecord(userWith({ is_staff: true, email: 'a@b' }))).to.deep.equal({
      kind: 'user',
      user: {
        id: 7,
        username: 'ann',
        passwordHash: userFields.password,
        active: true,
        createdAt: 1682944215.25,
      },
      isStaff: true,
      isSuperuser: false,
    });
  });

  it('may be a user without a password', () => {
    for (const password of ['!', '!OrXB3YhCeJZ0ymrUvyySNbLIdZBdkHyveZsvD9Fg', '']) {
      expect(parseDjangoRecord(userWith({ password }))).to.have.nested.property('user.passwordHash', '!');
    }
  });

  it('has the name in NFKC', () => {
    expect(parseDjangoRecord(userWith({ username: 'ﬁona' }))).to.have.nested.property(
      'user.username',
      'fiona',
    );
  });

  for (const [date, seconds] of [
    ['2023-05-01T12:30:15Z', 1682944215],
    ['2023-05-01T14:30:15.123456+02:00', 1682944215.123],
    ['2023-05-01T12:30:15', 1682944215],
    ['2023-05-01 12:30:15.5', 1682944215.5],
  ] as const) {
    it(`may have the date ${date}`, () => {
      expect(parseDjangoRecord(userWith({ date_joined: date }))).to.have.nested.property(
        'user.createdAt',
        seconds,
      );
    });
  }

  it('may be a task of a user who is named by id or by a natural key, or of nobody', () => {
    const task = { id: 9, title: 'Milk', description: 'Two litres', status: 'pending' };
    for (const [fields, owner] of [
      [{}, 7],
      [{ user: undefined, owner: 8 }, 8],
      [{ user: ['ﬁona'] }, 'fiona'],
      [{ user: null }, undefined],
      [{ user: undefined }, undefined],
    ] as const) {
      expect(parseDjangoRecord(taskWith(fields))).to.deep.equal({ kind: 'task', task, owner });
    }
  });

  it('may be of another model', () => {
    expect(parseDjangoRecord({ model: 'sessions.session', pk: 'a', fields: {} })).to.deep.equal({
      kind: 'other',
      model: 'sessions.session',
    });
  });

  for (const [what, record, fields] of [
    ['a name with a space', userWith({ username: 'a b' }), ['username']],
    ['a name of 151 letters', userWith({ username: 'a'.repeat(151) }), ['username']],
    ['no password', userWith({ password: null }), ['password']],
    ['a hash of 1,025 letters', userWith({ password: 'a'.repeat(1025) }), ['password']],
    ['text for a flag', userWith({ is_active: 'true' }), ['is_active']],
    ['a day for a date', userWith({ date_joined: '2023-05-01' }), ['date_joined']],
    ['a 31st of June', userWith({ date_joined: '2023-06-31T25:00:00Z' }), ['date_joined']],
    ['an id of 0', { ...userWith({}), pk: 0 }, ['pk']],
    ['an id that is a text', { ...taskWith({}), pk: '9' }, ['pk']],
    ['a title of 256 letters', taskWith({ title: 'a'.repeat(256) }), ['title']],
    ['U+0000', taskWith({ description: 'a\0' }), ['description']],
    ['half of a character', taskWith({ title: '\ud83d' }), ['title']],
    ['an unknown status', taskWith({ status: 'done' }), ['status']],
    ['two wrong fields', taskWith({ status: 'done', title: '' }), ['title', 'status']],
    ['an owner of two names', taskWith({ user: ['a', 'b'] }), ['owner']],
    ['no model', { pk: 1, fields: {} }, []],
    ['no fields', { model: 'auth.user', pk: 1 }, []],
    ['nothing', null, []],
    ['a text', 'auth.user', []],
  ] as const) {
    it(`cannot have ${what}`, () => {
      let thrown: unknown;
      try {
        parseDjangoRecord(record);
      } catch (error) {
        thrown = error;
      }
      expect(thrown).to.be.instanceOf(BadRecord).with.property('fields').that.deep.equals(fields);
    });
  }
});
