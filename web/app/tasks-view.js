import { element } from './dom.js';
import { ApiError } from './http.js';
import { messageOf, tell, tellError } from './messages.js';
import { SessionEnded } from './session.js';
import { newTaskForm } from './new-task-form.js';
import { showTaskDialog } from './task-dialog.js';
import { taskRow } from './task-row.js';
import { firstPage, orders, page, statuses } from './tasks.js';

/** @typedef {import('./tasks.js').Task} Task */

/** How long the search waits for more letters, in milliseconds. */
const pause = 300;

/** How long to wait before the list is asked for again, at most, in milliseconds. */
const longestWait = 15_000;

/**
 * The list of tasks. Its parameters say which tasks, in which order, and which one is being edited: every view of it has an
 * address of its own.
 *
 * @param {URLSearchParams} first
 */
export function tasksView(first) {
  let parameters = first;
  /** Counts the requests for the list, so that only the last response is shown. */
  let asked = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @type {HTMLDialogElement | undefined} */
  let dialog;
  /**
   * What the server has said of the list: how many tasks there are, and where those are that are not shown yet.
   *
   * @type {{ total: number | undefined, next: string | undefined }}
   */
  let end = { total: undefined, next: undefined };

  const list = element('ul', { class: 'tasks', 'aria-label': 'Tasks' });
  const count = element('p', { class: 'muted count', role: 'status' });
  const more = element('div', { class: 'more' });
  const filters = element('nav', { class: 'filters', 'aria-label': 'Status of the tasks' });
  const search = element('input', { type: 'search', id: 'search', oninput: searchSoon, autocomplete: 'off' });
  const order = element(
    'select',
    { id: 'order', onchange: setOrder },
    ...Object.entries(orders).map(([value, name]) => element('option', { value }, name)),
  );

  const root = element(
    'div',
    {},
    element('h1', { tabindex: '-1' }, 'Tasks'),
    newTaskForm(() => load()),
    filters,
    element(
      'form',
      { class: 'search', role: 'search', onsubmit: searchNow },
      element('div', { class: 'field' }, element('label', { for: 'search' }, 'Search'), search),
      element('div', { class: 'field' }, element('label', { for: 'order' }, 'Order'), order),
    ),
    count,
    list,
    more,
  );
  addEventListener('online', reload);
  apply();
  showDialog('replace');
  void load();

  return { title: 'Tasks', root, update: change, close };

  /** @param {URLSearchParams} next */
  function change(next) {
    const before = selectionOf(parameters);
    const isSameTask = parameters.get('edit') === next.get('edit');
    parameters = next;
    apply();
    if (!isSameTask) showDialog('back');
    if (JSON.stringify(before) !== JSON.stringify(selectionOf(next))) void load();
  }

  function close() {
    removeEventListener('online', reload);
    clearTimeout(timer);
    dialog = undefined;
    asked++;
  }

  function reload() {
    void load();
  }

  /** Shows what the parameters say, but for the list. */
  function apply() {
    const status = parameters.get('status') ?? '';
    filters.replaceChildren(
      ...Object.entries({ '': 'All', ...statuses }).map(([value, name]) =>
        element('a', { href: address({ status: value }), 'aria-current': value === status && 'true' }, name),
      ),
    );
    if (document.activeElement !== search) search.value = parameters.get('search') ?? '';
    order.value = parameters.get('ordering') ?? '-id';
  }

  /**
   * The dialog is open while the address names a task: going back closes it.
   *
   * @param {'back' | 'replace'} leave how to leave that address when it is closed: by going back to the list, if the list
   * was there before
   */
  function showDialog(leave) {
    const id = Number(parameters.get('edit'));
    if (dialog) {
      const open = dialog;
      dialog = undefined;
      open.close();
    }
    if (!id) return;
    const made = showTaskDialog(id, {
      saved(task) {
        tell('The task is saved.');
        replace(task);
      },
      closed() {
        if (dialog !== made) return; // The address has changed already.
        dialog = undefined;
        if (leave === 'back') history.back();
        else go({ edit: '' }, 'replace');
        rowOf(id)?.querySelector('a')?.focus();
      },
    });
    dialog = made;
  }

  /**
   * The address of this list with other parameters; an empty one is left out.
   *
   * @param {Record<string, string>} changes
   */
  function address(changes) {
    const next = new URLSearchParams(parameters);
    for (const [name, value] of Object.entries({ edit: '', ...changes })) {
      if (value === '') next.delete(name);
      else next.set(name, value);
    }
    return next.size === 0 ? '#tasks' : `#tasks?${next}`;
  }

  /**
   * @param {Record<string, string>} changes
   * @param {'push' | 'replace'} [how]
   */
  function go(changes, how = 'push') {
    const to = address(changes);
    if (how === 'push') {
      location.hash = to;
      return;
    }
    history.replaceState(null, '', to);
    change(new URLSearchParams(to.split('?')[1]));
  }

  function setOrder() {
    go({ ordering: order.value });
  }

  function searchSoon() {
    clearTimeout(timer);
    timer = setTimeout(() => go({ search: search.value.trim() }, 'replace'), pause);
  }

  /** @param {Event} event */
  function searchNow(event) {
    event.preventDefault();
    clearTimeout(timer);
    go({ search: search.value.trim() }, 'replace');
  }

  /** Reads the list; if that fails, again and again. */
  async function load(wait = 1_000) {
    clearTimeout(timer);
    const request = ++asked;
    list.setAttribute('aria-busy', 'true');
    if (list.childElementCount === 0) count.textContent = 'Loading …';
    try {
      const { tasks, ...rest } = await firstPage(selectionOf(parameters));
      if (request !== asked) return;
      list.replaceChildren(...tasks.map(rowFor));
      showEnd(rest);
    } catch (error) {
      if (request !== asked || error instanceof SessionEnded) return;
      count.textContent = '';
      more.replaceChildren(trouble(error));
      const isPassing = !(error instanceof ApiError) || error.status >= 500;
      if (isPassing) timer = setTimeout(() => load(Math.min(2 * wait, longestWait)), wait);
    } finally {
      if (request === asked) list.removeAttribute('aria-busy');
    }
  }

  /**
   * Shows how many tasks there are, and the way to those that are not shown yet.
   *
   * @param {typeof end} now
   */
  function showEnd(now) {
    end = now;
    const shown = list.childElementCount;
    const number = end.total ?? shown;
    count.textContent = shown === 0 ? '' : number === 1 ? '1 task' : `${number} tasks`;
    if (shown === 0) more.replaceChildren(emptyState());
    else more.replaceChildren(...(end.next === undefined ? [] : [moreButton(end.next)]));
  }

  /** @param {string} next */
  function moreButton(next) {
    const button = element(
      'button',
      { type: 'button', class: 'button plain', onclick: showMore },
      'Show more',
    );
    return button;

    async function showMore() {
      if (button.hasAttribute('aria-busy')) return;
      button.setAttribute('aria-busy', 'true');
      const request = asked;
      try {
        const { tasks, ...rest } = await page(next);
        if (request !== asked) return;
        const rows = tasks.map(rowFor);
        list.append(...rows);
        showEnd(rest);
        rows[0]?.querySelector('a')?.focus();
      } catch (error) {
        tellError(error);
      } finally {
        button.removeAttribute('aria-busy');
      }
    }
  }

  /** @param {unknown} error */
  function trouble(error) {
    return element(
      'div',
      { class: 'card empty', role: 'alert' },
      element('p', {}, messageOf(error)),
      element('button', { type: 'button', class: 'button', onclick: reload }, 'Try again'),
    );
  }

  function emptyState() {
    const { status, search: words } = selectionOf(parameters);
    if (status === undefined && words === undefined) {
      return element(
        'div',
        { class: 'card empty' },
        element('h2', {}, 'Nothing to do yet'),
        element('p', {}, 'Write your first task into the form above: a title and a few words are enough.'),
      );
    }
    return element(
      'div',
      { class: 'card empty' },
      element('h2', {}, 'No task matches'),
      element('p', {}, element('a', { href: address({ status: '', search: '' }) }, 'Show all tasks')),
    );
  }

  /** @param {Task} task */
  function rowFor(task) {
    return taskRow(task, { editAddress: address({ edit: String(task.id) }), removed });
  }

  /** @param {Element | null} neighbour the task beside the one that is gone */
  function removed(neighbour) {
    (neighbour?.querySelector('a') ?? root.querySelector('h1'))?.focus();
    if (list.childElementCount === 0 && end.next !== undefined) return load();
    // What comes next has moved up by one.
    const next = end.next?.replace(/(?<=\boffset=)\d+/, (offset) => String(Number(offset) - 1));
    return showEnd({ total: end.total === undefined ? undefined : end.total - 1, next });
  }

  /** @param {Task} task */
  function replace(task) {
    rowOf(task.id)?.replaceWith(rowFor(task));
  }

  /** @param {number} id */
  function rowOf(id) {
    return list.querySelector(`[data-id="${id}"]`);
  }
}

/**
 * The part of the parameters that says which tasks are shown.
 *
 * @param {URLSearchParams} parameters
 * @returns {Record<string, string>}
 */
function selectionOf(parameters) {
  const named = ['status', 'search', 'ordering'].flatMap((name) => {
    const value = parameters.get(name);
    return value === null || value === '' ? [] : [[name, value]];
  });
  return { ordering: '-id', ...Object.fromEntries(named) };
}
