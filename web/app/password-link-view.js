import { element } from './dom.js';
import { field, form, WrongField } from './forms.js';
import { ApiError, send } from './http.js';
import { tell } from './messages.js';
import { signOut } from './session.js';

/**
 * The screen that a password link opens: it sets a password and leads to the sign-in.
 *
 * @param {() => string} token that of the link which was opened last
 * @param {() => void} leave leads to the sign-in
 */
export function passwordLinkView(token, leave) {
  const root = element(
    'div',
    { class: 'narrow' },
    element(
      'section',
      { class: 'card' },
      element('h1', { tabindex: '-1' }, 'Set your password'),
      element('p', { class: 'muted' }, 'All of your sessions will end, and the link works only once.'),
      form({
        fields: [
          passwordField('New password', 'new_password'),
          passwordField('New password again', 'repeated'),
        ],
        action: 'Set password',
        explain: (error) => (error instanceof ApiError ? error.fields['token']?.join(' ') : undefined),
        async submit({ new_password: password, repeated }) {
          if (password !== repeated) throw new WrongField('repeated', 'The two passwords differ.');
          const body = { token: token(), new_password: password };
          await send('POST', '/api/password/reset/confirm/', { body });
          await signOut().catch(() => undefined); // The session of this browser has ended, if it was the user's.
          leave();
          tell('Your password is set. Please sign in with it.');
        },
      }),
    ),
  );
  return { title: 'Set your password', root };
}

/** @param {string} label @param {string} name */
function passwordField(label, name) {
  return field(label, element('input', { name, type: 'password', autocomplete: 'new-password' }));
}
