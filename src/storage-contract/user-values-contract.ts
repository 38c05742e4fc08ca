import assert from 'node:assert/strict';
import type { User } from '../domain/user.js';
import { aNewUser, aSessionOf, addUser, createTask, openSession, refTo, signIn } from './builders.js';
import { inPortions } from './concurrency.js';
import type { Suite } from './suite.js';

/** The longest name of letters of four bytes, and another one that differs in its last letter. */
const longNames = ['\u{20bb7}', '\u{20bb8}'].map((last) => '\u{20bb7}'.repeat(149) + last);

/** What every UserRepository promises of texts, numbers and long lists. */
export function userValuesContract({ describe, it, open }: Suite): void {
  describe('names', () => {
    it('of 150 code points are kept, and differ if the last one does', async () => {
      const { storage } = await open();
      const long = 'x'.repeat(149);
      for (const username of [...longNames, `${long}y`, `${long}z`, `${long}Z`, long]) {
        const user = await addUser(storage, { username });
        assert.equal(user.username, username);
        assert.deepEqual(await storage.users.find(user.id), user);
        assert.deepEqual(await storage.users.findByName(username), user);
      }
    });

    it('are found as they are, not by a pattern, in another case or form, or without blanks', async () => {
      const { storage } = await open();
      const names = [
        'axb',
        'a_b',
        'A_b',
        'é',
        'e\u0301',
        'ß',
        'ss',
        'i',
        'ı',
        'İ',
        '1',
        '01',
        '1.0',
        '+1',
        'null',
      ];
      const users = new Map<string, User>();
      for (const username of names) users.set(username, await addUser(storage, { username }));
      const others = [
        '%',
        '_',
        'a%',
        'a?b',
        'a*',
        'a__',
        '',
        ' a_b',
        'a_b ',
        'a_b\t',
        '\n1',
        '1\u00a0',
        '\ufeff1',
        '1\ufeff',
        '\u200b1',
      ];
      others.push(
        'É',
        'E\u0301',
        'SS',
        'ẞ',
        'I',
        '１',
        '１.０',
        'ａ_b',
        'A_B',
        'NULL',
        "a_b' --",
        'a_b\\',
        '0',
        '001',
      );
      for (const name of [...names, ...others]) {
        assert.deepEqual(await storage.users.findByName(name), users.get(name), JSON.stringify(name));
      }
    });

    it('that are too long for a user are looked for in vain', async () => {
      const { storage } = await open();
      const [username = ''] = longNames;
      await addUser(storage, { username });
      await addUser(storage, { username: 'x'.repeat(150) });
      for (const name of [
        `${username}x`,
        'x'.repeat(151),
        'x'.repeat(1200),
        '名'.repeat(1200),
        '👍'.repeat(600),
      ]) {
        assert.equal(await storage.users.findByName(name), undefined);
      }
    });
  });

  describe('the fields of a user', () => {
    const hash = `$2b$12$${'aB./'.repeat(60)}`;
    it('are kept: long hashes, and dates with fractions, before 1970 and after 2038', async () => {
      const { storage } = await open();
      const dates = [0, 0.1 + 0.2, -1, -86_400.75, 1_700_000_000.987_654, 2 ** 31, 2 ** 32 + 0.5, 4e9, 1e11];
      for (const [index, createdAt] of dates.entries()) {
        const newUser = aNewUser({ username: `user${index}`, passwordHash: hash + index, createdAt });
        const user = await addUser(storage, newUser);
        assert.deepEqual(user, { id: user.id, active: true, ...newUser });
        assert.deepEqual(await storage.users.find(user.id), user);
        await storage.users.setPasswordHash(user.id, `${hash}!`);
        await storage.users.deactivate(user.id);
        await storage.users.activate(user.id);
        assert.deepEqual(await storage.users.findByName(user.username), {
          ...user,
          passwordHash: `${hash}!`,
        });
      }
    });

    it('are found by name, too, while the user is inactive', async () => {
      const { storage } = await open();
      const user = await addUser(storage);
      await storage.users.deactivate(user.id);
      for (const found of [await storage.users.find(user.id), await storage.users.findByName('alice')]) {
        assert.deepEqual(found, { ...user, active: false });
      }
    });

    it('have a hash that is compared to its last letter, in its case', async () => {
      const { storage, clock } = await open();
      const user = await addUser(storage, { passwordHash: `${hash}a` });
      await openSession(storage, aSessionOf(user, clock), user);
      for (const other of [`${hash}b`, `${hash}A`, hash, hash.toLowerCase(), `${hash}a `]) {
        const session = aSessionOf(user, clock, { id: 'other' });
        assert.equal(await storage.sessions.open(session, other, Infinity), undefined);
        assert.equal(await storage.users.changePasswordHash(refTo(user), other, 'new'), false);
        await storage.users.replacePasswordHash(user.id, other, 'new');
      }
      assert.deepEqual(await storage.users.find(user.id), user);
    });

    it('are rehashed and get a link while the user is inactive, who stays so', async () => {
      const { storage } = await open();
      const user = await addUser(storage);
      await storage.users.deactivate(user.id);
      await storage.users.replacePasswordHash(user.id, user.passwordHash, 'rehashed');
      const passwordLink = { digest: 'digest', expiresAt: 4e9 };
      assert.equal(await storage.users.setPasswordLink(user.id, passwordLink), true);
      const changed = { ...user, active: false, passwordHash: 'rehashed', passwordLink };
      assert.deepEqual(await storage.users.find(user.id), changed);
    });

    it('say that a user is there, whatever they were before', async () => {
      const { storage } = await open();
      const { id } = await addUser(storage);
      assert.equal(await storage.users.activate(id), true);
      assert.equal(await storage.users.setPasswordHash(id, 'hash of alice'), true);
      assert.equal(await storage.users.activate(id), true);
    });
  });

  it('keeps the digest and the expiry of a password link, and compares the digest to its last letter', async () => {
    const { storage } = await open();
    const { id } = await addUser(storage);
    const link = { digest: 'aB-_'.repeat(16), expiresAt: 5e9 };
    await storage.users.setPasswordLink(id, link);
    assert.deepEqual((await storage.users.find(id))?.passwordLink, link);
    const others = [
      link.digest.toLowerCase(),
      link.digest.slice(0, -1),
      `${link.digest}a`,
      `${link.digest.slice(0, -1)}-`,
    ];
    for (const digest of others) {
      assert.equal(await storage.users.usePasswordLink(id, digest, 'new'), false);
    }
    assert.equal(await storage.users.usePasswordLink(id, link.digest, 'new'), true);
  });

  it('goes on above an id of more than 32 bits', async () => {
    const { storage, clock } = await open();
    const first = await addUser(storage);
    await storage.archive.reserveUserIds(2 ** 40);
    const { user, session, ref } = await signIn(storage, clock, {}, 'bob');
    assert.equal(user.id, 2 ** 40 + 1);
    const task = await createTask(storage, ref);
    assert.deepEqual(await storage.users.find(user.id), user);
    assert.equal(await storage.users.find(1 + 2 ** 32), undefined);
    assert.deepEqual(await storage.users.list({ after: 0, limit: 1 }), [first]);
    assert.deepEqual(await storage.users.list({ after: 2 ** 40, limit: 10 }), [user]);
    assert.deepEqual(await storage.users.list({ after: user.id, limit: 10 }), []);
    assert.deepEqual(await storage.sessions.list(ref), [session]);
    assert.deepEqual(await storage.tasks.find(ref, 1), task);
    assert.equal((await storage.tasks.summaryOf(user.id)).count, 1);
  });

  it('lists a thousand users at once', async () => {
    const { storage } = await open();
    await inPortions(1001, (index) => addUser(storage, { username: `user${index}` }));
    const ids = (await storage.users.list({ after: 0, limit: 1000 })).map(({ id }) => id);
    assert.deepEqual(
      ids,
      Array.from({ length: 1000 }, (_, index) => index + 1),
    );
    assert.equal((await storage.users.list({ after: 1000, limit: 1000 })).length, 1);
  });

  it('leaves the tasks of a user with a new password, who is deactivated, or who signs out', async () => {
    const { storage, clock } = await open();
    const { user, ref } = await signIn(storage, clock);
    const task = await createTask(storage, ref);
    const { users, sessions } = storage;
    const acts: readonly (() => Promise<unknown>)[] = [
      () => users.changePasswordHash(ref, user.passwordHash, 'changed'),
      () => users.replacePasswordHash(user.id, 'changed', 'rehashed'),
      () => sessions.end(ref),
      () => users.setPasswordHash(user.id, 'set'),
      () => users.setPasswordLink(user.id, { digest: 'digest', expiresAt: 4e9 }),
      () => users.usePasswordLink(user.id, 'digest', 'set'),
      () => users.deactivate(user.id),
      () => users.activate(user.id),
      () => sessions.endAllOf(user.id),
      () => users.remove(user.id + 1),
    ];
    for (const act of acts) {
      await act();
      const { tasks } = await storage.archive.tasksOf(user.id, { after: 0, limit: 10 });
      assert.deepEqual(tasks, [task], act.toString());
    }
    await openSession(storage, aSessionOf(user, clock, { id: 'new' }), { ...user, passwordHash: 'set' });
    assert.deepEqual(await storage.tasks.find(refTo(user, 'new'), task.id), task);
  });

  it('leaves nothing of a removed user that the operator could see', async () => {
    const { storage, clock } = await open();
    const { user, ref } = await signIn(storage, clock);
    await inPortions(250, () => createTask(storage, ref));
    await storage.users.remove(user.id);
    assert.deepEqual(await storage.tasks.summaryOf(user.id), { revision: 0, count: 0, bytes: 0 });
    assert.deepEqual(await storage.sessions.listOf(user.id), []);
    const left = await storage.archive.tasksOf(user.id, { after: 0, limit: 10 });
    assert.deepEqual(left, { tasks: [], hasMore: false, lastTaskId: 0 });
  });
}
