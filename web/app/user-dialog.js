import { dateTime } from './dates.js';
import { ask, showDialog } from './dialogs.js';
import { element } from './dom.js';
import { field, WrongField } from './forms.js';
import { hiddenUsername } from './hidden-username.js';
import { ApiError } from './http.js';
import { tell, tellError } from './messages.js';
import { forget, SessionEnded } from './session.js';
import { isOwn } from './staff.js';
import { userName } from './user-name.js';
import { carryOut, read } from './users.js';

/** @typedef {import('./users.js').UserDetails} UserDetails */
/** @typedef {import('./users.js').Act} Act */

/**
 * What is said of each act: on its button, in the question before it, and once it is done.
 *
 * @type {Record<Act, { action: string, title: string, effect: string, done: string }>}
 */
const words = {
  activate: {
    action: 'Activate',
    title: 'Activate this user?',
    effect: ' can sign in again.',
    done: 'The user is activated.',
  },
  deactivate: {
    action: 'Deactivate',
    title: 'Deactivate this user?',
    effect:
      ' will be signed out everywhere, and cannot sign in until they are activated again. Their tasks stay.',
    done: 'The user is deactivated.',
  },
  'end-sessions': {
    action: 'End all sessions',
    title: 'End all sessions of this user?',
    effect: ' will be signed out everywhere, and can sign in again.',
    done: 'All sessions of the user have ended.',
  },
  delete: {
    action: 'Delete',
    title: 'Delete this user?',
    effect: ' and all of their tasks will be gone for good.',
    done: 'The user is deleted.',
  },
};

/**
 * Shows what staff may know of a user, and what they can do.
 *
 * @param {number} id
 * @param {(outcome: 'changed' | 'gone' | undefined) => void} closed called with what has become of the user
 */
export function showUserDialog(id, closed) {
  /** @type {'changed' | 'gone' | undefined} */
  let outcome;
  /** @type {HTMLDialogElement | undefined} */
  let question;
  const title = element('span', { tabindex: '-1' }, 'User');
  const about = element('div', { role: 'status' }, element('p', { class: 'muted' }, 'Loading …'));
  const buttons = element('div', { class: 'actions' });
  const close = element(
    'button',
    { type: 'button', class: 'button plain', onclick: () => dialog.close() },
    'Close',
  );
  const dialog = showDialog(
    title,
    () => [about, buttons, element('div', { class: 'actions' }, close)],
    () => {
      question?.close();
      closed(outcome);
    },
  );
  void fill();
  return dialog;

  async function fill() {
    try {
      const user = await read(id);
      title.replaceChildren(userName(user.username));
      about.replaceChildren(facts(user));
      buttons.replaceChildren(...acts(user).map((act) => button(act, user)));
    } catch (error) {
      if (error instanceof SessionEnded) return;
      if (isMissing(error)) return end('gone', 'This user does not exist any more.');
      dialog.close();
      tellError(error);
    }
  }

  /**
   * @param {Act} act
   * @param {UserDetails} user
   */
  function button(act, user) {
    const kind = act === 'activate' ? 'plain' : 'danger';
    return element(
      'button',
      { type: 'button', class: `button ${kind}`, onclick: () => askTo(act, user) },
      words[act].action,
    );
  }

  /**
   * @param {Act} act
   * @param {UserDetails} user
   */
  function askTo(act, user) {
    const { action, title: asked, effect, done } = words[act];
    const password = field(
      'Your password',
      element('input', { name: 'password', type: 'password', autocomplete: 'current-password' }),
    );
    password.root.hidden = true;
    const signsOut = isOwn(id) && act !== 'activate';
    question = ask({
      title: asked,
      text: element(
        'span',
        {},
        userName(user.username),
        effect,
        user.is_staff &&
          act === 'deactivate' &&
          ' They stop being an administrator, also once they are activated again.',
        signsOut && ' This is your own account: you will be signed out.',
      ),
      action,
      kind: act === 'activate' ? '' : 'danger',
      fields: [password],
      others: [hiddenUsername()],
      async submit(values) {
        try {
          await send(values['password'] ?? '');
        } catch (error) {
          if (!isMissing(error)) throw error;
          return end('gone', 'This user does not exist any more.');
        }
        if (signsOut) {
          forget();
          tell(act === 'delete' ? 'The account is deleted.' : 'You are signed out.');
        } else {
          end(act === 'delete' ? 'gone' : 'changed', done);
        }
      },
    });

    /** The server says when it wants the password: a while after the sign-in. @param {string} secret */
    async function send(secret) {
      try {
        await carryOut(act, id, password.root.hidden ? {} : { password: secret });
      } catch (error) {
        const isWanted = error instanceof ApiError && error.fields['password'] !== undefined;
        if (!isWanted || !password.root.hidden) throw error;
        password.root.hidden = false;
        throw new WrongField('password', 'You signed in a while ago. Please enter your own password, too.');
      }
    }
  }

  /**
   * Closes the dialog, and says what has happened: while it is open, nothing beside it can be reached or heard.
   *
   * @param {'changed' | 'gone'} what
   * @param {string} message
   */
  function end(what, message) {
    outcome = what;
    question?.close();
    dialog.close();
    tell(message);
  }
}

/** @param {UserDetails} user @returns {Act[]} */
function acts({ is_active: isActive }) {
  return isActive ? ['deactivate', 'end-sessions', 'delete'] : ['activate', 'delete'];
}

/** @param {UserDetails} user */
function facts(user) {
  const state = user.is_active ? 'Active' : 'Inactive';
  return element(
    'dl',
    { class: 'facts' },
    ...fact('State', user.is_staff ? `${state}, administrator` : state),
    ...fact('Registered', dateTime(user.date_joined)),
    ...fact('Sessions', String(user.sessions)),
    ...fact('Tasks', `${user.tasks}, with ${bytes(user.task_bytes)} of text`),
  );
}

/** @param {string} name @param {string | Node} value */
function fact(name, value) {
  return [element('dt', { class: 'muted' }, name), element('dd', {}, value)];
}

/** @param {number} count */
function bytes(count) {
  return count < 1024 ? `${count} bytes` : `${Math.round(count / 1024).toLocaleString()} kB`;
}

/** @param {unknown} error */
function isMissing(error) {
  return error instanceof ApiError && error.status === 404;
}
