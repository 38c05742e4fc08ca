import assert from 'node:assert/strict';
import { assertClose, assertSameMembers } from './assertions.js';
import { concurrently, inPortions, race } from './concurrency.js';
import type { Suite } from './suite.js';
import type {
  LimitSubject,
  RateLimiter,
  ReachedLimit,
  ReachedLimits,
} from '../application/ports/rate-limiter.js';

/** Room for four at once, and for one more every ten seconds. */
const limit = { attempts: 4, period: 40 };

/** Whom the limits of `key` and of `another key` slow down. */
const subject: LimitSubject = { limit: 'sign_in', network: '192.0.2.7', username: 'ada\n"\u{1f600}' };
const another: LimitSubject = { limit: 'refresh', network: '2001:db8::/64' };

/** Makes attempts at once; returns for how many of them there was room. */
async function roomFor(
  { consume }: { readonly consume: () => Promise<number> },
  times: number,
): Promise<number> {
  const waits = await concurrently(times, consume);
  return waits.filter((wait) => wait === 0).length;
}

/** Everything that `listReached` lists, in the order of the keys. */
async function everyReached(rateLimiter: RateLimiter): Promise<ReachedLimit[]> {
  const found = new Map<string, ReachedLimit>();
  for (let next: string | undefined, isLast = false; !isLast; isLast = next === undefined) {
    const part: ReachedLimits = await rateLimiter.listReached(next);
    for (const each of part.reached) found.set(each.key, each);
    next = part.next;
  }
  return [...found.values()].toSorted((one, other) => (one.key < other.key ? -1 : 1));
}

async function subjectsOf(rateLimiter: RateLimiter): Promise<LimitSubject[]> {
  return (await everyReached(rateLimiter)).map((each) => each.subject);
}

