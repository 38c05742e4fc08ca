/** @typedef {Node | string | false | null | undefined} Child */
/** @typedef {Readonly<Record<string, string | number | boolean | null | undefined | ((event: any) => void)>>} Attributes */

/**
 * Makes an element. Attributes whose value is a function are listeners, by the name of the event after `on`; those that are
 * `true` are empty; those that are false, null or undefined are left out. Texts never become markup.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes} [attributes]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, '');
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, String(value));
  }
  made.append(...children.filter((child) => child !== false && child !== null && child !== undefined));
  return made;
}

/**
 * The content of one of the page's meta elements, which the server adds.
 *
 * @param {string} name
 */
export function setting(name) {
  return document.querySelector(`meta[name="hexado:${name}"]`)?.getAttribute('content') ?? undefined;
}

let lastId = 0;

/** An id that no other element has. */
export function newId() {
  return `id-${++lastId}`;
}
