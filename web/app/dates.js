import { element } from './dom.js';

const format = new Intl.DateTimeFormat(navigator.languages, { dateStyle: 'medium', timeStyle: 'short' });

/**
 * A date and time in the manner and the time zone of the reader.
 *
 * @param {string} text a date and time of RFC 3339
 */
export function dateTime(text) {
  return element('time', { datetime: text }, format.format(new Date(text)));
}
