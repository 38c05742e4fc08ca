import { faultsIn } from '../fault.js';
import { turn } from './turns.js';

/** Faults that the contract of rate limits must find. */
export const attemptsFaults = [
  ...faultsIn('attempts', 'in-memory-rate-limiter.js', {
    'brings attempts back that were cleared while one was made': [
      'const attempt = countAttempt(before?.counted, limit, this.clock());',
      `const attempt = countAttempt(before?.counted, limit, this.clock()); if (!this.counting?.has(key)) { (this.counting ??= new Set()).add(key); ${turn} ${turn} this.counting.delete(key); }`,
    ],
    'lists a thousand keys in the order of words, and goes on by their letters': [
      'async listReached() {',
      'async listReached(next) { const all = this.counters.list().filter(([key, { subject }]) => subject && (next === undefined || key > next)).sort(([one], [other]) => one.localeCompare(other)); const part = all.slice(0, 1000); return { reached: part.map(([key, { counted, subject }]) => ({ key, subject, counted })), ...(all.length > 1000 && { next: part.at(-1)[0] }) };',
    ],
    'trusts a hundred keys': [
      'this.trusted.set(key, true, lifetime);',
      'this.trusted.set(key, true, lifetime); if (this.trusted.size > 100) this.trusted.delete(this.trusted.list()[0][0]);',
    ],

    'counts attempts a turn after it has looked for room': [
      'const attempt = countAttempt(',
      `${turn} const attempt = countAttempt(`,
    ],
    'counts attempts for which there is no room': [
      `if ('wait' in attempt) {`,
      `if ('wait' in attempt) { this.counters.change(key, (counter) => ({ ...counter, counted: { ...counter.counted, count: counter.counted.count + 1 } }));`,
    ],
    'never finds room': ['const { counted } = attempt;', 'const { counted } = attempt; return 1;'],
    'has room for one attempt more': [
      'countAttempt(before?.counted, limit, this.clock())',
      'countAttempt(before?.counted, { attempts: limit.attempts + 1, period: (limit.period * (limit.attempts + 1)) / limit.attempts }, this.clock())',
    ],
    'has room for one attempt less': [
      'countAttempt(before?.counted, limit, this.clock())',
      'countAttempt(before?.counted, { attempts: limit.attempts - 1, period: (limit.period * (limit.attempts - 1)) / limit.attempts }, this.clock())',
    ],
    'counts by whole seconds': [
      'countAttempt(before?.counted, limit, this.clock())',
      'countAttempt(before?.counted, limit, Math.floor(this.clock()))',
    ],
    'counts by the clock of the machine': [
      'countAttempt(before?.counted, limit, this.clock())',
      'countAttempt(before?.counted, limit, Date.now() / 1000)',
    ],
    'counts whole attempts': [
      'isReached ? { ...before, counted } : { counted }, limit.period',
      'isReached ? { ...before, counted: { ...counted, count: Math.ceil(counted.count) } } : { counted: { ...counted, count: Math.ceil(counted.count) } }, limit.period',
    ],
    'forgets the fraction of the attempts that are left': [
      'isReached ? { ...before, counted } : { counted }, limit.period',
      'isReached ? { ...before, counted: { ...counted, count: Math.floor(counted.count) } } : { counted: { ...counted, count: Math.floor(counted.count) } }, limit.period',
    ],
    'waits in whole seconds': ['return attempt.wait;', 'return Math.ceil(attempt.wait);'],
    'waits in milliseconds': ['return attempt.wait;', 'return attempt.wait * 1000;'],
    'says true where there is room': [
      '{ counted }, limit.period); return 0;',
      '{ counted }, limit.period); return true;',
    ],
    'forgets attempts when half the period is over': [
      '{ counted }, limit.period); return 0;',
      '{ counted }, limit.period / 2); return 0;',
    ],
    'forgets attempts a second before the period is over': [
      '{ counted }, limit.period); return 0;',
      '{ counted }, limit.period - 1); return 0;',
    ],
    'keeps counted attempts for twice the period': [
      '{ counted }, limit.period); return 0;',
      '{ counted }, limit.period * 2); return 0;',
      'the domain knows that they do not count',
    ],
    'counts attempts within fixed periods': [
      'countAttempt(before?.counted, limit, this.clock())',
      'countAttempt(before?.counted, limit, Math.floor(this.clock() / limit.period) * limit.period)',
    ],
    'keeps the keys in lower case': [
      'async consume(key, limit, subject) {',
      'async consume(key, limit, subject) { key = key.toLowerCase();',
    ],
    'counts for keys in any case': [
      'const before = this.counters.get(key);',
      'key = [...this.counters.entries.keys()].find((known) => known.toLowerCase() === key.toLowerCase()) ?? key; const before = this.counters.get(key);',
    ],
    'cuts keys after 64 characters': [
      'async consume(key, limit, subject) {',
      'async consume(key, limit, subject) { key = key.slice(0, 64);',
    ],
    'cuts keys after 128 characters': [
      'async consume(key, limit, subject) {',
      'async consume(key, limit, subject) { key = key.slice(0, 128);',
      'keys are shorter',
    ],
    'counts for keys that begin alike': [
      'const before = this.counters.get(key);',
      'key = [...this.counters.entries.keys()].find((known) => known.slice(0, 40) === key.slice(0, 40)) ?? key; const before = this.counters.get(key);',
    ],
    'ends keys at a blank': [
      'async consume(key, limit, subject) {',
      `async consume(key, limit, subject) { key = key.split(' ')[0];`,
    ],
    'takes * in keys for any text': [
      'async clear(key) { this.counters.delete(key);',
      `async clear(key) { const [start, end] = key.split('*'); for (const known of [...this.counters.entries.keys()]) if (end === undefined ? known === key : known.startsWith(start) && known.endsWith(end)) this.counters.delete(known);`,
    ],
    'takes longer than a second to count an attempt': [
      'async consume(key, limit, subject) {',
      'async consume(key, limit, subject) { await new Promise((resolve) => setTimeout(resolve, 1500));',
    ],

    // Subjects.
    'keeps the subject of every attempt': [
      'isReached ? { ...before, counted } : { counted }, limit.period',
      '{ ...before, subject, counted }, limit.period',
    ],
    'never keeps a subject': ['if (!before?.subject)', 'if (false)'],
    'keeps the last subject for which there was no room': [
      'if (!before?.subject)',
      'if (true)',
      'all attempts of a key have the same subject',
    ],
    'forgets the subject by the next attempt': [
      'isReached ? { ...before, counted } : { counted }, limit.period',
      '{ counted }, limit.period',
    ],
    'keeps the subject for ever': [
      'const isReached = before?.subject && counted.count > 1;',
      'const isReached = before?.subject;',
    ],
    'drops the network of a subject': [
      '(counter) => ({ ...counter, subject })',
      '(counter) => ({ ...counter, subject: { limit: subject.limit, username: subject.username } })',
    ],
    'cuts the name of a subject after 150 characters': [
      '(counter) => ({ ...counter, subject })',
      '(counter) => ({ ...counter, subject: subject.username === undefined ? subject : { ...subject, username: subject.username.slice(0, 150) } })',
    ],
    'cuts the name of a subject after 299 characters': [
      '(counter) => ({ ...counter, subject })',
      '(counter) => ({ ...counter, subject: subject.username === undefined ? subject : { ...subject, username: subject.username.slice(0, 299) } })',
    ],
    'keeps the name of a subject without emoji': [
      '(counter) => ({ ...counter, subject })',
      `(counter) => ({ ...counter, subject: subject.username === undefined ? subject : { ...subject, username: subject.username.replaceAll(/[\\u{10000}-\\u{10ffff}]/gu, '?') } })`,
    ],
    'trims the name of a subject': [
      '(counter) => ({ ...counter, subject })',
      `(counter) => ({ ...counter, subject: subject.username === undefined ? subject : { ...subject, username: subject.username.trim() } })`,
    ],
    'adds a name that is not there': [
      '(counter) => ({ ...counter, subject })',
      `(counter) => ({ ...counter, subject: { username: '', ...subject } })`,
    ],
    'lists a hundred subjects': ['return { reached };', 'return { reached: reached.slice(0, 100) };'],
    'lists a thousand subjects': ['return { reached };', 'return { reached: reached.slice(0, 1000) };'],
    'lists keys that have no subject': [
      '(subject ? [{ key, subject, counted }] : [])',
      '[{ key, subject, counted }]',
    ],
    'lists subjects without what was counted': [
      '[{ key, subject, counted }]',
      '[{ key, subject, counted: { count: 0, at: 0 } }]',
    ],
    'lists an earlier time of the attempts': [
      '[{ key, subject, counted }]',
      '[{ key, subject, counted: { ...counted, at: Math.floor(counted.at / 10) * 10 } }]',
    ],

    'always names a next part of the list': ['return { reached };', `return { reached, next: 'next' };`],
    'lists one subject for all keys': [
      '[{ key, subject, counted }]',
      '[{ key, subject: [...this.counters.list()].find(([, each]) => each.subject)[1].subject, counted }]',
    ],
    'lists each subject once': [
      'return { reached };',
      'return { reached: reached.filter((each, index) => reached.findIndex((other) => other.subject.limit === each.subject.limit) === index) };',
    ],

    // Giving back.
    'gives back nothing': ['counted: giveBackAttempt(counter.counted)', 'counted: counter.counted'],
    'gives back all attempts': [
      'counted: giveBackAttempt(counter.counted)',
      'counted: { ...counter.counted, count: 0 }',
    ],
    'gives back two attempts': [
      'giveBackAttempt(counter.counted)',
      'giveBackAttempt(giveBackAttempt(counter.counted))',
    ],
    'gives back more than there are': [
      'counted: giveBackAttempt(counter.counted)',
      'counted: { ...counter.counted, count: counter.counted.count - 1 }',
    ],
    'gives back a turn after it has looked': [
      'async giveBack(key) { this.counters.change(key, (counter) => ({ ...counter, counted: giveBackAttempt(counter.counted) }));',
      `async giveBack(key) { const counter = this.counters.get(key); ${turn} if (counter) this.counters.change(key, () => ({ ...counter, counted: giveBackAttempt(counter.counted) }));`,
    ],
    'brings cleared attempts back when one is given back': [
      'async giveBack(key) { this.counters.change(key, (counter) => ({ ...counter, counted: giveBackAttempt(counter.counted) }));',
      `async giveBack(key) { const counter = this.counters.get(key); ${turn} if (counter) this.counters.set(key, { ...counter, counted: giveBackAttempt(counter.counted) }, 60);`,
    ],
    'begins to count when an attempt is given back': [
      'async giveBack(key) {',
      'async giveBack(key) { if (!this.counters.get(key)) this.counters.set(key, { counted: { count: 2, at: this.clock() } }, 60);',
    ],
    'forgets the subject when an attempt is given back': [
      '({ ...counter, counted: giveBackAttempt(counter.counted) })',
      '({ counted: giveBackAttempt(counter.counted) })',
    ],

    // Clearing and trusting.
    'clears nothing': ['async clear(key) { this.counters.delete(key);', 'async clear(key) {'],
    'clears all keys': [
      'async clear(key) { this.counters.delete(key);',
      'async clear(key) { this.counters.entries.clear();',
    ],
    'clears the count, and leaves the subject': [
      'async clear(key) { this.counters.delete(key);',
      'async clear(key) { this.counters.change(key, (counter) => ({ ...counter, counted: { ...counter.counted, count: 0 } }));',
    ],
    'ends the trust when it clears': [
      'async clear(key) { this.counters.delete(key);',
      'async clear(key) { this.counters.delete(key); this.trusted.delete(key);',
    ],
    'clears some turns after it has said so': [
      'async clear(key) { this.counters.delete(key);',
      'async clear(key) { setTimeout(() => this.counters.delete(key), 5);',
    ],
    'keeps the attempts of a key that becomes trusted': [
      'this.counters.delete(key); this.trusted.set(key, true, lifetime);',
      'this.trusted.set(key, true, lifetime);',
    ],
    'trusts a key a turn after it has forgotten the attempts': [
      'this.counters.delete(key); this.trusted.set(key, true, lifetime);',
      `this.counters.delete(key); ${turn} this.trusted.set(key, true, lifetime);`,
    ],
    'forgets the attempts a turn after it trusts a key': [
      'this.counters.delete(key); this.trusted.set(key, true, lifetime);',
      `this.trusted.set(key, true, lifetime); ${turn} this.counters.delete(key);`,
    ],
    'trusts nobody': ['this.trusted.set(key, true, lifetime);', ''],
    'trusts everybody': ['return this.trusted.get(key) ?? false;', 'return this.trusted.size > 0;'],
    'does not prolong trust': [
      'this.trusted.set(key, true, lifetime);',
      'if (!this.trusted.get(key)) this.trusted.set(key, true, lifetime);',
    ],
    'does not shorten trust': [
      'this.trusted.set(key, true, lifetime);',
      'const { expiresAt = 0 } = this.trusted.entries.get(key) ?? {}; this.trusted.set(key, true, Math.max(lifetime, expiresAt - this.clock()));',
      'trust lasts equally long each time',
    ],
    'adds up trust': [
      'this.trusted.set(key, true, lifetime);',
      'const { expiresAt = this.clock() } = this.trusted.entries.get(key) ?? {}; this.trusted.set(key, true, lifetime + Math.max(0, expiresAt - this.clock()));',
    ],
    'trusts for ever': ['this.trusted.set(key, true, lifetime);', 'this.trusted.set(key, true, Infinity);'],
    'trusts a second too long': [
      'this.trusted.set(key, true, lifetime);',
      'this.trusted.set(key, true, lifetime + 1);',
    ],
    'trusts a second too short': [
      'this.trusted.set(key, true, lifetime);',
      'this.trusted.set(key, true, lifetime - 1);',
    ],
    'trusts for a day at most': [
      'this.trusted.set(key, true, lifetime);',
      'this.trusted.set(key, true, Math.min(lifetime, 86_400));',
    ],
    'counts no attempts of a trusted key': [
      'async consume(key, limit, subject) {',
      'async consume(key, limit, subject) { if (this.trusted.get(key)) return 0;',
    ],
    'answers with undefined where a key is not trusted': [
      'return this.trusted.get(key) ?? false;',
      'return this.trusted.get(key);',
    ],
    'trusts by the clock of the machine': [
      'this.trusted = new ExpiringMap(clock);',
      'this.trusted = new ExpiringMap(() => Date.now() / 1000);',
    ],
    'looks for trust in any case': [
      'return this.trusted.get(key) ?? false;',
      'return [...this.trusted.list()].some(([known]) => known.toLowerCase() === key.toLowerCase());',
    ],
    'looks for trust by the first 40 characters of the key': [
      'return this.trusted.get(key) ?? false;',
      'return [...this.trusted.list()].some(([known]) => known.slice(0, 40) === key.slice(0, 40));',
    ],
  }),
  ...faultsIn('attempts', 'expiring-map.js', {
    'prolongs attempts and trust by looking': [
      'const entry = this.entries.get(key); return entry && this.clock() < entry.expiresAt ? entry.value : undefined;',
      'const entry = this.entries.get(key); if (!entry || this.clock() >= entry.expiresAt) return undefined; this.entries.set(key, { ...entry, expiresAt: Math.max(entry.expiresAt, this.clock() + 60) }); return entry.value;',
    ],
    'lets trust expire a second late': [
      'return entry && this.clock() < entry.expiresAt ?',
      'return entry && this.clock() <= entry.expiresAt ?',
    ],
    'sweeps what has not expired': [
      'if (expiresAt <= now) this.entries.delete(key);',
      'this.entries.delete(key);',
    ],
    'keeps a thousand keys': [
      'if (this.entries.size >= this.sizeToSweepAt) this.sweep();',
      'if (this.entries.size >= 1000) this.entries.delete(this.entries.keys().next().value);',
    ],
    'sweeps at every key': [
      'if (this.entries.size >= this.sizeToSweepAt) this.sweep();',
      'this.sweep();',
      'what has expired is not found anyway',
    ],
  }),
];
