import { faultsIn } from '../fault.js';
import { turn, turns } from './turns.js';

/** Faults that the contract of sessions must find. */
export const sessionsFaults = faultsIn('sessions', 'in-memory-session-repository.js', {
  'compares the times of the last use as texts': [
    'one.lastUsedAt - other.lastUsedAt',
    'one.lastUsedAt.toString().localeCompare(other.lastUsedAt.toString())',
  ],
  'counts limits of sessions in 32 bits': ['limit + 1));', '(limit === Infinity ? limit : limit | 0) + 1));'],
  'changes the session that it is given': [
    'async open(session, passwordHash, limit) {',
    'async open(session, passwordHash, limit) { session.limit = limit;',
  ],
  'keeps in mind which sessions it has not found': [
    'async find(session) {',
    'async find(session) { const missed = (this.missed ??= new Set()); if (missed.has(session.sessionId)) return undefined; if (!this.active(session)) missed.add(session.sessionId);',
  ],
  'remembers the first end of all sessions only': [
    'this.endedAt.set(userId, this.clock());',
    'if (!this.endedAt.has(userId)) this.endedAt.set(userId, this.clock());',
  ],
  'adopts again what has ended with all other sessions': [
    'this.endedAt.set(userId, this.clock());',
    'this.endedAt.set(userId, this.clock()); for (const { id } of this.sessionsOf(userId)) this.adopted.delete(id);',
  ],
  'forgets after a week which sessions it has adopted': [
    'session.current.expiresAt - now);',
    'Math.min(session.current.expiresAt - now, 604_800));',
  ],
  'refuses all tokens after a logout': [
    'async end(ref) { const session = this.active(ref);',
    'async end(ref) { const session = this.active(ref); if (session) this.endedAt.set(ref.userId, this.clock());',
  ],
  'refuses all tokens after a sign-in over the limit': [
    'for (const leastUsed of ended)',
    'if (ended.length > 0) this.endedAt.set(user.id, this.clock()); for (const leastUsed of ended)',
  ],
  'refuses all tokens after one that was reused': [
    "if (rotation.outcome === 'reused') {",
    "if (rotation.outcome === 'reused') { this.endedAt.set(ref.userId, this.clock());",
  ],

  // Opening.
  'opens sessions of inactive users': ['!user?.active || user.passwordHash', '!user || user.passwordHash'],
  'opens sessions with any hash': ['!user?.active || user.passwordHash !== passwordHash', '!user?.active'],
  'checks the user a turn before it opens the session': [
    'return undefined; const held',
    `return undefined; ${turn} const held`,
  ],
  'checks the user some turns before it opens the session': [
    'return undefined; const held',
    `return undefined; ${turns(5)} const held`,
  ],
  'counts the sessions a turn before it opens one': [
    'for (const leastUsed of ended)',
    `${turn} if (!this.accounts.get(user.id)?.active || this.accounts.get(user.id).passwordHash !== passwordHash) return undefined; for (const leastUsed of ended)`,
  ],
  'opens the session a turn before it ends those over the limit': [
    'for (const leastUsed of ended) this.remove(leastUsed); this.insert(session);',
    `this.insert(session); ${turn} for (const leastUsed of ended) this.remove(leastUsed);`,
  ],
  'keeps one session too many': ['held.length - limit + 1', 'held.length - limit'],
  'keeps one session too few': ['held.length - limit + 1', 'held.length - limit + 2'],
  'ends one session over the limit at most': [
    'const ended = held.slice(0, Math.max(0, held.length - limit + 1));',
    'const ended = held.slice(0, Math.max(0, Math.min(1, held.length - limit + 1)));',
  ],
  'ends the session that was opened first over the limit': [
    'const held = this.activeSessions(user.id).toSorted((one, other) => one.lastUsedAt - other.lastUsedAt);',
    'const held = this.activeSessions(user.id);',
  ],
  'ends the most recently used sessions over the limit': [
    'one.lastUsedAt - other.lastUsedAt',
    'other.lastUsedAt - one.lastUsedAt',
  ],
  'ends any of the sessions that were last used in one second': [
    'one.lastUsedAt - other.lastUsedAt',
    'one.lastUsedAt - other.lastUsedAt || (one.id < other.id ? -1 : 1)',
  ],
  'ends the session that was opened last among those last used in one second': [
    'const held = this.activeSessions(user.id).toSorted',
    'const held = this.activeSessions(user.id).toReversed().toSorted',
  ],
  'counts expired sessions for the limit': [
    'const held = this.activeSessions(user.id).toSorted',
    'const held = this.sessionsOf(user.id).toSorted',
  ],
  'says that it has ended as many sessions as there were': ['return ended.length;', 'return held.length;'],
  'says that it has ended none': ['return ended.length;', 'return 0;'],
  'ends sessions although it opens none': [
    'this.dropExpired(); const user = this.accounts.get(session.userId);',
    'this.dropExpired(); const user = this.accounts.get(session.userId); for (const one of this.activeSessions(session.userId).slice(0, Math.max(0, this.activeSessions(session.userId).length - limit + 1))) this.remove(one);',
  ],
  'opens fifty sessions at most': ['limit + 1));', 'Math.min(limit, 50) + 1));'],
  'does not know how many sessions Infinity is': ['limit + 1));', '(limit === Infinity ? 0 : limit) + 1));'],
  'drops the address of a session': [
    'this.sessions.set(session.id, session); const ids',
    'const { address: _, ...rest } = session; this.sessions.set(session.id, rest); const ids',
  ],
  'cuts the address of a session after 15 characters': [
    'this.sessions.set(session.id, session); const ids',
    'this.sessions.set(session.id, session.address === undefined ? session : { ...session, address: session.address.slice(0, 15) }); const ids',
  ],
  'cuts the id of a session after 32 characters': [
    'this.sessions.set(session.id, session); const ids',
    'this.sessions.set(session.id, { ...session, id: session.id.slice(0, 32) }); const ids',
    'the ids of sessions have 32 characters',
  ],
  'keeps 31 characters of the id of a session': [
    'const session = this.sessions.get(sessionId); return',
    'const session = this.sessions.get(sessionId) ?? [...this.sessions.values()].find(({ id }) => id.slice(0, 31) === sessionId.slice(0, 31)); return',
  ],
  'keeps the expiry of a session in 32 bits': [
    'this.sessions.set(session.id, session); const ids',
    'this.sessions.set(session.id, { ...session, current: { ...session.current, expiresAt: session.current.expiresAt | 0 } }); const ids',
  ],
  'takes the date of a session from its own clock': [
    'this.sessions.set(session.id, session); const ids',
    'this.sessions.set(session.id, { ...session, openedAt: Math.floor(this.clock()) }); const ids',
  ],
  'takes the last use of a session to be its opening': [
    'this.sessions.set(session.id, session); const ids',
    'this.sessions.set(session.id, { ...session, lastUsedAt: session.openedAt }); const ids',
  ],
  'adds an address that is undefined': [
    'this.sessions.set(session.id, session); const ids',
    'this.sessions.set(session.id, { ...session, address: session.address ?? null }); const ids',
  ],

  // Finding.
  'finds sessions of other users': ['session?.userId === userId && isUnexpired', 'session && isUnexpired'],
  'finds expired sessions': ['isUnexpired(session, this.clock()) ? session', 'true ? session'],
  'finds sessions in the second of their expiry': [
    'isUnexpired(session, this.clock()) ? session',
    'isUnexpired(session, this.clock() - 1) ? session',
  ],
  'finds sessions in the instant of their expiry': [
    'isUnexpired(session, this.clock()) ? session',
    'this.clock() <= session.current.expiresAt ? session',
  ],
  'lets sessions expire a second early': [
    'isUnexpired(session, this.clock()) ? session',
    'isUnexpired(session, this.clock() + 1) ? session',
  ],
  'lets sessions expire half a second early': [
    'isUnexpired(session, this.clock()) ? session',
    'isUnexpired(session, Math.round(this.clock())) ? session',
  ],
  'asks the clock of the machine whether a session has expired': [
    'isUnexpired(session, this.clock()) ? session',
    'isUnexpired(session, Date.now() / 1000) ? session',
  ],
  'lets sessions expire a day after their opening': [
    'isUnexpired(session, this.clock()) ? session',
    'isUnexpired(session, this.clock()) && this.clock() < session.openedAt + 86_400 ? session',
  ],
  'finds sessions by the first half of their id': [
    'const session = this.sessions.get(sessionId); return',
    'const session = this.sessions.get(sessionId) ?? [...this.sessions.values()].find(({ id }) => sessionId.length >= 7 && id.startsWith(sessionId.slice(0, 7))); return',
  ],
  'finds sessions by their id in any case': [
    'const session = this.sessions.get(sessionId); return',
    'const session = [...this.sessions.values()].find(({ id }) => id.toLowerCase() === sessionId.toLowerCase()); return',
  ],
  'finds a session some turns later than it was opened': [
    'this.insert(session); return ended.length;',
    'setTimeout(() => this.insert(session), 5); return ended.length;',
  ],
  'takes longer than a second to find a session': [
    'async find(session) {',
    'async find(session) { await new Promise((resolve) => setTimeout(resolve, 1500));',
  ],

  // Listing.
  'lists the sessions of others': ['async list(by) { this.requireActive(by);', 'async list(by) {'],
  'lists a hundred sessions at most': [
    'async list(by) { this.requireActive(by); return this.activeSessions(by.userId);',
    'async list(by) { this.requireActive(by); return this.activeSessions(by.userId).slice(0, 100);',
  ],
  'lists a hundred sessions at most to the operator': [
    'async listOf(userId) { return this.activeSessions(userId);',
    'async listOf(userId) { return this.activeSessions(userId).slice(0, 100);',
  ],
  'lists expired sessions': [
    'const active = this.sessionsOf(userId).filter((session) => isUnexpired(session, now));',
    'const active = this.sessionsOf(userId);',
  ],
  'lists expired sessions to the operator': [
    'async listOf(userId) { return this.activeSessions(userId);',
    'async listOf(userId) { return this.sessionsOf(userId);',
  ],
  'lists the sessions by their last use': [
    'return active.toSorted((one, other) => one.openedAt - other.openedAt);',
    'return active.toSorted((one, other) => one.lastUsedAt - other.lastUsedAt);',
  ],
  'lists the latest session first': [
    'return active.toSorted((one, other) => one.openedAt - other.openedAt);',
    'return active.toSorted((one, other) => other.openedAt - one.openedAt);',
  ],
  'lists sessions of one second by their ids': [
    'one.openedAt - other.openedAt)',
    'one.openedAt - other.openedAt || (one.id < other.id ? -1 : 1))',
  ],
  'lists a session that was rotated after those of the same second': [
    'this.sessions.set(session.id, rotation.session); return rotation.session;',
    'this.sessions.set(session.id, rotation.session); this.idsByUser.get(session.userId)?.delete(session.id); this.idsByUser.get(session.userId)?.add(session.id); return rotation.session;',
  ],
  'lists sessions in the order of the calls, not of the clocks': [
    'return active.toSorted((one, other) => one.openedAt - other.openedAt);',
    'return active;',
  ],
  'lists the others to a session, but not itself': [
    'async list(by) { this.requireActive(by); return this.activeSessions(by.userId);',
    'async list(by) { this.requireActive(by); return this.activeSessions(by.userId).filter(({ id }) => id !== by.sessionId);',
  ],
  'checks the session a turn before it lists': [
    'async list(by) { this.requireActive(by);',
    `async list(by) { this.requireActive(by); ${turn}`,
  ],

  // Touching.
  'brings a session back by a touch that began before its end': [
    'if (session && session.lastUsedAt < at) this.sessions.set',
    `if (session && session.lastUsedAt < at) { ${turn} } else return; this.sessions.set`,
  ],
  'brings a session back by a touch that began some turns before': [
    'if (session && session.lastUsedAt < at) this.sessions.set(session.id, { ...session, lastUsedAt: at });',
    `if (!session) return; ${turns(4)} this.insert({ ...session, lastUsedAt: Math.max(session.lastUsedAt, at) });`,
  ],
  'loses a rotation by a touch that began before': [
    'if (session && session.lastUsedAt < at) this.sessions.set(session.id, { ...session, lastUsedAt: at });',
    `${turn} if (session && this.active(ref) && session.lastUsedAt < at) this.sessions.set(session.id, { ...session, lastUsedAt: at });`,
  ],
  'loses the rotated-out tokens by a touch': [
    '{ ...session, lastUsedAt: at }',
    '{ ...session, lastUsedAt: at, rotatedOut: undefined }',
  ],
  'drops the rotated-out tokens by a touch': [
    'this.sessions.set(session.id, { ...session, lastUsedAt: at });',
    '{ const { rotatedOut: _, ...rest } = session; this.sessions.set(session.id, { ...rest, lastUsedAt: at }); }',
  ],
  'loses the rotated-out tokens by a touch that began before the rotation': [
    'if (session && session.lastUsedAt < at) this.sessions.set(session.id, { ...session, lastUsedAt: at });',
    `${turn} const now = this.active(ref); if (session && now && now.lastUsedAt < at) {
       const { rotatedOut: _, ...rest } = now; this.sessions.set(session.id, { ...rest, ...(session.rotatedOut && { rotatedOut: session.rotatedOut }), lastUsedAt: at }); }`,
  ],
  'drops the address by a touch': [
    'this.sessions.set(session.id, { ...session, lastUsedAt: at });',
    '{ const { address: _, ...rest } = session; this.sessions.set(session.id, { ...rest, lastUsedAt: at }); }',
  ],
  'moves the last use back by a touch': ['session && session.lastUsedAt < at', 'session'],
  'never touches a session': ['session && session.lastUsedAt < at', 'false'],
  'takes the time of a touch from its own clock': [
    'lastUsedAt: at }',
    'lastUsedAt: Math.floor(this.clock()) }',
  ],
  'prolongs a session by a touch': [
    'lastUsedAt: at }',
    'lastUsedAt: at, current: { ...session.current, expiresAt: Math.max(session.current.expiresAt, at + 3600) } }',
  ],
  'touches the sessions of others': [
    'async touch(ref, at) { const session = this.active(ref);',
    'async touch(ref, at) { const session = this.sessions.get(ref.sessionId);',
  ],
  'changes the order of opening by a touch': [
    'this.sessions.set(session.id, { ...session, lastUsedAt: at });',
    '{ this.remove(session); this.insert({ ...session, lastUsedAt: at }); }',
  ],

  'records a touch once a minute': ['session.lastUsedAt < at', 'session.lastUsedAt + 60 <= at'],
  'records a touch by the minute': ['lastUsedAt: at }', 'lastUsedAt: Math.floor(at / 60) * 60 }'],
  'counts the sessions of everybody for the limit': [
    'held.length - limit + 1',
    'Math.min(held.length, this.sessions.size - limit + 1)',
  ],
  'ends a hundred sessions over the limit at most': [
    'const ended = held.slice(0, Math.max(0, held.length - limit + 1));',
    'const ended = held.slice(0, Math.max(0, Math.min(100, held.length - limit + 1)));',
  ],

  // Rotating.
  'rotates a token twice for two at once': [
    'const rotation = rotate(session, request, this.clock());',
    `${turn} const rotation = rotate(session, request, this.clock());`,
  ],
  'brings a session back by a rotation': [
    'this.sessions.delete(session.id); this.sessions.set(session.id, rotation.session);',
    `${turn} this.insert(rotation.session);`,
  ],
  'rotates for several at once that look at the session again': [
    'const rotation = rotate(session, request, this.clock()); if',
    `const rotation = rotate(session, request, this.clock()); ${turn} if (!this.active(ref)) return 'gone'; if`,
  ],
  'does not end the session of a token that is reused': [
    `if (rotation.outcome === 'reused') { this.remove(session);`,
    `if (rotation.outcome === 'reused') {`,
  ],
  'ends all sessions of a user whose token is reused': [
    `if (rotation.outcome === 'reused') { this.remove(session);`,
    `if (rotation.outcome === 'reused') { this.removeAll(session.userId);`,
  ],
  'tells a reused token to be gone': [
    `this.remove(session); return 'reused';`,
    `this.remove(session); return 'gone';`,
  ],
  'rotates sessions of other users': [
    `async rotate(ref, request) { const session = this.active(ref);`,
    `async rotate(ref, request) { const session = this.sessions.get(ref.sessionId);`,
  ],
  'rotates by the clock of the machine': [
    'rotate(session, request, this.clock())',
    'rotate(session, request, Date.now() / 1000)',
  ],
  'rotates by whole seconds': [
    'rotate(session, request, this.clock())',
    'rotate(session, request, Math.floor(this.clock()))',
  ],
  'keeps the time of a rotation in whole seconds': [
    'this.sessions.set(session.id, rotation.session); return',
    `this.sessions.set(session.id, rotation.session.rotatedOut ? { ...rotation.session, rotatedOut: rotation.session.rotatedOut.map((each) => ({ ...each, rotatedAt: Math.floor(each.rotatedAt) })) } : rotation.session); return`,
  ],
  'keeps one rotated-out token': [
    'this.sessions.set(session.id, rotation.session); return',
    `this.sessions.set(session.id, rotation.session.rotatedOut ? { ...rotation.session, rotatedOut: rotation.session.rotatedOut.slice(-1) } : rotation.session); return`,
  ],
  'keeps 63 rotated-out tokens': [
    'this.sessions.set(session.id, rotation.session); return',
    `this.sessions.set(session.id, rotation.session.rotatedOut ? { ...rotation.session, rotatedOut: rotation.session.rotatedOut.slice(-63) } : rotation.session); return`,
  ],
  'keeps the old expiry of a session that is rotated': [
    'this.sessions.set(session.id, rotation.session); return',
    'this.sessions.set(session.id, { ...rotation.session, current: { ...rotation.session.current, expiresAt: session.current.expiresAt } }); return',
  ],
  'never shortens a session that is rotated': [
    'this.sessions.set(session.id, rotation.session); return',
    'this.sessions.set(session.id, { ...rotation.session, current: { ...rotation.session.current, expiresAt: Math.max(session.current.expiresAt, rotation.session.current.expiresAt) } }); return',
  ],
  'rotates without a grace time': [
    'rotate(session, request, this.clock())',
    'rotate(session, { ...request, grace: 0 }, this.clock())',
  ],
  'rotates with a grace time of ten seconds': [
    'rotate(session, request, this.clock())',
    'rotate(session, { ...request, grace: 10 }, this.clock())',
  ],
  'drops the address in a rotation': [
    'this.sessions.set(session.id, rotation.session); return',
    'const { address: _, ...rest } = rotation.session; this.sessions.set(session.id, rest); return',
  ],
  'returns the session as it was before the rotation': ['return rotation.session;', 'return session;'],
  'compares refresh tokens in any case': [
    'rotate(session, request, this.clock())',
    'rotate(session, request.presented.id.toLowerCase() === session.current.id.toLowerCase() ? { ...request, presented: session.current } : request, this.clock())',
  ],
  'compares 31 characters of refresh tokens': [
    'rotate(session, request, this.clock())',
    'rotate(session, request.presented.id.length > 31 && request.presented.id.slice(0, 31) === session.current.id.slice(0, 31) ? { ...request, presented: session.current } : request, this.clock())',
  ],

  'takes the time of a rotation from its own clock': [
    'this.sessions.set(session.id, rotation.session); return',
    'this.sessions.set(session.id, { ...rotation.session, lastUsedAt: Math.floor(this.clock()) }); return',
  ],
  'takes any session for the current one of the token': [
    'rotate(session, request, this.clock())',
    'rotate(session, { ...request, presented: session.current }, this.clock())',
  ],

  // Ending.
  'tells all who end a session at once that they have': [
    'async end(ref) { const session = this.active(ref); if (session)',
    `async end(ref) { const session = this.active(ref); ${turn} if (session)`,
  ],
  'tells that a session which is not there was ended': ['return session !== undefined;', 'return true;'],
  'ends a session some turns after it has said so': [
    'async end(ref) { const session = this.active(ref); if (session) this.remove(session);',
    'async end(ref) { const session = this.active(ref); if (session) setTimeout(() => this.remove(session), 5);',
  ],
  'ends sessions of other users': [
    'async end(ref) { const session = this.active(ref);',
    'async end(ref) { const session = this.sessions.get(ref.sessionId);',
  ],
  'tells that an expired session was ended': [
    'async end(ref) { const session = this.active(ref);',
    'async end(ref) { const session = this.sessionsOf(ref.userId).find(({ id }) => id === ref.sessionId);',
  ],
  'ends all sessions of a user who ends one': [
    'async end(ref) { const session = this.active(ref); if (session) this.remove(session);',
    'async end(ref) { const session = this.active(ref); if (session) this.removeAll(ref.userId);',
  ],
  'deletes the account with its last session': [
    'this.idsByUser.delete(session.userId);',
    'this.idsByUser.delete(session.userId), this.accounts.delete(session.userId);',
  ],
  'ends another session for any session': [
    'async endOther(by, sessionId) { this.requireActive(by);',
    'async endOther(by, sessionId) {',
  ],
  'checks the session a turn before it ends another': [
    'async endOther(by, sessionId) { this.requireActive(by);',
    `async endOther(by, sessionId) { this.requireActive(by); ${turn}`,
  ],
  'checks the session some turns before it ends another': [
    'async endOther(by, sessionId) { this.requireActive(by);',
    `async endOther(by, sessionId) { this.requireActive(by); ${turns(6)}`,
  ],
  'tells a missing session before an ended one': [
    'async endOther(by, sessionId) { this.requireActive(by);',
    'async endOther(by, sessionId) { if (!this.active({ userId: by.userId, sessionId })) return false; this.requireActive(by);',
  ],
  'ends another user’s session': [
    'return this.end({ userId: by.userId, sessionId });',
    'return this.end({ userId: this.sessions.get(sessionId)?.userId ?? 0, sessionId });',
  ],
  'lets a session not end itself': [
    'return this.end({ userId: by.userId, sessionId });',
    'return by.sessionId !== sessionId && this.end({ userId: by.userId, sessionId });',
  ],
  'lets two sessions that end each other wait for each other': [
    'async endOther(by, sessionId) { this.requireActive(by);',
    `async endOther(by, sessionId) { this.requireActive(by); this.locks ??= new Map();
     for (const id of [by.sessionId, sessionId]) {
       while (this.locks.has(id) && this.locks.get(id) !== by.sessionId) ${turn}
       this.locks.set(id, by.sessionId); ${turn}
     }
     for (const [id, holder] of this.locks) if (holder === by.sessionId) this.locks.delete(id);`,
  ],
  'rejects one of two sessions that end each other as a deadlock': [
    'async endOther(by, sessionId) { this.requireActive(by);',
    `async endOther(by, sessionId) { this.requireActive(by); this.locks ??= new Set();
     if (this.locks.has(sessionId)) throw new Error('deadlock'); this.locks.add(by.sessionId); ${turn} this.locks.delete(by.sessionId); this.requireActive(by);`,
  ],

  'says that it has ended another session that is not there': [
    'return this.end({ userId: by.userId, sessionId });',
    'await this.end({ userId: by.userId, sessionId }); return true;',
  ],
  'ends its own session where it should end another': [
    'return this.end({ userId: by.userId, sessionId });',
    'return this.end(by);',
  ],

  // Ending all.
  'ends all sessions for any session': ['async endAll(by) { this.requireActive(by);', 'async endAll(by) {'],
  'checks the session a turn before it ends all': [
    'async endAll(by) { this.requireActive(by);',
    `async endAll(by) { this.requireActive(by); ${turn}`,
  ],
  'ends all sessions but its own': ['this.removeAll(by.userId);', 'this.removeAll(by.userId, by.sessionId);'],
  'ends all sessions but the last': [
    'this.removeAll(by.userId);',
    'this.removeAll(by.userId, this.activeSessions(by.userId).toReversed().find(({ id }) => id !== by.sessionId)?.id);',
  ],
  'ends a hundred sessions where all should end': [
    'this.removeAll(by.userId);',
    'for (const session of this.activeSessions(by.userId).slice(0, 100)) this.remove(session);',
  ],
  'ends all sessions one after the other': [
    'this.removeAll(by.userId);',
    `for (const session of this.sessionsOf(by.userId)) { ${turn} this.remove(session); }`,
  ],
  'ends its own session first, then the others': [
    'this.removeAll(by.userId);',
    `await this.end(by); ${turn} this.removeAll(by.userId);`,
  ],
  'ends the other sessions first, then its own': [
    'this.removeAll(by.userId);',
    `this.removeAll(by.userId, by.sessionId); ${turn} this.removeAll(by.userId);`,
  ],
  'ends those sessions that were there some turns ago': [
    'this.removeAll(by.userId);',
    `const found = this.sessionsOf(by.userId); ${turns(2)} for (const session of found) this.remove(session);`,
  ],
  'ends all sessions of everybody': [
    'this.removeAll(by.userId);',
    'this.sessions.clear(); this.idsByUser.clear();',
  ],
  'ends the sessions for the operator one after the other': [
    'const { length } = this.activeSessions(userId); this.removeAll(userId);',
    `const { length } = this.activeSessions(userId); for (const session of this.sessionsOf(userId)) { ${turn} this.remove(session); }`,
  ],
  'tells the operator of expired sessions as well': [
    'const { length } = this.activeSessions(userId);',
    'const { length } = this.sessionsOf(userId);',
  ],
  'ends all sessions but one for the operator': [
    'const { length } = this.activeSessions(userId); this.removeAll(userId);',
    'const { length } = this.activeSessions(userId); this.removeAll(userId, this.activeSessions(userId).at(-1)?.id);',
  ],
  'tells all operators who end the sessions at once the same number': [
    'const { length } = this.activeSessions(userId);',
    `const { length } = this.activeSessions(userId); ${turn}`,
  ],

  // Dropping what has expired.
  'drops sessions that were opened before one that has expired': [
    'if (isUnexpired(session, now)) return; this.remove(session);',
    'if (isUnexpired(session, now + 60)) return; this.remove(session);',
  ],
  'drops every session that stands before an expired one': [
    'if (isUnexpired(session, now)) return; this.remove(session);',
    'if ([...this.sessions.values()].every((each) => isUnexpired(each, now))) return; this.remove(session);',
  ],

  // Adopting.
  'adopts the sessions of inactive users': [
    'isAdoptable(session, user, this.endedAt',
    'isAdoptable(session, { ...user, active: true }, this.endedAt',
  ],
  'adopts tokens that are older than the account': [
    'isAdoptable(session, user, this.endedAt',
    'isAdoptable(session, { ...user, createdAt: 0 }, this.endedAt',
  ],
  'refuses tokens from the second in which the account was made': [
    'isAdoptable(session, user, this.endedAt',
    'session.openedAt > user.createdAt && isAdoptable(session, user, this.endedAt',
  ],
  'adopts tokens from before an end of all sessions': ['this.endedAt.get(user.id), now', 'undefined, now'],
  'adopts tokens from the second of an end of all sessions': [
    'this.endedAt.get(user.id), now',
    '(this.endedAt.get(user.id) ?? 0) - 1, now',
  ],
  'refuses all tokens after an end of all sessions': [
    'this.endedAt.get(user.id), now',
    'this.endedAt.has(user.id) ? Infinity : undefined, now',
  ],
  'adopts expired tokens': ['this.endedAt.get(user.id), now)', 'this.endedAt.get(user.id), 0)'],
  'adopts a session again that has ended': [
    'const isKnown = this.adopted.get(session.id) || this.sessions.has(session.id);',
    'const isKnown = this.sessions.has(session.id);',
  ],
  'forgets after a minute which sessions it has adopted': [
    'this.adopted.set(session.id, true, session.current.expiresAt - now);',
    'this.adopted.set(session.id, true, 60);',
  ],
  'adopts a session in place of the one that was rotated': [
    'if (!user || isKnown || !isAdoptable',
    'if (this.sessions.has(session.id)) this.insert(session); if (!user || isKnown || !isAdoptable',
  ],
  'tells everybody who adopts a session that it has opened it': [
    'if (!user || isKnown || !isAdoptable(session, user, this.endedAt.get(user.id), now)) return false;',
    'if (isKnown) return true; if (!user || !isAdoptable(session, user, this.endedAt.get(user.id), now)) return false;',
  ],
  'looks whether a session was adopted some turns before it adopts it': [
    'this.adopted.set(session.id, true,',
    `${turns(3)} this.adopted.set(session.id, true,`,
  ],
  'adopts a session some turns after it was asked whether it may': [
    'this.adopted.set(session.id, true, session.current.expiresAt - now); this.insert(session);',
    `this.adopted.set(session.id, true, session.current.expiresAt - now); ${turns(3)} this.insert(session);`,
  ],
  'adopts a session of a user who was removed some turns ago': [
    'const now = this.clock(); const isKnown',
    `${turns(2)} const now = this.clock(); const isKnown`,
  ],
  'adopts a hundred sessions of a user at most': [
    'if (!user || isKnown || !isAdoptable',
    'if (!user || isKnown || this.sessionsOf(user.id).length >= 100 || !isAdoptable',
  ],
  'adopts a session with the time of the call': [
    'session.current.expiresAt - now); this.insert(session);',
    'session.current.expiresAt - now); this.insert({ ...session, openedAt: Math.floor(now) + 1, lastUsedAt: Math.floor(now) + 1 });',
  ],
  'refuses tokens after a rehashed password, too': [
    'this.endedAt.get(user.id), now',
    "this.endedAt.get(user.id) ?? (user.passwordHash === 'new' ? Infinity : undefined), now",
  ],
  'notes an end of all sessions only if it ends one': [
    'this.endedAt.set(userId, this.clock());',
    'if (this.sessionsOf(userId).length > 0) this.endedAt.set(userId, this.clock());',
  ],
  'notes no end of all sessions but one': [
    'this.endedAt.set(userId, this.clock());',
    'if (except === undefined) this.endedAt.set(userId, this.clock());',
  ],
});
