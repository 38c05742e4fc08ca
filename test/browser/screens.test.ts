import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { demoUser } from '../../src/application/add-demo-user.js';
import { ServerProcess } from '../support/server-process.js';
import { startChromium } from './chromium.js';
import { expectAccessible, expectNoSidewaysScrolling, tabTo, Visitor } from './visitor.js';

/** Shows every screen, one after the other, and calls back at each. */
async function tour(visitor: Visitor, arrived: (screen: string, page: Page) => Promise<void>): Promise<void> {
  const page = await visitor.open();
  await arrived('sign in', page);
  await page.getByRole('link', { name: 'Register' }).click();
  visitor.expectFailures(/status of 400/);
  await page.getByLabel('User name').fill('not a name');
  await page.getByLabel('Password').fill('123');
  await page.getByRole('button', { name: 'Register' }).click();
  await page.getByText('Enter a valid username.').waitFor();
  await arrived('register, with errors', page);

  await page.getByLabel('User name').fill(`ada.${Date.now()}`);
  await page.getByLabel('Password').fill('analytical-engine');
  await page.getByRole('button', { name: 'Register' }).click();
  await page.getByText('Nothing to do yet').waitFor();
  await arrived('no tasks', page);

  const long = 'Donaudampfschifffahrtsgesellschaftskapitänswitwenrente'.repeat(3);
  for (const [title, description] of [
    ['Buy milk', 'Two litres'],
    [long, long],
  ] as const) {
    await page.getByLabel('Title').fill(title);
    await page.getByLabel('Description').fill(description);
    await page.getByRole('button', { name: 'Add task' }).click();
    await page.locator('.task .title').getByText(title, { exact: true }).waitFor();
  }
  await page.getByLabel('Status of “Buy milk”').selectOption('In progress');
  await arrived('tasks, and a message', page);
  await page.getByRole('link', { name: 'Edit “Buy milk”' }).click();
  await page.getByRole('button', { name: 'Save' }).waitFor();
  await arrived('edit', page);
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Delete “Buy milk”' }).click();
  await arrived('delete', page);
  await page.keyboard.press('Escape');

  await page.getByRole('link', { name: 'Account' }).click();
  await page.locator('.sessions time').first().waitFor();
  await page.locator('section', { hasText: 'Registered on' }).waitFor();
  await arrived('account', page);
  await page.getByRole('button', { name: 'Delete account' }).click();
  await arrived('delete the account', page);
  await page.keyboard.press('Escape');

  visitor.expectFailures(/status of 40[0145]/);
  await page.goto(`${visitor.origin}/#/password/1-${'0'.repeat(32)}`);
  await page.getByLabel('New password', { exact: true }).fill('analytical-engine');
  await page.getByRole('button', { name: 'Set password' }).click();
  await page.getByText('The two passwords differ.').waitFor();
  await arrived('set a password, with an error', page);
  await page.getByLabel('New password again').fill('analytical-engine');
  await page.getByRole('button', { name: 'Set password' }).click();
  await page.getByText('This link does not work').waitFor();
  await arrived('set a password, with a wrong link', page);

  for (const path of ['/nowhere', '/tasks/', '/api/token/']) {
    await page.goto(`${visitor.origin}${path}`);
    await page.getByText('What programs get here').click();
    await arrived(path, page);
  }
}

