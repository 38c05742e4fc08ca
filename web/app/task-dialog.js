import { showDialog } from './dialogs.js';
import { element } from './dom.js';
import { field, form } from './forms.js';
import { ApiError } from './http.js';
import { tellError } from './messages.js';
import { SessionEnded } from './session.js';
import { read, statuses, update } from './tasks.js';

/** @typedef {import('./tasks.js').Task} Task */

/**
 * A select element for the status of a task.
 *
 * @param {string} status
 * @param {import('./dom.js').Attributes} attributes
 */
export function statusSelect(status, attributes) {
  return element(
    'select',
    attributes,
    ...Object.entries(statuses).map(([value, name]) =>
      element('option', { value, selected: value === status }, name),
    ),
  );
}

/**
 * Shows a task to be edited. It is read anew, and saved only if nobody else has changed it since.
 *
 * @param {number} id
 * @param {object} parts
 * @param {(task: Task) => void} parts.saved
 * @param {() => void} parts.closed
 */
export function showTaskDialog(id, { saved, closed }) {
  const body = element('div', {}, element('p', { class: 'muted', role: 'status' }, 'Loading …'));
  const dialog = showDialog('Edit task', () => [body], closed);
  void fill();
  return dialog;

  async function fill() {
    try {
      const { task, tag } = await read(id);
      body.replaceChildren(editor(task, tag));
      body.querySelector('input')?.focus();
    } catch (error) {
      if (error instanceof SessionEnded) return;
      dialog.close();
      tellError(isMissing(error) ? new Error('This task does not exist any more.') : error);
    }
  }

  /**
   * @param {Task} task
   * @param {string | null} tag
   */
  function editor(task, tag) {
    let current = tag;
    const title = field('Title', element('input', { name: 'title', value: task.title }));
    const description = field(
      'Description',
      element('textarea', { name: 'description', rows: 6 }, task.description),
    );
    const status = field('Status', statusSelect(task.status, { name: 'status' }));
    const conflict = element('div', { role: 'alert' });
    const edited = form({
      fields: [title, description, status],
      action: 'Save',
      others: [
        element('button', { type: 'button', class: 'button plain', onclick: () => dialog.close() }, 'Cancel'),
      ],
      async submit(values) {
        try {
          saved(await update(id, values, current));
          dialog.close();
        } catch (error) {
          if (!(error instanceof ApiError && error.status === 412)) throw error;
          await showConflict();
        }
      },
      explain: (error) => (isMissing(error) ? 'This task has been deleted meanwhile.' : undefined),
    });
    return element('div', {}, conflict, edited);

    /** Somebody else, or another tab, has changed the task since it was read. */
    async function showConflict() {
      const other = await read(id);
      const keepMine = () => {
        current = other.tag;
        conflict.replaceChildren();
        edited.requestSubmit();
      };
      const takeTheirs = () => body.replaceChildren(editor(other.task, other.tag));
      conflict.replaceChildren(
        element(
          'div',
          { class: 'conflict' },
          element(
            'p',
            {},
            element('strong', {}, 'This task was changed elsewhere while you were editing it.'),
          ),
          element('p', { class: 'text' }, other.task.title),
          element('p', { class: 'text muted' }, shortened(other.task.description)),
          element(
            'p',
            { class: 'muted' },
            /** @type {Record<string, string>} */ (statuses)[other.task.status],
          ),
          element(
            'div',
            { class: 'actions' },
            element(
              'button',
              { type: 'button', class: 'button plain', onclick: keepMine },
              'Save my version',
            ),
            element(
              'button',
              { type: 'button', class: 'button plain', onclick: takeTheirs },
              'Take the other one',
            ),
          ),
        ),
      );
    }
  }
}

/** @param {unknown} error */
export function isMissing(error) {
  return error instanceof ApiError && error.status === 404;
}

/**
 * The beginning of a text that may be as long as a book.
 *
 * @param {string} text
 */
export function shortened(text) {
  return text.length > 400 ? `${text.slice(0, 400)} …` : text;
}