/** What every storage promises of attempts. */
export function rateLimiterContract({ it, open }: Suite): void {
  async function openRateLimiter(key = 'key') {
    const { storage, clock } = await open();
    const { rateLimiter } = storage;
    return { rateLimiter, clock, consume: () => rateLimiter.consume(key, limit, subject) };
  }

  it('are counted one after the other while the limit has room', async () => {
    const { consume } = await openRateLimiter();
    for (let attempt = 1; attempt <= 4; attempt++) assert.equal(await consume(), 0);
    assertClose(await consume(), 10, 1e-3);
  });

  it('are counted exactly as often as the limit has room, however many are concurrent', async () => {
    const opened = await openRateLimiter();
    assert.equal(await roomFor(opened, 50), 4);
    assert.equal(await roomFor(opened, 50), 0);
    opened.clock.advance(20);
    assert.equal(await roomFor(opened, 50), 2);
  });

  it('get the seconds until there is room for one more, and then there is room', async () => {
    const opened = await openRateLimiter();
    const { clock, consume } = opened;
    await roomFor(opened, 4);
    clock.advance(3.25);
    const wait = await consume();
    assertClose(wait, 6.75, 1e-3);
    clock.advance(wait - 0.01);
    assert.ok((await consume()) > 0);
    clock.advance(0.01);
    assert.equal(await consume(), 0);
    assertClose(await consume(), 10, 0.1);
  });

  it('do not wait longer after attempts over the limit', async () => {
    const opened = await openRateLimiter();
    await roomFor(opened, 100);
    assertClose(await opened.consume(), 10, 1e-3);
  });

  it('are forgotten after the period of the limit', async () => {
    const opened = await openRateLimiter();
    await roomFor(opened, 4);
    opened.clock.advance(limit.period);
    assert.equal(await roomFor(opened, 10), 4);
  });

  it('wait no longer than for one attempt’s share of the period, also after the limit was lowered', async () => {
    const { rateLimiter } = await openRateLimiter();
    await concurrently(100, () => rateLimiter.consume('key', { attempts: 100, period: 40 }, subject));
    assertClose(await rateLimiter.consume('key', limit, subject), 10, 1e-3);
  });

  it('of different keys have separate limits', async () => {
    const opened = await openRateLimiter();
    await roomFor(opened, 4);
    assert.equal(await opened.rateLimiter.consume('another key', limit, another), 0);
  });

  it('get no more room while clocks disagree', async () => {
    const opened = await openRateLimiter();
    await roomFor(opened, 4);
    for (let turn = 0; turn < 10; turn++) {
      opened.clock.advance(turn % 2 === 0 ? -5 : 5);
      assert.equal(await roomFor(opened, 1), 0);
    }
  });

  for (const seconds of [6, 30, limit.period, 3600]) {
    it(`do not wait after the clock was set back by ${seconds} seconds, and are limited as before from then on`, async () => {
      const opened = await openRateLimiter();
      await roomFor(opened, 4);
      opened.clock.advance(-seconds);
      assert.equal(await roomFor(opened, 10), 4);
      assertClose(await opened.consume(), 10, 1e-3);
      opened.clock.advance(10);
      assert.equal(await roomFor(opened, 10), 1);
    });
  }

  it('get room for one more when an attempt is given back, at once and later', async () => {
    const opened = await openRateLimiter();
    const { rateLimiter, clock } = opened;
    await roomFor(opened, 4);
    await rateLimiter.giveBack('key');
    assert.equal(await roomFor(opened, 10), 1);
    clock.advance(5);
    await rateLimiter.giveBack('key');
    assert.equal(await roomFor(opened, 10), 1);
    assertClose(await opened.consume(), 5, 1e-3);
  });

  it('get room for as many more as are given back concurrently', async () => {
    const opened = await openRateLimiter();
    await roomFor(opened, 4);
    await concurrently(3, () => opened.rateLimiter.giveBack('key'));
    assert.equal(await roomFor(opened, 10), 3);
  });

  it('get no more room than the limit allows, however many are given back', async () => {
    const opened = await openRateLimiter();
    const { rateLimiter, clock } = opened;
    await concurrently(10, () => rateLimiter.giveBack('key'));
    await opened.consume();
    await concurrently(10, () => rateLimiter.giveBack('key'));
    assert.equal(await roomFor(opened, 10), 4);
    clock.advance(limit.period);
    await rateLimiter.giveBack('key');
    assert.equal(await roomFor(opened, 10), 4);
  });

  it('stay counted when an attempt of another key is given back', async () => {
    const opened = await openRateLimiter();
    await roomFor(opened, 4);
    await opened.rateLimiter.giveBack('another key');
    assert.ok((await opened.consume()) > 0);
  });

  it('are forgotten when the key becomes trusted, which it is for a limited time', async () => {
    const opened = await openRateLimiter();
    const { rateLimiter, clock } = opened;
    await roomFor(opened, 4);
    assert.equal(await rateLimiter.isTrusted('key'), false);
    await rateLimiter.trust('key', 3600);
    assert.equal(await roomFor(opened, 10), 4);
    assert.equal(await rateLimiter.isTrusted('key'), true);
    assert.equal(await rateLimiter.isTrusted('another key'), false);

    clock.advance(3599);
    assert.equal(await rateLimiter.isTrusted('key'), true);
    clock.advance(1);
    assert.equal(await rateLimiter.isTrusted('key'), false);
  });

  it('stay counted when another key becomes trusted', async () => {
    const opened = await openRateLimiter();
    await roomFor(opened, 4);
    await opened.rateLimiter.trust('another key', 3600);
    assert.ok((await opened.consume()) > 0);
  });

  it('are listed with their subject from the first one for which there is no room', async () => {
    const opened = await openRateLimiter();
    const { rateLimiter, clock, consume } = opened;
    await roomFor(opened, 4);
    assert.deepEqual(await subjectsOf(rateLimiter), []);
    await consume();
    const counted = { count: 4, at: clock.now() };
    assert.deepEqual(await everyReached(rateLimiter), [{ key: 'key', subject, counted }]);
    await roomFor(opened, 10);
    assert.deepEqual(await everyReached(rateLimiter), [{ key: 'key', subject, counted }]);
  });

  it('stay listed while they count, also after further ones had room', async () => {
    const opened = await openRateLimiter();
    await roomFor(opened, 5);
    opened.clock.advance(35);
    assert.equal(await roomFor(opened, 1), 1);
    opened.clock.advance(12);
    assert.equal(await roomFor(opened, 1), 1);
    assert.deepEqual(await subjectsOf(opened.rateLimiter), [subject]);
  });

  it('are not listed any more when one finds that those before no longer count', async () => {
    const opened = await openRateLimiter();
    await roomFor(opened, 5);
    opened.clock.advance(20);
    assert.equal(await roomFor(opened, 1), 1);
    opened.clock.advance(30);
    assert.equal(await roomFor(opened, 1), 1);
    assert.deepEqual(await subjectsOf(opened.rateLimiter), []);
  });

  it('are all listed, however many keys there are', async () => {
    const { rateLimiter } = await openRateLimiter();
    const once = { attempts: 1, period: 40 };
    const names = Array.from({ length: 2500 }, (_, index) => `user${index}`);
    const attempt = (index: number) => {
      const username = names[index % names.length] ?? '';
      // Those in upper case stand before all others, and not so in an order of words.
      const key = `${index % 2 === 0 ? 'key' : 'KEY'} ${username}`;
      return rateLimiter.consume(key, once, { limit: 'sign_in_username', username });
    };
    await inPortions(2 * names.length, attempt);
    const listed = await subjectsOf(rateLimiter);
    assertSameMembers(
      listed.map(({ username }) => username),
      names,
    );
  });

  it('are listed while further ones are made, each key with its own subject', async () => {
    const opened = await openRateLimiter();
    const { rateLimiter } = opened;
    await roomFor(opened, 5);
    const [listed] = await Promise.all([
      everyReached(rateLimiter),
      roomFor(opened, 50),
      concurrently(50, () => rateLimiter.consume('another key', limit, another)),
    ]);
    assert.deepEqual(listed.find(({ key }) => key === 'key')?.subject, subject);
    assert.deepEqual(await subjectsOf(rateLimiter), [another, subject]);
  });

  for (const [what, forget] of [
    ['cleared', (rateLimiter: RateLimiter) => rateLimiter.clear('key')],
    ['trusted', (rateLimiter: RateLimiter) => rateLimiter.trust('key', 3600)],
  ] as const) {
    it(`are forgotten with their subject when the key is ${what}, and those of another key are not`, async () => {
      const opened = await openRateLimiter();
      const { rateLimiter } = opened;
      await roomFor(opened, 5);
      await concurrently(5, () => rateLimiter.consume('another key', limit, another));
      await forget(rateLimiter);
      assert.deepEqual(await subjectsOf(rateLimiter), [another]);
      assert.equal(await roomFor(opened, 10), 4);
      assert.deepEqual(await subjectsOf(rateLimiter), [another, subject]);
    });
  }

  it('do not become trusted, or lose their trust, when the key is cleared', async () => {
    const { rateLimiter } = await openRateLimiter();
    await rateLimiter.clear('key');
    assert.equal(await rateLimiter.isTrusted('key'), false);
    await rateLimiter.trust('key', 3600);
    await rateLimiter.clear('key');
    assert.equal(await rateLimiter.isTrusted('key'), true);
  });

  it('get no more room than once the limit when the key is cleared while they are made', async () => {
    const opened = await openRateLimiter();
    const { rateLimiter } = opened;
    for (let round = 0; round < 20; round++) {
      await roomFor(opened, 5);
      let room = 0;
      await race(round, [
        () => rateLimiter.clear('key'),
        async () => {
          room = await roomFor(opened, 10);
        },
      ]);
      assert.equal(room + (await roomFor(opened, 10)), 4);
    }
  });

  for (const [what, forget] of [
    ['cleared', (rateLimiter: RateLimiter) => rateLimiter.clear('key')],
    ['trusted', (rateLimiter: RateLimiter) => rateLimiter.trust('key', 3600)],
  ] as const) {
    it(`are not brought back by one that is made while the key is ${what}`, async () => {
      const opened = await openRateLimiter();
      for (let round = 0; round < 40; round++) {
        // In half of the rounds there is room for it, if it comes first.
        await roomFor(opened, round < 20 ? 2 : 4);
        await race(round, [() => opened.consume(), () => forget(opened.rateLimiter)]);
        const room = await roomFor(opened, 10);
        assert.ok(room === 3 || room === 4, `there is room for ${room} after the key was ${what}`);
        await opened.rateLimiter.clear('key');
      }
    });
  }

  it('are all counted while others are given back', async () => {
    const opened = await openRateLimiter();
    for (let round = 0; round < 20; round++) {
      await roomFor(opened, 2);
      await race(round, [() => opened.consume(), () => opened.rateLimiter.giveBack('key')]);
      assert.equal(await roomFor(opened, 10), 2);
      await opened.rateLimiter.clear('key');
    }
  });

  it('are not brought back when one is given back after the key was cleared', async () => {
    const opened = await openRateLimiter();
    const { rateLimiter } = opened;
    await roomFor(opened, 5);
    await rateLimiter.clear('key');
    await rateLimiter.giveBack('key');
    assert.deepEqual(await subjectsOf(rateLimiter), []);
    assert.equal(await roomFor(opened, 10), 4);
  });
}
