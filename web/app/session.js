import { ApiError, send } from './http.js';
import { announce, lastWrite, untilStored } from './write-order.js';

/**
 * Who is signed in. All tabs share the refresh token, in `localStorage`. It is read, exchanged and stored under one lock, so
 * that no two tabs exchange the same token. Each tab has an access token of its own, in memory only. `write` is the number of
 * the write.
 *
 * @typedef {{ username: string, refresh: string, write?: number }} Session
 */

const key = 'hexado.session';

/** @type {string | undefined} */
let access;

/** The session has ended, and the page shows it already. */
export class SessionEnded extends Error {}

/**
 * Tells the page of a `change`: somebody else is signed in than before, or nobody, in whichever tab that happened. It
 * tells of an `end` if the server has ended the session, and of `staff` once it is known whether the user is staff, or has
 * changed.
 */
export const changes = new EventTarget();

addEventListener('storage', (event) => {
  if (event.key !== key && event.key !== null) return;
  if (parsed(event.oldValue)?.username === parsed(event.newValue)?.username) return; // Another tab has refreshed.
  access = undefined;
  changes.dispatchEvent(new Event('change'));
});

/** The name of the user who is signed in. */
export function signedInAs() {
  return read()?.username;
}

/**
 * Signs in. Throws ApiError and Unreachable.
 *
 * @param {{ username: string, password: string }} credentials
 */
export async function signIn(credentials) {
  const { data } = await send('POST', '/api/token/', { body: credentials });
  await exclusively(() => write({ username: credentials.username.trim(), refresh: data.refresh }));
  access = data.access;
  changes.dispatchEvent(new Event('change'));
}

/** Signs out in all tabs. Throws Unreachable, having done what can be done without the server. */
export async function signOut() {
  await exclusively(async () => {
    const session = read();
    if (!session) return;
    forget();
    try {
      await send('POST', '/api/logout/', { body: { refresh: session.refresh } });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      // The session had ended before.
    }
  });
}

/** Forgets the session in all tabs, after the server has ended it. */
export function forget() {
  access = undefined;
  localStorage.removeItem(key);
  changes.dispatchEvent(new Event('change'));
}

/**
 * Sends a request with an access token, which is refreshed when it has expired. Throws ApiError, Unreachable and
 * SessionEnded.
 *
 * @param {string} method
 * @param {string} path
 * @param {import('./http.js').Options} [options]
 */
export async function call(method, path, options = {}) {
  /** @param {string} token */
  const sendWith = (token) =>
    send(method, path, { ...options, headers: { ...options.headers, Authorization: `Bearer ${token}` } });
  const token = access ?? (await refresh(undefined));
  try {
    return await sendWith(token);
  } catch (error) {
    if (!isUnauthorized(error)) throw error;
    return await sendWith(await refresh(token));
  }
}

/**
 * A new access token, unless this tab has got one since `stale`.
 *
 * @param {string | undefined} stale
 * @returns {Promise<string>}
 */
function refresh(stale) {
  return exclusively(async () => {
    if (access !== undefined && access !== stale) return access;
    const session = await readLatest();
    if (!session) throw new SessionEnded();
    try {
      const { data } = await send('POST', '/api/token/refresh/', { body: { refresh: session.refresh } });
      await write({ ...session, refresh: data.refresh ?? session.refresh });
      access = /** @type {string} */ (data.access);
      return access;
    } catch (error) {
      if (!isUnauthorized(error)) throw error;
      forget();
      changes.dispatchEvent(new Event('end'));
      throw new SessionEnded();
    }
  });
}

/** @param {unknown} error */
function isUnauthorized(error) {
  return error instanceof ApiError && error.status === 401;
}

/** @type {Promise<unknown>} */
let previous = Promise.resolve();

/**
 * Runs one function at a time, of all tabs. Without encryption browsers have no locks, except on this machine; there it is
 * one of this tab.
 *
 * @template T
 * @param {() => Promise<T>} run
 * @returns {Promise<T>}
 */
function exclusively(run) {
  if (navigator.locks) return navigator.locks.request(key, run);
  const result = previous.then(run);
  previous = result.catch(() => undefined);
  return result;
}

/** @returns {Session | undefined} */
function read() {
  return parsed(localStorage.getItem(key));
}

/** What was written last, in whichever tab. */
async function readLatest() {
  const last = await lastWrite();
  await untilStored(() => (read()?.write ?? last) >= last);
  return read();
}

/** @param {Session} session */
async function write(session) {
  const number = Math.max(await lastWrite(), read()?.write ?? 0) + 1;
  localStorage.setItem(key, JSON.stringify({ ...session, write: number }));
  await announce(number);
}

/**
 * @param {string | null} text
 * @returns {Session | undefined}
 */
function parsed(text) {
  try {
    return text === null ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
