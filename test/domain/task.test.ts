import { expect } from 'chai';
import { parseTaskChanges, parseTaskDraft } from '../../src/domain/task.js';
import { aTask } from '../support/builders.js';
import { rejectionOfCall } from '../support/rejection.js';

describe('a new task', () => {
  it('is pending if no status is given', () => {
    expect(parseTaskDraft({ title: 'Buy milk', description: 'Two litres' })).to.deep.equal({
      title: 'Buy milk',
      description: 'Two litres',
      status: 'pending',
    });
  });

  for (const status of ['pending', 'in-progress', 'completed']) {
    it(`can be ${status}`, () => {
      expect(parseTaskDraft(aTask({ status })).status).to.equal(status);
    });
  }

  for (const status of [
    '',
    'done',
    'Pending',
    'PENDING',
    ' pending',
    'pending ',
    'in_progress',
    'in progress',
  ]) {
    it(`cannot be ${JSON.stringify(status)}`, () => {
      expect(rejectionOfCall(() => parseTaskDraft(aTask({ status })))).to.deep.equal({
        status: [{ code: 'not_a_choice', value: status }],
      });
    });
  }

  for (const status of [0, 1.5, true, false, [], ['pending'], {}]) {
    it(`cannot have ${JSON.stringify(status)} as its status`, () => {
      expect(rejectionOfCall(() => parseTaskDraft(aTask({ status })))).to.deep.equal({
        status: [{ code: 'not_a_choice', value: status }],
      });
    });
  }

  it('cannot have null as its status', () => {
    expect(rejectionOfCall(() => parseTaskDraft(aTask({ status: null })))).to.deep.equal({
      status: [{ code: 'null' }],
    });
  });

  it('has trimmed texts', () => {
    expect(parseTaskDraft({ title: '\u3000Buy\tmilk\n', description: '\x85Two litres\x1f' })).to.include({
      title: 'Buy\tmilk',
      description: 'Two litres',
    });
  });

  it('has a title of at most 255 code points', () => {
    const longest = '😀'.repeat(255);
    expect(parseTaskDraft(aTask({ title: ` ${longest} ` })).title).to.equal(longest);
    expect(rejectionOfCall(() => parseTaskDraft(aTask({ title: `${longest}a` })))).to.deep.equal({
      title: [{ code: 'too_long', limit: 255 }],
    });
  });

  it('has a description of any length', () => {
    const description = 'x'.repeat(70_000);
    expect(parseTaskDraft(aTask({ description })).description).to.equal(description);
  });

  it('keeps its texts in the form they were sent in', () => {
    expect(parseTaskDraft(aTask({ title: 'e\u0301 ﬁ' })).title).to.equal('e\u0301 ﬁ');
  });

  it('accepts numbers as texts', () => {
    expect(parseTaskDraft({ title: 7, description: 1.5 })).to.include({ title: '7', description: '1.5' });
  });

  for (const field of ['title', 'description']) {
    for (const [value, code] of [
      [undefined, 'required'],
      [null, 'null'],
      ['', 'blank'],
      [' \u2003 ', 'blank'],
      [true, 'not_text'],
      [['x'], 'not_text'],
      ['a\0', 'null_character'],
    ] as const) {
      it(`cannot have ${JSON.stringify(value)} as its ${field}`, () => {
        expect(rejectionOfCall(() => parseTaskDraft(aTask({ [field]: value })))).to.deep.equal({
          [field]: [{ code }],
        });
      });
    }
  }

  it('reports all invalid fields together: title, description, status, in whatever order they came', () => {
    const rejected = rejectionOfCall(() => parseTaskDraft({ status: 'done', description: null, title: ' ' }));
    expect(rejected).to.deep.equal({
      title: [{ code: 'blank' }],
      description: [{ code: 'null' }],
      status: [{ code: 'not_a_choice', value: 'done' }],
    });
    expect(Object.keys(rejected)).to.deep.equal(['title', 'description', 'status']);
  });

  it('ignores fields that no task has, and names in other letters', () => {
    expect(parseTaskDraft(aTask({ id: 99, owner: 2, Status: 'completed' }))).to.deep.equal({
      ...aTask(),
      status: 'pending',
    });
  });
});

describe('changes to a task', () => {
  it('may be empty', () => {
    expect(parseTaskChanges({})).to.deep.equal({});
  });

  it('name only the fields that were given', () => {
    expect(parseTaskChanges({ title: ' New ' })).to.deep.equal({ title: 'New' });
    expect(parseTaskChanges({ description: 'New' })).to.deep.equal({ description: 'New' });
    expect(parseTaskChanges({ status: 'completed' })).to.deep.equal({ status: 'completed' });
    expect(parseTaskChanges({ status: 'pending', title: 'T', description: 'D' })).to.deep.equal({
      title: 'T',
      description: 'D',
      status: 'pending',
    });
  });

  it('ignore fields that no task has', () => {
    expect(parseTaskChanges({ id: 99, owner: 2 })).to.deep.equal({});
  });

  for (const field of ['title', 'description']) {
    for (const [value, code] of [
      [null, 'null'],
      ['', 'blank'],
      [' ', 'blank'],
      [{}, 'not_text'],
    ] as const) {
      it(`cannot set the ${field} to ${JSON.stringify(value)}`, () => {
        expect(rejectionOfCall(() => parseTaskChanges({ [field]: value }))).to.deep.equal({
          [field]: [{ code }],
        });
      });
    }
  }

  it('cannot set the status to null or to an unknown word', () => {
    expect(rejectionOfCall(() => parseTaskChanges({ status: null }))).to.deep.equal({
      status: [{ code: 'null' }],
    });
    expect(rejectionOfCall(() => parseTaskChanges({ status: 'done' }))).to.deep.equal({
      status: [{ code: 'not_a_choice', value: 'done' }],
    });
  });

  it('cannot make the title longer than 255 code points', () => {
    expect(rejectionOfCall(() => parseTaskChanges({ title: 'x'.repeat(256) }))).to.deep.equal({
      title: [{ code: 'too_long', limit: 255 }],
    });
  });

  it('report all invalid fields together: title, description, status', () => {
    const rejected = rejectionOfCall(() => parseTaskChanges({ status: null, description: '', title: null }));
    expect(Object.keys(rejected)).to.deep.equal(['title', 'description', 'status']);
  });
});
