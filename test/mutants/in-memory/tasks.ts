import { faultsIn } from '../fault.js';
import { turn, turns } from './turns.js';

/** Faults that the contract of tasks must find. */
export const tasksFaults = [
  ...faultsIn('tasks', 'in-memory-task-repository.js', {
    'compares with the expected description in any normal form': [
      'task.description !== description',
      'task.description.normalize() !== description.normalize()',
    ],
    'compares with the expected description in the order of words': [
      'task.description !== description',
      'task.description.localeCompare(description) !== 0',
    ],
    'counts limits of tasks in 32 bits': [
      'list.tasks.length >= limits.tasks',
      'list.tasks.length >= (limits.tasks === Infinity ? limits.tasks : limits.tasks | 0)',
    ],
    'counts limits of bytes in 32 bits': [
      'list.bytes + bytes > limits.bytes',
      'list.bytes + bytes > (limits.bytes === Infinity ? limits.bytes : limits.bytes | 0)',
    ],
    'counts limits of bytes of an update in 32 bits': [
      'list.bytes + growth > maxBytes',
      'list.bytes + growth > (maxBytes === Infinity ? maxBytes : maxBytes | 0)',
    ],
    'counts limits of idempotency keys in 32 bits': [
      '>= limits.idempotencyKeys)',
      '>= (limits.idempotencyKeys === Infinity ? limits.idempotencyKeys : limits.idempotencyKeys | 0))',
    ],
    'changes the limits that it is given': [
      'const bytes = bytesOf(draft);',
      'const bytes = bytesOf(draft); limits.tasks -= 1;',
    ],
    'changes the task that it is given': [
      'const bytes = bytesOf(draft);',
      'const bytes = bytesOf(draft); draft.id = list.lastId + 1;',
    ],
    'changes the changes that it is given': [
      'const updated = { ...task, ...changes };',
      'const updated = Object.assign(changes, { ...task, ...changes });',
    ],

    // The session.
    'creates tasks for any session': [
      'async create(session, draft, { limits, idempotency }) { this.sessions.requireActive(session);',
      'async create(session, draft, { limits, idempotency }) {',
    ],
    'checks the session a turn before it creates': [
      'async create(session, draft, { limits, idempotency }) { this.sessions.requireActive(session);',
      `async create(session, draft, { limits, idempotency }) { this.sessions.requireActive(session); ${turn}`,
    ],
    'checks the session some turns before it creates': [
      'async create(session, draft, { limits, idempotency }) { this.sessions.requireActive(session);',
      `async create(session, draft, { limits, idempotency }) { this.sessions.requireActive(session); ${turns(5)}`,
    ],
    'tells a reached limit before an ended session': [
      'async create(session, draft, { limits, idempotency }) { this.sessions.requireActive(session);',
      `async create(session, draft, { limits, idempotency }) {
         if ((this.lists.get(session.userId)?.tasks.length ?? 0) >= limits.tasks) throw new DomainError('task_limit_reached');
         this.sessions.requireActive(session);`,
    ],
    'tells a key that was used for another request before an ended session': [
      'async create(session, draft, { limits, idempotency }) { this.sessions.requireActive(session);',
      `async create(session, draft, { limits, idempotency }) {
         if (idempotency) this.idempotencyKeys.find(session.userId, idempotency);
         this.sessions.requireActive(session);`,
    ],
    'returns the task of a known key to an ended session': [
      'async create(session, draft, { limits, idempotency }) { this.sessions.requireActive(session);',
      `async create(session, draft, { limits, idempotency }) {
         const known = idempotency && this.idempotencyKeys.find(session.userId, idempotency); if (known !== undefined) return { id: known, ...draft };
         this.sessions.requireActive(session);`,
    ],
    'finds tasks for any session': [
      'async find(session, id) { this.sessions.requireActive(session);',
      'async find(session, id) {',
    ],
    'tells a missing task before an ended session': [
      'async find(session, id) { this.sessions.requireActive(session);',
      'async find(session, id) { if (indexOf(this.lists.get(session.userId)?.tasks ?? [], id) < 0) return undefined; this.sessions.requireActive(session);',
    ],
    'lists tasks for any session': [
      'async list(session, { after, limit }) { this.sessions.requireActive(session);',
      'async list(session, { after, limit }) {',
    ],
    'tells that there are no tasks before an ended session': [
      'async list(session, { after, limit }) { this.sessions.requireActive(session);',
      'async list(session, { after, limit }) { if (!this.lists.has(session.userId)) return pageOf(emptyList, [], 0); this.sessions.requireActive(session);',
    ],
    'lists no tasks for a limit of 0, whatever the session': [
      'async list(session, { after, limit }) { this.sessions.requireActive(session);',
      'async list(session, { after, limit }) { if (limit > 0) this.sessions.requireActive(session);',
      'a limit is at least 1',
    ],
    'sums up for any session': [
      'async summary(session) { this.sessions.requireActive(session);',
      'async summary(session) {',
    ],
    'updates tasks for any session': [
      '{ maxBytes, expected }) { this.sessions.requireActive(session);',
      '{ maxBytes, expected }) {',
    ],
    'checks the session a turn before it updates': [
      '{ maxBytes, expected }) { this.sessions.requireActive(session);',
      `{ maxBytes, expected }) { this.sessions.requireActive(session); ${turn}`,
    ],
    'checks the session some turns before it updates': [
      '{ maxBytes, expected }) { this.sessions.requireActive(session);',
      `{ maxBytes, expected }) { this.sessions.requireActive(session); ${turns(5)}`,
    ],
    'tells a missing task before an ended session when it updates': [
      '{ maxBytes, expected }) { this.sessions.requireActive(session);',
      '{ maxBytes, expected }) { if (indexOf(this.lists.get(session.userId)?.tasks ?? [], id) < 0) return undefined; this.sessions.requireActive(session);',
    ],
    'tells a changed task before an ended session': [
      '{ maxBytes, expected }) { this.sessions.requireActive(session);',
      '{ maxBytes, expected }) { const seen = this.lists.get(session.userId)?.tasks.find((task) => task.id === id); if (seen) requireExpected(seen, expected); this.sessions.requireActive(session);',
    ],
    'checks the session only where the update changes something': [
      '{ maxBytes, expected }) { this.sessions.requireActive(session);',
      '{ maxBytes, expected }) { if (Object.keys(changes).length > 0) this.sessions.requireActive(session);',
    ],
    'removes tasks for any session': [
      'async remove(session, id, expected) { this.sessions.requireActive(session);',
      'async remove(session, id, expected) {',
    ],
    'checks the session a turn before it removes': [
      'async remove(session, id, expected) { this.sessions.requireActive(session);',
      `async remove(session, id, expected) { this.sessions.requireActive(session); ${turn}`,
    ],
    'checks the session some turns before it removes': [
      'async remove(session, id, expected) { this.sessions.requireActive(session);',
      `async remove(session, id, expected) { this.sessions.requireActive(session); ${turns(5)}`,
    ],
    'tells a missing task before an ended session when it removes': [
      'async remove(session, id, expected) { this.sessions.requireActive(session);',
      'async remove(session, id, expected) { if (indexOf(this.lists.get(session.userId)?.tasks ?? [], id) < 0) return false; this.sessions.requireActive(session);',
    ],
    'tells a changed task before an ended session when it removes': [
      'async remove(session, id, expected) { this.sessions.requireActive(session);',
      'async remove(session, id, expected) { const seen = this.lists.get(session.userId)?.tasks.find((task) => task.id === id); if (seen) requireExpected(seen, expected); this.sessions.requireActive(session);',
    ],
    'does not check the session when it selects backwards': [
      'this.list(session, { after, limit }); this.sessions.requireActive(session);',
      'this.list(session, { after, limit });',
    ],
    'does not check the session when it reads what it has selected': [
      'readMany: async (ids) => { this.sessions.requireActive(session);',
      'readMany: async (ids) => {',
    ],

    'checks the session a turn before it finds': [
      'async find(session, id) { this.sessions.requireActive(session);',
      `async find(session, id) { this.sessions.requireActive(session); ${turn}`,
    ],
    'checks the session a turn before it lists': [
      'async list(session, { after, limit }) { this.sessions.requireActive(session);',
      `async list(session, { after, limit }) { this.sessions.requireActive(session); ${turn}`,
    ],
    'checks the session some turns before it lists': [
      'async list(session, { after, limit }) { this.sessions.requireActive(session);',
      `async list(session, { after, limit }) { this.sessions.requireActive(session); ${turns(4)}`,
    ],
    'checks the session a turn before it sums up': [
      'async summary(session) { this.sessions.requireActive(session);',
      `async summary(session) { this.sessions.requireActive(session); ${turn}`,
    ],

    // Limits.
    'allows one task too many': ['list.tasks.length >= limits.tasks', 'list.tasks.length > limits.tasks'],
    'allows one task too few': ['list.tasks.length >= limits.tasks', 'list.tasks.length + 1 >= limits.tasks'],
    'allows tasks without a limit': ['list.tasks.length >= limits.tasks', 'false'],
    'limits the tasks that ever were': ['list.tasks.length >= limits.tasks', 'list.lastId >= limits.tasks'],
    'counts the tasks a turn before it creates one': [
      `throw new DomainError('task_limit_reached');`,
      `throw new DomainError('task_limit_reached'); ${turn} this.sessions.requireActive(session);`,
    ],
    'allows one byte too many': [
      'list.bytes + bytes > limits.bytes',
      'list.bytes + bytes > limits.bytes + 1',
    ],
    'allows one byte too few': ['list.bytes + bytes > limits.bytes', 'list.bytes + bytes >= limits.bytes'],
    'limits the bytes of each task': ['list.bytes + bytes > limits.bytes', 'bytes > limits.bytes'],
    'tells the limit of bytes before that of tasks': [
      `if (list.tasks.length >= limits.tasks) throw new DomainError('task_limit_reached'); if (list.bytes + bytes > limits.bytes) throw new DomainError('byte_limit_reached');`,
      `if (list.bytes + bytes > limits.bytes) throw new DomainError('byte_limit_reached'); if (list.tasks.length >= limits.tasks) throw new DomainError('task_limit_reached');`,
    ],
    'counts code units for bytes': [
      'return Buffer.byteLength(title) + Buffer.byteLength(description);',
      'return title.length + description.length;',
    ],
    'counts code points for bytes': [
      'return Buffer.byteLength(title) + Buffer.byteLength(description);',
      'return [...title].length + [...description].length;',
    ],
    'does not count the bytes of titles': [
      'return Buffer.byteLength(title) + Buffer.byteLength(description);',
      'return Buffer.byteLength(description);',
    ],
    'does not know how many tasks Infinity is': [
      'list.tasks.length >= limits.tasks',
      'list.tasks.length >= (limits.tasks | 0)',
    ],
    'allows one idempotency key too many': [
      'this.idempotencyKeys.countOf(userId) >= limits.idempotencyKeys',
      'this.idempotencyKeys.countOf(userId) > limits.idempotencyKeys',
    ],
    'allows one idempotency key too few': [
      'this.idempotencyKeys.countOf(userId) >= limits.idempotencyKeys',
      'this.idempotencyKeys.countOf(userId) + 1 >= limits.idempotencyKeys',
    ],
    'limits idempotency keys for requests without one': [
      'if (idempotency && this.idempotencyKeys.countOf(userId)',
      'if (this.idempotencyKeys.countOf(userId)',
    ],
    'tells a reached limit before the task of a known key': [
      'const knownId = idempotency',
      `if ((this.lists.get(userId)?.tasks.length ?? 0) >= limits.tasks) throw new DomainError('task_limit_reached'); const knownId = idempotency`,
    ],

    // Creating.
    'gives the id of the last task that was removed again': [
      'id: ++list.lastId',
      'id: (list.lastId = (list.tasks.at(-1)?.id ?? 0) + 1)',
    ],
    'starts again at 1 when all tasks are removed': [
      'id: ++list.lastId',
      'id: (list.lastId = list.tasks.length === 0 ? 1 : list.lastId + 1)',
    ],
    'counts the tasks of everybody': [
      'id: ++list.lastId',
      'id: (list.lastId = Math.max(...[...this.lists.values()].map(({ lastId }) => lastId)) + 1)',
    ],
    'leaves gaps between ids': ['id: ++list.lastId', 'id: (list.lastId += list.lastId % 5 === 3 ? 2 : 1)'],
    'gives one id to tasks that are created at once': [
      'id: ++list.lastId, title, description, status };',
      `id: list.lastId + 1, title, description, status }; ${turn} list.lastId = task.id;`,
    ],
    'stores the tasks of one turn in the wrong order': [
      'list.tasks.push(task);',
      'list.tasks.unshift(task);',
    ],
    'trims titles': [
      'const { title, description, status } = draft;',
      'const { description, status } = draft, title = draft.title.trim();',
    ],
    'trims descriptions': [
      'const { title, description, status } = draft;',
      'const { title, status } = draft, description = draft.description.trim();',
    ],
    'cuts titles after 254 code points': [
      'const { title, description, status } = draft;',
      `const { description, status } = draft, title = [...draft.title].slice(0, 254).join('');`,
    ],
    'cuts titles after 255 code units': [
      'const { title, description, status } = draft;',
      'const { description, status } = draft, title = draft.title.slice(0, 255);',
    ],
    'cuts descriptions after 65535 bytes': [
      'const { title, description, status } = draft;',
      'const { title, status } = draft, description = Buffer.from(draft.description).subarray(0, 65535).toString();',
    ],
    'cuts descriptions after a megabyte': [
      'const { title, description, status } = draft;',
      'const { title, status } = draft, description = draft.description.slice(0, 2 ** 20);',
    ],
    'composes accents': [
      'const { title, description, status } = draft;',
      'const { description, status } = draft, title = draft.title.normalize();',
    ],
    'loses a byte order mark': [
      'const { title, description, status } = draft;',
      'const { description, status } = draft, title = new TextDecoder().decode(Buffer.from(draft.title));',
    ],
    'loses carriage returns': [
      'const { title, description, status } = draft;',
      `const { title, status } = draft, description = draft.description.replaceAll('\\r\\n', '\\n');`,
    ],
    'loses emoji': [
      'const { title, description, status } = draft;',
      `const { description, status } = draft, title = draft.title.replaceAll(/[\\u{10000}-\\u{10ffff}]/gu, '?');`,
    ],
    'unescapes texts': [
      'const { title, description, status } = draft;',
      `const { title, status } = draft, description = draft.description.replaceAll('\\\\\\\\', '\\\\');`,
    ],
    'returns a task that changes': [
      'return (list.tasks[index] = updated);',
      'return (list.tasks[index] = Object.assign(task, changes));',
    ],

    // Finding and listing.
    'finds tasks of other ids': [
      'return tasks[index]?.id === id ? index : -1;',
      'return index < tasks.length ? index : -1;',
    ],
    'finds tasks by 32 bits of their id': [
      'const index = firstIndexFrom(tasks, id); return',
      'const index = firstIndexFrom(tasks, id | 0); id |= 0; return',
    ],
    'finds tasks of everybody': [
      'const { tasks } = this.lists.get(session.userId) ?? emptyList;',
      'const { tasks } = [...this.lists.values()].find((list) => indexOf(list.tasks, id) >= 0) ?? emptyList;',
    ],
    'lists the task with the id after as well': [
      'firstIndexFrom(list.tasks, after + 1)',
      'firstIndexFrom(list.tasks, after)',
    ],
    'takes after for an offset in lists': [
      'firstIndexFrom(list.tasks, after + 1)',
      'Math.min(after, list.tasks.length)',
    ],
    'lists a hundred tasks at most': [
      'list.tasks.slice(start, start + limit), list.tasks.length - start',
      'list.tasks.slice(start, start + Math.min(limit, 100)), list.tasks.length - start',
    ],
    'lists a hundred tasks at most, and says that this is all': [
      'list.tasks.slice(start, start + limit), list.tasks.length - start',
      'list.tasks.slice(start, start + Math.min(limit, 100)), Math.min(limit, 100, list.tasks.length - start)',
    ],
    'lists 999 tasks at most': [
      'list.tasks.slice(start, start + limit), list.tasks.length - start',
      'list.tasks.slice(start, start + Math.min(limit, 999)), list.tasks.length - start',
    ],
    'lists all tasks for a limit of 0': [
      'list.tasks.slice(start, start + limit)',
      'list.tasks.slice(start, start + (limit || 1000))',
      'a limit is at least 1',
    ],
    'always says that more tasks follow a full page': [
      'hasMore: tasks.length < left, total',
      'hasMore: tasks.length > 0 && tasks.length <= left && left > 0, total',
    ],
    'says that no task follows a page that is long': [
      'tasks.splice(lengthOfPage(tasks));',
      'left = tasks.splice(lengthOfPage(tasks)).length > 0 ? 0 : left;',
    ],
    'puts no task on a page that is too long for it': [
      'return last === -1 ? tasks.length : last + 1;',
      'return last === -1 ? tasks.length : last;',
    ],
    'puts one task too many on a long page': [
      'return last === -1 ? tasks.length : last + 1;',
      'return last === -1 ? tasks.length : last + 2;',
    ],
    'never ends a page early': ['if (list.bytes > maxPageBytes) tasks.splice(lengthOfPage(tasks));', ''],
    'ends a page of exactly a megabyte early': [
      '(bytes += bytesOf(task)) > maxPageBytes',
      '(bytes += bytesOf(task)) >= maxPageBytes',
      'a storage may count some bytes more for each task',
    ],
    'returns its own list': [
      'list.tasks.slice(start, start + limit), list.tasks.length - start',
      'start === 0 && limit >= list.tasks.length ? list.tasks : list.tasks.slice(start, start + limit), list.tasks.length - start',
    ],
    'counts the tasks of a page for the total': ['total: list.tasks.length,', 'total: tasks.length,'],
    'counts all tasks that ever were for the total': ['total: list.tasks.length,', 'total: list.lastId,'],
    'reads the revision a turn after the tasks': [
      'return pageOf(list, list.tasks.slice(start, start + limit), list.tasks.length - start);',
      `const page = pageOf(list, list.tasks.slice(start, start + limit), list.tasks.length - start); ${turn} return { ...page, revision: list.revision };`,
    ],
    'reads the total a turn after the tasks': [
      'return pageOf(list, list.tasks.slice(start, start + limit), list.tasks.length - start);',
      `const page = pageOf(list, list.tasks.slice(start, start + limit), list.tasks.length - start); ${turn} return { ...page, total: list.tasks.length };`,
    ],

    // Selecting.
    'selects the task below which it should begin as well': [
      'const end = firstIndexFrom(list.tasks, after);',
      'const end = firstIndexFrom(list.tasks, after + 1);',
    ],
    'selects backwards without turning round': [
      'list.tasks.slice(Math.max(0, end - limit), end).toReversed()',
      'list.tasks.slice(Math.max(0, end - limit), end)',
    ],
    'selects the first tasks where the last are wanted': [
      'list.tasks.slice(Math.max(0, end - limit), end)',
      'list.tasks.slice(0, Math.min(limit, end))',
    ],
    'reads from the end where less than a page is left': [
      'Math.max(0, end - limit)',
      'Math.min(0, end - limit)',
    ],
    'says that nothing follows what it has selected backwards': [
      '.toReversed(), end);',
      '.toReversed(), 0);',
    ],
    'selects the ids in the order of the ids': [
      'const tasks = ids.flatMap(',
      'const tasks = ids.toSorted((one, other) => one - other).flatMap(',
    ],
    'selects a hundred tasks by rank at most': [
      'const tasks = ids.flatMap(',
      'const tasks = ids.slice(0, 100).flatMap(',
    ],
    'says that tasks follow that were removed since': [
      'return pageOf(list, tasks, tasks.length); }',
      'return pageOf(list, tasks, ids.length + 1); }',
    ],
    'selects by the first word only': [
      'return this.selector.select(query, {',
      `return this.selector.select({ ...query, ...(query.search && { search: query.search.split(' ')[0] }) }, {`,
    ],
    'selects the texts with % for any text': [
      'return this.selector.select(query, {',
      `return this.selector.select({ ...query, ...(query.search === '%' && { search: '' }) }, {`,
    ],
    'selects in titles only': [
      'if (!descending) return this.list(session, { after, limit });',
      `if (!descending) { const page = await this.list(session, { after, limit }); return query.search === undefined ? page : { ...page, tasks: page.tasks.map((task) => ({ ...task, description: '' })) }; }`,
    ],
    'selects one status of several': [
      'return this.selector.select(query, {',
      'return this.selector.select({ ...query, ...(query.statuses && { statuses: query.statuses.slice(0, 1) }) }, {',
    ],
    'ignores the offset': [
      'return this.selector.select(query, {',
      'return this.selector.select({ ...query, offset: 0 }, {',
    ],
    'ignores the place after which to select': [
      'return this.selector.select(query, {',
      'return this.selector.select({ ...query, after: undefined }, {',
    ],
    'ignores the direction': [
      'return this.selector.select(query, {',
      'return this.selector.select({ ...query, order: { ...query.order, descending: false } }, {',
    ],
    'always counts': [
      'return this.selector.select(query, {',
      'return this.selector.select({ ...query, count: true }, {',
      'a total that was not asked for is not looked at',
    ],
    'never counts': [
      'return this.selector.select(query, {',
      'return this.selector.select({ ...query, count: false }, {',
    ],
    'selects one task too few': [
      'return this.selector.select(query, {',
      'return this.selector.select({ ...query, limit: Math.max(1, query.limit - 1) }, {',
    ],

    // Summing up.
    'counts all tasks that ever were in the summary': [
      'return { revision, count: tasks.length, bytes };',
      'return { revision, count: this.lists.get(userId)?.lastId ?? 0, bytes };',
    ],
    'says that nothing was written in the summary': [
      'return { revision, count: tasks.length, bytes };',
      'return { revision, count: tasks.length, bytes: 0 };',
    ],
    'never loses bytes': ['this.recordChange(list, -bytesOf(task));', 'this.recordChange(list, 0);'],
    'does not count the bytes of updates': [
      'this.recordChange(list, growth); return',
      'this.recordChange(list, 0); return',
    ],
    'counts the bytes of creations twice': [
      'this.recordChange(list, bytes);',
      'this.recordChange(list, 2 * bytes);',
    ],

    // Updating.
    'updates tasks of everybody': [
      '{ maxBytes, expected }) { this.sessions.requireActive(session); const list = this.lists.get(session.userId) ?? emptyList;',
      '{ maxBytes, expected }) { this.sessions.requireActive(session); const list = [...this.lists.values()].find((each) => indexOf(each.tasks, id) >= 0) ?? emptyList;',
    ],
    'overwrites fields that an update does not name': [
      'const updated = { ...task, ...changes };',
      `const updated = { ...task, description: '', ...changes };`,
    ],
    'does not change the status': [
      'const updated = { ...task, ...changes };',
      'const updated = { ...task, ...changes, status: task.status };',
    ],
    'loses one of two updates at once': [
      'const updated = { ...task, ...changes };',
      `const updated = { ...task, ...changes }; ${turn} this.sessions.requireActive(session); if (list.tasks[index]?.id !== id) return undefined;`,
    ],
    'brings a removed task back by an update': [
      'this.recordChange(list, growth); return (list.tasks[index] = updated);',
      `${turn} this.sessions.requireActive(session); this.recordChange(list, growth); const now = firstIndexFrom(list.tasks, id); list.tasks.splice(now, list.tasks[now]?.id === id ? 1 : 0, updated); return updated;`,
    ],
    'compares with the expected task a turn before the update': [
      'requireExpected(task, expected); const updated = { ...task, ...changes };',
      `requireExpected(task, expected); ${turn} this.sessions.requireActive(session); const index2 = indexOf(list.tasks, id); if (index2 < 0) return undefined; const updated = { ...list.tasks[index2], ...changes };`,
    ],
    'updates whatever is expected': ['requireExpected(task, expected); const updated', 'const updated'],
    'removes whatever is expected': [
      'requireExpected(task, expected); list.tasks.splice',
      'list.tasks.splice',
    ],
    'does not compare the title with the expected one': ['task.title !== title || ', ''],
    'does not compare the description with the expected one': ['task.description !== description || ', ''],
    'does not compare the status with the expected one': [' || task.status !== status)', ')'],
    'compares with the expected title in any case': [
      'task.title !== title ||',
      'task.title.toLowerCase() !== title.toLowerCase() ||',
    ],
    'compares with the expected description without blanks': [
      'task.description !== description ||',
      'task.description.trim() !== description.trim() ||',
    ],
    'compares with the first 1000 characters that are expected': [
      'task.description !== description ||',
      'task.description.slice(0, 1000) !== description.slice(0, 1000) ||',
    ],
    'allows an update of one byte too many': [
      'list.bytes + growth > maxBytes',
      'list.bytes + growth > maxBytes + 1',
    ],
    'allows an update of one byte too few': [
      'list.bytes + growth > maxBytes',
      'list.bytes + growth >= maxBytes',
    ],
    'rejects an update that makes a task shorter': ['growth > 0 && list.bytes', 'list.bytes'],
    'rejects an update that makes no task longer': ['growth > 0 && list.bytes', 'growth >= 0 && list.bytes'],
    'tells a reached limit before a changed task': [
      'requireExpected(task, expected); const updated = { ...task, ...changes }; const growth = bytesOf(updated) - bytesOf(task);',
      `const updated = { ...task, ...changes }; const growth = bytesOf(updated) - bytesOf(task);
       if (growth > 0 && list.bytes + growth > maxBytes) throw new DomainError('byte_limit_reached'); requireExpected(task, expected);`,
    ],
    'counts the bytes a turn before it updates': [
      `throw new DomainError('byte_limit_reached'); this.recordChange(list, growth);`,
      `throw new DomainError('byte_limit_reached'); ${turn} this.sessions.requireActive(session); if (list.tasks[index] !== task) return list.tasks[index]; this.recordChange(list, growth);`,
    ],
    'does not limit the bytes of updates': ['growth > 0 && list.bytes + growth > maxBytes', 'false'],

    'returns a task as it was before the update': [
      'return (list.tasks[index] = updated);',
      'list.tasks[index] = updated; return task;',
    ],
    'returns the changes only': [
      'return (list.tasks[index] = updated);',
      'list.tasks[index] = updated; return { ...task, ...changes, description: changes.description ?? task.title };',
    ],
    'counts the bytes some turns before it updates': [
      `throw new DomainError('byte_limit_reached'); this.recordChange(list, growth); return (list.tasks[index] = updated);`,
      `throw new DomainError('byte_limit_reached'); ${turns(2)} this.sessions.requireActive(session); const now = indexOf(list.tasks, id);
       if (now < 0) return undefined; requireExpected(list.tasks[now], expected); const latest = { ...list.tasks[now], ...changes };
       this.recordChange(list, bytesOf(latest) - bytesOf(list.tasks[now])); return (list.tasks[now] = latest);`,
    ],

    // Removing.
    'tells all who remove a task at once that they have': [
      'return false; requireExpected(task, expected); list.tasks.splice(index, 1);',
      `return false; ${turn} this.sessions.requireActive(session); requireExpected(task, expected); if (indexOf(list.tasks, id) < 0) return true; list.tasks.splice(indexOf(list.tasks, id), 1);`,
    ],
    'removes another task at once': [
      'requireExpected(task, expected); list.tasks.splice(index, 1);',
      `requireExpected(task, expected); ${turn} this.sessions.requireActive(session); list.tasks.splice(index, 1);`,
    ],
    'compares with the expected task a turn before the removal': [
      'requireExpected(task, expected); list.tasks.splice(index, 1);',
      `requireExpected(task, expected); ${turn} this.sessions.requireActive(session); if (indexOf(list.tasks, id) < 0) return false; list.tasks.splice(indexOf(list.tasks, id), 1);`,
    ],
    'removes the tasks above as well': ['list.tasks.splice(index, 1);', 'list.tasks.splice(index);'],
    'tells that a missing task was removed': ['if (!task) return false;', 'if (!task) return true;'],

    'says that it has removed a task, and does not': ['list.tasks.splice(index, 1);', ''],
    'removes the first task': ['list.tasks.splice(index, 1);', 'list.tasks.splice(0, 1);'],
    'counts up the ids for tasks that are refused': [
      'const bytes = bytesOf(draft);',
      'const bytes = bytesOf(draft); if (list.tasks.length >= limits.tasks) list.lastId++;',
    ],

    // Revisions.
    'does not raise the revision by a removal': [
      'this.recordChange(list, -bytesOf(task));',
      'list.bytes -= bytesOf(task);',
    ],
    'does not raise the revision by an update': [
      'this.recordChange(list, growth); return',
      'list.bytes += growth; return',
    ],
    'does not raise the revision by a change of the status': [
      'this.recordChange(list, growth); return',
      'if (growth === 0 && changes.title === undefined && changes.description === undefined) list.bytes += 0; else this.recordChange(list, growth); return',
    ],
    'does not raise the revision by a text of the same length': [
      'this.recordChange(list, growth); return',
      'if (growth === 0 && changes.status === undefined) list.bytes += 0; else this.recordChange(list, growth); return',
    ],
    'does not raise the revision by a creation': ['this.recordChange(list, bytes);', 'list.bytes += bytes;'],
    'raises the revision a turn after a creation': [
      'this.recordChange(list, bytes);',
      `list.bytes += bytes; ${turn} this.recordChange(list, 0);`,
    ],
    'raises the revision a turn after an update': [
      'this.recordChange(list, growth); return (list.tasks[index] = updated);',
      `list.tasks[index] = updated; list.bytes += growth; ${turn} this.recordChange(list, 0); return updated;`,
    ],
    'raises the revision a turn after a removal': [
      'this.recordChange(list, -bytesOf(task));',
      `list.bytes -= bytesOf(task); ${turn} this.recordChange(list, 0);`,
    ],
    'counts revisions from 1': ['nextRevision(list.revision, this.clock())', 'list.revision + 1'],
    'takes the time for the revision': [
      'nextRevision(list.revision, this.clock())',
      'Math.floor(this.clock() * 1000)',
    ],
    'takes the revision from the clock of the machine': [
      'nextRevision(list.revision, this.clock())',
      'nextRevision(list.revision, Date.now() / 1000)',
    ],
    'takes whole seconds for the revision': [
      'nextRevision(list.revision, this.clock())',
      'nextRevision(list.revision, Math.floor(this.clock()))',
    ],
    'raises the revision by reading': [
      'async find(session, id) { this.sessions.requireActive(session);',
      'async find(session, id) { this.sessions.requireActive(session); if (this.lists.has(session.userId)) this.recordChange(this.lists.get(session.userId), 0);',
    ],
    'keeps one revision for everybody': [
      'list.revision = nextRevision(list.revision, this.clock());',
      'for (const each of this.lists.values()) each.revision = list.revision = nextRevision(list.revision, this.clock());',
    ],
    'keeps the revision in 32 bits': [
      'nextRevision(list.revision, this.clock())',
      'nextRevision(list.revision, this.clock()) | 0',
    ],
    'takes longer than a second to list tasks': [
      'async list(session, { after, limit }) {',
      'async list(session, { after, limit }) { await new Promise((resolve) => setTimeout(resolve, 1500));',
    ],
    'takes longer than a second to create a task': [
      'async create(session, draft, { limits, idempotency }) {',
      'async create(session, draft, { limits, idempotency }) { await new Promise((resolve) => setTimeout(resolve, 1500));',
    ],
  }),

  ...faultsIn('tasks', 'in-memory-idempotency-keys.js', {
    'remembers a hundred idempotency keys': [
      'this.countByOwner.set(ownerId, this.countOf(ownerId) + 1);',
      'this.countByOwner.set(ownerId, this.countOf(ownerId) + 1); if (this.keys.size > 100) this.keys.delete(this.keys.keys().next().value);',
    ],

    'forgets idempotency keys after an hour': ['const lifetime = 86_400;', 'const lifetime = 3600;'],
    'forgets idempotency keys a second early': ['const lifetime = 86_400;', 'const lifetime = 86_399;'],
    'forgets idempotency keys after 25 hours and a second': [
      'const lifetime = 86_400;',
      'const lifetime = 90_001;',
    ],
    'forgets idempotency keys after 25 hours': [
      'const lifetime = 86_400;',
      'const lifetime = 90_000;',
      'the port allows 25 hours',
    ],
    'never forgets idempotency keys': ['if (now < expiresAt) return;', 'return;'],
    'forgets all idempotency keys with the first one': [
      'if (now < expiresAt) return;',
      'if (now < expiresAt && !this.forgets) return; this.forgets = true;',
    ],
    'prolongs an idempotency key by its use': [
      'return known?.taskId;',
      'if (known) { this.keys.delete(`${ownerId} ${key}`); this.keys.set(`${ownerId} ${key}`, { ...known, expiresAt: this.clock() + lifetime }); } return known?.taskId;',
    ],
    'forgets an idempotency key when it was used again': [
      'return known?.taskId;',
      'if (known) { this.keys.delete(`${ownerId} ${key}`); this.countByOwner.set(ownerId, this.countOf(ownerId) - 1); } return known?.taskId;',
    ],
    'forgets the idempotency keys of others with one’s own': [
      'const left = this.countOf(ownerId) - 1;',
      'const left = 0;',
    ],
    'shares idempotency keys among users': [
      'const known = this.keys.get(`${ownerId} ${key}`);',
      'const known = [...this.keys].find(([name]) => name.endsWith(` ${key}`))?.[1];',
    ],
    'compares idempotency keys in any case': [
      'const known = this.keys.get(`${ownerId} ${key}`);',
      'const known = [...this.keys].find(([name]) => name.toLowerCase() === `${ownerId} ${key}`.toLowerCase())?.[1];',
    ],
    'compares 42 characters of idempotency keys': [
      'const known = this.keys.get(`${ownerId} ${key}`);',
      'const known = [...this.keys].find(([name]) => key.length > 42 && name.startsWith(`${ownerId} ${key.slice(0, 42)}`))?.[1];',
    ],
    'compares 32 characters of fingerprints': [
      'known.fingerprint !== fingerprint',
      'known.fingerprint.slice(0, 32) !== fingerprint.slice(0, 32)',
    ],
    'compares fingerprints in any case': [
      'known.fingerprint !== fingerprint',
      'known.fingerprint.toLowerCase() !== fingerprint.toLowerCase()',
    ],
    'does not compare fingerprints': ['if (known && known.fingerprint !== fingerprint)', 'if (false)'],
    'asks the clock of the machine for the age of idempotency keys': [
      'const expiresAt = this.clock() + lifetime;',
      'const expiresAt = Date.now() / 1000 + lifetime;',
    ],
    'keeps the last fingerprint of an idempotency key': [
      'if (known && known.fingerprint !== fingerprint)',
      'if (known && known.fingerprint !== fingerprint) this.keys.set(`${ownerId} ${key}`, { ...known, fingerprint }); if (known && known.fingerprint !== fingerprint)',
    ],
    'forgets idempotency keys at midnight': [
      'const expiresAt = this.clock() + lifetime;',
      'const expiresAt = (Math.floor(this.clock() / lifetime) + 1) * lifetime;',
    ],
    'counts idempotency keys that were used twice twice': [
      'return known?.taskId;',
      'if (known) this.countByOwner.set(ownerId, this.countOf(ownerId) + 1); return known?.taskId;',
    ],
    'counts the idempotency keys of everybody': [
      'return this.countByOwner.get(ownerId) ?? 0;',
      'return this.keys.size;',
    ],
  }),
  ...faultsIn('tasks', 'in-memory-task-repository.js', {
    'binds idempotency keys to the session': [
      'const { userId } = session; const { title, description, status } = draft;',
      'const { userId } = session; const { title, description, status } = draft; if (idempotency) idempotency = { ...idempotency, key: session.sessionId + idempotency.key };',
    ],
    'forgets an idempotency key whose task was removed': [
      'if (knownId !== undefined) return',
      'if (knownId !== undefined && indexOf(this.lists.get(userId)?.tasks ?? [], knownId) >= 0) return',
    ],
    'returns the task of an idempotency key as it is now': [
      'if (knownId !== undefined) return { id: knownId, title, description, status };',
      'if (knownId !== undefined) return this.lists.get(userId)?.tasks.find(({ id }) => id === knownId) ?? { id: knownId, title, description, status };',
    ],
    'creates several tasks for one idempotency key at once': [
      'if (knownId !== undefined) return { id: knownId, title, description, status };',
      `if (knownId !== undefined) return { id: knownId, title, description, status }; ${turn} this.sessions.requireActive(session);`,
    ],
    'remembers an idempotency key although a limit was reached': [
      'let list = this.lists.get(userId);',
      'let list = this.lists.get(userId); if (idempotency && (list?.tasks.length ?? 0) >= limits.tasks) this.idempotencyKeys.add(userId, idempotency, 1);',
    ],
  }),
];
