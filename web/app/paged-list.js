import { element } from './dom.js';
import { ApiError } from './http.js';
import { messageOf, tellError } from './messages.js';
import { SessionEnded } from './session.js';
import { callAsStaff } from './staff.js';

/** So many pages are read at once, at most, until there is something to show. */
const mostPages = 10;

/** How long to wait before the list is asked for again, at most, in milliseconds. */
const longestWait = 15_000;

/**
 * A list that comes page by page. A page may be empty and still have a next one.
 *
 * @template Item
 * @param {object} parts
 * @param {string} parts.name
 * @param {string} parts.path
 * @param {(item: Item) => HTMLElement} parts.row
 * @param {(shown: number, isAll: boolean) => string} parts.summary
 */
export function pagedList({ name, path, row, summary }) {
  /** Counts the requests for the list, so that only the last response is shown. */
  let asked = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** Where the items are that are not shown yet. @type {string | undefined} */
  let next;

  const items = element('ul', { class: 'rows', 'aria-label': name });
  const count = element('p', { class: 'muted count', role: 'status', tabindex: '-1' });
  const more = element('div', { class: 'more' });
  return { nodes: [count, items, more], items, load, showEnd, close };

  /**
   * Reads the list anew; if that fails, again and again.
   *
   * @param {Record<string, string>} query
   */
  async function load(query, wait = 1_000) {
    clearTimeout(timer);
    const request = ++asked;
    items.setAttribute('aria-busy', 'true');
    if (items.childElementCount === 0) count.textContent = 'Loading …';
    try {
      const read = await readPages(`?${new URLSearchParams({ ...query, limit: '50' })}`, request);
      if (request !== asked) return;
      items.replaceChildren(...read.rows);
      next = read.next;
      showEnd();
    } catch (error) {
      if (request !== asked || error instanceof SessionEnded) return;
      count.textContent = '';
      more.replaceChildren(trouble(error, () => load(query)));
      const isPassing = !(error instanceof ApiError) || error.status >= 500;
      if (isPassing) timer = setTimeout(() => load(query, Math.min(2 * wait, longestWait)), wait);
    } finally {
      if (request === asked) items.removeAttribute('aria-busy');
    }
  }

  /**
   * Reads pages until one has items, or enough have been read, or the list has been asked for anew.
   *
   * @param {string} first
   * @param {number} request
   */
  async function readPages(first, request) {
    /** @type {string | undefined} */
    let at = first;
    /** @type {HTMLElement[]} */
    let rows = [];
    for (let page = 0; page < mostPages && at !== undefined && rows.length === 0; page++) {
      const { data, headers } = await callAsStaff('GET', `${path}${at}`);
      if (request !== asked) break;
      rows = /** @type {Item[]} */ (data).map(row);
      at = /^<([^>]+)>; rel="next"/.exec(headers.get('Link') ?? '')?.[1];
    }
    return { rows, next: at };
  }

  /** Shows how many items there are, and the way to those that are not shown yet. */
  function showEnd() {
    count.textContent = summary(items.childElementCount, next === undefined);
    more.replaceChildren(...(next === undefined ? [] : [moreButton(next)]));
  }

  /** @param {string} from */
  function moreButton(from) {
    const text = items.childElementCount === 0 ? 'Search on' : 'Show more';
    const button = element('button', { type: 'button', class: 'button plain', onclick: showMore }, text);
    return button;

    async function showMore() {
      if (button.hasAttribute('aria-busy')) return;
      button.setAttribute('aria-busy', 'true');
      const request = asked;
      try {
        const read = await readPages(from, request);
        if (request !== asked) return;
        items.append(...read.rows);
        next = read.next;
        showEnd();
        const [first] = read.rows;
        (first?.querySelector('a') ?? first ?? more.querySelector('button') ?? count).focus();
      } catch (error) {
        tellError(error);
      } finally {
        button.removeAttribute('aria-busy');
      }
    }
  }

  function close() {
    clearTimeout(timer);
    asked++;
  }
}

/**
 * @param {unknown} error
 * @param {() => void} again
 */
function trouble(error, again) {
  return element(
    'div',
    { class: 'card empty', role: 'alert' },
    element('p', {}, messageOf(error)),
    element('button', { type: 'button', class: 'button', onclick: again }, 'Try again'),
  );
}
