import { expect } from 'chai';
import type { Browser, Locator, Page } from 'playwright-core';
import { SettableClock } from '../../src/storage-contract/settable-clock.js';
import { RunningServer, withoutLimits, type SignedIn } from '../support/running-server.js';
import { stopAfterEach } from '../support/stop-after-each.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { startChromium } from './chromium.js';
import { expectAccessible, expectNoSidewaysScrolling, tabTo, Visitor } from './visitor.js';

const elevenMinutes = 11 * 60;

describe('the page for administrators, in a browser', () => {
  const started = stopAfterEach();
  let browser: Browser;
  before(async () => {
    browser = await startChromium();
  });
  after(() => browser.close());

  /** A server with ada, who is staff, and bob, who is not. */
  async function serve(environment: Readonly<Record<string, string>> = {}) {
    const clock = new SettableClock();
    const server = started(await RunningServer.start({ ...withoutLimits, ...environment }, clock.now));
    const ada = await server.registerAndSignIn('ada');
    const bob = await server.registerAndSignIn('bob');
    await makeStaff(server, ada);
    const visitor = started(await Visitor.arrive(browser, server.port));
    return { server, clock, ada, bob, visitor };
  }

  /** A server as above, whose list of users ada has opened. */
  async function openUsers(environment: Readonly<Record<string, string>> = {}) {
    const served = await serve(environment);
    const page = await served.visitor.openSignedIn(served.ada);
    await page.getByRole('link', { name: 'Users' }).click();
    await page.getByText('2 users', { exact: true }).waitFor();
    return { ...served, page };
  }

  describe('to everybody else', () => {
    it('shows and loads nothing of it', async () => {
      const { bob, visitor } = await serve();
      const page = await visitor.openSignedIn(bob);
      const known = page.waitForResponse((response) => response.url().endsWith('/api/account/'));
      await page.reload();
      await known;
      await page.getByText('Nothing to do yet').waitFor();
      for (const address of ['#users', '#audit', '#users?user=1']) {
        await page.goto(`${visitor.origin}/${address}`);
        await page.getByRole('heading', { name: 'Tasks' }).waitFor();
        await page.waitForURL(({ hash }) => hash === '#tasks');
      }
      expect(await page.getByRole('link', { name: 'Users' }).count()).to.equal(0);
      expect(visitor.requests.filter((each) => /admin|audit|paged|\/user/.test(each))).to.deep.equal([]);
    });

    it('shows nothing of it after an administrator has signed out', async () => {
      const { bob, visitor, page } = await openUsers();
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByLabel('User name').fill(bob.username);
      await page.getByLabel('Password').fill(bob.password);
      const known = page.waitForResponse((response) => response.url().endsWith('/api/account/'));
      await page.getByRole('button', { name: 'Sign in' }).click();
      await known;
      await page.getByRole('heading', { name: 'Tasks' }).waitFor();
      await page.goto(`${visitor.origin}/#users`);
      await page.waitForURL(({ hash }) => hash === '#tasks');
      expect(await page.getByRole('link', { name: 'Users' }).count()).to.equal(0);
    });
  });

  it('lists users with their state, and finds them by a part of their name', async () => {
    const { server, ada, bob, page } = await openUsers();
    expect(await page.title()).to.equal('Users – Hexado');
    await server.storage.users.deactivate(2);
    await page.reload();
    await page.getByText('2 users', { exact: true }).waitFor();
    const rows = page.getByRole('list', { name: 'Users' }).getByRole('listitem');
    expect(await rows.first().textContent()).to.match(
      new RegExp(`^${ada.username} You AdministratorUser 1, registered .*\\d{4}`),
    );
    expect(await rows.last().textContent()).to.match(new RegExp(`^${bob.username} InactiveUser 2, `));

    await page.getByLabel('Search').fill('BOB.');
    await page.getByText('1 user', { exact: true }).waitFor();
    expect(await names(page)).to.deep.equal([bob.username]);
    await page.reload();
    await page.getByText('1 user', { exact: true }).waitFor();
    expect(await page.getByLabel('Search').inputValue()).to.equal('BOB.');
    await page.getByLabel('Search').fill('nobody');
    await page.getByText('No user matches.').waitFor();
    await page.getByLabel('Search').fill('');
    await page.getByText('2 users', { exact: true }).waitFor();
  });

  it('shows what a user has in numbers, and none of their tasks', async () => {
    const { server, bob, page } = await openUsers();
    await server.call('POST', '/tasks/', { title: 'A secret', description: 'Nobody may know.' }, bob.access);
    const dialog = await openUser(page, bob);
    expect(await dialog.getByRole('status').innerText()).to.match(
      /State\s+Active\s+Registered\s.*\s+Sessions\s+1\s+Tasks\s+1, with 24 bytes of text/,
    );
    expect(await page.content()).not.to.match(/secret|Nobody may/);
  });

  it('deactivates, activates, signs out and deletes a user, after a question', async () => {
    const { server, bob, page } = await openUsers();
    const row = page.locator('[data-id="2"]');

    await act(page, bob, 'End all sessions');
    await page.getByText('All sessions of the user have ended.').waitFor();
    expect((await server.call('GET', '/tasks/', undefined, bob.access)).status).to.equal(401);

    await act(page, bob, 'Deactivate');
    await page.getByText('The user is deactivated.').waitFor();
    await row.getByText('Inactive').waitFor();
    await expectFocusOn(page, bob.username);
    expect((await server.call('POST', '/api/token/', bob)).status).to.equal(401);
    let dialog = await openUser(page, bob);
    expect(await dialog.getByRole('button').allTextContents()).to.deep.equal(['Activate', 'Delete', 'Close']);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });

    await act(page, bob, 'Activate');
    await page.getByText('The user is activated.').waitFor();
    await row.getByText('Inactive').waitFor({ state: 'detached' });
    expect((await server.call('POST', '/api/token/', bob)).status).to.equal(200);

    dialog = await openUser(page, bob);
    await dialog.getByRole('button', { name: 'Delete' }).click();
    const question = page.getByRole('dialog', { name: 'Delete this user?' });
    expect(await question.locator(':focus').textContent()).to.equal('Cancel');
    await question.getByRole('button', { name: 'Cancel' }).click();
    expect(await dialog.locator(':focus').textContent()).to.equal('Delete');
    await dialog.getByRole('button', { name: 'Delete' }).click();
    await question.getByRole('button', { name: 'Delete' }).click();
    await page.getByText('The user is deleted.').waitFor();
    await page.getByText('1 user', { exact: true }).waitFor();
    await page.waitForURL(({ hash }) => hash === '#users');
    expect(await page.locator(':focus').textContent()).to.match(/^ada\./);
    expect((await server.call('POST', '/api/token/', bob)).status).to.equal(401);
  });

  it('asks for the password once the sign-in is a while ago', async () => {
    const { clock, ada, bob, visitor, page } = await openUsers();
    clock.advance(elevenMinutes);
    visitor.expectFailures(/status of 400/);
    const question = await askTo(page, bob, 'Deactivate');
    const password = question.getByLabel('Your password');
    expect(await password.isVisible()).to.equal(false);
    await question.getByRole('button', { name: 'Deactivate' }).click();
    await question.getByText('Please enter your own password, too.').waitFor();
    expect(await password.evaluate((input) => input === document.activeElement)).to.equal(true);
    await password.fill('wrong');
    await page.keyboard.press('Enter');
    await question.getByText('Your password was entered incorrectly. Please enter it again.').waitFor();
    await password.fill(ada.password);
    await page.keyboard.press('Enter');
    await page.getByText('The user is deactivated.').waitFor();
    await page.locator('[data-id="2"]').getByText('Inactive').waitFor();
  });

  it('says so when the password was tried too often', async () => {
    const { clock, bob, visitor, page } = await openUsers({ THROTTLE_SIGN_IN: '1/5m' });
    clock.advance(elevenMinutes);
    visitor.expectFailures(/status of 4(00|29)/);
    const question = await askTo(page, bob, 'Delete');
    await question.getByRole('button', { name: 'Delete' }).click();
    await question.getByLabel('Your password').fill('wrong');
    await page.keyboard.press('Enter');
    await question.getByText('Your password was entered incorrectly.').waitFor();
    await page.keyboard.press('Enter');
    await question.getByText(/That was too often\. Please try again in/).waitFor();
  });

  it('says that the user is gone when somebody else was faster', async () => {
    const { server, bob, visitor, page } = await openUsers();
    visitor.expectFailures(/status of 404/);
    const question = await askTo(page, bob, 'Deactivate');
    await server.storage.users.remove(2);
    await question.getByRole('button', { name: 'Deactivate' }).click();
    await page.getByText('This user does not exist any more.').waitFor();
    await page.getByText('1 user', { exact: true }).waitFor();
    await expectNoDialog(page);
    await page.goto(`${visitor.origin}/#users?user=2`);
    await page.getByText('This user does not exist any more.').waitFor();
    await page.waitForURL(({ hash }) => hash === '#users');
  });

  describe('with the administrator’s own account', () => {
    it('refuses to deactivate the last administrator', async () => {
      const { ada, visitor, page } = await openUsers();
      visitor.expectFailures(/status of 409/);
      const question = await askTo(page, ada, 'Deactivate');
      await question.getByText('This is your own account: you will be signed out.').waitFor();
      await question.getByRole('button', { name: 'Deactivate' }).click();
      await question
        .getByRole('alert')
        .getByText('Nobody else is an active administrator; make somebody else one first.')
        .waitFor();
    });

    it('refuses to delete it under “Account” while nobody else is an administrator', async () => {
      const { ada, visitor, page } = await openUsers();
      visitor.expectFailures(/status of 409/);
      await page.getByRole('link', { name: 'Account' }).click();
      await page.getByRole('button', { name: 'Delete account' }).click();
      const question = page.getByRole('dialog', { name: 'Delete this account?' });
      await question.getByLabel('Password').fill(ada.password);
      await question.getByRole('button', { name: 'Delete account' }).click();
      await question.getByRole('alert').getByText('Nobody else is an active administrator').waitFor();
    });

    for (const [action, said] of [
      ['Deactivate', 'You are signed out.'],
      ['End all sessions', 'You are signed out.'],
      ['Delete', 'The account is deleted.'],
    ] as const) {
      it(`signs out in all tabs with “${action}”`, async () => {
        const { server, ada, bob, visitor, page } = await openUsers();
        await makeStaff(server, bob);
        const other = await visitor.open('/#users');
        await other.getByText('2 users', { exact: true }).waitFor();
        await act(page, ada, action);
        await page.getByText(said).waitFor();
        for (const tab of [page, other]) await tab.getByRole('heading', { name: 'Sign in' }).waitFor();
        await expectNoDialog(page);
      });
    }
  });

  it('leads back to the tasks whoever is no longer an administrator', async () => {
    const { server, bob, visitor, page } = await openUsers();
    const other = await visitor.open('/#audit');
    await other.getByText('Nothing was done yet.').waitFor();
    await makeStaff(server, bob);
    const question = await askTo(page, bob, 'Deactivate');
    await server.storage.staff.remove(1);
    visitor.expectFailures(/status of 403/);
    await question.getByRole('button', { name: 'Deactivate' }).click();
    await other.getByRole('link', { name: 'Back to the users' }).click();
    for (const tab of [page, other]) {
      await tab.getByText('You are not an administrator any more.').waitFor();
      await tab.getByRole('heading', { name: 'Tasks' }).waitFor();
      expect(await tab.getByRole('link', { name: 'Users' }).count()).to.equal(0);
      await expectNoDialog(tab);
    }
    expect((await server.storage.users.find(2))?.active).to.equal(true);
  });

  it('says why when an act is refused for another reason', async () => {
    const { server, visitor, page } = await openUsers({ DEMO: 'on' });
    await server.storage.users.add({ username: 'demo', passwordHash: '!', createdAt: 0 });
    await page.reload();
    await page.getByText('3 users', { exact: true }).waitFor();
    visitor.expectFailures(/status of 403/);
    const question = await askTo(page, { username: 'demo' }, 'Delete');
    await question.getByRole('button', { name: 'Delete' }).click();
    await question.getByRole('alert').getByText('Everybody may use this account').waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await expectFocusOn(page, 'demo');
  });

  it('says that the server is gone, and goes on when it is back', async () => {
    const { server, ada, bob } = await serve();
    const proxy = started(await TcpProxy.start(server.port));
    const visitor = started(await Visitor.arrive(browser, proxy.port));
    const page = await visitor.openSignedIn(ada);
    await page.getByRole('link', { name: 'Users' }).click();
    const question = await askTo(page, bob, 'Deactivate');
    visitor.expectFailures(/net::ERR_/);
    proxy.leadTo(1); // Nobody listens there.
    proxy.resetConnections();
    await question.getByRole('button', { name: 'Deactivate' }).click();
    await question.getByText('The server cannot be reached.').waitFor();
    proxy.leadTo(server.port);
    await question.getByRole('button', { name: 'Deactivate' }).click();
    await page.getByText('The user is deactivated.').waitFor();

    await page.locator('[data-id="2"]').getByText('Inactive').waitFor();
    proxy.leadTo(1);
    proxy.resetConnections();
    await page.getByLabel('Search').fill('bob.');
    await page.getByText('The server cannot be reached.').waitFor();
    proxy.leadTo(server.port);
    await page.getByText('1 user', { exact: true }).waitFor();
    expect(await page.getByText('The server cannot be reached.').count()).to.equal(0);
  });

  it('leads to the sign-in when the session has ended', async () => {
    const { server, ada, visitor, page } = await openUsers();
    await server.call('POST', '/api/logout/all/', undefined, ada.access);
    visitor.expectFailures(/status of 401/);
    await page.getByLabel('Search').fill('bob');
    await page.getByText('Your session has ended. Please sign in again.').waitFor();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  });

  it('shows long lists part by part, with the focus on what is new', async () => {
    const { server, page } = await openUsers();
    await addUsers(server, 50);
    await page.reload();
    await page.getByText('The first 50 users').waitFor();
    await page.getByRole('button', { name: 'Show more' }).click();
    await page.getByText('52 users', { exact: true }).waitFor();
    await expectFocusOn(page, 'user49');
    expect(await page.getByRole('button', { name: 'Show more' }).count()).to.equal(0);
  });

  it('searches on by itself where a page holds nobody, but not without an end', async () => {
    const { server, visitor, page } = await openUsers();
    await addUsers(server, 15_000);
    await server.storage.users.add({ username: 'needle', passwordHash: '!', createdAt: 0 });
    const before = visitor.count('GET /api/admin/users/');
    await page.getByLabel('Search').fill('needle');
    await page.getByText('1 user', { exact: true }).waitFor();
    expect(visitor.count('GET /api/admin/users/') - before).to.equal(2);

    await addUsers(server, 100_000, 'more');
    await page.getByLabel('Search').fill('nobody');
    await page.getByText('No user matches so far.').waitFor();
    expect(visitor.count('GET /api/admin/users/') - before).to.equal(12);
    await page.getByRole('button', { name: 'Search on' }).click();
    await page.getByText('No user matches.', { exact: true }).waitFor();
    expect(await page.locator(':focus').textContent()).to.equal('No user matches.');
  });

  it('shows names as text, which change nothing beside them', async () => {
    const { server, page } = await openUsers();
    const markup = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
    const backwards = '\u202Eenoyreve';
    for (const username of [markup, backwards, 'x'.repeat(150)]) {
      const user = await server.storage.users.add({ username, passwordHash: '!', createdAt: 0 });
      await server.storage.staff.add(user?.id ?? 0);
    }
    await page.setViewportSize({ width: 360, height: 740 });
    await page.reload();
    await page.getByText('5 users', { exact: true }).waitFor();
    expect((await names(page)).slice(2)).to.deep.equal([markup, backwards, 'x'.repeat(150)]);
    const row = page.locator('[data-id="4"]');
    const name = await row.getByRole('link').boundingBox();
    const badge = await row.getByText('Administrator').boundingBox();
    expect(badge?.x).to.be.above((name?.x ?? 0) + (name?.width ?? 0));
    await expectNoSidewaysScrolling(page, 'users');
    for (const username of [markup, backwards, 'x'.repeat(150)]) {
      await page.getByRole('link', { name: username, exact: true }).click();
      const dialog = page.getByRole('dialog', { name: username, exact: true });
      await dialog.getByRole('button', { name: 'Deactivate' }).click();
      await expectNoSidewaysScrolling(page, username);
      await page.keyboard.press('Escape');
      await page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'detached' });
    }
    expect(await page.title()).to.equal('Users – Hexado');
  });

  it('goes back and forward through searches, users and the audit log', async () => {
    const { bob, page } = await openUsers();
    await page.getByLabel('Search').fill('bob.');
    await page.getByText('1 user', { exact: true }).waitFor();
    let dialog = await openUser(page, bob);
    await dialog.getByRole('button', { name: 'Delete' }).click();
    await page.goBack();
    await expectNoDialog(page);
    await expectFocusOn(page, bob.username);
    await page.goForward();
    dialog = page.getByRole('dialog', { name: bob.username });
    await dialog.getByText('Sessions', { exact: true }).waitFor();
    await page.reload();
    await dialog.getByText('Sessions', { exact: true }).waitFor();
    await dialog.getByRole('button', { name: 'Close' }).click();
    await page.waitForURL(({ hash }) => hash === '#users?search=bob.');
    await page.getByRole('link', { name: 'Audit log' }).click();
    await page.getByRole('heading', { name: 'Audit log' }).waitFor();
    await page.goBack();
    await page.getByText('1 user', { exact: true }).waitFor();
    expect(await names(page)).to.deep.equal([bob.username]);
  });

  it('shows what was done to accounts, the latest first', async () => {
    const { server, ada, bob, page } = await openUsers();
    await act(page, bob, 'Deactivate');
    await page.getByText('The user is deactivated.').waitFor();
    const record = {
      at: 0,
      by: 'operator',
      actor: 'root',
      act: 'promote',
      userId: 1,
      username: 'x',
    } as const;
    for (let i = 0; i < 50; i++) await server.storage.staff.record(record);
    await page.getByRole('link', { name: 'Audit log' }).click();
    await page.getByText('The latest 50 records').waitFor();
    const rows = page.getByRole('list', { name: 'Audit log' }).getByRole('listitem');
    expect(await rows.first().textContent()).to.match(/^root \(at the command line\): promote xUser 1, /);
    await page.getByRole('button', { name: 'Show more' }).click();
    await page.getByText('51 records').waitFor();
    expect(await page.locator(':focus').textContent()).to.match(
      new RegExp(`^${ada.username}: deactivate ${bob.username}User 2, `),
    );
  });

  it('can be used with the keyboard only', async () => {
    const { ada, bob, page } = await openUsers();
    const { keyboard } = page;
    await tabTo(page, 'Search');
    await keyboard.type('bob.');
    await page.getByText('1 user', { exact: true }).waitFor();
    await tabTo(page, bob.username);
    await keyboard.press('Enter');
    await page.getByRole('dialog', { name: bob.username }).getByText('Sessions', { exact: true }).waitFor();
    await expectFocusOn(page, bob.username);
    await tabTo(page, 'Deactivate');
    await keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'Deactivate this user?' }).waitFor();
    await keyboard.press('Shift+Tab');
    await keyboard.press('Enter');
    await page.getByText('The user is deactivated.').waitFor();
    await page.locator('[data-id="2"]').getByText('Inactive').waitFor();
    await expectFocusOn(page, bob.username);
    await tabTo(page, 'Users');
    await keyboard.press('Enter');
    await page.getByText('2 users', { exact: true }).waitFor();
    await tabTo(page, ada.username);
  });

  it('finds out whether the user is staff once the server is back', async () => {
    const { server, ada, visitor } = await serve();
    const page = await visitor.openSignedIn(ada);
    await page.getByRole('link', { name: 'Users' }).waitFor();
    visitor.expectFailures(/net::ERR_|status of 503/);
    let refused = 0;
    await page.route('**/api/account/', (route) =>
      ++refused <= 2 ? route.fulfill({ status: 503 }) : route.continue(),
    );
    await page.goto(`http://127.0.0.1:${server.port}/#users`);
    await page.reload();
    await page.getByText('2 users', { exact: true }).waitFor();
    expect(refused).to.equal(3);
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [360, 1280]) {
      it(`is accessible and fits in ${width} pixels, in ${colorScheme} colours`, async () => {
        const { server, clock, ada, bob } = await serve();
        const viewport = { width, height: 740 };
        const visitor = started(await Visitor.arrive(browser, server.port, { colorScheme, viewport }));
        visitor.expectFailures(/status of 400/);
        const page = await visitor.openSignedIn(ada);
        const arrived = async (screen: string) => {
          await expectAccessible(page, screen);
          await expectNoSidewaysScrolling(page, screen);
        };
        await page.getByRole('link', { name: 'Users' }).click();
        await page.getByText('2 users', { exact: true }).waitFor();
        await arrived('users');
        clock.advance(elevenMinutes);
        await openUser(page, bob);
        await arrived('a user');
        await page.getByRole('button', { name: 'Deactivate' }).click();
        const question = page.getByRole('dialog', { name: 'Deactivate this user?' });
        await arrived('a question');
        await question.getByRole('button', { name: 'Deactivate' }).click();
        await question.getByLabel('Your password').fill(ada.password);
        await arrived('the password');
        await page.keyboard.press('Enter');
        await page.locator('[data-id="2"]').getByText('Inactive').waitFor();
        await arrived('an inactive user, and a message');
        await page.getByLabel('Search').fill('nobody');
        await page.getByText('No user matches.').waitFor();
        await arrived('no user');
        await page.getByRole('link', { name: 'Audit log' }).click();
        await page.getByText('1 record', { exact: true }).waitFor();
        await arrived('audit log');
      });
    }
  }
});

