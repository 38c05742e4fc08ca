import { element } from './dom.js';
import { ApiError } from './http.js';
import { tell } from './messages.js';
import { call, changes, SessionEnded } from './session.js';

/** @typedef {Record<string, (parameters: URLSearchParams) => import('./main.js').View>} Screens */

/** How long to wait before the server is asked again, at most, in milliseconds. */
const longestWait = 15_000;

// The screens of staff are loaded for staff only: until then these stand in for them.
const unknownScreens = { users: waitingView, audit: waitingView };

/**
 * Who is signed in, as the server has said: `known` has the screens that only staff have.
 *
 * @type {{ isAsked: boolean, known?: { id: number, screens: Screens } }}
 */
let user = { isAsked: false };

changes.addEventListener('change', () => {
  user = { isAsked: false };
});

/** The screens that the user has as a member of staff: none for anybody else. */
export function staffScreens() {
  return user.known?.screens ?? unknownScreens;
}

/** Whether the user is known to be staff. */
export function isStaff() {
  return user.known !== undefined && Object.keys(user.known.screens).length > 0;
}

/** Whether this is the account of the user who is signed in. @param {number} id */
export function isOwn(id) {
  return user.known?.id === id;
}

/**
 * Asks the server, once after each sign-in, whether the user is staff, and tells the page of it by the event `staff`. If that
 * fails, the server is asked again and again.
 */
export async function askForStaff(wait = 1_000) {
  const asked = user;
  if (asked.isAsked) return;
  asked.isAsked = true;
  try {
    await ask();
  } catch {
    setTimeout(() => {
      asked.isAsked = false;
      if (user === asked) void askForStaff(Math.min(2 * wait, longestWait));
    }, wait);
  }
}

/**
 * Sends a request that staff may send. Throws ApiError, Unreachable and SessionEnded; the last one also when the user is no
 * longer staff, and the page shows that already.
 *
 * @type {typeof call}
 */
export async function callAsStaff(method, path, options) {
  try {
    return await call(method, path, options);
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 403)) throw error;
    await ask();
    if (isStaff()) throw error; // Refused for another reason.
    tell('You are not an administrator any more.', 'failed');
    throw new SessionEnded();
  }
}

/** Throws SessionEnded if somebody else has signed in meanwhile, or nobody. */
async function ask() {
  const asked = user;
  const { data } = await call('GET', '/api/account/');
  const screens = data.is_staff === true ? (await import('./staff-screens.js')).screens : {};
  if (user !== asked) throw new SessionEnded();
  asked.known = { id: data.id, screens };
  changes.dispatchEvent(new Event('staff'));
}

function waitingView() {
  const text = element('p', { class: 'muted', role: 'status' }, 'Loading …');
  return { title: 'Loading', root: element('div', {}, text) };
}
