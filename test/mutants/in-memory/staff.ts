import { faultsIn } from '../fault.js';
import { turn, turns } from './turns.js';

const requiresStaff =
  "this.sessions.requireActive(by); if (!this.members.has(by.userId)) throw new DomainError('not_staff'); if (!this.accounts.has(userId)) return false;";
const requiresAnother = 'if (takesRight(act)) this.members.requireAnother(userId);';

/** Faults that the contract of staff must find. */
export const staffFaults = [
  ...faultsIn('staff', 'in-memory-staff-repository.js', {
    // Who is staff.
    'makes inactive users staff': [
      'if (!this.accounts.get(userId)?.active) return false;',
      'if (!this.accounts.has(userId)) return false;',
    ],
    'makes nobody staff': ['if (!this.accounts.get(userId)?.active) return false;', ''],
    'says that somebody who is staff already is not made staff': [
      'this.members.add(userId); return true;',
      'if (this.members.has(userId)) return false; this.members.add(userId); return true;',
    ],
    'says that a user is made staff, and makes them staff some turns later': [
      'this.members.add(userId); return true;',
      'setTimeout(() => this.members.add(userId), 5); return true;',
    ],
    'looks whether the account is active, and makes the user staff a turn later': [
      'this.members.add(userId); return true;',
      `${turn} this.members.add(userId); return true;`,
    ],
    'looks whether the account is active, and makes the user staff some turns later': [
      'this.members.add(userId); return true;',
      `${turns(4)} this.members.add(userId); return true;`,
    ],
    'makes a user staff, and takes that back a turn later if the account is not active': [
      'if (!this.accounts.get(userId)?.active) return false; this.members.add(userId); return true;',
      `this.members.add(userId); ${turn} if (this.accounts.get(userId)?.active) return true; this.members.ids.delete(userId); return false;`,
    ],
    'ends the sessions of whoever becomes staff': [
      'this.members.add(userId); return true;',
      'this.sessions.removeAll(userId); this.members.add(userId); return true;',
    ],
    'ends the sessions of whoever loses the right': [
      'return this.members.remove(userId);',
      'const removed = this.members.remove(userId); if (removed) this.sessions.removeAll(userId); return removed;',
    ],
    'deactivates whoever loses the right': [
      'return this.members.remove(userId);',
      'const removed = this.members.remove(userId); if (removed) await this.users.deactivate(userId); return removed;',
    ],
    'says that everybody has lost the right': [
      'return this.members.remove(userId);',
      'this.members.remove(userId); return true;',
    ],
    'says that nobody has lost the right': [
      'return this.members.remove(userId);',
      'this.members.remove(userId); return false;',
    ],

    // Who is authorised.
    'authorises sessions that are not active': [
      'const session = this.sessions.requireActive(by);',
      'const session = (await this.sessions.find(by)) ?? { id: by.sessionId, userId: by.userId, openedAt: 0, lastUsedAt: 0, current: { id: "x", issuedAt: 0, expiresAt: 0 } };',
    ],
    'authorises users who are not staff': [
      "if (!this.members.has(by.userId)) throw new DomainError('not_staff'); return session;",
      'return session;',
    ],
    'tells that a user is not staff before it tells that the session has ended': [
      "const session = this.sessions.requireActive(by); if (!this.members.has(by.userId)) throw new DomainError('not_staff'); return session;",
      "if (!this.members.has(by.userId)) throw new DomainError('not_staff'); return this.sessions.requireActive(by);",
    ],
    'authorises with any session of the user': [
      'const session = this.sessions.requireActive(by);',
      "const [session] = this.sessions.activeSessions(by.userId); if (!session) throw new DomainError('token_revoked');",
    ],
    'authorises whoever was staff once': [
      "if (!this.members.has(by.userId)) throw new DomainError('not_staff'); return session;",
      "const once = (this.once ??= new Set()); if (this.members.has(by.userId)) once.add(by.userId); if (!once.has(by.userId)) throw new DomainError('not_staff'); return session;",
    ],

    // Acts.
    'lets users act who are not staff': [
      requiresStaff,
      'this.sessions.requireActive(by); if (!this.accounts.has(userId)) return false;',
    ],
    'lets staff act whose session has ended': [
      requiresStaff,
      "if (!this.members.has(by.userId)) throw new DomainError('not_staff'); if (!this.accounts.has(userId)) return false;",
    ],
    'says that a user is not staff before it tells that the session of the act has ended': [
      requiresStaff,
      "if (!this.members.has(by.userId)) throw new DomainError('not_staff'); this.sessions.requireActive(by); if (!this.accounts.has(userId)) return false;",
    ],
    'says to everybody that there is no such user': [
      `${requiresAnother} ${requiresStaff}`,
      `if (!this.accounts.has(userId)) return false; ${requiresAnother} ${requiresStaff}`,
    ],
    'tells of the last administrator after the session': [
      `${requiresAnother} ${requiresStaff}`,
      `this.sessions.requireActive(by); ${requiresAnother} ${requiresStaff}`,
    ],
    'tells of the last administrator after the right': [
      `${requiresAnother} ${requiresStaff}`,
      `${requiresStaff} ${requiresAnother}`,
    ],
    'tells of the last administrator whatever the act is': [
      requiresAnother,
      'this.members.requireAnother(userId);',
    ],
    'adds the record before it refuses the last administrator': [
      requiresAnother,
      'if (takesRight(act)) { try { this.members.requireAnother(userId); } catch (error) { this.addRecord(record); throw error; } }',
    ],
    'adds records of acts that are refused': [
      `${requiresAnother} ${requiresStaff} this.addRecord(record);`,
      `${requiresAnother} this.addRecord(record); ${requiresStaff}`,
    ],
    'adds records of acts on nobody': [
      'if (!this.accounts.has(userId)) return false; this.addRecord(record);',
      'this.addRecord(record); if (!this.accounts.has(userId)) return false;',
    ],
    'adds no record of an act': ['this.addRecord(record); await this.does', 'await this.does'],
    'adds no record of an act that changes nothing': [
      'this.addRecord(record); await this.does',
      "if (act !== 'activate' || !this.accounts.get(userId).active) this.addRecord(record); await this.does",
    ],
    'adds no record of an act on oneself': [
      'this.addRecord(record); await this.does',
      'if (by.userId !== userId) this.addRecord(record); await this.does',
    ],
    'adds the record twice': [
      'this.addRecord(record); await this.does',
      'this.addRecord(record); this.addRecord(record); await this.does',
    ],
    'adds the record after the act': [
      'this.addRecord(record); await this.does[act](userId); return true;',
      `await this.does[act](userId); ${turn} this.addRecord(record); return true;`,
    ],
    'checks the right of an act some turns before it acts': [
      'this.addRecord(record); await this.does',
      `${turns(2)} this.addRecord(record); await this.does`,
    ],
    'says that an act is done to a user who is gone meanwhile': [
      'this.addRecord(record); await this.does[act](userId); return true;',
      `this.addRecord(record); ${turn} await this.does[act](userId); return true;`,
    ],
    'says whether an act has changed anything': [
      'await this.does[act](userId); return true;',
      'return Boolean(await this.does[act](userId));',
    ],
    'says that no act is done': [
      'await this.does[act](userId); return true;',
      'await this.does[act](userId);',
    ],
    'acts on the user of the session': ['await this.does[act](userId);', 'await this.does[act](by.userId);'],
    'activates nobody': ['activate: (userId) => this.users.activate(userId),', 'activate: async () => true,'],
    'deactivates nobody': [
      'deactivate: (userId) => this.users.deactivate(userId),',
      'deactivate: async (userId) => this.members.remove(userId),',
    ],
    'leaves the sessions of a deactivated user': [
      'deactivate: (userId) => this.users.deactivate(userId),',
      'deactivate: async (userId) => { this.members.remove(userId); this.users.change(userId, { active: false }); },',
    ],
    'ends no sessions': [
      'end_sessions: (userId) => this.sessions.endAllOf(userId),',
      'end_sessions: async () => 0,',
    ],
    'ends one session': [
      'end_sessions: (userId) => this.sessions.endAllOf(userId),',
      'end_sessions: async (userId) => { const [session] = await this.sessions.listOf(userId); if (session) await this.sessions.end({ userId, sessionId: session.id }); },',
    ],
    'ends all sessions, and adopts what was issued before': [
      'end_sessions: (userId) => this.sessions.endAllOf(userId),',
      'end_sessions: async (userId) => { for (const { id } of await this.sessions.listOf(userId)) await this.sessions.end({ userId, sessionId: id }); },',
    ],
    'deactivates instead of deleting': [
      'delete: (userId) => this.users.remove(userId),',
      'delete: (userId) => this.users.deactivate(userId),',
    ],
    'deletes the account, and keeps the tasks': [
      'delete: (userId) => this.users.remove(userId),',
      'delete: async (userId) => { this.members.remove(userId); const { username } = this.accounts.get(userId); this.accounts.delete(userId); this.users.idsByName.delete(username); this.sessions.forget(userId); },',
    ],

    // The audit log.
    'records nothing that operators do': [
      'async record(record) { this.addRecord(record); }',
      'async record(record) {}',
    ],
    'records only what operators do to users who are there': [
      'async record(record) { this.addRecord(record); }',
      'async record(record) { if (this.accounts.has(record.userId)) this.addRecord(record); }',
    ],
    'records a turn later': [
      'async record(record) { this.addRecord(record); }',
      'async record(record) { setImmediate(() => this.addRecord(record)); }',
    ],
    'records what comes at once as one': [
      'async record(record) { this.addRecord(record); }',
      `async record(record) { const id = this.lastRecordId + 1; ${turn} if (this.lastRecordId < id) this.addRecord(record); }`,
    ],
    'gives one id to two records that come at once': [
      'async record(record) { this.addRecord(record); }',
      `async record(record) { const id = this.lastRecordId + 1; ${turn} this.addRecord(record); this.log.at(-1).id = id; }`,
    ],
    'gives the same id to all records': ['id: ++this.lastRecordId,', 'id: 1,'],
    'counts ids of records from 0': ['lastRecordId = 0;', 'lastRecordId = -1;'],
    'counts the records that are there': ['id: ++this.lastRecordId,', 'id: this.log.length + 1,'],
    'returns records the first one first': ['.toReversed() .slice(0, limit);', '.slice(0, limit);'],
    'returns the first records, the latest of them first': [
      '.toReversed() .slice(0, limit);',
      '.slice(0, limit).toReversed();',
    ],
    'returns the record before which the page begins': ['id < before', 'id <= before'],
    'leaves out the record before that': ['id < before', 'id < before - 1'],
    'returns all records at once': ['.slice(0, limit);', ';'],
    'returns a hundred records at most': ['.slice(0, limit);', '.slice(0, Math.min(limit, 100));'],
    'returns one record too few': ['.slice(0, limit);', '.slice(0, Math.max(1, limit - 1));'],
    'takes before for an offset': ['id < before', 'before === Infinity || id <= this.lastRecordId - before'],
    'takes before in 32 bits': ['id < before', 'id < (before === Infinity ? Infinity : before | 0)'],
    'keeps all records': ['if (this.log.length > maxAuditRecords) this.log.shift();', ''],
    'keeps one record too few': ['this.log.length > maxAuditRecords', 'this.log.length >= maxAuditRecords'],
    'keeps one record too many': [
      'this.log.length > maxAuditRecords',
      'this.log.length > maxAuditRecords + 1',
    ],
    'keeps a hundred records': ['this.log.length > maxAuditRecords', 'this.log.length > 100'],
    'drops the latest record': ['this.log.shift();', 'this.log.pop();'],
    'drops everything when the log is full': ['this.log.shift();', 'this.log.length = 0;'],
    'keeps the time in 32 bits': ['...record });', '...record, at: record.at | 0 });'],
    'takes the time from its own clock': [
      '...record });',
      '...record, at: Math.floor(Date.now() / 1000) });',
    ],
    'keeps no time before 1970': ['...record });', '...record, at: Math.max(0, record.at) });'],
    'keeps user ids of 32 bits': ['...record });', '...record, userId: record.userId % 2 ** 32 });'],
    'cuts names after 149 characters': [
      '...record });',
      '...record, username: [...record.username].slice(0, 149).join("") });',
    ],
    'cuts the names of actors': ['...record });', '...record, actor: record.actor.slice(0, 150) });'],
    'trims acts': ['...record });', '...record, act: record.act.trim() });'],
    'keeps actors in one normal form': ['...record });', '...record, actor: record.actor.normalize() });'],
    'keeps actors in lower case': ['...record });', '...record, actor: record.actor.toLowerCase() });'],
    'says that operators have done what staff did': ['...record });', "...record, by: 'operator' });"],
    'says that staff have done what operators did': ['...record });', "...record, by: 'staff' });"],
    'changes the record that it is given': [
      'this.log.push({ id: ++this.lastRecordId, ...record });',
      'record.id = ++this.lastRecordId; this.log.push(record);',
    ],
    'forgets the records of accounts that are gone': [
      '.filter(({ id }) => id < before)',
      '.filter(({ id, userId }) => id < before && (userId === 99 || this.accounts.has(userId) || this.accounts.size === 0))',
    ],
    'returns the present name of the account': [
      '.filter(({ id }) => id < before)',
      ".filter(({ id }) => id < before).map((each) => ({ ...each, username: this.accounts.size > 0 ? (this.accounts.get(each.userId)?.username ?? '') : each.username }))",
    ],
  }),
  ...faultsIn('staff', 'staff-members.js', {
    'lists ids in the order in which users became staff': [
      'return [...this.ids].toSorted((one, other) => one - other);',
      'return [...this.ids];',
    ],
    'lists ids in the order of their digits': ['.toSorted((one, other) => one - other)', '.toSorted()'],
    'lists ids in descending order': ['one - other', 'other - one'],
    'lists ids of 32 bits': ['return [...this.ids]', 'return [...this.ids].map((id) => id % 2 ** 32)'],
    'takes the right from the last one': [
      "if (this.ids.has(userId) && this.ids.size === 1) throw new DomainError('last_administrator');",
      '',
    ],
    'keeps the last two': ['this.ids.size === 1', 'this.ids.size <= 2'],
    'takes the right from nobody while one is staff': [
      'this.ids.has(userId) && this.ids.size',
      'this.ids.size',
    ],
    'keeps whoever became staff first': [
      'this.ids.has(userId) && this.ids.size === 1',
      'this.ids.values().next().value === userId',
    ],
    'takes nothing away': ['return this.ids.delete(userId);', 'return this.ids.has(userId);'],
    'takes the right from the last one, and then says so': [
      'this.requireAnother(userId); return this.ids.delete(userId);',
      "const isLast = this.ids.has(userId) && this.ids.size === 1; const removed = this.ids.delete(userId); if (isLast) throw new DomainError('last_administrator'); return removed;",
    ],
  }),
  ...faultsIn('staff', 'in-memory-user-repository.js', {
    'leaves whoever is deactivated staff': [
      'this.staff.remove(id); this.sessions.removeAll(id);',
      'this.sessions.removeAll(id);',
    ],
    'remembers who had the right, and gives it back with the activation': [
      'async activate(id) { return this.change(id, { active: true }); } async deactivate(id) {',
      'async activate(id) { if (this.had?.has(id)) this.staff.add(id); return this.change(id, { active: true }); } async deactivate(id) { if (this.staff.has(id)) (this.had ??= new Set()).add(id);',
    ],
    'makes everybody staff who is activated': [
      'async activate(id) { return',
      'async activate(id) { if (this.accounts.has(id)) this.staff.add(id); return',
    ],
    'ends the sessions of the last one, whom it does not deactivate': [
      'this.staff.remove(id); this.sessions.removeAll(id);',
      'this.sessions.removeAll(id); this.staff.remove(id);',
    ],
    'deactivates the last one, and then says that it may not': [
      'this.staff.remove(id); this.sessions.removeAll(id); return this.change(id, { active: false });',
      'this.change(id, { active: false }); this.staff.remove(id); this.sessions.removeAll(id); return this.accounts.has(id);',
    ],
    'takes the right a turn after the deactivation': [
      'this.staff.remove(id); this.sessions.removeAll(id); return this.change(id, { active: false });',
      `this.staff.requireAnother(id); this.sessions.removeAll(id); const changed = this.change(id, { active: false }); ${turn} this.staff.remove(id); return changed;`,
    ],
    'takes the right, and deactivates a turn later, whatever has happened': [
      'this.staff.remove(id); this.sessions.removeAll(id);',
      `this.staff.remove(id); ${turn} this.sessions.removeAll(id);`,
    ],
    'leaves whoever is removed staff': [
      'this.staff.remove(id); this.accounts.delete(id);',
      'this.accounts.delete(id);',
    ],
    'removes the tasks of the last one, whom it does not remove': [
      'this.staff.remove(id); this.accounts.delete(id); this.idsByName.delete(user.username); this.sessions.forget(id); this.tasks.removeAll(id);',
      'this.tasks.removeAll(id); this.staff.remove(id); this.accounts.delete(id); this.idsByName.delete(user.username); this.sessions.forget(id);',
    ],
    'takes the right a turn after the removal': [
      'this.staff.remove(id); this.accounts.delete(id); this.idsByName.delete(user.username);',
      `this.staff.requireAnother(id); this.accounts.delete(id); this.idsByName.delete(user.username); ${turn} this.staff.ids.delete(id);`,
    ],
    'tells of the last administrator before it tells that the session has ended': [
      'async removeOwn(by) { this.sessions.requireActive(by);',
      'async removeOwn(by) { this.staff.requireAnother(by.userId); this.sessions.requireActive(by);',
    ],
    'lets the last one remove themselves': [
      'return this.remove(by.userId);',
      'this.staff.ids.delete(by.userId); return this.remove(by.userId);',
    ],
    'takes the right with a new password': [
      'async setPasswordHash(id, hash) {',
      'async setPasswordHash(id, hash) { this.staff.ids.delete(id);',
    ],
    'makes inactive users staff with their import': ['if (isStaff && user.active)', 'if (isStaff)'],
    'makes all imported users staff': ['if (isStaff && user.active)', 'if (user.active)'],
    'makes no imported user staff': ['if (isStaff && user.active)', 'if (false)'],
    'makes an imported user staff a turn later': [
      'if (isStaff && user.active) this.staff.add(user.id);',
      'if (isStaff && user.active) setImmediate(() => this.staff.add(user.id));',
    ],
  }),
  ...faultsIn('staff', 'in-memory-archive.js', {
    'makes staff of a user who is there': [
      "if (sameId && sameId === sameName) return 'present';",
      "if (sameId && sameId === sameName) { if (sameId.active) this.users.staff.add(sameId.id); return 'present'; }",
    ],
    'takes the right from a user who is there': [
      "if (sameId && sameId === sameName) return 'present';",
      "if (sameId && sameId === sameName) { this.users.staff.ids.delete(sameId.id); return 'present'; }",
    ],
    'makes staff of a user whose name or id was taken': [
      'if (holders.some((user) => user !== undefined)) return false;',
      'if (holders.some((user) => user !== undefined)) { if (isStaff) this.users.staff.add(id); return false; }',
    ],
    'makes staff of a user some turns before they are found': [
      'const holders = this.users.holders({ id, username });',
      `if (isStaff && active) this.users.staff.add(id); ${turns(3)} const holders = this.users.holders({ id, username });`,
    ],
    'takes everybody whose import has begun for staff': ['isStaff = false }', 'isStaff = true }'],
  }),
];
