/** How long a response may take, in milliseconds. */
const timeout = 30_000;

/** The server has refused a request. The message can be shown as it is. */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {unknown} body
   * @param {Headers} headers
   */
  constructor(status, body, headers) {
    super(sentence(status, body, headers));
    this.status = status;
    /** What is wrong with each field, if anything is. */
    this.fields = status === 400 ? fieldsOf(body) : {};
  }
}

/** No response came. Whether the server has acted on the request is unknown. */
export class Unreachable extends Error {
  constructor() {
    super('The server cannot be reached. Check your connection, and try again.');
  }
}

/**
 * @typedef {object} Options
 * @property {object} [body] sent as JSON
 * @property {Record<string, string>} [headers]
 */

/**
 * Sends a request. Throws ApiError and Unreachable.
 *
 * @param {string} method
 * @param {string} path
 * @param {Options} [options]
 * @returns {Promise<{ data: any, headers: Headers }>}
 */
export async function send(method, path, { body, headers = {} } = {}) {
  const all = { Accept: 'application/json', ...headers };
  /** @type {RequestInit} */
  const init = { method, headers: all, credentials: 'omit', signal: AbortSignal.timeout(timeout) };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { ...all, 'Content-Type': 'application/json' };
  }
  let response;
  let text;
  try {
    response = await fetch(path, init);
    text = await response.text();
  } catch {
    throw new Unreachable();
  }
  const data = parsed(text);
  if (!response.ok) throw new ApiError(response.status, data, response.headers);
  return { data, headers: response.headers };
}

/** @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // A proxy's own page, for example.
  }
}

/**
 * @param {number} status
 * @param {any} body
 * @param {Headers} headers
 */
function sentence(status, body, headers) {
  if (status === 429) {
    const seconds = Number(headers.get('Retry-After')) || 30;
    return `That was too often. Please try again in ${waiting(seconds)}.`;
  }
  if (status >= 500) return 'The service is not available at the moment. Please try again in a moment.';
  const detail = body?.detail ?? body?.error;
  return typeof detail === 'string' ? detail : 'Please check what is marked.';
}

/** @param {number} seconds */
function waiting(seconds) {
  if (seconds < 100) return seconds === 1 ? 'a second' : `${seconds} seconds`;
  return `${Math.ceil(seconds / 60)} minutes`;
}

/**
 * @param {unknown} body
 * @returns {Record<string, string[]>}
 */
function fieldsOf(body) {
  if (typeof body !== 'object' || body === null) return {};
  return Object.fromEntries(Object.entries(body).filter(([, messages]) => Array.isArray(messages)));
}
