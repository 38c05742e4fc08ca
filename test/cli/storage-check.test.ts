import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { expectRejection } from '../support/expect-rejection.js';
import { run } from '../support/server-process.js';

describe('hexado storage check', () => {
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'hexado-storage-'));
  });
  after(() => rmSync(directory, { recursive: true }));

  /** Checks a module with the storage in memory, after `change` has been made to it. */
  function check(change: string) {
    const inMemory = pathToFileURL(resolve('dist/src/adapters/in-memory/create-storage.js')).href;
    const code = `import { createStorage as create } from '${inMemory}';
      export const createStorage = async (options) => {
        const storage = await create(options);
        const { users, tasks } = storage;
        ${change}
        return storage;
      };`;
    writeFileSync(join(directory, 'my-storage.mjs'), code);
    return run(['storage', 'check', './my-storage.mjs'], { directory });
  }

  it('says of each part how many promises are kept, and exits with 0 if all are', async () => {
    const { code, stdout, stderr } = await check('');
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    expect(stdout).to.match(
      /^the storage +(\d+) of \1\nusers +(\d+) of \2\n(?:\S.* +(\d+) of \3\n){6}\nThe storage keeps all promises \(\d+ tests\)\.\n$/,
    );
  });

  it('says which promises are broken, how and where, and exits with 1', async () => {
    const { code, stdout, stderr } = await check(`
      const [find, remove] = [users.find.bind(users), tasks.remove.bind(tasks)];
      users.find = async (id) => (await find(id)) ?? null;
      tasks.remove = async (session, id) => {
        if (id === 99) throw new RangeError('no such row');
        return remove(session, id);
      };`);
    expect({ code, stderr }).to.deep.equal({ code: 1, stderr: '' });
    expect(stdout)
      .to.match(/^The storage breaks \d+ of \d+ promises:$/m)
      .and.match(/^1\. users finding finds no user where there is none$/m)
      .and.match(/^ {3}Error: users\.find\(\[ 2 \]\) resolved to what its port does not promise: null$/m)
      .and.match(/^ {7}at .*user-repository-contract\.js:\d+:\d+$/m)
      .and.not.match(/node:internal|cli\/|held-to-promises/);
  });

  it('goes on after a rejection that the module does not handle', async () => {
    const { code, stdout } = await check(`
      storage.check = async () => {
        void Promise.reject(new RangeError('no such table'));
        return { reasons: [], warnings: [] };
      };`);
    expect(code).to.equal(1);
    expect(stdout)
      .to.match(/^The storage breaks 1 of \d+ promises:$/m)
      .and.match(/^1\. reports in its health check .*\n {3}RangeError: no such table$/m);
  });

  it('stops before it writes where there is data', async () => {
    expectRejection(
      await check(`await users.add({ username: 'ann', passwordHash: 'hash', createdAt: 1 });
        users.add = () => process.exit(99);`),
      1,
      /^createStorage returned a storage that has users\. .*in a database of its own\.$/,
    );
  });

  it('ends with 69 if the database of the storage cannot be reached', async () => {
    expectRejection(
      await check(`throw Object.assign(new Error(), { code: 'ECONNREFUSED' });`),
      69,
      /^The storage does not answer \(createStorage: Error ECONNREFUSED\)\. Is it running\?$/,
    );
  });

  it('ends with 78 for what is no storage', async () => {
    expectRejection(await check('delete tasks.find; storage.tasks = {};'), 78, /without tasks\.create, /);
  });
});
