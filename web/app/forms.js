import { element, newId } from './dom.js';
import { ApiError } from './http.js';
import { messageOf } from './messages.js';

/** What is wrong with a field, found before anything is sent. */
export class WrongField extends Error {
  /** @param {string} name @param {string} message */
  constructor(name, message) {
    super(message);
    this.fields = { [name]: [message] };
  }
}

/** @typedef {HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement} Control */

/**
 * A field of a form: a control with its label and, beside it, what is wrong with it.
 *
 * @typedef {object} Field
 * @property {string} name
 * @property {HTMLElement} root
 * @property {Control} control
 * @property {(messages: readonly string[]) => void} showErrors
 */

/**
 * @param {string} label
 * @param {Control} control its name is that of the field
 * @returns {Field}
 */
export function field(label, control) {
  const id = newId();
  const errors = element('p', { id: `${id}-errors`, class: 'field-error', hidden: true });
  control.id = id;
  return {
    name: control.name,
    control,
    root: element('div', { class: 'field' }, element('label', { for: id }, label), control, errors),
    showErrors(messages) {
      errors.textContent = messages.join(' ');
      errors.hidden = messages.length === 0;
      if (messages.length === 0) {
        control.removeAttribute('aria-invalid');
        control.removeAttribute('aria-describedby');
      } else {
        control.setAttribute('aria-invalid', 'true');
        control.setAttribute('aria-describedby', errors.id);
      }
    },
  };
}

/**
 * @typedef {object} FormParts
 * @property {readonly Field[]} fields
 * @property {string} action what the button says
 * @property {string} [kind] the class of the button
 * @property {readonly Node[]} [others] what stands beside the button
 * @property {(values: Record<string, string>) => Promise<void>} submit
 * @property {((error: unknown) => string | undefined) | undefined} [explain] a better sentence for an error
 */

/**
 * A form that says what is wrong beside each field. While it is being sent it is not sent again.
 *
 * @param {FormParts} parts
 */
export function form({ fields, action, kind = '', others = [], submit, explain = () => undefined }) {
  const problem = element('p', { class: 'form-error', role: 'alert' });
  const button = element('button', { class: `button ${kind}` }, action);
  let isBusy = false;

  /** @param {Event} event */
  async function send(event) {
    event.preventDefault();
    if (isBusy) return;
    isBusy = true;
    button.setAttribute('aria-busy', 'true');
    problem.textContent = '';
    for (const each of fields) each.showErrors([]);
    try {
      await submit(Object.fromEntries(fields.map(({ name, control }) => [name, control.value])));
    } catch (error) {
      show(error);
    } finally {
      isBusy = false;
      button.removeAttribute('aria-busy');
    }
  }

  /** @param {unknown} error */
  function show(error) {
    /** @type {Record<string, readonly string[]>} */
    const messages = error instanceof ApiError || error instanceof WrongField ? error.fields : {};
    const wrong = fields.filter(({ name }) => messages[name]);
    for (const each of wrong) each.showErrors(messages[each.name] ?? []);
    if (wrong[0]) wrong[0].control.focus();
    else problem.textContent = explain(error) ?? messageOf(error);
  }

  return element(
    'form',
    { novalidate: true, onsubmit: send },
    ...fields.map(({ root }) => root),
    problem,
    element('div', { class: 'actions' }, button, ...others),
  );
}
