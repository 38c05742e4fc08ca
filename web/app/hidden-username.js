import { element } from './dom.js';
import { signedInAs } from './session.js';

/** For password managers, which must know whose password it is. */
export function hiddenUsername() {
  return element('input', { name: 'username', autocomplete: 'username', value: signedInAs(), hidden: true });
}