describe('every screen of the page', () => {
  let browser: Browser;
  let server: ServerProcess;
  before(async () => {
    browser = await startChromium();
    server = await ServerProcess.start({ BCRYPT_COST: '4', DEMO: 'on' });
  });
  after(async () => {
    await browser.close();
    await server.kill();
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [360, 1280]) {
      it(`is accessible and fits in ${width} pixels, in ${colorScheme} colours`, async () => {
        const viewport = { width, height: 740 };
        const visitor = await Visitor.arrive(browser, server.port, { colorScheme, viewport });
        await tour(visitor, async (screen, page) => {
          await expectAccessible(page, screen);
          await expectNoSidewaysScrolling(page, screen);
        });
        await visitor.stop();
      });
    }
  }

  it('can be used with the keyboard only', async () => {
    const visitor = await Visitor.arrive(browser, server.port);
    const page = await visitor.open();
    const { keyboard } = page;

    await tabTo(page, 'User name');
    await keyboard.type(demoUser.username);
    await tabTo(page, 'Password');
    await keyboard.type(demoUser.password);
    await keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Tasks' }).waitFor();
    await tabTo(page, 'Title');
    await keyboard.type('By hand');
    await tabTo(page, 'Description');
    await keyboard.type('With the keys.');
    await tabTo(page, 'Add task');
    await keyboard.press('Enter');
    await page.getByText('The task is added.').waitFor();
    await tabTo(page, 'Edit “By hand”');
    await keyboard.press('Enter');
    await page.getByRole('button', { name: 'Save' }).waitFor();
    expect(await page.evaluate('document.activeElement.value')).to.equal('By hand');
    await keyboard.press('End');
    await keyboard.type(', again');
    await keyboard.press('Enter');
    await page.locator('.task .title').getByText('By hand, again').waitFor();
    await page.locator('dialog').waitFor({ state: 'detached' });
    // The focus is where it was before the dialog.
    await keyboard.press('Tab');
    await keyboard.press('Enter');
    const question = page.getByRole('dialog', { name: 'Delete this task?' });
    await question.waitFor();
    expect(await page.locator(':focus').textContent()).to.equal('Cancel');
    await keyboard.press('Shift+Tab');
    await keyboard.press('Enter');
    await page.getByText('The task is deleted.').waitFor();
    expect(await page.locator(':focus').textContent()).to.equal('Edit');
    await visitor.stop();
  });

  it('has a link that skips to the content', async () => {
    const visitor = await Visitor.arrive(browser, server.port);
    const page = await visitor.open();
    await page.keyboard.press('Tab');
    expect(await page.locator(':focus').textContent()).to.equal('Skip to the content');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).to.equal('main');
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.name')).to.equal('username');
    await visitor.stop();
  });

  it('lets everybody look around as the demo user', async () => {
    const visitor = await Visitor.arrive(browser, server.port);
    const page = await visitor.open();
    await page.getByText(demoUser.password).waitFor();
    await page.getByRole('button', { name: 'Sign in as demo' }).click();
    await page.getByText('4 tasks').waitFor();
    await page.getByRole('link', { name: 'Account' }).click();
    visitor.expectFailures(/status of 403/);
    await page.getByLabel('Current password').fill(demoUser.password);
    await page.getByLabel('New password').fill('Tr0ubadour & kite');
    await page.getByRole('button', { name: 'Change password' }).click();
    await page.getByText('Everybody may use this account').waitFor();
    await visitor.stop();
  });
});

describe('the documentation of the API in a browser', () => {
  let browser: Browser;
  let server: ServerProcess;
  before(async () => {
    browser = await startChromium();
    server = await ServerProcess.start({ BCRYPT_COST: '4' });
  });
  after(async () => {
    await browser.close();
    await server.kill();
  });

  it('lets its reader authorize, and try things out', async () => {
    const { access } = await server.registerAndSignIn();
    const visitor = await Visitor.arrive(browser, server.port);
    const page = await visitor.open('/api/docs/');
    expect(page.url()).to.equal(`${visitor.origin}/docs/`);
    await page.getByRole('button', { name: 'Authorize' }).click();
    const dialog = page.locator('.modal-ux');
    await dialog.locator('input').fill(access);
    await dialog.getByRole('button', { name: 'Apply credentials' }).click();
    await dialog.getByRole('button', { name: 'Close' }).first().click();
    const operation = page.locator('#operations-Tasks-listTasks');
    await operation.locator('.opblock-summary-control').click();
    await operation.getByRole('button', { name: 'Try it out' }).click();
    const response = page.waitForResponse((each) => new URL(each.url()).pathname === '/tasks');
    await operation.getByRole('button', { name: 'Execute' }).click();
    expect((await response).status()).to.equal(200);
    await operation.locator('.live-responses-table').getByText('200').first().waitFor();
    expect(await page.evaluate('localStorage.length')).to.equal(0);
    await visitor.stop();
  });

  it('never reads what the page stores, and takes no configuration from the query', async () => {
    const visitor = await Visitor.arrive(browser, server.port);
    const page = await visitor.openSignedIn(await server.registerAndSignIn());
    const query = `?url=${encodeURIComponent('http://example.invalid/openapi.json')}&configUrl=/tasks/`;
    await page.goto(`${visitor.origin}/docs/${query}`);
    await page.getByText('List the tasks').first().waitFor();
    expect(await page.locator('.authorization__btn.locked').count()).to.equal(0);
    expect(await page.evaluate('localStorage.length')).to.equal(1);
    await visitor.stop();
  });
});
