import type { AuditPage, AuditRecord } from '../domain/audit.js';
import { maxPageSize } from '../domain/page.js';
import type { SessionRef } from './ports/session-repository.js';
import type { StaffRepository } from './ports/staff-repository.js';

/** Reads the audit log, the latest record first. */
export class ReadAuditLog {
  constructor(private readonly staff: StaffRepository) {}

  /** For staff. Throws 'token_revoked' or 'not_staff'. */
  async page(by: SessionRef, page: AuditPage): Promise<readonly AuditRecord[]> {
    await this.staff.authorise(by);
    return this.staff.records(page);
  }

  /** For staff: all records with an id below `before`, page by page. The right is checked at each page. */
  pages(by: SessionRef, before: number): AsyncGenerator<readonly AuditRecord[], void, undefined> {
    return pagesOf((page) => this.page(by, page), before, Infinity);
  }

  /** For the operator: at most so many records, read page by page as they are asked for. */
  async *list(max = Infinity): AsyncGenerator<AuditRecord, void, undefined> {
    for await (const page of pagesOf((next) => this.staff.records(next), Infinity, max)) yield* page;
  }
}

/** Pages of at most `max` records in all, until one is not full. */
async function* pagesOf(
  read: (page: AuditPage) => Promise<readonly AuditRecord[]>,
  first: number,
  max: number,
): AsyncGenerator<readonly AuditRecord[], void, undefined> {
  let before: number | undefined = first;
  for (let left = max; left > 0 && before !== undefined; left -= maxPageSize) {
    const limit = Math.min(left, maxPageSize);
    const page: readonly AuditRecord[] = await read({ before, limit });
    yield page;
    before = page[limit - 1]?.id;
  }
}
