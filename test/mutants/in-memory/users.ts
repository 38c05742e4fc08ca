import { faultsIn } from '../fault.js';
import { turn, turns } from './turns.js';

/** Faults that the contract of users must find. */
export const usersFaults = [
  ...faultsIn('users', 'in-memory-user-repository.js', {
    'ends no sessions if the new hash is the old one': [
      'async setPasswordHash(id, hash) {',
      'async setPasswordHash(id, hash) { if (this.accounts.get(id)?.passwordHash === hash) return true;',
    ],
    'keeps in mind which names it has not found': [
      'async findByName(username) {',
      'async findByName(username) { const missed = (this.missed ??= new Set()); if (missed.has(username)) return undefined; if (!this.idsByName.has(username)) missed.add(username);',
    ],
    'keeps in mind which ids it has not found': [
      'async find(id) {',
      'async find(id) { const missed = (this.missed ??= new Set()); if (missed.has(id)) return undefined; if (!this.accounts.has(id)) missed.add(id);',
    ],
    'fails when the operator and a session remove a user at once': [
      'async remove(id) { const user = this.accounts.get(id); if (!user) return false;',
      `async remove(id) { if (!this.accounts.has(id)) return false; ${turn} const user = this.accounts.get(id); if (!user) throw new Error('it is gone');`,
    ],
    'changes the user that it is given': [
      'const user = { id: ++this.lastUsedId,',
      'newUser.id = this.lastUsedId + 1; const user = { id: ++this.lastUsedId,',
    ],

    // Adding.
    'adds users of one name that are added at once': [
      'return undefined; const user = { id: ++this.lastUsedId',
      `return undefined; ${turn} const user = { id: ++this.lastUsedId`,
    ],
    'adds users of one name that are added at once, some turns later': [
      'return undefined; const user = { id: ++this.lastUsedId',
      `return undefined; ${turns(4)} const user = { id: ++this.lastUsedId`,
    ],
    'gives one id to users who are added at once': [
      'const user = { id: ++this.lastUsedId, active: true, ...newUser }; this.accounts.set(user.id, user);',
      `const user = { id: this.lastUsedId + 1, active: true, ...newUser };
       this.idsByName.set(user.username, user.id); ${turn} this.lastUsedId = user.id; this.accounts.set(user.id, user);`,
    ],
    'adds a user whose name is found some turns later': [
      'this.idsByName.set(user.username, user.id); return user; } async find(id)',
      `setTimeout(() => this.idsByName.set(user.username, user.id), 5); return user; } async find(id)`,
    ],
    'gives the id of the last user who was removed again': [
      'id: ++this.lastUsedId',
      'id: (this.lastUsedId = Math.max(0, ...this.accounts.keys()) + 1)',
    ],
    'gives the lowest free id': [
      'id: ++this.lastUsedId',
      'id: (() => { let id = 1; while (this.accounts.has(id)) id++; return (this.lastUsedId = Math.max(id, this.lastUsedId), id); })()',
    ],
    'counts ids from 0': ['lastUsedId = 0;', 'lastUsedId = -1;'],
    'takes names that differ in case for one': [
      'this.idsByName.has(newUser.username)',
      '[...this.idsByName.keys()].some((name) => name.toLowerCase() === newUser.username.toLowerCase())',
    ],
    'takes names that differ in an accent for one': [
      'this.idsByName.has(newUser.username)',
      `[...this.idsByName.keys()].some((name) => name.localeCompare(newUser.username, 'en', { sensitivity: 'case' }) === 0)`,
    ],
    'takes names that differ after 100 characters for one': [
      'this.idsByName.has(newUser.username)',
      '[...this.idsByName.keys()].some((name) => name.slice(0, 100) === newUser.username.slice(0, 100))',
    ],
    'takes names that differ in the last of 150 characters for one': [
      'this.idsByName.has(newUser.username)',
      '[...this.idsByName.keys()].some((name) => name.slice(0, 149) === newUser.username.slice(0, 149))',
    ],
    'cuts names after 149 characters': [
      'active: true, ...newUser }',
      'active: true, ...newUser, username: newUser.username.slice(0, 149) }',
    ],
    'cuts names after 255 bytes': [
      'active: true, ...newUser }',
      'active: true, ...newUser, username: Buffer.from(newUser.username).subarray(0, 255).toString() }',
    ],
    'keeps names in lower case': [
      'active: true, ...newUser }',
      'active: true, ...newUser, username: newUser.username.toLowerCase() }',
    ],
    'cuts password hashes after 60 characters': [
      'active: true, ...newUser }',
      'active: true, ...newUser, passwordHash: newUser.passwordHash.slice(0, 60) }',
    ],
    'keeps the date in whole seconds': [
      'active: true, ...newUser }',
      'active: true, ...newUser, createdAt: Math.floor(newUser.createdAt) }',
    ],
    'keeps the date to a tenth of a second': [
      'active: true, ...newUser }',
      'active: true, ...newUser, createdAt: Math.floor(newUser.createdAt * 10) / 10 }',
    ],
    'keeps the date in 32 bits': [
      'active: true, ...newUser }',
      'active: true, ...newUser, createdAt: newUser.createdAt % 2 ** 31 }',
    ],
    'takes the date from its own clock': [
      'active: true, ...newUser }',
      'active: true, ...newUser, createdAt: this.clock() }',
    ],
    'adds users who are inactive': ['active: true, ...newUser }', 'active: false, ...newUser }'],
    'sets the password of a user whose name is registered again': [
      'if (this.idsByName.has(newUser.username)) return undefined;',
      `if (this.idsByName.has(newUser.username)) {
         this.change(this.idsByName.get(newUser.username), { passwordHash: newUser.passwordHash }); return undefined; }`,
    ],
    'returns the present user for a name that is taken': [
      'if (this.idsByName.has(newUser.username)) return undefined;',
      'if (this.idsByName.has(newUser.username)) return this.findByName(newUser.username);',
    ],

    // Finding.
    'finds no inactive user by id': [
      'async find(id) { return this.accounts.get(id);',
      'async find(id) { const user = this.accounts.get(id); return user?.active ? user : undefined;',
    ],
    'finds no inactive user by name': [
      'return id === undefined ? undefined : this.accounts.get(id);',
      'return this.accounts.get(id)?.active ? this.accounts.get(id) : undefined;',
    ],
    'finds names in any case': [
      'const id = this.idsByName.get(username);',
      'const id = [...this.idsByName].find(([name]) => name.toLowerCase() === username.toLowerCase())?.[1];',
    ],
    'finds names without the blanks around them': [
      'const id = this.idsByName.get(username);',
      'const id = this.idsByName.get(username.trim());',
    ],
    'finds names without the blanks after them': [
      'const id = this.idsByName.get(username);',
      'const id = this.idsByName.get(username.trimEnd());',
    ],
    'finds names in their normal form': [
      'const id = this.idsByName.get(username);',
      `const id = this.idsByName.get(username.normalize('NFKC'));`,
    ],
    'finds names by their first 150 characters': [
      'const id = this.idsByName.get(username);',
      'const id = this.idsByName.get(username.slice(0, 150));',
    ],
    'takes _ in a name that is looked for for any character': [
      'const id = this.idsByName.get(username);',
      `const pattern = username.split('_').map((part) => RegExp.escape?.(part) ?? part.replace(/[^\\p{L}\\p{N}]/gu, '\\\\$&')).join('.');
       const id = [...this.idsByName].find(([name]) => new RegExp('^' + pattern + '$').test(name))?.[1];`,
    ],
    'rejects a name that is too long to be one': [
      'const id = this.idsByName.get(username);',
      `if (username.length > 255) throw new Error('value too long'); const id = this.idsByName.get(username);`,
    ],
    'shows the fields of the user that were there when it was found first': [
      'async find(id) { return this.accounts.get(id);',
      'async find(id) { this.seen ??= new Map(); if (!this.seen.has(id)) this.seen.set(id, this.accounts.get(id)); return this.accounts.has(id) ? this.seen.get(id) : undefined;',
    ],

    // Listing.
    'lists a hundred users at most': ['.slice(0, limit);', '.slice(0, Math.min(limit, 100));'],
    'lists 999 users at most': ['.slice(0, limit);', '.slice(0, Math.min(limit, 999));'],
    'lists the user with the id after as well': ['({ id }) => id > after', '({ id }) => id >= after'],
    'lists one user too few': ['.slice(0, limit);', '.slice(0, limit - 1);'],
    'lists one user too many': ['.slice(0, limit);', '.slice(0, limit + 1);'],
    'lists everybody for a limit of 0': [
      '.slice(0, limit);',
      '.slice(0, limit || undefined);',
      'a limit is at least 1',
    ],
    'takes after for an offset': [
      '.filter(({ id }) => id > after);',
      '.toSorted((one, other) => one.id - other.id).slice(after);',
    ],
    'lists users in the order of their names': [
      'users.toSorted((one, other) => one.id - other.id)',
      'users.toSorted((one, other) => (one.username < other.username ? -1 : 1))',
    ],
    'lists users in the order of their ids as texts': [
      'users.toSorted((one, other) => one.id - other.id)',
      'users.toSorted((one, other) => (`${one.id}` < `${other.id}` ? -1 : 1))',
    ],
    'lists active users only': ['({ id }) => id > after', '({ id, active }) => active && id > after'],
    'fills pages with fewer users where some were removed': [
      '({ id }) => id > after',
      '({ id }) => id > after && id <= after + limit',
    ],
    'looks for users above 2 ** 31 from the start': [
      '({ id }) => id > after',
      '({ id }) => id > (after | 0)',
    ],

    // Rehashing.
    'rehashes a password that was changed meanwhile': [
      'if (this.accounts.get(id)?.passwordHash === from) this.change',
      `if (this.accounts.get(id)?.passwordHash === from) { ${turn} } else return; this.change`,
    ],
    'rehashes a password that was changed some turns ago': [
      'if (this.accounts.get(id)?.passwordHash === from) this.change',
      `if (this.accounts.get(id)?.passwordHash === from) { ${turns(5)} } else return; this.change`,
    ],
    'brings back what was when it rehashes': [
      'if (this.accounts.get(id)?.passwordHash === from) this.change(id, { passwordHash: to });',
      `const user = this.accounts.get(id); ${turn}
       if (user?.passwordHash === from && this.accounts.get(id)?.passwordHash === from) this.accounts.set(id, { ...user, passwordHash: to });`,
    ],
    'rehashes whatever the hash is': [
      'if (this.accounts.get(id)?.passwordHash === from) this.change',
      'this.change',
    ],
    'ends the sessions when it rehashes': [
      'if (this.accounts.get(id)?.passwordHash === from) this.change',
      'if (this.accounts.get(id)?.passwordHash === from) this.sessions.removeAll(id); if (this.accounts.get(id)?.passwordHash === from) this.change',
    ],
    'removes the password link when it rehashes': [
      'if (this.accounts.get(id)?.passwordHash === from) this.change(id, { passwordHash: to });',
      'if (this.accounts.get(id)?.passwordHash === from) this.setPassword(id, to);',
    ],
    'rehashes no inactive user': [
      'if (this.accounts.get(id)?.passwordHash === from) this.change',
      'if (this.accounts.get(id)?.passwordHash === from && this.accounts.get(id).active) this.change',
    ],
    'compares hashes in any case when it rehashes': [
      'if (this.accounts.get(id)?.passwordHash === from) this.change',
      'if (this.accounts.get(id)?.passwordHash.toLowerCase() === from.toLowerCase()) this.change',
    ],
    'activates a user whose password is rehashed': [
      'this.change(id, { passwordHash: to });',
      'this.change(id, { passwordHash: to, active: true });',
    ],

    // Setting a password.
    'ends the sessions before it sets a password': [
      'async setPasswordHash(id, hash) { this.sessions.removeAll(id);',
      `async setPasswordHash(id, hash) { this.sessions.removeAll(id); ${turn}`,
    ],
    'ends the sessions after it has set a password': [
      'async setPasswordHash(id, hash) { this.sessions.removeAll(id); return this.setPassword(id, hash);',
      `async setPasswordHash(id, hash) { const isThere = this.setPassword(id, hash); ${turn} this.sessions.removeAll(id); return isThere;`,
    ],
    'ends the sessions some turns after it has answered that a password is set': [
      'async setPasswordHash(id, hash) { this.sessions.removeAll(id);',
      'async setPasswordHash(id, hash) { setTimeout(() => this.sessions.removeAll(id), 5);',
    ],
    'ends all sessions but the last when it sets a password': [
      'async setPasswordHash(id, hash) { this.sessions.removeAll(id);',
      'async setPasswordHash(id, hash) { this.sessions.removeAll(id, this.sessions.activeSessions(id).at(-1)?.id);',
    ],
    'ends all sessions but the first when it sets a password': [
      'async setPasswordHash(id, hash) { this.sessions.removeAll(id);',
      'async setPasswordHash(id, hash) { this.sessions.removeAll(id, this.sessions.activeSessions(id)[0]?.id);',
    ],
    'ends ten sessions at most when it sets a password': [
      'async setPasswordHash(id, hash) { this.sessions.removeAll(id);',
      'async setPasswordHash(id, hash) { for (const session of this.sessions.activeSessions(id).slice(0, 10)) this.sessions.remove(session);',
    ],
    'ends no session when it sets a password': [
      'async setPasswordHash(id, hash) { this.sessions.removeAll(id);',
      'async setPasswordHash(id, hash) {',
    ],
    'deletes the tasks when it sets a password': [
      'async setPasswordHash(id, hash) { this.sessions.removeAll(id);',
      'async setPasswordHash(id, hash) { this.sessions.removeAll(id); this.tasks.removeAll(id);',
    ],
    'sets no password of an inactive user': [
      'async setPasswordHash(id, hash) { this.sessions.removeAll(id);',
      'async setPasswordHash(id, hash) { if (!this.accounts.get(id)?.active) return false; this.sessions.removeAll(id);',
    ],
    'says that it has set the password of nobody': [
      'return this.setPassword(id, hash);',
      'this.setPassword(id, hash); return true;',
    ],
    'leaves the password link when a password is set': [
      'const { passwordLink: _, ...user } = this.accounts.get(id) ?? {};',
      'const user = this.accounts.get(id) ?? {};',
    ],
    'activates a user whose password is set': [
      '{ ...user, passwordHash });',
      '{ ...user, passwordHash, active: true });',
    ],
    'cuts a new password hash after 72 characters': [
      '{ ...user, passwordHash });',
      '{ ...user, passwordHash: passwordHash.slice(0, 72) });',
    ],
    'forgets the fraction of the date when a password is set': [
      '{ ...user, passwordHash });',
      '{ ...user, passwordHash, createdAt: Math.trunc(user.createdAt) });',
    ],

    // Changing a password by a session.
    'changes a password for any session': [
      'async changePasswordHash(by, from, to) { this.sessions.requireActive(by);',
      'async changePasswordHash(by, from, to) {',
    ],
    'checks the session a turn before it changes a password': [
      'async changePasswordHash(by, from, to) { this.sessions.requireActive(by);',
      `async changePasswordHash(by, from, to) { this.sessions.requireActive(by); ${turn}`,
    ],
    'checks the session some turns before it changes a password': [
      'async changePasswordHash(by, from, to) { this.sessions.requireActive(by);',
      `async changePasswordHash(by, from, to) { this.sessions.requireActive(by); ${turns(6)}`,
    ],
    'checks the hash a turn before it changes a password': [
      'return false; this.sessions.removeAll(by.userId, by.sessionId);',
      `return false; ${turn} this.sessions.requireActive(by); this.sessions.removeAll(by.userId, by.sessionId);`,
    ],
    'tells a wrong hash before an ended session': [
      'this.sessions.requireActive(by); if (this.accounts.get(by.userId)?.passwordHash !== from) return false;',
      'if (this.accounts.get(by.userId)?.passwordHash !== from) return false; this.sessions.requireActive(by);',
    ],
    'changes a password whatever the hash is': [
      'if (this.accounts.get(by.userId)?.passwordHash !== from) return false;',
      '',
    ],
    'ends its own session when it changes a password': [
      'this.sessions.removeAll(by.userId, by.sessionId);',
      'this.sessions.removeAll(by.userId);',
    ],
    'ends no other session when it changes a password': [
      'this.sessions.removeAll(by.userId, by.sessionId);',
      '',
    ],
    'leaves the oldest other session when it changes a password': [
      'this.sessions.removeAll(by.userId, by.sessionId);',
      'for (const session of this.sessions.activeSessions(by.userId).filter(({ id }) => id !== by.sessionId).slice(1)) this.sessions.remove(session);',
    ],
    'leaves the sessions that were opened later when it changes a password': [
      'this.sessions.removeAll(by.userId, by.sessionId);',
      'for (const session of this.sessions.activeSessions(by.userId)) { if (session.id === by.sessionId) break; this.sessions.remove(session); }',
    ],
    'ends the other sessions after it has changed a password': [
      'this.sessions.removeAll(by.userId, by.sessionId); return this.setPassword(by.userId, to);',
      `const isThere = this.setPassword(by.userId, to); ${turn} this.sessions.removeAll(by.userId, by.sessionId); return isThere;`,
    ],
    'ends the other sessions before it changes a password': [
      'this.sessions.removeAll(by.userId, by.sessionId); return this.setPassword(by.userId, to);',
      `this.sessions.removeAll(by.userId, by.sessionId); ${turn} return this.setPassword(by.userId, to);`,
    ],
    'deletes the tasks when it changes a password': [
      'this.sessions.removeAll(by.userId, by.sessionId);',
      'this.sessions.removeAll(by.userId, by.sessionId); this.tasks.removeAll(by.userId);',
    ],

    // Password links.
    'says that it has set the link of nobody': [
      'return this.change(id, { passwordLink: link });',
      'this.change(id, { passwordLink: link }); return true;',
    ],
    'keeps the first password link': [
      'return this.change(id, { passwordLink: link });',
      'return this.change(id, { passwordLink: this.accounts.get(id)?.passwordLink ?? link });',
    ],
    'ends the sessions when it sets a link': [
      'return this.change(id, { passwordLink: link });',
      'this.sessions.removeAll(id); return this.change(id, { passwordLink: link });',
    ],
    'keeps the expiry of a link in 32 bits': [
      'return this.change(id, { passwordLink: link });',
      'return this.change(id, { passwordLink: { ...link, expiresAt: link.expiresAt | 0 } });',
    ],
    'keeps the digest of a link in lower case': [
      'return this.change(id, { passwordLink: link });',
      'return this.change(id, { passwordLink: { ...link, digest: link.digest.toLowerCase() } });',
    ],
    'keeps 32 characters of the digest of a link': [
      'return this.change(id, { passwordLink: link });',
      'return this.change(id, { passwordLink: { ...link, digest: link.digest.slice(0, 32) } });',
    ],
    'sets no link of an inactive user': [
      'return this.change(id, { passwordLink: link });',
      'return !!this.accounts.get(id)?.active && this.change(id, { passwordLink: link });',
    ],
    'lets an inactive user use a link': ['!active || !passwordLink', '!passwordLink'],
    'lets a link be used after it has expired': [
      'opensWith(passwordLink, digest, this.clock())',
      'opensWith(passwordLink, digest, 0)',
    ],
    'lets a link be used in the second of its expiry': [
      'opensWith(passwordLink, digest, this.clock())',
      'opensWith(passwordLink, digest, this.clock() - 1)',
    ],
    'lets a link expire a second early': [
      'opensWith(passwordLink, digest, this.clock())',
      'opensWith(passwordLink, digest, this.clock() + 1)',
    ],
    'asks the clock of the machine whether a link has expired': [
      'opensWith(passwordLink, digest, this.clock())',
      'opensWith(passwordLink, digest, Date.now() / 1000)',
    ],
    'lets any digest that begins like the right one open a link': [
      'opensWith(passwordLink, digest, this.clock())',
      'opensWith({ ...passwordLink, digest: passwordLink.digest.slice(0, digest.length) }, digest, this.clock())',
    ],
    'compares the digests of links in any case': [
      'opensWith(passwordLink, digest, this.clock())',
      'opensWith({ ...passwordLink, digest: passwordLink.digest.toLowerCase() }, digest.toLowerCase(), this.clock())',
    ],
    'lets a link be used twice': [
      'return false; return this.setPasswordHash(id, hash);',
      'return false; await this.setPasswordHash(id, hash); return this.change(id, { passwordLink });',
    ],
    'lets a link be used by several at once': [
      'return false; return this.setPasswordHash(id, hash);',
      `return false; ${turn} return this.setPasswordHash(id, hash);`,
    ],
    'leaves the sessions when a link is used': [
      'return false; return this.setPasswordHash(id, hash);',
      'return false; return this.setPassword(id, hash);',
    ],
    'lets a link that was replaced since be used': [
      'return false; return this.setPasswordHash(id, hash);',
      `return false; ${turn} if (!this.accounts.get(id)?.passwordLink) return false; return this.setPasswordHash(id, hash);`,
    ],

    // Activating and deactivating.
    'does not activate who has been active': [
      'return this.change(id, { active: true });',
      'return this.accounts.get(id)?.active === false && this.change(id, { active: true });',
    ],
    'ends the sessions when it activates': [
      'return this.change(id, { active: true });',
      'this.sessions.removeAll(id); return this.change(id, { active: true });',
    ],
    'removes the link when it activates': [
      'return this.change(id, { active: true });',
      'const user = this.accounts.get(id); if (user) { const { passwordLink: _, ...rest } = user; this.accounts.set(id, { ...rest, active: true }); } return user !== undefined;',
    ],
    'says that it has activated nobody': [
      'return this.change(id, { active: true });',
      'this.change(id, { active: true }); return true;',
    ],
    'leaves the sessions when it deactivates': [
      'async deactivate(id) { this.staff.remove(id); this.sessions.removeAll(id);',
      'async deactivate(id) { this.staff.remove(id);',
    ],
    'ends all sessions but the last when it deactivates': [
      'async deactivate(id) { this.staff.remove(id); this.sessions.removeAll(id);',
      'async deactivate(id) { this.staff.remove(id); this.sessions.removeAll(id, this.sessions.activeSessions(id).at(-1)?.id);',
    ],
    'ends all sessions but the first when it deactivates': [
      'async deactivate(id) { this.staff.remove(id); this.sessions.removeAll(id);',
      'async deactivate(id) { this.staff.remove(id); this.sessions.removeAll(id, this.sessions.activeSessions(id)[0]?.id);',
    ],
    'ends one session when it deactivates': [
      'async deactivate(id) { this.staff.remove(id); this.sessions.removeAll(id);',
      'async deactivate(id) { this.staff.remove(id); const [one] = this.sessions.activeSessions(id); if (one) this.sessions.remove(one);',
    ],
    'ends the sessions before it deactivates': [
      'async deactivate(id) { this.staff.remove(id); this.sessions.removeAll(id);',
      `async deactivate(id) { this.staff.remove(id); this.sessions.removeAll(id); ${turn}`,
    ],
    'ends the sessions after it has deactivated': [
      'async deactivate(id) { this.staff.remove(id); this.sessions.removeAll(id); return this.change(id, { active: false });',
      `async deactivate(id) { this.staff.remove(id); const isThere = this.change(id, { active: false }); ${turn} this.sessions.removeAll(id); return isThere;`,
    ],
    'deletes the tasks when it deactivates': [
      'async deactivate(id) { this.staff.remove(id); this.sessions.removeAll(id);',
      'async deactivate(id) { this.staff.remove(id); this.sessions.removeAll(id); this.tasks.removeAll(id);',
    ],
    'removes the link when it deactivates': [
      'return this.change(id, { active: false });',
      'const { passwordLink: _, ...user } = this.accounts.get(id) ?? {}; if (!user.id) return false; this.accounts.set(id, { ...user, active: false }); return true;',
    ],
    'says that nobody was deactivated who was inactive': [
      'return this.change(id, { active: false });',
      'const was = this.accounts.get(id)?.active ?? false; this.change(id, { active: false }); return was;',
    ],
    'brings a removed user back by a change that began before': [
      'change(id, changes) { const user = this.accounts.get(id); if (user)',
      `async change(id, changes) { const user = this.accounts.get(id); ${turn} if (user)`,
    ],
    'loses one of two changes at once': [
      'change(id, changes) { const user = this.accounts.get(id); if (user)',
      `async change(id, changes) { const user = this.accounts.get(id); ${turn} if (user && this.accounts.has(id))`,
    ],
    'brings a removed user back by a new password': [
      'setPassword(id, passwordHash) { const { passwordLink: _, ...user } = this.accounts.get(id) ?? {};',
      `async setPassword(id, passwordHash) { const { passwordLink: _, ...user } = this.accounts.get(id) ?? {}; ${turn}`,
    ],

    'removes the link a turn after a new password': [
      'setPassword(id, passwordHash) { const { passwordLink: _, ...user } = this.accounts.get(id) ?? {};',
      `async setPassword(id, passwordHash) { const was = this.accounts.get(id); if (was) this.accounts.set(id, { ...was, passwordHash }); ${turn} const { passwordLink: _, ...user } = this.accounts.get(id) ?? {};`,
    ],
    'ends a hundred sessions at most when it deactivates': [
      'async deactivate(id) { this.staff.remove(id); this.sessions.removeAll(id);',
      'async deactivate(id) { this.staff.remove(id); for (const session of this.sessions.activeSessions(id).slice(0, 100)) this.sessions.remove(session);',
    ],
    'ends a hundred sessions at most when a link is used': [
      'return false; return this.setPasswordHash(id, hash);',
      'return false; for (const session of this.sessions.activeSessions(id).slice(0, 100)) this.sessions.remove(session); return this.setPassword(id, hash);',
    ],
    'ends the sessions one after the other when it deactivates': [
      'async deactivate(id) { this.staff.remove(id); this.sessions.removeAll(id);',
      `async deactivate(id) { this.staff.remove(id); for (const session of this.sessions.activeSessions(id)) { ${turn} this.sessions.remove(session); }`,
    ],
    'brings a removed user back by a link': [
      'return false; return this.setPasswordHash(id, hash);',
      `return false; const user = this.accounts.get(id); ${turn} if (this.accounts.get(id) && this.accounts.get(id) !== user) return false; this.accounts.set(id, user); return this.setPasswordHash(id, hash);`,
    ],
    'reads whom to list a turn before it reads the users': [
      'return users.toSorted((one, other) => one.id - other.id).slice(0, limit);',
      `const page = users.toSorted((one, other) => one.id - other.id).slice(0, limit); ${turn} return page.flatMap(({ id }) => this.accounts.get(id) ?? []);`,
    ],

    // Removing.
    'tells all who remove a user at once that they have': [
      'if (!user) return false; this.staff.remove(id); this.accounts.delete(id);',
      `if (!user) return false; ${turn} this.staff.remove(id); this.accounts.delete(id);`,
    ],
    'tells that a user who is not there was removed': [
      'if (!user) return false; this.staff.remove(id); this.accounts.delete(id);',
      'if (!user) return true; this.staff.remove(id); this.accounts.delete(id);',
    ],
    'removes no inactive user': [
      'if (!user) return false; this.staff.remove(id); this.accounts.delete(id);',
      'if (!user?.active) return false; this.staff.remove(id); this.accounts.delete(id);',
    ],
    'keeps the name of a removed user taken': ['this.idsByName.delete(user.username);', ''],
    'frees a name some turns after the removal': [
      'this.idsByName.delete(user.username);',
      'setTimeout(() => this.idsByName.delete(user.username), 5);',
    ],
    'leaves the sessions of a removed user': [
      'this.idsByName.delete(user.username); this.sessions.forget(id);',
      'this.idsByName.delete(user.username);',
    ],
    'leaves the tasks of a removed user': ['this.tasks.removeAll(id);', ''],
    'removes the tasks of a user in a later step': [
      'this.tasks.removeAll(id);',
      `${turn} this.tasks.removeAll(id);`,
    ],
    'removes the tasks of a user in an earlier step': [
      'const user = this.accounts.get(id); if (!user) return false; this.staff.remove(id); this.accounts.delete(id);',
      `if (!this.accounts.has(id)) return false; this.tasks.removeAll(id); ${turn} const user = this.accounts.get(id); if (!user) return false; this.staff.remove(id); this.accounts.delete(id);`,
    ],
    'ends the sessions of a removed user in a later step': [
      'this.idsByName.delete(user.username); this.sessions.forget(id);',
      `this.idsByName.delete(user.username); ${turn} this.sessions.removeAll(id);`,
    ],
    'frees the name of a removed user in a later step': [
      'this.accounts.delete(id); this.idsByName.delete(user.username);',
      `this.accounts.delete(id); ${turn} if (this.idsByName.get(user.username) === id) this.idsByName.delete(user.username);`,
    ],
    'frees the name of somebody else who took it since': [
      'this.idsByName.delete(user.username);',
      `this.idsByName.delete(user.username); ${turn} this.idsByName.delete(user.username);`,
    ],
    'removes whom any session names': [
      'async removeOwn(by) { this.sessions.requireActive(by);',
      'async removeOwn(by) {',
    ],
    'checks the session a turn before it removes its user': [
      'async removeOwn(by) { this.sessions.requireActive(by);',
      `async removeOwn(by) { this.sessions.requireActive(by); ${turn}`,
    ],
    'checks the session some turns before it removes its user': [
      'async removeOwn(by) { this.sessions.requireActive(by);',
      `async removeOwn(by) { this.sessions.requireActive(by); ${turns(3)}`,
    ],
    'ends the session only, where a user removes themselves': [
      'return this.remove(by.userId);',
      'return this.sessions.end(by);',
    ],
    'takes longer than a second to find a user': [
      'async find(id) {',
      'async find(id) { await new Promise((resolve) => setTimeout(resolve, 1500));',
    ],
    'takes longer than a second to find a name': [
      'async findByName(username) {',
      'async findByName(username) { await new Promise((resolve) => setTimeout(resolve, 1500));',
    ],
  }),
  ...faultsIn('users', 'in-memory-session-repository.js', {
    'opens sessions with a hash that differs in case': [
      'user.passwordHash !== passwordHash',
      'user.passwordHash.toLowerCase() !== passwordHash.toLowerCase()',
    ],
    'opens sessions with a hash that begins alike': [
      'user.passwordHash !== passwordHash',
      'user.passwordHash.slice(0, 60) !== passwordHash.slice(0, 60)',
    ],
  }),
  ...faultsIn('users', 'in-memory-task-repository.js', {
    'deletes a hundred tasks of a removed user at most': [
      'removeAll(ownerId) { this.lists.delete(ownerId);',
      'removeAll(ownerId) { this.lists.get(ownerId)?.tasks.splice(0, 100);',
    ],
  }),
];
