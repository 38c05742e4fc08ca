import { dateTime } from './dates.js';
import { element } from './dom.js';
import { ApiError } from './http.js';
import { tellError } from './messages.js';
import { pagedList } from './paged-list.js';
import { isOwn } from './staff.js';
import { showUserDialog } from './user-dialog.js';
import { userName } from './user-name.js';
import { read } from './users.js';

/** @typedef {import('./users.js').User} User */

/** How long the search waits for more letters, in milliseconds. */
const pause = 300;

/**
 * The list of users, for staff. Its parameters say which users, and which one is shown in a dialog.
 *
 * @param {URLSearchParams} first
 */
export function usersView(first) {
  let parameters = first;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @type {HTMLDialogElement | undefined} */
  let dialog;

  const search = element('input', { type: 'search', id: 'search', oninput: searchSoon, autocomplete: 'off' });
  const list = pagedList({ name: 'Users', path: '/api/admin/users/', row, summary });
  const root = element(
    'div',
    {},
    element('h1', { tabindex: '-1' }, 'Users'),
    element('p', {}, element('a', { href: '#audit' }, 'Audit log')),
    element(
      'form',
      { role: 'search', onsubmit: searchNow },
      element('div', { class: 'field' }, element('label', { for: 'search' }, 'Search'), search),
    ),
    ...list.nodes,
  );
  search.value = words();
  showDialog('replace');
  void load();
  return { title: 'Users', root, update: change, close };

  /** @param {URLSearchParams} next */
  function change(next) {
    const before = { words: words(), user: parameters.get('user') };
    parameters = next;
    if (document.activeElement !== search) search.value = words();
    if (before.user !== next.get('user')) showDialog('back');
    if (before.words !== words()) void load();
  }

  function close() {
    list.close();
    clearTimeout(timer);
    dialog = undefined;
  }

  function words() {
    return parameters.get('search') ?? '';
  }

  function load() {
    return list.load(words() === '' ? {} : { search: words() });
  }

  /** @param {Record<'search' | 'user', string>} next */
  function replaceAddress(next) {
    const to = address(next);
    history.replaceState(null, '', to);
    change(new URLSearchParams(to.split('?')[1]));
  }

  function searchSoon() {
    clearTimeout(timer);
    timer = setTimeout(showFound, pause);
  }

  /** @param {Event} event */
  function searchNow(event) {
    event.preventDefault();
    clearTimeout(timer);
    showFound();
  }

  /** A user whose dialog was opened meanwhile stays. */
  function showFound() {
    replaceAddress({ search: search.value.trim(), user: parameters.get('user') ?? '' });
  }

  /**
   * The dialog is open while the address names a user: going back closes it.
   *
   * @param {'back' | 'replace'} leave how to leave that address when it is closed: by going back to the list, if the list
   * was there before
   */
  function showDialog(leave) {
    const open = dialog;
    dialog = undefined;
    open?.close();
    const id = Number(parameters.get('user'));
    if (!id) return;
    const made = showUserDialog(id, (outcome) => {
      if (dialog === made) {
        dialog = undefined;
        if (leave === 'back') history.back();
        else replaceAddress({ search: words(), user: '' });
      }
      if (!root.isConnected) return;
      if (outcome === 'gone') return remove(id);
      (rowOf(id)?.querySelector('a') ?? root.querySelector('h1'))?.focus();
      if (outcome === 'changed') void refresh(id);
    });
    dialog = made;
  }

  /** @param {User} user */
  function row({ id, username, date_joined: joined, is_active: isActive, is_staff: staff }) {
    const link = element('a', { href: address({ search: words(), user: String(id) }) }, userName(username));
    return element(
      'li',
      { 'data-id': id },
      element(
        'p',
        {},
        link,
        ...(isOwn(id) ? badge('You') : []),
        ...(staff ? badge('Administrator') : []),
        ...(isActive ? [] : badge('Inactive')),
      ),
      element('p', { class: 'muted' }, `User ${id}, registered `, dateTime(joined)),
    );
  }

  /** @param {number} id */
  function rowOf(id) {
    return list.items.querySelector(`[data-id="${id}"]`);
  }

  /** Shows how the user is now. @param {number} id */
  async function refresh(id) {
    try {
      const user = await read(id);
      const old = rowOf(id);
      const hasFocus = old?.contains(document.activeElement);
      const now = row(user);
      old?.replaceWith(now);
      if (hasFocus) now.querySelector('a')?.focus();
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) remove(id);
      else tellError(error);
    }
  }

  /** @param {number} id */
  function remove(id) {
    const gone = rowOf(id);
    const neighbour = gone?.nextElementSibling ?? gone?.previousElementSibling;
    gone?.remove();
    (neighbour?.querySelector('a') ?? root.querySelector('h1'))?.focus();
    list.showEnd();
  }
}

/**
 * The address of a list, in which a user may be shown.
 *
 * @param {Record<'search' | 'user', string>} parameters an empty one is left out
 */
function address(parameters) {
  const named = Object.entries(parameters).filter(([, value]) => value !== '');
  return named.length === 0 ? '#users' : `#users?${new URLSearchParams(named)}`;
}

/** @param {string} text */
function badge(text) {
  return [' ', element('strong', { class: 'badge' }, text)];
}

/**
 * @param {number} shown
 * @param {boolean} isAll
 */
function summary(shown, isAll) {
  if (shown === 0) return isAll ? 'No user matches.' : 'No user matches so far.';
  if (!isAll) return `The first ${shown} users`;
  return shown === 1 ? '1 user' : `${shown} users`;
}
