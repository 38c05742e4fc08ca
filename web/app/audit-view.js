import { dateTime } from './dates.js';
import { element } from './dom.js';
import { pagedList } from './paged-list.js';
import { userName } from './user-name.js';

/**
 * @typedef {object} AuditRecord
 * @property {string} at
 * @property {'staff' | 'operator'} by
 * @property {string} actor
 * @property {string} act
 * @property {number} user_id
 * @property {string} username
 */

/** What staff and operators did to accounts, the latest first. */
export function auditView() {
  const list = pagedList({ name: 'Audit log', path: '/api/admin/audit/', row, summary });
  const root = element(
    'div',
    {},
    element('h1', { tabindex: '-1' }, 'Audit log'),
    element('p', {}, element('a', { href: '#users' }, 'Back to the users')),
    ...list.nodes,
  );
  void list.load({});
  return { title: 'Audit log', root, close: list.close };
}

/** @param {AuditRecord} record */
function row({ at, by, actor, act, user_id: id, username }) {
  return element(
    'li',
    { tabindex: '-1' },
    element(
      'p',
      {},
      userName(actor),
      by === 'operator' && ' (at the command line)',
      `: ${act.replaceAll('_', ' ')} `,
      userName(username),
    ),
    element('p', { class: 'muted' }, `User ${id}, `, dateTime(at)),
  );
}

/**
 * @param {number} shown
 * @param {boolean} isAll
 */
function summary(shown, isAll) {
  if (!isAll) return `The latest ${shown} records`;
  if (shown === 0) return 'Nothing was done yet.';
  return shown === 1 ? '1 record' : `${shown} records`;
}
