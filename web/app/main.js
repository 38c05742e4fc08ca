import { accountView } from './account-view.js';
import { element } from './dom.js';
import { tell, tellError } from './messages.js';
import { passwordLinkView } from './password-link-view.js';
import { changes, signedInAs, signOut } from './session.js';
import { isOpen, registerView, signInView } from './sign-in-view.js';
import { tasksView } from './tasks-view.js';

/**
 * A screen.
 *
 * @typedef {object} View
 * @property {string} title
 * @property {HTMLElement} root
 * @property {(parameters: URLSearchParams) => void} [update] shows the same screen with other parameters
 * @property {() => void} [close]
 */

const main = /** @type {HTMLElement} */ (document.getElementById('main'));
const navigation = /** @type {HTMLElement} */ (document.getElementById('navigation'));

/** @type {Record<string, (parameters: URLSearchParams) => View>} */
const signedIn = { tasks: tasksView, account: accountView };
/** @type {Record<string, (parameters: URLSearchParams) => View>} */
const signedOut = { 'sign-in': signInView, ...(isOpen && { register: registerView }) };

/** @type {{ name: string, user: string | undefined, view: View } | undefined} */
let shown;

/** The token of the password link that was opened last, while it is not used. @type {string | undefined} */
let linkToken;

/** Takes the token out of the address, where others might see it. */
function openPasswordLink() {
  const [, token] = /^#\/password\/([^/]+)$/.exec(location.hash) ?? [];
  if (token === undefined) return;
  linkToken = token;
  history.replaceState(null, '', '#password');
}

const passwordLink = {
  password: () =>
    passwordLinkView(
      () => linkToken ?? '',
      () => {
        linkToken = undefined;
        location.hash = 'sign-in';
      },
    ),
};

/** Shows the screen that the address names, as `#tasks?status=pending`, or the first one that may be shown. */
function show() {
  openPasswordLink();
  const [asked = '', query = ''] = location.hash.slice(1).split('?');
  const user = signedInAs();
  /** @type {Record<string, (parameters: URLSearchParams) => View>} */
  const screens = {
    ...(user === undefined ? signedOut : signedIn),
    ...(linkToken !== undefined && passwordLink),
  };
  const name = Object.hasOwn(screens, asked) ? asked : (Object.keys(screens)[0] ?? '');
  const parameters = new URLSearchParams(name === asked ? query : '');
  if (name !== asked) history.replaceState(null, '', `#${name}`);
  if (shown?.name === name && shown.user === user) return shown.view.update?.(parameters);

  const isFirst = shown === undefined;
  shown?.view.close?.();
  for (const dialog of document.querySelectorAll('dialog')) dialog.close();
  const view = screens[name]?.(parameters);
  if (!view) return;
  shown = { name, user, view };
  document.title = `${view.title} – Hexado`;
  main.replaceChildren(view.root);
  navigation.replaceChildren(...links(name, user));
  scrollTo(0, 0);
  if (!isFirst) main.querySelector('h1')?.focus();
}

/**
 * @param {string} name
 * @param {string | undefined} user
 */
function links(name, user) {
  /** @param {string} to @param {string} text */
  const link = (to, text) => element('a', { href: to, 'aria-current': to === `#${name}` && 'page' }, text);
  const documentation = element('a', { href: '/docs/' }, 'API docs');
  if (user === undefined) return [documentation];
  return [
    link('#tasks', 'Tasks'),
    link('#account', 'Account'),
    documentation,
    element('button', { type: 'button', class: 'quiet', onclick: leave }, 'Sign out'),
  ];
}

async function leave() {
  try {
    await signOut();
    tell('You are signed out.');
  } catch {
    tellError(
      new Error(
        'You are signed out in this browser. The server could not be told; the session ends there by itself.',
      ),
    );
  }
}

addEventListener('hashchange', show);
changes.addEventListener('change', show);
changes.addEventListener('end', () => tell('Your session has ended. Please sign in again.', 'failed'));
document.querySelector('.skip')?.addEventListener('click', (event) => {
  event.preventDefault(); // The part of the address after # names the screen.
  main.focus();
});
show();