type Named = Pick<SignedIn, 'username'>;

async function makeStaff(server: RunningServer, { username }: SignedIn): Promise<void> {
  const user = await server.storage.users.findByName(username);
  await server.storage.staff.add(user?.id ?? 0);
}

async function addUsers(server: RunningServer, count: number, prefix = 'user'): Promise<void> {
  for (let i = 1; i <= count; i++) {
    await server.storage.users.add({ username: `${prefix}${i}`, passwordHash: '!', createdAt: 0 });
  }
}

/** The names in the list, in their order. */
const names = (page: Page) => page.locator('.rows bdi').allTextContents();

async function openUser(page: Page, { username }: Named): Promise<Locator> {
  await page.getByRole('link', { name: username }).click();
  const dialog = page.getByRole('dialog', { name: username });
  await dialog.getByText('Sessions', { exact: true }).waitFor();
  return dialog;
}

/** Opens the question before an act. */
async function askTo(page: Page, user: Named, action: string): Promise<Locator> {
  const dialog = await openUser(page, user);
  await dialog.getByRole('button', { name: action }).click();
  return page.getByRole('dialog', { name: `${action} ` });
}

/** Does something to a user, and confirms it. */
async function act(page: Page, user: SignedIn, action: string): Promise<void> {
  const question = await askTo(page, user, action);
  await question.getByRole('button', { name: action }).click();
}

async function expectNoDialog(page: Page): Promise<void> {
  await page.locator('body:not(:has(dialog))').waitFor();
}

async function expectFocusOn(page: Page, text: string): Promise<void> {
  await page.locator(':focus').getByText(text, { exact: true }).waitFor();
}
