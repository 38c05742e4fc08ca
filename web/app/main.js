import { accountView } from './account-view.js';
import { element } from './dom.js';
import { tell, tellError } from './messages.js';
import { passwordLinkView } from './password-link-view.js';
import { changes, signedInAs, signOut } from './session.js';
import { isOpen, registerView, signInView } from './sign-in-view.js';
import { askForStaff, isStaff, staffScreens } from './staff.js';
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

/** @type {{ screen: object | undefined, user: string | undefined, view: View } | undefined} */
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
    ...(user === undefined ? signedOut : { ...signedIn, ...staffScreens() }),
    ...(linkToken !== undefined && passwordLink),
  };
  const name = Object.hasOwn(screens, asked) ? asked : (Object.keys(screens)[0] ?? '');
  const parameters = new URLSearchParams(name === asked ? query : '');
  if (name !== asked) history.replaceState(null, '', `#${name}`);
  const screen = screens[name];
  if (user !== undefined) void askForStaff();
  if (shown && shown.screen === screen && shown.user === user) {
    showStaffLink();
    return shown.view.update?.(parameters);
  }

  const isFirst = shown === undefined;
  shown?.view.close?.();
  for (const dialog of document.querySelectorAll('dialog')) dialog.close();
  const view = screen?.(parameters);
  if (!view) return;
  shown = { screen, user, view };
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
  const documentation = element('a', { href: '/docs/' }, 'API docs');
  if (user === undefined) return [documentation];
  return [
    link('tasks', 'Tasks', name),
    ...(isStaff() ? [link('users', 'Users', name)] : []),
    link('account', 'Account', name),
    documentation,
    element('button', { type: 'button', class: 'quiet', onclick: leave }, 'Sign out'),
  ];
}

/**
 * @param {string} to
 * @param {string} text
 * @param {string} [name] of the screen that is shown
 */
function link(to, text, name) {
  return element('a', { href: `#${to}`, 'aria-current': to === name && 'page' }, text);
}

/** Shows staff the way to their screens, as soon as they are known to be staff. The other links may have the focus. */
function showStaffLink() {
  const isShown = navigation.querySelector('[href="#users"]') !== null;
  if (isStaff() && !isShown) navigation.firstElementChild?.after(link('users', 'Users'));
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
changes.addEventListener('staff', show);
changes.addEventListener('end', () => tell('Your session has ended. Please sign in again.', 'failed'));
document.querySelector('.skip')?.addEventListener('click', (event) => {
  event.preventDefault(); // The part of the address after # names the screen.
  main.focus();
});
show();
