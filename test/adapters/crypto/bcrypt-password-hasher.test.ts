import { readdirSync } from 'node:fs';
import { availableParallelism, getPriority } from 'node:os';
import { expect } from 'chai';
import { BcryptPasswordHasher } from '../../../src/adapters/crypto/bcrypt-password-hasher.js';
import { HashingThreads } from '../../../src/adapters/crypto/hashing-threads.js';
import { PortError } from '../../../src/application/ports/port-error.js';
import { concurrently } from '../../../src/storage-contract/concurrency.js';
import { bcryptThreads, comparisonCosts } from '../../support/comparison-costs.js';

describe('BcryptPasswordHasher', () => {
  const hasher = new BcryptPasswordHasher(4, bcryptThreads);

  it('verifies the password that was hashed, and no other', async () => {
    const hash = await hasher.hash('correct horse');
    expect(await hasher.verify('correct horse', hash)).to.equal(true);
    expect(await hasher.verify('correct horsf', hash)).to.equal(false);
    expect(await hasher.verify('Correct horse', hash)).to.equal(false);
    expect(await hasher.verify('', hash)).to.equal(false);
  });

  it('stores its own prefix, and then a bcrypt hash with a new salt', async () => {
    const [hash, another] = [await hasher.hash('correct horse'), await hasher.hash('correct horse')];
    expect(hash).to.match(/^bcrypt-sha256\$\$2b\$04\$[./A-Za-z0-9]{53}$/);
    expect(another).not.to.equal(hash);
  });

  it('still verifies a hash that the first version stored', async () => {
    const hash = 'bcrypt-sha256$$2b$04$FwyTOu9BNH9bxA.1s8GR6uZn6lkm/ktiUK3cGXxK2vmVjPE9mtnpy';
    expect(await hasher.verify('correct horse ✓', hash)).to.equal(true);
    expect(await hasher.verify('correct horse', hash)).to.equal(false);
  });

  it('compares every character of a password that is longer than bcrypt can read', async () => {
    const long = 'ä'.repeat(100);
    const hash = await hasher.hash(`${long}1`);
    expect(await hasher.verify(`${long}1`, hash)).to.equal(true);
    expect(await hasher.verify(`${long}2`, hash)).to.equal(false);
    expect(await hasher.verify(long, hash)).to.equal(false);
  });

  it('compares what comes after a NUL', async () => {
    const hash = await hasher.hash('one\0two');
    expect(await hasher.verify('one\0two', hash)).to.equal(true);
    expect(await hasher.verify('one\0three', hash)).to.equal(false);
    expect(await hasher.verify('one', hash)).to.equal(false);
  });

  it('treats all ways to write an accent as one password, and a look-alike as another', async () => {
    const hash = await hasher.hash('caf\u00e9 fin');
    expect(await hasher.verify('cafe\u0301 fin', hash)).to.equal(true);
    expect(await hasher.verify('cafe fin', hash)).to.equal(false);
    expect(await hasher.verify('caf\u00e9 \ufb01n', hash)).to.equal(false);
  });

  it('verifies the longest way to write the longest password, and no longer text', async () => {
    const hash = await hasher.hash('ᾂ'.repeat(128));
    expect(await hasher.verify('α\u0313\u0300\u0345'.repeat(128), hash)).to.equal(true);
    expect(await hasher.verify('α\u0313\u0300\u0345'.repeat(129), hash)).to.equal(false);
  });

  it('does not normalise a text that is too long for a password, which would be slow', async () => {
    const hash = await hasher.hash('é'.repeat(1025));
    expect(await hasher.verify('é'.repeat(1025), hash)).to.equal(true);
    expect(await hasher.verify('e\u0301'.repeat(1025), hash)).to.equal(false);
  });

  it('verifies nothing without a hash', async () => {
    expect(await hasher.verify('', undefined)).to.equal(false);
    expect(await hasher.verify('correct horse', undefined)).to.equal(false);
  });

  it('does as much work without a hash as with one', async () => {
    const slow = new BcryptPasswordHasher(10, bcryptThreads);
    const hash = await slow.hash('correct horse');
    const work = async (given: string | undefined): Promise<number> => {
      const before = process.cpuUsage();
      await slow.verify('wrong horse', given);
      return process.cpuUsage(before).user;
    };
    const withHash = Math.min(await work(hash), await work(hash), await work(hash));
    expect(await work(undefined)).to.be.greaterThan(withHash / 2);
  });

  it('does as much work for a hash of a lower cost as for one of its own', async () => {
    const costlier = new BcryptPasswordHasher(7, bcryptThreads);
    for (const [made, expected] of [
      [await costlier.hash('correct horse'), [7]],
      [await hasher.hash('correct horse'), [4, 4, 5, 6]],
      [undefined, [7]],
    ] as const) {
      for (const password of ['correct horse', 'wrong horse']) {
        const matches = made !== undefined && password === 'correct horse';
        const costs = await comparisonCosts(async () => {
          expect(await costlier.verify(password, made)).to.equal(matches);
        });
        expect(costs).to.deep.equal(expected);
      }
    }
  });

  it('verifies nothing against a text that it never stored', async () => {
    const [mark, bcryptHash] = (await hasher.hash('correct horse')).split('$$');
    const truncated = `${mark}$$${bcryptHash?.slice(0, -1)}`;
    for (const text of ['', 'correct horse', `$${bcryptHash}`, `${mark}$`, `${mark}$$2b$04$`, truncated]) {
      expect(await hasher.verify('correct horse', text), text).to.equal(false);
    }
  });

  it('reports a hash of any other cost or kind as outdated, and still verifies it', async () => {
    const hash = await hasher.hash('correct horse');
    const costlier = new BcryptPasswordHasher(5, bcryptThreads);
    expect(hasher.isOutdated(hash)).to.equal(false);
    expect(costlier.isOutdated(hash)).to.equal(true);
    expect(hasher.isOutdated(await costlier.hash('correct horse'))).to.equal(true);
    expect(hasher.isOutdated(hash.replace('bcrypt-sha256$', ''))).to.equal(true);
    expect(await costlier.verify('correct horse', hash)).to.equal(true);
  });

  it('runs at lower priority than requests, where threads have a priority of their own', async function () {
    if (process.platform !== 'linux') this.skip();
    await hasher.hash('correct horse');
    expect(new Set(priorities())).to.deep.equal(new Set([getPriority(), getPriority() + 10]));
  });

  it('leaves no thread when its threads are stopped', async function () {
    if (process.platform !== 'linux') this.skip();
    const before = lowPriorities();
    const threads = new HashingThreads();
    const ofItsOwn = new BcryptPasswordHasher(4, threads);
    await ofItsOwn.hash('correct horse');
    expect(lowPriorities()).to.equal(before + 1);
    await threads.stop();
    expect(lowPriorities()).to.equal(before);
    expect(await ofItsOwn.hash('correct horse')).to.be.a('string');
    await threads.stop();
  });

  it('continues after an error of bcrypt', async () => {
    const nothing = undefined as unknown as string;
    const outcome = await bcryptThreads.compare('correct horse', nothing).catch((error: unknown) => error);
    expect(outcome).to.be.instanceOf(Error);
    expect(await hasher.hash('correct horse')).to.be.a('string');
  });

  it('rejects work that would wait too long in the queue, and does the rest', async () => {
    const running = Math.max(1, availableParallelism() - 1);
    const capacity = running + 32 * running;
    const secondsPerHash = 0.25 / 2 ** 8;
    const busy = new BcryptPasswordHasher(4, bcryptThreads, 32 * secondsPerHash);
    const hash = await busy.hash('correct horse');
    const outcomes = await concurrently(capacity + 10, (index) =>
      (index % 2 === 0 ? busy.verify('correct horse', hash) : busy.hash('another')).catch(
        (reason: unknown) => reason,
      ),
    );
    const [done, rejected] = [outcomes.slice(0, capacity), outcomes.slice(capacity)];
    expect(done.filter((outcome) => outcome !== true && typeof outcome !== 'string')).to.deep.equal([]);
    expect(rejected).to.have.length(10);
    for (const error of rejected)
      expect(error).to.be.instanceOf(PortError).with.property('code', 'overloaded');

    expect(await busy.verify('correct horse', hash)).to.equal(true);
    const again = await concurrently(capacity, () => busy.verify('correct horse', hash));
    expect(again.filter((matches) => !matches)).to.deep.equal([]);
  });
});

/** The priority of each thread of this process. */
function priorities(): number[] {
  return readdirSync('/proc/self/task').map((thread) => getPriority(Number(thread)));
}

function lowPriorities(): number {
  return priorities().filter((priority) => priority > getPriority()).length;
}
