import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { randomId } from '../../src/adapters/crypto/random-id.js';
import { sha256 } from '../../src/adapters/crypto/sha256.js';
import { MakePasswordLink } from '../../src/application/make-password-link.js';
import { RecordAct } from '../../src/application/record-act.js';
import { anOperator } from '../support/builders.js';
import { RunningServer } from '../support/running-server.js';
import { SettableClock } from '../../src/storage-contract/settable-clock.js';
import { stopAfterEach } from '../support/stop-after-each.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { startChromium } from './chromium.js';
import { Visitor } from './visitor.js';

const password = 'analytical-engine';

async function register(page: Page, username: string): Promise<void> {
  await page.getByRole('link', { name: 'Register' }).click();
  await page.getByLabel('User name').fill(username);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Register' }).click();
  await page.getByRole('heading', { name: 'Tasks' }).waitFor();
}

async function add(page: Page, title: string, description = 'Soon.'): Promise<void> {
  await page.getByLabel('Title').fill(title);
  await page.getByLabel('Description').fill(description);
  await page.getByRole('button', { name: 'Add task' }).click();
  await page.locator('.task .title').getByText(title, { exact: true }).waitFor();
}

/** Fills in the form that a password link opens. */
async function setPassword(page: Page, first: string, again = first): Promise<void> {
  await page.getByLabel('New password', { exact: true }).fill(first);
  await page.getByLabel('New password again').fill(again);
  await page.getByRole('button', { name: 'Set password' }).click();
}

/** The titles in the list, in their order. */
const titles = (page: Page) => page.locator('.task .title').allTextContents();

