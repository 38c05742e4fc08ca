import { expect } from 'chai';
import type { Storage } from '../../src/application/ports/storage.js';
import { addUser } from '../../src/storage-contract/builders.js';
import { expectRejection } from '../support/expect-rejection.js';
import { RecordedLog } from '../support/recorded-log.js';
import { command } from '../support/redis-command.js';
import { RedisServer } from '../support/redis-server.js';
import { openRedisStorage } from '../support/redis-storage.js';
import { run, type Ending } from '../support/server-process.js';

const input = 'Xk9-fence-Orbit\n';

describe('hexado user promote and hexado user demote', () => {
  let redis: RedisServer;
  let environment: Readonly<Record<string, string>>;
  let storage: Storage;
  let prefixes = 0;
  before(async () => {
    redis = await RedisServer.start();
  });
  beforeEach(async () => {
    const prefix = `staff${++prefixes}:`;
    environment = { STORAGE: 'redis', REDIS_URL: redis.url, REDIS_KEY_PREFIX: prefix, BCRYPT_COST: '4' };
    const options = { clock: () => Date.now() / 1000, log: new RecordedLog() };
    storage = await openRedisStorage(redis, options, { keyPrefix: prefix });
    await addUser(storage, { username: 'ann' });
  });
  afterEach(() => storage.close());
  after(() => redis.stop());

  const user = (words: string): Promise<Ending> => run(['user', ...words.split(' ')], { environment, input });

  async function userDoes(words: string, sentence: string): Promise<void> {
    const ending = await user(words);
    expect(ending).to.include({ code: 0, stdout: `${sentence}\n`, stderr: '' });
    const [verb, subject, ...options] = words.split(' ');
    const act = ['user', verb, ...options].join(' ');
    expect(ending.events.at(-1)).to.include({ event: 'operator_act', act, subject });
  }

  /** The names of all who are staff. */
  async function staff(): Promise<readonly (string | undefined)[]> {
    const ids = await storage.staff.list();
    const users = await Promise.all(ids.map((id) => storage.users.find(id)));
    return users.map((each) => each?.username);
  }

  async function addStaff(username: string): Promise<void> {
    const { id } = (await storage.users.findByName(username)) ?? (await addUser(storage, { username }));
    await storage.staff.add(id);
  }

  it('makes a user staff, who may be staff already, until they are demoted', async () => {
    await addStaff('bob');
    await userDoes('promote ann', 'User ann is staff.');
    await userDoes('promote ann', 'User ann is staff.');
    expect(await staff()).to.deep.equal(['ann', 'bob']);
    await userDoes('demote ann', 'User ann is staff no more.');
    expect(await staff()).to.deep.equal(['bob']);
  });

  it('marks staff in the list and in what is shown of them', async () => {
    await addStaff('bob');
    const rows = (await user('list')).stdout.trimEnd().split('\n');
    expect(rows.map((line) => line.split('\t').slice(4))).to.deep.equal([[], ['staff']]);
    expect((await user('show ann')).stdout).to.match(/^staff +no$/m);
    expect((await user('show bob')).stdout).to.match(/^staff +yes$/m);
    const lines = (await user('list --json')).stdout.trimEnd().split('\n');
    const marks = lines.map((line) => (JSON.parse(line) as { readonly staff: unknown }).staff);
    expect(marks).to.deep.equal([false, true]);
  });

  it('promotes nobody who is inactive, and says what to do', async () => {
    await storage.users.deactivate(1);
    const ending = await user('promote ann');
    expectRejection(ending, 1, /^The user is inactive, .*hexado user activate NAME$/);
    expect(ending.events).to.deep.equal([]);
    expect(await staff()).to.deep.equal([]);
  });

  it('demotes nobody who is not staff', async () => {
    expectRejection(await user('demote ann'), 1, /^The user is not staff\.$/);
  });

  for (const verb of ['promote', 'demote']) {
    it(`reports an unknown user to ${verb}`, async () => {
      expectRejection(await user(`${verb} nobody`), 1, /^There is no user of this name\.$/);
    });
  }

  for (const words of ['demote ann', 'deactivate ann', 'delete ann --yes']) {
    it(`refuses ${words} while nobody else is staff, and says what to do`, async () => {
      await addStaff('ann');
      expectRejection(
        await user(words),
        1,
        /^Nobody else is staff\. First promote somebody: hexado user promote NAME$/,
      );
      expect(await staff()).to.deep.equal(['ann']);
      await addStaff('bob');
      expect((await user(words)).code).to.equal(0);
      expect(await staff()).to.deep.equal(['bob']);
    });
  }

  it('takes the right with the active flag: somebody who is activated again is not staff', async () => {
    await addStaff('bob');
    await addStaff('ann');
    await user('deactivate ann');
    await user('activate ann');
    expect(await staff()).to.deep.equal(['bob']);
  });

  describe('with create --staff', () => {
    it('creates a user who is staff', async () => {
      await userDoes('create bob --staff', 'User bob created with the id 2. They are staff.');
      expect(await staff()).to.deep.equal(['bob']);
    });

    it('says so when the user is there, but is not staff, and promote mends it', async () => {
      const { REDIS_KEY_PREFIX: prefix } = environment;
      const keys = ['{u:*', 'username:*', 'user-ids', 'layout', '{staff}:audit', '{staff}:operation:*'];
      const rules = keys.map((key) => `~${prefix}${key}`);
      await command(redis, 'ACL', 'SETUSER', 'half', 'reset', 'on', '>sesame', '+@all', ...rules);
      const url = redis.url.replace('//', '//half:sesame@');
      const ending = await run(['user', 'create', 'bob', '--staff'], {
        environment: { ...environment, REDIS_URL: url },
        input,
      });
      expect(ending).to.include({ code: 69, stdout: '' });
      expect(ending.stderr.split('\n')).to.deep.equal([
        'hexado: User bob created with the id 2. Making them staff failed. To try it again: hexado user promote bob',
        'hexado: The storage does not answer (NOPERM). Its ACL keeps the user of REDIS_URL from a command that is needed.',
        '',
      ]);
      expect(ending.events.at(-1)).to.include({
        event: 'operator_act',
        act: 'user create --staff',
        subject: 'bob',
      });
      expect(await staff()).to.deep.equal([]);
      await userDoes('promote bob', 'User bob is staff.');
    });
  });
});
