import { faultsIn } from '../fault.js';
import { turn } from './turns.js';

/** Keeps an argument in the object until the next turn, where another call meets it. */
const kept = (argument: string) =>
  `this.kept${argument} = ${argument}; ${turn} ${argument} = this.kept${argument};`;

/** Gives calls with the same key that are made at once the same result. */
const shared = (key: string, call: string) =>
  `const key = ${key}; const calls = (this.calls ??= new Map()); if (!calls.has(key)) calls.set(key, (async () => { ${turn} calls.delete(key); ${call} })()); return calls.get(key); }`;

/** Faults that the contract of calls at once must find. */
export const callersFaults = [
  ...faultsIn('calls at once', 'in-memory-task-repository.js', {
    'finds the task of whoever asks last': [
      'async find(session, id) {',
      `async find(session, id) { ${kept('session')}`,
    ],
    'finds the task that is asked for last': [
      'async find(session, id) {',
      `async find(session, id) { ${kept('id')}`,
    ],
    'lists the tasks of whoever asks last': [
      'async list(session, { after, limit }) {',
      `async list(session, { after, limit }) { ${kept('session')}`,
    ],
    'lists the page that is asked for last': [
      'async list(session, { after, limit }) {',
      `async list(session, { after, limit }) { ${kept('limit')}`,
    ],
    'sums up the tasks of whoever asks last': [
      'async summary(session) {',
      `async summary(session) { ${kept('session')}`,
    ],
    'sums up the tasks of the user whom the operator asks for last': [
      'async summaryOf(userId) {',
      `async summaryOf(userId) { ${kept('userId')}`,
    ],
    'creates tasks for whoever asks last': [
      'async create(session, draft, { limits, idempotency }) {',
      `async create(session, draft, { limits, idempotency }) { ${kept('session')}`,
    ],
    'creates the task that is sent last': [
      'async create(session, draft, { limits, idempotency }) {',
      `async create(session, draft, { limits, idempotency }) { ${kept('draft')}`,
    ],
    'refuses all that are created at once if one is refused': [
      'async create(session, draft, { limits, idempotency }) { this.sessions.requireActive(session);',
      `create(session, draft, options) { return (this.last = (this.last ?? Promise.resolve()).then(() => this.createOne(session, draft, options)).finally(() => setImmediate(() => (this.last = undefined)))); }
       async createOne(session, draft, { limits, idempotency }) { this.sessions.requireActive(session);`,
    ],
    'updates the task of whoever asks last': [
      'async update(session, id, changes, { maxBytes, expected }) {',
      `async update(session, id, changes, { maxBytes, expected }) { ${kept('session')}`,
    ],
    'makes the changes that are sent last': [
      'async update(session, id, changes, { maxBytes, expected }) {',
      `async update(session, id, changes, { maxBytes, expected }) { ${kept('changes')}`,
    ],
    'removes the task of whoever asks last': [
      'async remove(session, id, expected) {',
      `async remove(session, id, expected) { ${kept('session')}`,
    ],
    'gives a list to an ended session that another one has asked for': [
      'async list(session, { after, limit }) {',
      `list(session, { after, limit }) { ${shared('[session.userId, after, limit].join()', 'return this.listOne(session, { after, limit });')}
       async listOne(session, { after, limit }) {`,
    ],
    'gives the summary to an ended session that another one has asked for': [
      'async summary(session) {',
      `summary(session) { ${shared('session.userId', 'return this.summaryOne(session);')} async summaryOne(session) {`,
    ],
    'gives a page of another length that was asked for at the same time': [
      'async list(session, { after, limit }) {',
      `list(session, { after, limit }) { ${shared('[session.userId, session.sessionId, after].join()', 'return this.listOne(session, { after, limit });')}
       async listOne(session, { after, limit }) {`,
    ],
  }),
  ...faultsIn('calls at once', 'in-memory-user-repository.js', {
    'finds the user who is looked for last': ['async find(id) {', `async find(id) { ${kept('id')}`],
    'finds the name that is looked for last': [
      'async findByName(username) {',
      `async findByName(username) { ${kept('username')}`,
    ],
    'stores the hash that is set last': [
      'async setPasswordHash(id, hash) {',
      `async setPasswordHash(id, hash) { ${kept('hash')}`,
    ],
    'sets the password of the user who is named last': [
      'async setPasswordHash(id, hash) {',
      `async setPasswordHash(id, hash) { ${kept('id')}`,
    ],
    'changes the password of whoever asks last': [
      'async changePasswordHash(by, from, to) {',
      `async changePasswordHash(by, from, to) { ${kept('by')}`,
    ],
    'stores the rehashed password of another user': [
      'async replacePasswordHash(id, from, to) {',
      `async replacePasswordHash(id, from, to) { ${kept('to')}`,
    ],
    'sets the link that is made last': [
      'async setPasswordLink(id, link) {',
      `async setPasswordLink(id, link) { ${kept('link')}`,
    ],
    'removes the user who is named last': ['async remove(id) {', `async remove(id) { ${kept('id')}`],
    'deactivates the user who is named last': [
      'async deactivate(id) {',
      `async deactivate(id) { ${kept('id')}`,
    ],
  }),
  ...faultsIn('calls at once', 'in-memory-session-repository.js', {
    'finds the session of whoever asks last': [
      'async find(session) {',
      `async find(session) { ${kept('session')}`,
    ],
    'lists the sessions of whoever asks last': ['async list(by) {', `async list(by) { ${kept('by')}`],
    'lists the sessions of the user whom the operator asks for last': [
      'async listOf(userId) {',
      `async listOf(userId) { ${kept('userId')}`,
    ],
    'opens the session that is opened last': [
      'async open(session, passwordHash, limit) {',
      `async open(session, passwordHash, limit) { ${kept('session')}`,
    ],
    'gives one user the refresh token of another': [
      'async rotate(ref, request) {',
      `async rotate(ref, request) { ${kept('request')}`,
    ],
    'ends the session of whoever asks last': ['async end(ref) {', `async end(ref) { ${kept('ref')}`],
    'ends all sessions of whoever asks last': ['async endAll(by) {', `async endAll(by) { ${kept('by')}`],
    'ends all sessions of the user whom the operator names last': [
      'async endAllOf(userId) {',
      `async endAllOf(userId) { ${kept('userId')}`,
    ],
    'touches the session of whoever asks last': [
      'async touch(ref, at) {',
      `async touch(ref, at) { ${kept('ref')}`,
    ],
  }),
  ...faultsIn('calls at once', 'in-memory-staff-repository.js', {
    'authorises whoever asks last': ['async authorise(by) {', `async authorise(by) { ${kept('by')}`],
    'makes the user staff who is named last': [
      'async add(userId) {',
      `async add(userId) { ${kept('userId')}`,
    ],
    'takes the right from the user who is named last': [
      'async remove(userId) {',
      `async remove(userId) { ${kept('userId')}`,
    ],
    'does what is asked for last': ['async act(by, record) {', `async act(by, record) { ${kept('record')}`],
    'records what comes last': ['async record(record) {', `async record(record) { ${kept('record')}`],
    'returns the records before the id that is asked for last': [
      'async records({ before, limit }) {',
      `async records({ before, limit }) { ${kept('before')}`,
    ],
  }),
  ...faultsIn('calls at once', 'in-memory-rate-limiter.js', {
    'counts attempts for the key that is named last': [
      'async consume(key, limit, subject) {',
      `async consume(key, limit, subject) { ${kept('key')}`,
    ],
    'trusts the key that is named last': [
      'async trust(key, lifetime) {',
      `async trust(key, lifetime) { ${kept('key')}`,
    ],
    'tells whether the key is trusted that is named last': [
      'async isTrusted(key) {',
      `async isTrusted(key) { ${kept('key')}`,
    ],
  }),
];
