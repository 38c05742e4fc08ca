import { element } from './dom.js';
import { field, form } from './forms.js';
import { tell } from './messages.js';
import { create } from './tasks.js';

/**
 * The form for a new task.
 *
 * @param {() => Promise<void>} created
 */
export function newTaskForm(created) {
  const title = field('Title', element('input', { name: 'title', autocomplete: 'off' }));
  const description = field('Description', element('textarea', { name: 'description', rows: 1 }));
  /** What was tried last, so that trying it once more creates it once. */
  let attempt = { text: '', key: '' };
  const made = form({
    fields: [title, description],
    action: 'Add task',
    async submit(values) {
      const text = JSON.stringify(values);
      if (text !== attempt.text) attempt = { text, key: randomKey() };
      await create(values, attempt.key);
      attempt = { text: '', key: '' };
      made.reset();
      title.control.focus();
      tell('The task is added.');
      await created();
    },
  });
  return element('section', { class: 'card new-task', 'aria-label': 'New task' }, made);
}

/** `crypto.randomUUID` does not exist without encryption. */
function randomKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
}
