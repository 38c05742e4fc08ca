import { maxPageSize, type Page } from '../domain/page.js';

/** Reads a whole list page by page, so that none is too long to be read; yields each page as it comes. */
export async function* allPages<T extends { readonly id: number }>(
  list: (page: Page) => Promise<readonly T[]>,
  after = 0,
): AsyncGenerator<readonly T[], void, undefined> {
  for (let last: T | undefined, start = after; ; start = last.id) {
    const items = await list({ after: start, limit: maxPageSize });
    yield items;
    last = items[maxPageSize - 1];
    if (!last) return;
  }
}
