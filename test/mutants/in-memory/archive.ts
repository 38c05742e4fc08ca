import { faultsIn } from '../fault.js';
import { turn } from './turns.js';

/** Faults that the contract of export and import must find. */
export const archiveFaults = [
  ...faultsIn('export and import', 'in-memory-archive.js', {
    'counts the ids of imports that have begun': [
      'return this.users.lastId;',
      'return Math.max(this.users.lastId, ...this.imported.keys());',
    ],
    'compares the name of a present user in any case': [
      'if (sameId && sameId === sameName)',
      'if (sameId && sameId.username.toLowerCase() === user.username.toLowerCase())',
    ],
    'takes the tasks from the list that it is given': [
      'this.imported.get(userId)?.push(...tasks);',
      'this.imported.get(userId)?.push(...tasks.splice(0));',
    ],

    'tells the highest id of a user who is there': [
      'async lastUserId() { return this.users.lastId;',
      'async lastUserId() { return Math.max(0, ...(await this.users.list({ after: 0, limit: 1000 })).map(({ id }) => id));',
    ],
    'tells the next user id': ['return this.users.lastId;', 'return this.users.lastId + 1;'],
    'exports the task with the id after as well': ['({ id }) => id > after', '({ id }) => id >= after'],
    'takes after for an offset in an export': [
      'const rest = tasks.filter(({ id }) => id > after);',
      'const rest = tasks.slice(after);',
    ],
    'exports a hundred tasks at most': ['rest.slice(0, limit)', 'rest.slice(0, Math.min(limit, 100))'],
    'exports a hundred tasks at most, and says that this is all': [
      'const rest = tasks.filter(({ id }) => id > after);',
      'const rest = tasks.filter(({ id }) => id > after).slice(0, 100);',
    ],
    'exports all tasks in one page': [
      'const page = rest.slice(0, lengthOfPage(rest.slice(0, limit)));',
      'const page = rest.slice(0, limit);',
    ],
    'exports more than the limit': ['lengthOfPage(rest.slice(0, limit))', 'lengthOfPage(rest)'],
    'exports one task too few': [
      'lengthOfPage(rest.slice(0, limit))',
      'lengthOfPage(rest.slice(0, limit)) - 1',
    ],
    'always says that more tasks follow an exported page': [
      'hasMore: page.length < rest.length',
      'hasMore: page.length > 0',
    ],
    'says that no task follows an exported page': ['hasMore: page.length < rest.length', 'hasMore: false'],
    'tells the highest id of a task that is there': [
      'lastTaskId: lastId };',
      'lastTaskId: tasks.at(-1)?.id ?? 0 };',
    ],
    'tells the highest id on the page': ['lastTaskId: lastId };', 'lastTaskId: page.at(-1)?.id ?? lastId };'],
    'exports tasks that change': [
      'const page = rest.slice(',
      'const page = tasks.length === rest.length && tasks.length <= limit ? tasks : rest.slice(',
    ],
    'reads the last id a turn before the tasks': [
      'const rest = tasks.filter(({ id }) => id > after);',
      `${turn} const rest = tasks.filter(({ id }) => id > after);`,
    ],
    'reserves no ids': ['this.users.reserveIds(lastUserId);', ''],
    'reserves ids without what it counts already': [
      'this.users.reserveIds(lastUserId);',
      'this.users.lastUsedId = lastUserId;',
    ],
    'reserves one id too few': [
      'this.users.reserveIds(lastUserId);',
      'this.users.reserveIds(lastUserId - 1);',
    ],
    'reserves one id too many': [
      'this.users.reserveIds(lastUserId);',
      'this.users.reserveIds(lastUserId + 1);',
    ],
    'reserves 32 bits of ids': [
      'this.users.reserveIds(lastUserId);',
      'this.users.reserveIds(lastUserId | 0);',
    ],
    'reads the last id a turn before it reserves': [
      'this.users.reserveIds(lastUserId);',
      `const last = Math.max(this.users.lastId, lastUserId); ${turn} this.users.lastUsedId = last;`,
    ],
    'begins for a name that is taken': [
      `if (sameId || sameName) return 'taken';`,
      `if (sameId) return 'taken';`,
    ],
    'begins for an id that is taken': [
      `if (sameId || sameName) return 'taken';`,
      `if (sameName) return 'taken';`,
    ],
    'begins for a user who is there': [
      `if (sameId && sameId === sameName) return 'present'; if (sameId || sameName) return 'taken';`,
      `if (sameId !== sameName) return 'taken';`,
    ],
    'tells that a user with the same id is present': [
      `if (sameId && sameId === sameName) return 'present';`,
      `if (sameId) return 'present';`,
    ],
    'tells that a user with the same name is present': [
      `if (sameId && sameId === sameName) return 'present';`,
      `if (sameName) return 'present';`,
    ],
    'tells that a present user is taken': [`return 'present';`, `return 'taken';`],
    'keeps the tasks of an import that was cut off': [
      'this.imported.set(user.id, []);',
      'if (!this.imported.has(user.id)) this.imported.set(user.id, []);',
    ],
    'adds the user when an import begins': [
      'this.imported.set(user.id, []);',
      'this.imported.set(user.id, []); this.users.restore(user, {});',
    ],
    'takes the name when an import begins': [
      'this.imported.set(user.id, []);',
      'this.imported.set(user.id, []); this.users.idsByName.set(user.username, user.id);',
    ],
    'shows the tasks of an import before it has finished': [
      'this.imported.get(userId)?.push(...tasks);',
      'this.imported.get(userId)?.push(...tasks); this.tasks.restore(userId, [...this.imported.get(userId)], tasks.at(-1)?.id ?? 0);',
    ],
    'keeps the tasks that were added last': [
      'this.imported.get(userId)?.push(...tasks);',
      'if (this.imported.has(userId)) this.imported.set(userId, [...tasks]);',
    ],
    'keeps the tasks that were added first': [
      'this.imported.get(userId)?.push(...tasks);',
      'if (this.imported.get(userId)?.length === 0) this.imported.get(userId).push(...tasks);',
    ],
    'puts added tasks before those that were there': ['?.push(...tasks);', '?.unshift(...tasks);'],
    'numbers imported tasks from 1': [
      '?.push(...tasks);',
      '?.push(...tasks.map((task, index) => ({ ...task, id: index + 1 })));',
    ],
    'imports every task as pending': [
      '?.push(...tasks);',
      `?.push(...tasks.map((task) => ({ ...task, status: 'pending' })));`,
    ],
    'looks a turn before it finishes': [
      'if (holders.some((user) => user !== undefined)) return false;',
      `if (holders.some((user) => user !== undefined)) return false; ${turn}`,
    ],
    'finishes whoever has the name or the id': [
      'if (holders.some((user) => user !== undefined)) return false;',
      '',
    ],
    'finishes for a name that was taken since': [
      'if (holders.some((user) => user !== undefined)) return false;',
      'if (holders[0]) return false;',
    ],
    'finishes for an id that was taken since': [
      'if (holders.some((user) => user !== undefined)) return false;',
      'if (holders[1]) return false;',
    ],
    'leaves the tasks where an import is refused': [
      'if (holders.some((user) => user !== undefined)) return false; this.tasks.restore(id, tasks, lastTaskId);',
      'this.tasks.restore(id, tasks, lastTaskId); if (holders.some((user) => user !== undefined)) return false;',
    ],
    'makes the user exist a turn before the tasks': [
      'this.tasks.restore(id, tasks, lastTaskId); this.users.restore({ id, username, passwordHash, active, createdAt }, { isStaff });',
      `this.users.restore({ id, username, passwordHash, active, createdAt }, { isStaff }); ${turn} this.tasks.restore(id, tasks, lastTaskId);`,
    ],
    'makes the tasks exist a turn before the user': [
      'this.tasks.restore(id, tasks, lastTaskId); this.users.restore({ id, username, passwordHash, active, createdAt }, { isStaff });',
      `this.tasks.restore(id, tasks, lastTaskId); ${turn} this.users.restore({ id, username, passwordHash, active, createdAt }, { isStaff });`,
    ],
    'goes on counting tasks from the highest that is there': [
      'this.tasks.restore(id, tasks, lastTaskId);',
      'this.tasks.restore(id, tasks, tasks.at(-1)?.id ?? 0);',
    ],
    'goes on counting tasks at the last id': [
      'this.tasks.restore(id, tasks, lastTaskId);',
      'this.tasks.restore(id, tasks, lastTaskId - 1);',
    ],
    'imports every user as active': [
      'this.users.restore({ id, username, passwordHash, active,',
      'this.users.restore({ id, username, passwordHash, active: true,',
    ],
    'imports the date in whole seconds': [
      'passwordHash, active, createdAt }, { isStaff }); return',
      'passwordHash, active, createdAt: Math.floor(createdAt) }, { isStaff }); return',
    ],
    'imports the present for the date': [
      'passwordHash, active, createdAt }, { isStaff }); return',
      'passwordHash, active, createdAt: Date.now() / 1000 }, { isStaff }); return',
    ],
    'imports a date before 1970 as 1970': [
      'passwordHash, active, createdAt }, { isStaff }); return',
      'passwordHash, active, createdAt: Math.max(0, createdAt) }, { isStaff }); return',
    ],
    'imports the password link of an older copy': [
      'this.users.restore({ id, username, passwordHash, active, createdAt }, { isStaff });',
      `this.users.restore({ id, username, passwordHash, active, createdAt, passwordLink: { digest: 'digest', expiresAt: 9e9 } }, { isStaff });`,
    ],
  }),
  ...faultsIn('export and import', 'in-memory-task-repository.js', {
    'counts no bytes of imported tasks': [
      'this.recordChange(list, tasks.reduce((sum, task) => sum + bytesOf(task), 0));',
      'this.recordChange(list, 0);',
    ],
    'starts the revision of imported tasks at 0': [
      'this.recordChange(list, tasks.reduce((sum, task) => sum + bytesOf(task), 0));',
      'list.bytes = tasks.reduce((sum, task) => sum + bytesOf(task), 0);',
    ],
  }),
  ...faultsIn('export and import', 'in-memory-user-repository.js', {
    'does not find an imported user by name': [
      'restore(user, { isStaff }) { this.accounts.set(user.id, user); this.idsByName.set(user.username, user.id);',
      'restore(user, { isStaff }) { this.accounts.set(user.id, user);',
    ],
    'goes on counting users from an imported one': [
      'restore(user, { isStaff }) { this.accounts.set(user.id, user);',
      'restore(user, { isStaff }) { this.lastUsedId = user.id; this.accounts.set(user.id, user);',
    ],
    'lists imported users last': [
      'return users.toSorted((one, other) => one.id - other.id).slice(0, limit);',
      'return users.slice(0, limit);',
    ],
  }),
];
