import { dateTime } from './dates.js';
import { ask } from './dialogs.js';
import { element } from './dom.js';
import { field, form } from './forms.js';
import { hiddenUsername } from './hidden-username.js';
import { messageOf, tell, tellError } from './messages.js';
import { call, forget, SessionEnded, signedInAs } from './session.js';

/**
 * @typedef {object} Session
 * @property {string} id
 * @property {boolean} current
 * @property {string} signed_in_at
 * @property {string} last_used_at
 * @property {string | null} address
 */

/** The account: its sessions, its password, and how to delete it. */
export function accountView() {
  const since = element('p', { class: 'muted' });
  const sessions = element('ul', { class: 'sessions', 'aria-label': 'Sessions' });
  const root = element(
    'div',
    {},
    element('h1', { tabindex: '-1' }, 'Account'),
    element('section', { class: 'card' }, element('h2', { class: 'text' }, signedInAs()), since),
    element(
      'section',
      { class: 'card' },
      element('h2', {}, 'Sessions'),
      element('p', { class: 'muted' }, 'Where you are signed in. End a session that you do not know.'),
      sessions,
      element('button', { type: 'button', class: 'button plain', onclick: askToEndAll }, 'End all sessions'),
    ),
    passwordSection(loadSessions),
    element(
      'section',
      { class: 'card' },
      element('h2', {}, 'Delete the account'),
      element('p', { class: 'muted' }, 'With the account all of its tasks are deleted, for good.'),
      element('button', { type: 'button', class: 'button danger', onclick: askToDelete }, 'Delete account'),
    ),
  );
  void loadSessions();
  void showDate();
  return { title: 'Account', root };

  async function showDate() {
    try {
      const { data } = await call('GET', '/api/account/');
      since.replaceChildren('Registered on ', dateTime(data.date_joined));
    } catch (error) {
      tellError(error);
    }
  }

  async function loadSessions() {
    try {
      const { data } = await call('GET', '/api/sessions/');
      sessions.replaceChildren(.../** @type {Session[]} */ (data).toReversed().map(row));
    } catch (error) {
      if (error instanceof SessionEnded) return;
      const again = element(
        'button',
        { type: 'button', class: 'button plain', onclick: loadSessions },
        'Try again',
      );
      sessions.replaceChildren(element('li', { role: 'alert' }, element('p', {}, messageOf(error)), again));
    }
  }

  /** @param {Session} session */
  function row({ id, current, signed_in_at: signedIn, last_used_at: lastUsed, address }) {
    const place = address ?? 'an unknown address';
    return element(
      'li',
      {},
      element(
        'div',
        {},
        element('p', {}, place, current && element('strong', { class: 'badge' }, 'This session')),
        element(
          'p',
          { class: 'muted' },
          'Signed in ',
          dateTime(signedIn),
          ', last used ',
          dateTime(lastUsed),
        ),
      ),
      element(
        'button',
        {
          type: 'button',
          class: 'quiet danger',
          'aria-label': current ? 'End this session' : `End the session from ${place}`,
          onclick: () => end(id, current),
        },
        'End',
      ),
    );
  }

  /**
   * @param {string} id
   * @param {boolean} current
   */
  async function end(id, current) {
    try {
      await call('DELETE', `/api/sessions/${id}/`);
      if (current) forget();
      tell(current ? 'You are signed out.' : 'The session has ended.');
    } catch (error) {
      tellError(error);
    }
    if (current) return;
    await loadSessions();
    root.querySelector('h1')?.focus();
  }
}

function askToEndAll() {
  ask({
    title: 'End all sessions?',
    text: 'You will be signed out everywhere, here too.',
    action: 'End all sessions',
    async submit() {
      await call('POST', '/api/logout/all/');
      forget();
      tell('All sessions have ended.');
    },
  });
}

function askToDelete() {
  const password = field(
    'Password',
    element('input', { name: 'password', type: 'password', autocomplete: 'current-password' }),
  );
  ask({
    title: 'Delete this account?',
    text: 'The account and all of its tasks will be gone for good. Enter your password to confirm.',
    action: 'Delete account',
    fields: [password],
    others: [hiddenUsername()],
    async submit(values) {
      await call('DELETE', '/api/account/', { body: values });
      forget();
      tell('The account is deleted.');
    },
  });
}

/** @param {() => Promise<void>} changed */
function passwordSection(changed) {
  const oldPassword = field(
    'Current password',
    element('input', { name: 'old_password', type: 'password', autocomplete: 'current-password' }),
  );
  const newPassword = field(
    'New password',
    element('input', { name: 'new_password', type: 'password', autocomplete: 'new-password' }),
  );
  const made = form({
    fields: [oldPassword, newPassword],
    action: 'Change password',
    others: [hiddenUsername()],
    async submit(values) {
      await call('POST', '/api/password/change/', { body: values });
      made.reset();
      tell('The password is changed. All other sessions have ended.');
      await changed();
    },
  });
  return element('section', { class: 'card' }, element('h2', {}, 'Password'), made);
}