describe('the page in a browser', () => {
  const started = stopAfterEach();
  let browser: Browser;
  before(async () => {
    browser = await startChromium();
  });
  after(() => browser.close());

  async function serve(environment: Record<string, string> = {}, clock = new SettableClock()) {
    const server = started(await RunningServer.start(environment, clock.now));
    return { server, clock };
  }

  async function visit(port: number, options = {}): Promise<Visitor> {
    return started(await Visitor.arrive(browser, port, options));
  }

  /** A visitor whose way to the server can be slow, and break. */
  async function serveThroughProxy() {
    const { server } = await serve();
    const proxy = started(await TcpProxy.start(server.port));
    const user = await server.registerAndSignIn('ada');
    const visitor = await visit(proxy.port);
    const page = await visitor.openSignedIn(user);
    await page.getByText('Nothing to do yet').waitFor();
    visitor.expectFailures(/net::ERR_/);
    const goAway = () => {
      proxy.leadTo(1); // Nobody listens there.
      proxy.resetConnections();
    };
    return { proxy, server, visitor, page, user, goAway };
  }

  /** Makes links, and opens the page with the token of one. */
  async function openLink(environment: Record<string, string> = {}) {
    const { server, clock } = await serve(environment);
    const { users, staff } = server.storage;
    const recordAct = new RecordAct(staff, clock.now, anOperator);
    const links = new MakePasswordLink(users, randomId, sha256, clock.now, recordAct);
    const visitor = await visit(server.port);
    const open = async (token = '') => visitor.open(`/#/password/${token}`);
    return { server, links, visitor, open };
  }

  describe('opened by a password link', () => {
    const newPassword = 'difference-engine';

    it('lets somebody who was invited set a password and sign in, and keeps the token out of every address', async () => {
      const { links, visitor, open } = await openLink({ REGISTRATION: 'closed' });
      const token = (await links.invite('ada')) ?? '';
      const page = await open(token);
      const urls: string[] = [];
      page.on('request', (request) => urls.push(`${request.url()} ${request.headers()['referer'] ?? ''}`));
      await page.getByRole('heading', { name: 'Set your password' }).waitFor();
      expect(page.url()).to.equal(`${visitor.origin}/#password`);

      await setPassword(page, newPassword, 'another-engine');
      await page.getByText('The two passwords differ.').waitFor();
      expect(visitor.count('POST /api/password/reset/confirm/')).to.equal(0);
      visitor.expectFailures(/status of 400/);
      await setPassword(page, '1234567');
      await page.getByText('This password is too short.').waitFor();
      const named = page.getByLabel('New password', { exact: true });
      expect(await named.getAttribute('aria-invalid')).to.equal('true');

      await setPassword(page, newPassword);
      await page.getByText('Your password is set.').waitFor();
      await page.getByLabel('User name').fill('ada');
      await page.getByLabel('Password').fill(newPassword);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('heading', { name: 'Tasks' }).waitFor();
      expect(urls.join()).not.to.contain(token);
      const kept = await page.evaluate<string>(
        'JSON.stringify([localStorage, sessionStorage, history.state])',
      );
      expect(kept).not.to.contain(token);
    });

    it('signs out whoever is signed in, once the password is set', async () => {
      const { server, links, visitor } = await openLink();
      const user = await server.registerAndSignIn('ada');
      const page = await visitor.openSignedIn(user);
      await page.goto(`${visitor.origin}/#/password/${await links.reset(user.username)}`);
      visitor.expectFailures(/status of 401/); // The session has ended with the old password.
      await setPassword(page, newPassword);
      await page.getByText('Your password is set.').waitFor();
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
      await page.reload();
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    });

    it('says that a link does not work, and leads to the sign-in after a reload', async () => {
      const { open, visitor } = await openLink();
      const page = await open(`1-${'0'.repeat(32)}`);
      visitor.expectFailures(/status of 400/);
      await setPassword(page, newPassword);
      await page.getByRole('alert').getByText('This link does not work').waitFor();
      await page.reload();
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    });

    it('uses the link that was opened last in a tab', async () => {
      const { links, open, visitor } = await openLink();
      const first = (await links.invite('ada')) ?? '';
      const page = await open(first);
      await page.getByRole('heading', { name: 'Set your password' }).waitFor();
      await page.goto(`${visitor.origin}/#/password/${await links.reset('ada')}`);
      await page.waitForURL(`${visitor.origin}/#password`);
      await setPassword(page, newPassword);
      await page.getByText('Your password is set.').waitFor();
    });
  });

  it('lets a visitor register, work with tasks, and sign out', async () => {
    const { server } = await serve();
    const visitor = await visit(server.port);
    const page = await visitor.open();
    expect(await page.title()).to.equal('Sign in – Hexado');
    await register(page, 'ada');
    await page.getByText('Nothing to do yet').waitFor();

    await add(page, 'Buy milk', 'Two litres');
    await add(page, 'Call Charles', 'About the <b>engine</b> & more');
    expect(await titles(page)).to.deep.equal(['Call Charles', 'Buy milk']);
    await page.getByText('2 tasks').waitFor();

    const saved = page.waitForResponse((response) => response.request().method() === 'PUT');
    await page.getByLabel('Status of “Buy milk”').selectOption('In progress');
    expect((await saved).status()).to.equal(200);

    await page.getByRole('link', { name: 'Edit “Call Charles”' }).click();
    const dialog = page.getByRole('dialog', { name: 'Edit task' });
    expect(await dialog.getByLabel('Description').inputValue()).to.equal('About the <b>engine</b> & more');
    await dialog.getByLabel('Title').fill('Write to Charles');
    await dialog.getByLabel('Status').selectOption('Completed');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'hidden' });
    await page.getByText('The task is saved.').waitFor();

    await page
      .getByRole('navigation', { name: 'Status of the tasks' })
      .getByRole('link', { name: 'Completed' })
      .click();
    await page.getByText('1 task', { exact: true }).waitFor();
    expect(await titles(page)).to.deep.equal(['Write to Charles']);
    await page.getByRole('link', { name: 'All' }).click();
    await page.getByText('2 tasks').waitFor();
    await page.getByLabel('Search').fill('LITRES');
    await page.getByText('1 task', { exact: true }).waitFor();
    expect(await titles(page)).to.deep.equal(['Buy milk']);
    await page.getByLabel('Search').fill('no such words');
    await page.getByRole('link', { name: 'Show all tasks' }).click();
    await page.getByText('2 tasks').waitFor();
    await page.getByLabel('Order').selectOption('Title');
    await page.locator('.task:first-child').getByText('Buy milk').waitFor();
    expect(await titles(page)).to.deep.equal(['Buy milk', 'Write to Charles']);

    await page.getByRole('button', { name: 'Delete “Buy milk”' }).click();
    const question = page.getByRole('dialog', { name: 'Delete this task?' });
    await question.getByRole('button', { name: 'Cancel' }).click();
    expect(await titles(page)).to.have.length(2);
    await page.getByRole('button', { name: 'Delete “Buy milk”' }).click();
    await question.getByRole('button', { name: 'Delete' }).click();
    await page.getByText('The task is deleted.').waitFor();
    expect(await titles(page)).to.deep.equal(['Write to Charles']);

    await page.reload();
    await page.getByText('Write to Charles').waitFor();
    expect(await page.getByLabel('Status of “Write to Charles”').inputValue()).to.equal('completed');

    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(await page.evaluate('localStorage.length')).to.equal(0);
  });

  it('manages sessions, the password and the account', async () => {
    const { server } = await serve();
    const user = await server.registerAndSignIn('ada');
    const visitor = await visit(server.port, { locale: 'de-DE', timezoneId: 'Asia/Tokyo' });
    const page = await visitor.openSignedIn(user);
    await page.getByRole('link', { name: 'Account' }).click();
    await page.getByText('This session').waitFor();
    expect(await page.title()).to.equal('Account – Hexado');
    const sessions = page.getByRole('list', { name: 'Sessions' }).getByRole('listitem');
    expect(await sessions.count()).to.equal(2);
    const time = await page.locator('.sessions time').first().textContent();
    expect(time, 'a German date').to.match(/^\d\d\.\d\d\.\d{4}, \d\d:\d\d$/);

    await sessions.last().getByRole('button').click();
    await page.getByText('The session has ended.').waitFor();
    expect(await sessions.count()).to.equal(1);
    expect((await server.call('GET', '/tasks/', undefined, user.access)).status).to.equal(401);

    visitor.expectFailures(/status of 400/);
    await page.getByLabel('Current password').fill('wrong');
    await page.getByLabel('New password').fill('Tr0ubadour & kite');
    await page.getByRole('button', { name: 'Change password' }).click();
    await page.getByText('Your password was entered incorrectly. Please enter it again.').waitFor();
    await page.getByLabel('Current password').fill(user.password);
    await page.getByRole('button', { name: 'Change password' }).click();
    await page.getByText('The password is changed.').waitFor();
    expect(await page.getByLabel('Current password').inputValue()).to.equal('');

    await page.getByRole('button', { name: 'Delete account' }).click();
    const dialog = page.getByRole('dialog', { name: 'Delete this account?' });
    await dialog.getByLabel('Password').fill(user.password);
    await dialog.getByRole('button', { name: 'Delete account' }).click();
    await dialog.getByText('Your password was entered incorrectly. Please enter it again.').waitFor();
    await dialog.getByLabel('Password').fill('Tr0ubadour & kite');
    await dialog.getByRole('button', { name: 'Delete account' }).click();
    await page.getByText('The account is deleted.').waitFor();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    const credentials = { username: user.username, password: 'Tr0ubadour & kite' };
    expect((await server.call('POST', '/api/token/', credentials)).status).to.equal(401);
  });

  it('ends all sessions, here too', async () => {
    const { server } = await serve();
    const user = await server.registerAndSignIn('ada');
    const page = await (await visit(server.port)).openSignedIn(user);
    await page.getByRole('link', { name: 'Account' }).click();
    await page.getByRole('button', { name: 'End all sessions' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'End all sessions' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect((await server.call('GET', '/tasks/', undefined, user.access)).status).to.equal(401);
  });

  describe('says what is wrong', () => {
    it('beside each field, which gets the focus', async () => {
      const { server } = await serve();
      const visitor = await visit(server.port);
      visitor.expectFailures(/status of 400/);
      const page = await visitor.open('/#register');
      await page.getByLabel('User name').fill('ada');
      await page.getByLabel('Password').fill('123');
      await page.getByRole('button', { name: 'Register' }).click();
      const field = page.getByLabel('Password');
      await page.getByText('It must contain at least 8 characters.').waitFor();
      expect(await field.getAttribute('aria-invalid')).to.equal('true');
      const described = await page.locator(`#${await field.getAttribute('aria-describedby')}`).textContent();
      expect(described).to.match(/too short.*too common.*entirely numeric/);
      expect(await page.evaluate('document.activeElement.name')).to.equal('password');
      expect(await page.getByLabel('User name').getAttribute('aria-invalid')).to.equal(null);

      await field.fill(password);
      await page.getByRole('button', { name: 'Register' }).click();
      await page.getByRole('heading', { name: 'Tasks' }).waitFor();
      await page.getByRole('button', { name: 'Add task' }).click();
      await page.getByText('This field may not be blank.').first().waitFor();
      expect(await page.getByText('This field may not be blank.').count()).to.equal(2);
    });

    it('with a wrong password', async () => {
      const { server } = await serve();
      const visitor = await visit(server.port);
      visitor.expectFailures(/status of 401/);
      const page = await visitor.open();
      await page.getByLabel('User name').fill('nobody');
      await page.getByLabel('Password').fill('whatever');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('alert').getByText('The user name or the password is wrong.').waitFor();
    });

    it('with too many attempts', async () => {
      const { server } = await serve({ THROTTLE_SIGN_IN: '1/5m' });
      const visitor = await visit(server.port);
      visitor.expectFailures(/status of 4(01|29)/);
      const page = await visitor.open();
      await page.getByLabel('User name').fill('ada');
      await page.getByLabel('Password').fill('whatever');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByText('is wrong').waitFor();
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByText(/That was too often\. Please try again in \d+ minutes\./).waitFor();
    });
  });

  it('refreshes an access token that has expired, without a word', async () => {
    const { server, clock } = await serve();
    const visitor = await visit(server.port);
    const page = await visitor.openSignedIn(await server.registerAndSignIn('ada'));
    await add(page, 'First');
    visitor.expectFailures(/status of 401/);
    clock.advance(31 * 60);
    await add(page, 'Second');
    expect(visitor.count('POST /api/token/refresh/')).to.equal(1);
    expect(await titles(page)).to.deep.equal(['Second', 'First']);
  });

  it('signs out with a word when the session has ended elsewhere', async () => {
    const { server } = await serve();
    const user = await server.registerAndSignIn('ada');
    const visitor = await visit(server.port);
    const page = await visitor.openSignedIn(user);
    await server.call('POST', '/api/logout/all/', undefined, user.access);
    visitor.expectFailures(/status of 401/);
    await page.getByRole('link', { name: 'Pending' }).click();
    await page.getByText('Your session has ended. Please sign in again.').waitFor();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  });

  describe('in two tabs', () => {
    it('refreshes one after the other, each with the token that the other has got', async () => {
      const { server, clock } = await serve({ ROTATE_REFRESH_TOKENS: 'true', REFRESH_GRACE: '0s' });
      const visitor = await visit(server.port);
      const tabs = [await visitor.openSignedIn(await server.registerAndSignIn('ada')), await visitor.open()];
      for (const tab of tabs) await tab.getByText('Nothing to do yet').waitFor();
      visitor.expectFailures(/status of 401/);
      for (let round = 1; round <= 3; round++) {
        clock.advance(31 * 60);
        const before = visitor.count('POST /api/token/refresh/');
        const [status = '', other = ''] =
          round % 2 === 1 ? ['Pending', 'Completed'] : ['Completed', 'Pending'];
        const [first, second] = tabs;
        await Promise.all([
          first?.getByRole('link', { name: status }).click(),
          second?.getByRole('link', { name: other }).click(),
        ]);
        for (const tab of tabs) await tab.getByText('No task matches').waitFor();
        await Promise.all(tabs.map((tab) => tab.getByRole('link', { name: 'Show all tasks' }).click()));
        for (const tab of tabs) await tab.getByText('Nothing to do yet').waitFor();
        expect(visitor.count('POST /api/token/refresh/') - before).to.equal(2);
      }
    });

    it('waits for the token that the other one has got, should it see that a little later', async () => {
      const { server, clock } = await serve({ ROTATE_REFRESH_TOKENS: 'true', REFRESH_GRACE: '0s' });
      const visitor = await visit(server.port);
      const first = await visitor.openSignedIn(await server.registerAndSignIn('ada'));
      const second = await visitor.open();
      for (const tab of [first, second]) await tab.getByText('Nothing to do yet').waitFor();
      visitor.expectFailures(/status of 401/);
      clock.advance(31 * 60);
      await second.evaluate(() => {
        const seen = localStorage.getItem('hexado.session');
        Storage.prototype.getItem = () => seen;
      });
      await first.getByRole('link', { name: 'Pending' }).click();
      await first.getByText('No task matches').waitFor();
      const refused = second.waitForResponse((response) => response.status() === 401);
      await second.getByRole('link', { name: 'Pending' }).click();
      await refused;
      await second.evaluate(() => {
        Storage.prototype.getItem = function (this: Record<string, string>, name) {
          return this[name] ?? null;
        };
        dispatchEvent(new StorageEvent('storage', { key: 'another' }));
      });
      await second.getByText('No task matches').waitFor();
      expect(visitor.count('POST /api/token/refresh/')).to.equal(3); // One when the second tab was opened.
    });

    it('signs out in both, and in again', async () => {
      const { server } = await serve();
      const user = await server.registerAndSignIn('ada');
      const visitor = await visit(server.port);
      const first = await visitor.openSignedIn(user);
      const second = await visitor.open('/#account');
      await second.getByText('This session').waitFor();
      await first.getByRole('button', { name: 'Sign out' }).click();
      await second.getByRole('heading', { name: 'Sign in' }).waitFor();
      await second.getByLabel('User name').fill(user.username);
      await second.getByLabel('Password').fill(user.password);
      await second.getByRole('button', { name: 'Sign in' }).click();
      for (const tab of [first, second]) await tab.getByRole('heading', { name: 'Tasks' }).waitFor();
    });
  });

  describe('on a network that fails', () => {
    it('keeps what was written while the server is gone, and adds it once when it is back', async () => {
      const { proxy, server, page, user, goAway } = await serveThroughProxy();
      goAway();
      await page.getByLabel('Title').fill('Buy milk');
      await page.getByLabel('Description').fill('Two litres');
      await page.getByRole('button', { name: 'Add task' }).click();
      await page
        .getByRole('region', { name: 'New task' })
        .getByText('The server cannot be reached.')
        .waitFor();
      expect(await page.getByLabel('Title').inputValue()).to.equal('Buy milk');

      // The server creates the task, and its response is lost.
      proxy.leadTo(server.port);
      const lost = proxy.loseReplyTo(/POST \/tasks\/create\//);
      await page.getByRole('button', { name: 'Add task' }).click();
      await lost;
      await page.getByText('The server cannot be reached.').waitFor();
      await page.getByRole('button', { name: 'Add task' }).click();
      await page.getByText('The task is added.').waitFor();
      expect((await server.call('GET', '/tasks/', undefined, user.access)).json()).to.have.length(1);
    });

    it('shows the list by itself when the server is back', async () => {
      const { proxy, server, page, goAway } = await serveThroughProxy();
      goAway();
      await page.getByRole('link', { name: 'Pending' }).click();
      await page.getByText('The server cannot be reached.').waitFor();
      proxy.leadTo(server.port);
      await page.getByText('No task matches').waitFor();
    });

    it('shows the old status again when the new one could not be saved', async () => {
      const { page, goAway } = await serveThroughProxy();
      await add(page, 'Buy milk');
      goAway();
      const status = page.getByLabel('Status of “Buy milk”');
      await status.selectOption('Completed');
      await page.getByText('The server cannot be reached.').waitFor();
      expect(await status.inputValue()).to.equal('pending');
    });

    it('says so when the server could not be told of a sign-out', async () => {
      const { page, goAway } = await serveThroughProxy();
      goAway();
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByText('You are signed out in this browser. The server could not be told').waitFor();
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    });

    it('waits for a slow server, and sends nothing twice', async () => {
      const { proxy, server, visitor, page, user } = await serveThroughProxy();
      proxy.holdUp('everything');
      await page.getByLabel('Title').fill('Buy milk');
      await page.getByLabel('Description').fill('Two litres');
      const button = page.getByRole('button', { name: 'Add task' });
      for (let click = 0; click < 3; click++) await button.click();
      expect(await button.getAttribute('aria-busy')).to.equal('true');
      proxy.release();
      await page.getByText('The task is added.').waitFor();
      expect(visitor.count('POST /tasks/create/')).to.equal(1);
      expect((await server.call('GET', '/tasks/', undefined, user.access)).json()).to.have.length(1);
    });

    it('shows the list of the last filter, whichever comes first', async () => {
      const { proxy, page } = await serveThroughProxy();
      await add(page, 'Buy milk');
      proxy.holdUp('replies');
      await page.getByRole('link', { name: 'Completed' }).click();
      await page.getByRole('link', { name: 'Pending' }).click();
      proxy.release();
      await page.getByText('1 task', { exact: true }).waitFor();
      expect(await titles(page)).to.deep.equal(['Buy milk']);
    });
  });

  it('goes back and forward through filters, screens and dialogs', async () => {
    const { server } = await serve();
    const page = await (await visit(server.port)).openSignedIn(await server.registerAndSignIn('ada'));
    await add(page, 'Buy milk');
    await page.getByRole('link', { name: 'Completed' }).click();
    await page.getByText('No task matches').waitFor();
    await page.getByRole('link', { name: 'Account' }).click();
    await page.getByRole('heading', { name: 'Account', exact: true }).waitFor();
    await page.goBack();
    await page.getByText('No task matches').waitFor();
    await page.goBack();
    await page.getByText('1 task', { exact: true }).waitFor();
    await page.getByRole('link', { name: 'Edit “Buy milk”' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Title').waitFor();
    await page.goBack();
    await dialog.waitFor({ state: 'hidden' });
    await page.goForward();
    await dialog.getByLabel('Title').waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    await page.waitForURL(({ hash }) => hash === '#tasks');
    await page.goForward();
    await dialog.getByLabel('Title').waitFor();
    await page.reload();
    await dialog.getByLabel('Title').waitFor();
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await dialog.waitFor({ state: 'hidden' });
    await page.waitForURL(({ hash }) => hash === '#tasks');
  });

  it('shows long lists part by part', async () => {
    const { server } = await serve();
    const user = await server.registerAndSignIn('ada');
    for (let i = 1; i <= 51; i++) {
      await server.call('POST', '/tasks/create/', { title: `Task ${i}`, description: 'd' }, user.access);
    }
    const page = await (await visit(server.port)).openSignedIn(user);
    await page.getByText('51 tasks').waitFor();
    expect((await titles(page))[0]).to.equal('Task 51');
    expect(await titles(page)).to.have.length(50);
    await page.getByRole('button', { name: 'Show more' }).click();
    await page.getByText('Task 1', { exact: true }).waitFor();
    expect(await titles(page)).to.have.length(51);
    expect(await page.getByRole('button', { name: 'Show more' }).count()).to.equal(0);
  });

  it('tells of changes that somebody else has made to the task that is being edited', async () => {
    const { server } = await serve();
    const user = await server.registerAndSignIn('ada');
    const visitor = await visit(server.port);
    visitor.expectFailures(/status of 412/);
    const page = await visitor.openSignedIn(user);
    await add(page, 'Buy milk');
    const dialog = page.getByRole('dialog');

    async function changeWhileEditing(mine: string, theirs: string): Promise<void> {
      await page.getByRole('link', { name: /^Edit/ }).click();
      await dialog.getByLabel('Title').fill(mine);
      await server.call('PUT', '/tasks/1/update/', { title: theirs }, user.access);
      await dialog.getByRole('button', { name: 'Save' }).click();
      await dialog.getByText('This task was changed elsewhere while you were editing it.').waitFor();
    }
    await changeWhileEditing('Mine', 'Theirs');
    await dialog.getByText('Theirs').waitFor();
    await dialog.getByRole('button', { name: 'Save my version' }).click();
    await dialog.waitFor({ state: 'hidden' });
    expect(await titles(page)).to.deep.equal(['Mine']);

    await changeWhileEditing('Mine again', 'Theirs again');
    await dialog.getByRole('button', { name: 'Take the other one' }).click();
    expect(await dialog.getByLabel('Title').inputValue()).to.equal('Theirs again');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'hidden' });
    expect(await titles(page)).to.deep.equal(['Theirs again']);
  });

  it('offers no registration where it is closed', async () => {
    const { server } = await serve({ REGISTRATION: 'closed' });
    const page = await (await visit(server.port)).open('/#register');
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(await page.getByRole('link', { name: 'Register' }).count()).to.equal(0);
  });

  it('shows no text of a task as markup', async () => {
    const { server } = await serve();
    const page = await (await visit(server.port)).openSignedIn(await server.registerAndSignIn('ada'));
    const text = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
    await add(page, text, text);
    expect(await titles(page)).to.deep.equal([text]);
    expect(await page.title()).to.equal('Tasks – Hexado');
  });
});
