import { expect } from 'chai';
import { array, assert, constantFrom, integer, oneof, property, record, string } from 'fast-check';
import { taskToJson, tasksToJson } from '../../../src/adapters/http/response/task-json.js';
import { taskStatuses } from '../../../src/domain/task.js';

const text = oneof(string(), string({ unit: 'binary' }), string({ unit: 'binary-ascii' }));
const task = record(
  {
    id: integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    title: text,
    description: text,
    status: constantFrom(...taskStatuses),
  },
  { noNullPrototype: true },
);

describe('task JSON', () => {
  it('taskToJson returns the same text as JSON.stringify for any task', () => {
    assert(
      property(task, (one) => {
        expect(taskToJson(one)).to.equal(JSON.stringify(one));
      }),
    );
  });

  it('taskToJson keeps every ASCII, Latin-1 and surrogate code unit', () => {
    const codes = [...Array(0x300).keys(), 0x2028, 0x2029, 0xd7ff, 0xd800, 0xdbff, 0xdc00, 0xdfff, 0xffff];
    for (const code of codes) {
      const title = `a${String.fromCharCode(code)}b`;
      const expected = { id: 1, title, description: title, status: 'pending' } as const;
      expect(taskToJson(expected)).to.equal(JSON.stringify(expected));
    }
  });

  it('tasksToJson returns the same text as JSON.stringify for several tasks', () => {
    assert(
      property(array(task, { maxLength: 3 }), (tasks) => {
        expect(`[${tasksToJson(tasks)}]`).to.equal(JSON.stringify(tasks));
      }),
    );
  });
});
