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
  async *pages(by: SessionRef, before: number): AsyncGenerator<readonly AuditRecord[], void, undefined> {
    for (let end: number | undefined = before; end !== undefined;) {
      const page = await this.page(by, { before: end, limit: maxPageSize });
      yield page;
      end = page[maxPageSize - 1]?.id;
    }
  }

  /** For the operator: at most so many records, read page by page as they are asked for. */
  async *list(max = Infinity): AsyncGenerator<AuditRecord, void, undefined> {
    let before = Infinity;
    for (let left = max; left > 0;) {
      const limit = Math.min(left, maxPageSize);
      const records: readonly AuditRecord[] = await this.staff.records({ before, limit });
      yield* records;
      const last = records[limit - 1];
      if (!last) return;
      before = last.id;
      left -= limit;
    }
  }
}
