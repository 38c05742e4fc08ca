import { element, newId } from './dom.js';
import { form } from './forms.js';

/**
 * Shows a dialog over the page. It is closed by its own content, or by Escape; then the focus returns to where it was.
 *
 * @param {string | Node} title
 * @param {(close: () => void) => readonly Node[]} content
 * @param {() => void} [closed] called when it has been closed
 */
export function showDialog(title, content, closed = () => undefined) {
  const id = newId();
  const dialog = element('dialog', { 'aria-labelledby': id, class: 'card' });
  dialog.append(element('h2', { id }, title), ...content(() => dialog.close()));
  dialog.addEventListener('close', () => {
    dialog.remove();
    closed();
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/**
 * Asks before something is done that cannot be undone.
 *
 * @param {object} question
 * @param {string} question.title
 * @param {string | Node} question.text
 * @param {string} question.action what the button says
 * @param {string} [question.kind] the class of that button
 * @param {readonly import('./forms.js').Field[]} [question.fields]
 * @param {readonly Node[]} [question.others] what stands beside the buttons
 * @param {(values: Record<string, string>) => Promise<void>} question.submit
 * @param {((error: unknown) => string | undefined) | undefined} [question.explain] a better sentence for an error
 */
export function ask({ title, text, action, kind = 'danger', fields = [], others = [], submit, explain }) {
  return showDialog(title, (close) => {
    // Nothing is lost by pressing a key too many.
    const autofocus = fields.every(({ root }) => root.hidden);
    const cancel = element(
      'button',
      { type: 'button', class: 'button plain', autofocus, onclick: close },
      'Cancel',
    );
    return [
      element('p', {}, text),
      form({
        fields,
        action,
        kind,
        others: [cancel, ...others],
        explain,
        async submit(values) {
          await submit(values);
          close();
        },
      }),
    ];
  });
}
