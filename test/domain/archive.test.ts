import { expect } from 'chai';
import { BadRecord, parseRecord } from '../../src/domain/archive.js';
import { checkUsername } from '../../src/domain/user.js';

const user = {
  kind: 'user',
  id: 1,
  username: 'ann',
  passwordHash: 'hash',
  active: true,
  createdAt: 1.5,
  lastTaskId: 0,
};
const task = { kind: 'task', userId: 1, id: 1, title: 't', description: 'd', status: 'pending' };

function problemOf(record: unknown): readonly string[] {
  try {
    parseRecord(typeof record === 'string' ? record : JSON.stringify(record));
  } catch (error) {
    if (error instanceof BadRecord) return [error.code, ...error.fields];
    throw error;
  }
  return [];
}

describe('a line of an export', () => {
  it('is parsed, whatever more a later version has written', () => {
    for (const record of [user, { ...user, staff: true }, task, { kind: 'end', users: 1, tasks: 2 }]) {
      expect(parseRecord(JSON.stringify({ ...record, later: 1 }))).to.deep.include(record);
    }
  });

  it('may have every name that an account can have', () => {
    // Normalised, some letters become marks, which no new name may contain.
    const all = Array.from({ length: 0x1_1000 }, (_, point) => String.fromCodePoint(point));
    const names = all.flatMap((given) => {
      const checked = checkUsername(given);
      return 'value' in checked ? [checked.value] : [];
    });
    expect(names.length).to.be.above(50_000);
    const rejected = names.filter((username) => problemOf({ ...user, username }).length > 0);
    expect(rejected).to.deep.equal([]);
  });

  const bad: Readonly<Record<string, readonly [record: unknown, problem: readonly string[]]>> = {
    'nothing at all': ['', ['no_record']],
    'cut off': ['{"kind":"user","id":1', ['no_record']],
    'no object': ['7', ['no_record']],
    'of an unknown kind': [{ kind: 'toString' }, ['no_record']],
    'the header of another version': [
      { kind: 'hexado-export', version: 2, lastUserId: 1 },
      ['unknown_version'],
    ],
    'a header without a counter': [{ kind: 'hexado-export', version: 1 }, ['invalid_fields', 'lastUserId']],
    'a user with a wrong id and name': [
      { ...user, id: '1', username: 'a b' },
      ['invalid_fields', 'id', 'username'],
    ],
    'a user with a name that is too long': [
      { ...user, username: 'x'.repeat(151) },
      ['invalid_fields', 'username'],
    ],
    'a user with a name that is not normalised': [
      { ...user, username: 'ﬁn' },
      ['invalid_fields', 'username'],
    ],
    'a user without a password hash': [{ ...user, passwordHash: '' }, ['invalid_fields', 'passwordHash']],
    'a user of no date': [{ ...user, createdAt: '2026' }, ['invalid_fields', 'createdAt']],
    'a user of whom nobody knows whether they are staff': [
      { ...user, staff: 'yes' },
      ['invalid_fields', 'staff'],
    ],
    'a task with a title that is too long': [
      { ...task, title: 'x'.repeat(256) },
      ['invalid_fields', 'title'],
    ],
    'a task with U+0000': [{ ...task, description: 'a\0b' }, ['invalid_fields', 'description']],
    'a task with half of a character': [{ ...task, title: '\ud83d' }, ['invalid_fields', 'title']],
    'a task with a number as its title': [{ ...task, title: 7 }, ['invalid_fields', 'title']],
    'a task with an unknown status': [{ ...task, status: 'done' }, ['invalid_fields', 'status']],
  };
  for (const [what, [record, problem]] of Object.entries(bad)) {
    it(`is rejected if it is ${what}`, () => {
      expect(problemOf(record)).to.deep.equal(problem);
    });
  }
});
