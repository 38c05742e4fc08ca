import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect } from 'chai';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** A person with a browser of their own. */
export class Visitor {
  /** The requests to the server, as `POST /api/token/`. */
  readonly requests: string[] = [];
  private readonly problems: string[] = [];
  private expectedFailures: RegExp = /(?!)/;

  private constructor(
    private readonly context: BrowserContext,
    readonly origin: string,
  ) {
    context.on('console', (message) => {
      const text = message.text();
      const isProblem = message.type() === 'error' || message.type() === 'warning';
      if (isProblem && !this.expectedFailures.test(text)) this.problems.push(`console: ${text}`);
    });
    context.on('weberror', (error) => this.problems.push(`error: ${String(error.error().stack)}`));
    context.on('request', (request) => {
      const { origin: target, pathname, protocol } = new URL(request.url());
      if (target === origin) this.requests.push(`${request.method()} ${pathname}`);
      else if (protocol !== 'data:') this.problems.push(`a request elsewhere: ${request.url()}`);
    });
  }

  static async arrive(browser: Browser, port: number, options: BrowserContextOptions = {}): Promise<Visitor> {
    const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
    return new Visitor(context, `http://127.0.0.1:${port}`);
  }

  /** Opens a path in a new tab. */
  async open(path = '/'): Promise<Page> {
    const page = await this.context.newPage();
    await page.goto(`${this.origin}${path}`);
    return page;
  }

  /** Signs a user in through the page, in a new tab. */
  async openSignedIn({
    username,
    password,
  }: {
    readonly username: string;
    readonly password: string;
  }): Promise<Page> {
    const page = await this.open();
    await page.getByLabel('User name').fill(username);
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByRole('heading', { name: 'Tasks' }).waitFor();
    return page;
  }

  /** From now on the console may say that requests failed in this way: a status, or an error of the network. */
  expectFailures(kind: RegExp): void {
    this.expectedFailures = kind;
  }

  /** How often this was requested. */
  count(request: string): number {
    return this.requests.filter((each) => each === request).length;
  }

  /** Goes. Throws if the console said something unexpected, or something was requested from another host. */
  async stop(): Promise<void> {
    await this.context.close();
    expect(this.problems).to.deep.equal([]);
  }
}

/** Expects that axe finds nothing to complain of in what the page shows. */
export async function expectAccessible(page: Page, screen: string): Promise<void> {
  await page.evaluate(axe);
  const violations = await page.evaluate<
    readonly { readonly id: string; readonly nodes: readonly { html: string; failureSummary: string }[] }[]
  >('axe.run().then(({ violations }) => violations)');
  const summaries = violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${screen}: ${id}: ${html}: ${failureSummary}`),
  );
  expect(summaries).to.deep.equal([]);
}

/** Expects that nothing is wider than the window. */
export async function expectNoSidewaysScrolling(page: Page, screen: string): Promise<void> {
  const [content, window] = await page.evaluate<readonly [number, number]>(
    '[document.documentElement.scrollWidth, innerWidth]',
  );
  expect(content, screen).to.be.at.most(window);
}

/** Presses Tab until the focus is on an element of this name, from the end of the page on at its beginning. */
export async function tabTo(page: Page, name: string): Promise<void> {
  for (let i = 0; i < 40; i++) {
    await page.keyboard.press('Tab');
    const focused = page.locator(':focus');
    if ((await focused.count()) === 0) continue; // After the last element, before the first one.
    const label = await focused.evaluate(
      (element) =>
        element.getAttribute('aria-label') ??
        (element as HTMLInputElement).labels?.[0]?.textContent ??
        element.textContent,
    );
    if (label === name) return;
  }
  throw new Error(`no ${name} by Tab`);
}
