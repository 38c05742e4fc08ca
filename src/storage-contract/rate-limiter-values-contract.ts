import assert from 'node:assert/strict';
import type { LimitSubject, RateLimiter, ReachedLimit } from '../application/ports/rate-limiter.js';
import { concurrently, inOneStep, inPortions } from './concurrency.js';
import type { Suite } from './suite.js';

/** Room for four at once, and for one more every ten seconds. */
const limit = { attempts: 4, period: 40 };
const subject: LimitSubject = { limit: 'sign_in', network: '192.0.2.7', username: 'ada' };
const day = 86_400;

/** A key of a hundred characters, and keys that a storage may take for the same one. */
const key = `sign-in:${'aB-_*?.%[a]\\{b} '.repeat(6)}`.slice(0, 99) + 'x';
const others = [
  `${key.slice(0, -1)}y`,
  key.slice(0, -1),
  key.toLowerCase(),
  key.toUpperCase(),
  key.replaceAll('*', 'star'),
  key.replaceAll('?', 'x'),
  key.replaceAll('_', 'x'),
  key.replaceAll('%', ''),
  key.replaceAll('[a]', 'a'),
  key.replaceAll(' ', ''),
  `${key} `,
  'sign-in:',
  // What an object has by nature.
  'constructor',
  '__proto__',
];

/** What every storage promises of the texts and times of attempts. */
export function rateLimiterValuesContract({ it, open }: Suite): void {
  const openRateLimiter = async () => {
    const { storage, clock } = await open();
    return { rateLimiter: storage.rateLimiter, clock };
  };

  it('are those of one key, to the last of its hundred letters and in its case', async () => {
    const { rateLimiter } = await openRateLimiter();
    assert.equal(await roomFor(rateLimiter, key, 10), 4);
    for (const other of others) assert.equal(await roomFor(rateLimiter, other, 10), 4, other);
    for (const other of others) {
      await rateLimiter.giveBack(other);
      await rateLimiter.clear(other);
    }
    assert.equal(await roomFor(rateLimiter, key, 10), 0);
    await roomFor(rateLimiter, others[0] ?? '', 10);
    await rateLimiter.clear(key);
    assert.equal(await roomFor(rateLimiter, others[0] ?? '', 10), 0);
    assert.equal(await roomFor(rateLimiter, key, 10), 4);
  });

  it('lead to trust in one key only', async () => {
    const { rateLimiter } = await openRateLimiter();
    await rateLimiter.trust(key, 60);
    for (const other of others) assert.equal(await rateLimiter.isTrusted(other), false, other);
    assert.equal(await rateLimiter.isTrusted(key), true);
  });

  it('lead to trust for a month, and from the last time that it was gained', async () => {
    const { rateLimiter, clock } = await openRateLimiter();
    await rateLimiter.trust('key', 30 * day);
    clock.advance(20 * day);
    await rateLimiter.trust('key', 30 * day);
    clock.advance(30 * day - 1);
    assert.equal(await rateLimiter.isTrusted('key'), true);
    assert.equal(await rateLimiter.isTrusted('key'), true);
    clock.advance(1);
    assert.equal(await rateLimiter.isTrusted('key'), false);
  });

  it('lead to trust in as many keys as there are', async () => {
    const { rateLimiter } = await openRateLimiter();
    await inPortions(120, (index) => rateLimiter.trust(`key ${index}`, 60));
    const trusted = await inPortions(120, (index) => rateLimiter.isTrusted(`key ${index}`));
    assert.deepEqual(new Set(trusted), new Set([true]));
  });

  it('are forgotten in the step in which the key becomes trusted', async () => {
    const { rateLimiter } = await openRateLimiter();
    await roomFor(rateLimiter, 'key', 5);
    await inOneStep(() => rateLimiter.trust('key', 60), {
      'the trust': () => rateLimiter.isTrusted('key'),
      'the end of the attempts': async () => (await reachedBy(rateLimiter)).length === 0,
    });
  });

  it('are not forgotten before they no longer count', async () => {
    const { rateLimiter, clock } = await openRateLimiter();
    await roomFor(rateLimiter, 'key', 4);
    clock.advance(limit.period - 0.5);
    assert.equal(await roomFor(rateLimiter, 'key', 10), 3);
  });

  it('have all their room after one is given back that was never made', async () => {
    const { rateLimiter } = await openRateLimiter();
    await rateLimiter.giveBack('key');
    assert.equal(await roomFor(rateLimiter, 'key', 10), 4);
  });

  it('are listed as they are after some were given back', async () => {
    const { rateLimiter, clock } = await openRateLimiter();
    await roomFor(rateLimiter, 'key', 5);
    await rateLimiter.giveBack('key');
    const counted = { count: 3, at: clock.now() };
    assert.deepEqual(await reachedBy(rateLimiter), [{ key: 'key', subject, counted }]);
    await concurrently(5, () => rateLimiter.giveBack('key'));
    for (const reached of await reachedBy(rateLimiter)) assert.equal(reached.counted.count, 0);
  });

  const usernames = [
    'x'.repeat(300),
    '👍'.repeat(150),
    ' a\t',
    '\ufeffa\u200b',
    '',
    '0',
    'null',
    '\\u0041 "\\x',
    '\x01\x7f\x85',
  ];
  it('are listed with any name that clients sent', async () => {
    const { rateLimiter } = await openRateLimiter();
    for (const [index, username] of usernames.entries()) {
      await roomFor(rateLimiter, `${index}`, 5, { limit: 'sign_in_username', username });
    }
    const listed = await reachedBy(rateLimiter);
    const inOrder = listed.toSorted((one, other) => Number(one.key) - Number(other.key));
    assert.deepEqual(
      inOrder.map((each) => each.subject.username),
      usernames,
    );
  });
}

/** Makes attempts at once; returns for how many of them there was room. */
async function roomFor(rateLimiter: RateLimiter, of: string, times: number, whom = subject): Promise<number> {
  const waits = await concurrently(times, () => rateLimiter.consume(of, limit, whom));
  return waits.filter((wait) => wait === 0).length;
}

/** The keys whose limits were reached, of which there are few. */
async function reachedBy(rateLimiter: RateLimiter): Promise<ReachedLimit[]> {
  const found = new Map<string, ReachedLimit>();
  let part = await rateLimiter.listReached();
  for (;;) {
    for (const each of part.reached) found.set(each.key, each);
    if (part.next === undefined) return [...found.values()];
    part = await rateLimiter.listReached(part.next);
  }
}
