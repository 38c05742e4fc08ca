import { element } from './dom.js';

/**
 * A user's name. Its letters may run from right to left, and change the order of nothing beside it.
 *
 * @param {string} name
 */
export function userName(name) {
  return element('bdi', { class: 'text' }, name);
}
