import { element, setting } from './dom.js';
import { field, form } from './forms.js';
import { ApiError, send } from './http.js';
import { signIn } from './session.js';

/** Whether everybody may register here. */
export const isOpen = setting('registration') !== 'closed';

/** The screens on which people sign in and register. */
export function signInView() {
  return view({
    title: 'Sign in',
    passwordField: 'current-password',
    submit: signIn,
    explain: (error) =>
      error instanceof ApiError && error.status === 401
        ? 'The user name or the password is wrong.'
        : undefined,
    other: isOpen && ['New here? ', element('a', { href: '#register' }, 'Register')],
  });
}

export function registerView() {
  return view({
    title: 'Register',
    passwordField: 'new-password',
    async submit(credentials) {
      await send('POST', '/tasks/register/', { body: credentials });
      await signIn(credentials);
    },
    other: ['You have an account? ', element('a', { href: '#sign-in' }, 'Sign in')],
  });
}

/**
 * @param {object} parts
 * @param {string} parts.title
 * @param {string} parts.passwordField what a password manager should offer
 * @param {(credentials: { username: string, password: string }) => Promise<void>} parts.submit
 * @param {((error: unknown) => string | undefined) | undefined} [parts.explain]
 * @param {readonly (Node | string)[] | false} parts.other
 */
function view({ title, passwordField, submit, explain, other }) {
  const username = field(
    'User name',
    element('input', {
      name: 'username',
      autocomplete: 'username',
      autocapitalize: 'none',
      spellcheck: 'false',
    }),
  );
  const password = field(
    'Password',
    element('input', { name: 'password', type: 'password', autocomplete: passwordField }),
  );
  const root = element(
    'div',
    { class: 'narrow' },
    element(
      'section',
      { class: 'card' },
      element('h1', { tabindex: '-1' }, title),
      form({
        fields: [username, password],
        action: title,
        explain,
        submit: ({ username: name = '', password: secret = '' }) =>
          submit({ username: name, password: secret }),
      }),
      other && element('p', { class: 'muted' }, ...other),
    ),
    demo(),
  );
  return { title, root };
}

/** An offer to look around without an account, where there is a user for that. */
function demo() {
  const username = setting('demo-username');
  const password = setting('demo-password');
  if (username === undefined || password === undefined) return undefined;
  return element(
    'section',
    { class: 'card' },
    element('h2', {}, 'Just look around'),
    element(
      'p',
      {},
      'Everybody may sign in as ',
      element('strong', {}, username),
      ' with the password ',
      element('strong', {}, password),
      '. All who do see the same tasks.',
    ),
    form({
      fields: [],
      action: `Sign in as ${username}`,
      kind: 'plain',
      submit: () => signIn({ username, password }),
    }),
  );
}
