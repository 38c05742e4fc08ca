import { element } from './dom.js';
import { SessionEnded } from './session.js';

const area = /** @type {HTMLElement} */ (document.getElementById('messages'));

/** How long a message stays, in milliseconds. What went wrong stays until it is closed. */
const duration = 6_000;

/**
 * Says what has happened, also to those who do not see it.
 *
 * @param {string} text
 * @param {'done' | 'failed'} [kind]
 */
export function tell(text, kind = 'done') {
  area.replaceChildren(); // One at a time: the last one counts.
  const close = element('button', { type: 'button', class: 'quiet', onclick: dismiss }, 'Close');
  const message = element('div', { class: `message ${kind}` }, element('p', {}, text), close);
  area.append(message);
  if (kind === 'done') setTimeout(dismiss, duration);

  function dismiss() {
    message.remove();
  }
}

/**
 * Says what went wrong.
 *
 * @param {unknown} error
 */
export function tellError(error) {
  if (!(error instanceof SessionEnded)) tell(messageOf(error), 'failed');
}

/**
 * What went wrong, in a sentence.
 *
 * @param {unknown} error
 */
export function messageOf(error) {
  return error instanceof Error ? error.message : 'Something went wrong.';
}
