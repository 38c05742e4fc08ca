import { ask } from './dialogs.js';
import { element } from './dom.js';
import { tell, tellError } from './messages.js';
import { isMissing, shortened, statusSelect } from './task-dialog.js';
import { remove, update } from './tasks.js';

/**
 * A task in the list.
 *
 * @param {import('./tasks.js').Task} task
 * @param {object} parts
 * @param {string} parts.editAddress
 * @param {(neighbour: Element | null) => void} parts.removed called when the task does not exist any more
 */
export function taskRow({ id, title, description, status }, { editAddress, removed }) {
  const name = `“${title}”`;
  const select = statusSelect(status, { 'aria-label': `Status of ${name}`, onchange: setStatus });
  const row = element(
    'li',
    { class: 'task', 'data-id': id, 'data-status': status },
    element(
      'div',
      { class: 'words' },
      element('p', { class: 'title text' }, title),
      element('p', { class: 'text muted' }, shortened(description)),
    ),
    element(
      'div',
      { class: 'tools' },
      select,
      element('a', { href: editAddress, 'aria-label': `Edit ${name}` }, 'Edit'),
      element(
        'button',
        { type: 'button', class: 'quiet danger', 'aria-label': `Delete ${name}`, onclick: askToDelete },
        'Delete',
      ),
    ),
  );
  /** The status that the server has confirmed last. */
  let confirmed = status;
  /** Changes are sent one after the other, so that the last one wins. */
  let sent = Promise.resolve();
  return row;

  /** Shows the new status at once, and the old one again if it could not be saved. */
  function setStatus() {
    const wanted = select.value;
    row.dataset['status'] = wanted;
    sent = sent.then(async () => {
      try {
        await update(id, { status: wanted });
        confirmed = wanted;
      } catch (error) {
        if (isMissing(error)) return gone('This task does not exist any more.');
        if (select.value === wanted) {
          select.value = confirmed;
          row.dataset['status'] = confirmed;
        }
        tellError(error);
      }
    });
  }

  function askToDelete() {
    ask({
      title: 'Delete this task?',
      text: `${name} will be gone for good.`,
      action: 'Delete',
      async submit() {
        await remove(id).catch((error) => {
          if (!isMissing(error)) throw error; // Somebody else was faster.
        });
        // After the dialog has given the focus back.
        setTimeout(() => gone('The task is deleted.'));
      },
    });
  }

  /** @param {string} message */
  function gone(message) {
    const neighbour = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    tell(message);
    removed(neighbour);
  }
}
