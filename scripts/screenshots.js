// Takes the pictures in docs/screenshots: every screen of the page, in light and dark colours. It needs a build and Chromium.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startChromium } from '../dist/test/browser/chromium.js';
import { RunningServer } from '../dist/test/support/running-server.js';

const folder = 'docs/screenshots';
const tasks = [
  ['Order the punched cards', 'Nine hundred, of the thick kind.', 'completed'],
  ['Correct the table of numbers', 'The eighth row does not follow from the seventh.', 'in-progress'],
  [
    'Write to Charles',
    'The engine might act upon other things besides number. Tell him so before the translation is printed.',
    'pending',
  ],
];

/** Others, for the list that administrators see. */
async function addUsers({ users }) {
  for (const username of ['charles', 'mary.somerville', 'luigi']) {
    const user = await users.add({
      username,
      passwordHash: '!',
      createdAt: Date.parse('2026-01-15T09:30Z') / 1000,
    });
    if (username === 'luigi') await users.deactivate(user.id);
  }
}

async function takeAll(browser, { port, storage }, colorScheme) {
  const context = await browser.newContext({
    colorScheme,
    reducedMotion: 'reduce',
    locale: 'en-GB',
    timezoneId: 'Europe/London',
    viewport: { width: 800, height: 780 },
  });
  const page = await context.newPage();
  const take = async (name) => {
    await page.mouse.move(0, 0); // Nothing is pointed at.
    await page.screenshot({ path: join(folder, `${name}-${colorScheme}.png`) });
  };
  const button = (name) => page.getByRole('button', { name });
  const dismiss = () => button('Close').click();

  await page.goto(`http://127.0.0.1:${port}/`);
  await take('sign-in');
  await page.getByRole('link', { name: 'Register' }).click();
  const username = colorScheme === 'light' ? 'ada' : 'ada.lovelace';
  await page.getByLabel('User name').fill(username);
  await page.getByLabel('Password').fill('12345');
  await button('Register').click();
  await page.getByText('too short').waitFor();
  await take('register');

  await page.getByLabel('Password').fill('analytical-engine');
  await button('Register').click();
  await page.getByText('Nothing to do yet').waitFor();
  await take('no-tasks');

  for (const [title, description, status] of tasks) {
    await page.getByLabel('Title').fill(title);
    await page.getByLabel('Description').fill(description);
    await button('Add task').click();
    await page.locator('.task .title').getByText(title, { exact: true }).waitFor();
    if (status === 'pending') continue; // As it is.
    const saved = page.waitForResponse((response) => response.request().method() === 'PUT');
    await page.getByLabel(`Status of “${title}”`).selectOption(status);
    await saved;
  }
  await dismiss();
  await page.evaluate('document.activeElement.blur()');
  await take('tasks');

  await page.setViewportSize({ width: 360, height: 740 });
  await take('phone');
  await page.setViewportSize({ width: 800, height: 780 });

  await page.getByRole('link', { name: 'Edit “Write to Charles”' }).click();
  await button('Save').waitFor();
  await take('edit');
  await page.keyboard.press('Escape');
  await button('Delete “Write to Charles”').click();
  await page.getByText('will be gone for good').waitFor();
  await take('delete');
  await page.keyboard.press('Escape');

  await page.getByRole('link', { name: 'Account' }).click();
  await page.getByText('Registered on').waitFor();
  await page.locator('.sessions time').first().waitFor();
  await page.setViewportSize({ width: 800, height: 1060 });
  await take('account');
  await page.setViewportSize({ width: 800, height: 780 });

  const { id } = await storage.users.findByName(username);
  await storage.staff.add(id);
  await page.reload();
  await page.getByRole('link', { name: 'Users' }).click();
  await page.locator('.rows time').first().waitFor();
  await take('users');
  await page.getByRole('link', { name: 'charles' }).click();
  await button('Deactivate').waitFor();
  await take('user');

  await page.goto(`http://127.0.0.1:${port}/tasks/`);
  await page.getByText('What programs get here').click();
  await take('error');
  await page.goto(`http://127.0.0.1:${port}/docs/`);
  await page.getByText('List the tasks').first().waitFor();
  await take('documentation');
  await context.close();
}

mkdirSync(folder, { recursive: true });
const browser = await startChromium();
const server = await RunningServer.start({ DEMO: 'on' });
await addUsers(server.storage);
try {
  for (const colorScheme of ['light', 'dark']) await takeAll(browser, server, colorScheme);
} finally {
  await browser.close();
  await server.stop();
}
